//! Times, sizes, networks and listen addresses as people write them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use crate::fetch::guard::Allow;
use crate::serve::Listen;

/// Milliseconds of each unit of time.
const TIMES: [(&str, u64); 6] = [
    ("ms", 1),
    ("s", 1000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
    ("w", 604_800_000),
];

/// Bytes of each unit of size.
const SIZES: [(&str, u64); 9] = [
    ("B", 1),
    ("kB", 1000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// `"10m"`, `"1h30m"`, `"500ms"`.
///
/// # Errors
/// A sentence for people.
pub fn duration(text: &str) -> Result<Duration, String> {
    sum(text, &TIMES)
        .map(Duration::from_millis)
        .ok_or_else(|| wrong("a time", text, "\"20s\", \"10m\" or \"1h30m\""))
}

/// `"64MiB"`, `"2GB"`: bytes.
///
/// # Errors
/// A sentence for people.
pub fn size(text: &str) -> Result<u64, String> {
    sum(text, &SIZES).ok_or_else(|| wrong("a size", text, "\"64KiB\", \"16MiB\" or \"2GiB\""))
}

fn wrong(what: &str, text: &str, such_as: &str) -> String {
    format!("`{text}` is not {what} with its unit, such as {such_as}")
}

/// Adds up numbers, each with its unit; `None` if one has none, is unknown, or it is too much.
fn sum(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let mut rest = text.trim();
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (number, behind) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let behind = behind.trim_start();
        let (unit, behind) = behind.split_at(
            behind
                .find(|c: char| !c.is_ascii_alphabetic())
                .unwrap_or(behind.len()),
        );
        let (_, factor) = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(*factor)?)?;
        rest = behind.trim_start();
    }
    (!text.trim().is_empty()).then_some(total)
}

/// `"127.0.0.1:8080"`, `"[::]:8080"`, `"unix:/run/limpid.sock"`, `"systemd"`.
///
/// # Errors
/// A sentence for people.
pub fn listen(text: &str) -> Result<Listen, String> {
    match text.strip_prefix("unix:") {
        Some("") => Err("`unix:` needs the path of a socket behind it".to_owned()),
        Some(path) => Ok(Listen::Unix(PathBuf::from(path))),
        None if text == "systemd" => Ok(Listen::Systemd),
        None => text.parse::<SocketAddr>().map(Listen::Tcp).map_err(|_| {
            format!("`{text}` is no address to listen on, such as \"127.0.0.1:8080\", \"[::]:8080\", \"unix:/run/limpid.sock\" or \"systemd\"")
        }),
    }
}

/// The name of a host, without a port.
///
/// # Errors
/// A sentence for people.
pub fn host(text: &str) -> Result<String, String> {
    match url::Host::parse(text) {
        Ok(host) => Ok(host.to_string()),
        Err(_) => Err(format!(
            "`{text}` is no name of a host, such as \"admin.example.org\""
        )),
    }
}

/// A network (`"10.0.0.0/8"`) or one address of it.
///
/// # Errors
/// A sentence for people.
pub fn network(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
        .map(|net| net.trunc())
        .map_err(|_| format!("`{text}` is no network, such as \"10.0.0.0/8\" or \"fd00::/8\""))
}

/// Adds a network or `HOST:PORT` to what may be dialled though it is not public.
///
/// # Errors
/// A sentence for people.
pub fn allow(text: &str, into: &mut Allow) -> Result<(), String> {
    if let Ok(network) = network(text) {
        into.networks.push(network);
        return Ok(());
    }
    match text.rsplit_once(':').map(|(host, port)| (host, port.parse())) {
        Some((host, Ok(port))) if !host.is_empty() && !host.contains(['/', '@', ' ']) => {
            // Names compare without regard to case (RFC 4343); the URL parser gives them in lower case.
            into.hosts.push((host.to_ascii_lowercase(), port));
            Ok(())
        }
        _ => Err(format!(
            "`{text}` is neither a network (\"10.0.0.0/8\") nor a host with its port (\"nas.lan:8080\")"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_carry_their_units() {
        let seconds = |text| duration(text).map(|d| d.as_secs());
        assert_eq!(seconds("10m"), Ok(600));
        assert_eq!(seconds("1h30m"), Ok(5400));
        assert_eq!(seconds("1h 30m"), Ok(5400));
        assert_eq!(seconds("30d"), Ok(2_592_000));
        assert_eq!(seconds("0s"), Ok(0));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        for text in [
            "",
            "10",
            "m",
            "10 parsecs",
            "-1s",
            "1.5h",
            "99999999999999999999s",
            "9999999999999999w",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_carry_their_units() {
        assert_eq!(size("2MiB"), Ok(2 << 20));
        assert_eq!(size("10 MB"), Ok(10_000_000));
        assert_eq!(size("0B"), Ok(0));
        for text in ["", "2", "MiB", "2 M", "2MiX", "99999999999TiB"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn listen_addresses_are_tcp_unix_or_systemd() {
        assert_eq!(listen("[::]:80"), Ok(Listen::Tcp("[::]:80".parse().unwrap())));
        assert_eq!(listen("unix:/run/l.sock"), Ok(Listen::Unix("/run/l.sock".into())));
        assert_eq!(listen("systemd"), Ok(Listen::Systemd));
        for text in ["", "8080", ":8080", "localhost", "unix:", "0.0.0.0:99999"] {
            assert!(listen(text).is_err(), "{text}");
        }
    }

    #[test]
    fn private_addresses_are_allowed_by_network_or_by_host_and_port() {
        let mut into = Allow::default();
        for text in [
            "10.1.2.3/8",
            "fd00::1",
            "NAS.lan:8080",
            "192.168.1.2:80",
            "[::1]:80",
        ] {
            allow(text, &mut into).unwrap();
        }
        assert_eq!(into.networks[0].to_string(), "10.0.0.0/8");
        assert_eq!(into.hosts[0], ("nas.lan".to_owned(), 8080));
        for text in ["nas.lan", "http://nas.lan:80", "10.0.0.0/99", ":80", "nas:http"] {
            assert!(allow(text, &mut into).is_err(), "{text}");
        }
    }
}
