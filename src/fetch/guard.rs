//! Which addresses may be dialled. Pure.
//!
//! [`judge`] reads the address as it is written; [`Reach::admits`] judges each IP address it leads to.
//! Both look at what `url` parsed, never at text: `http://2130706433/` and `http://①②⑦.1/` are
//! 127.0.0.1 to it, as they are to the client that would dial them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use url::{Host, Url};

use super::Error;

/// Ports that a public address may be dialled on. Any other must be allowed by the owner.
const PUBLIC_PORTS: [u16; 4] = [80, 443, 8080, 8443];

/// Top-level names that only mean something inside a network (RFC 6761, 6762, 7686, 8375, ICANN's `.internal`).
const LOCAL_SUFFIXES: [&str; 5] = [".localhost", ".local", ".internal", ".home.arpa", ".onion"];

/// IPv4 that is not on the public internet (IANA special-purpose registry), and Azure's wire server.
const IPV4_DENIED: [Ipv4Net; 19] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([168, 63, 129, 16], 32),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 31, 196, 0], 24),
    v4([192, 52, 193, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([192, 175, 48, 0], 24),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([224, 0, 0, 0], 4),
    v4([240, 0, 0, 0], 4),
];

/// The only IPv6 that is handed out to the public internet (RFC 4291 §2.4, IANA).
const IPV6_GLOBAL: Ipv6Net = v6([0x2000, 0, 0], 3);

/// What of [`IPV6_GLOBAL`] is not: IETF protocols (Teredo, ORCHID, benchmarking), documentation, 6to4, AS112.
const IPV6_DENIED: [Ipv6Net; 5] = [
    v6([0x2001, 0, 0], 23),
    v6([0x2001, 0xdb8, 0], 32),
    v6([0x2002, 0, 0], 16),
    v6([0x2620, 0x4f, 0x8000], 48),
    v6([0x3fff, 0, 0], 20),
];

/// IPv6 that carries an IPv4 address and is judged by it: IPv4-mapped (RFC 4291 §2.5.5.2), and NAT64's
/// well-known prefix (RFC 6052), without which homes on DNS64 would reach nothing.
const IPV4_INSIDE: [Ipv6Net; 2] = [
    Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96),
    Ipv6Net::new_assert(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96),
];

const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6([a, b, c]: [u16; 3], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), prefix)
}

/// Addresses that may be dialled though they are not public.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    /// Networks, any port.
    pub networks: Vec<IpNet>,
    /// Names or literals with a port (`nas.lan:8080`), as the address is written.
    pub hosts: Vec<(String, u16)>,
}

impl Allow {
    /// True when the owner allows exactly this host and port.
    fn names(&self, host: &str, port: u16) -> bool {
        self.hosts
            .iter()
            .any(|(name, p)| *p == port && bare(name).eq_ignore_ascii_case(bare(host)))
    }

    /// True when `ip`, or the IPv4 address inside it, lies in an allowed network.
    fn holds(&self, ip: IpAddr) -> bool {
        let inner = carried(ip).map(IpAddr::V4);
        self.networks
            .iter()
            .any(|network| network.contains(&ip) || inner.is_some_and(|inner| network.contains(&inner)))
    }
}

/// A host without brackets and without the root's dot.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .trim_end_matches('.')
}

/// Which IP addresses an address, as it is written, may lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Any: the owner allows this host and port.
    Any,
    /// Public ones and allowed networks.
    Public,
    /// Allowed networks only: a local name, or an unusual port.
    Allowed,
}

impl Reach {
    /// True when `ip` may be dialled.
    #[must_use]
    pub fn admits(self, ip: IpAddr, allow: &Allow) -> bool {
        match self {
            Self::Any => true,
            Self::Public => is_public(ip) || allow.holds(ip),
            Self::Allowed => allow.holds(ip),
        }
    }
}

/// Judges an address as it is written, before any name is resolved.
///
/// # Errors
/// Not http(s), a user name, a port that is not allowed, a local name, an IP address that is not allowed.
pub fn judge(url: &Url, allow: &Allow) -> Result<Reach, Error> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Error::Address("it is neither http nor https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::Address("it holds a user name or a password"));
    }
    let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
        return Err(Error::Address("it names no host"));
    };
    let written = host.to_string();
    if allow.names(&written, port) {
        return Ok(Reach::Any);
    }
    let usual = PUBLIC_PORTS.contains(&port);
    let ip = match host {
        Host::Domain(name) => {
            let local = is_local(name);
            return match (local || !usual, allow.networks.is_empty()) {
                (false, _) => Ok(Reach::Public),
                (true, false) => Ok(Reach::Allowed),
                (true, true) if local => Err(Error::Refused(written)),
                (true, true) => Err(Error::Address("its port is not one of 80, 443, 8080 and 8443")),
            };
        }
        Host::Ipv4(ip) => IpAddr::V4(ip),
        Host::Ipv6(ip) => IpAddr::V6(ip),
    };
    let reach = if usual { Reach::Public } else { Reach::Allowed };
    match reach.admits(ip, allow) {
        true => Ok(reach),
        false if is_public(ip) => Err(Error::Address("its port is not one of 80, 443, 8080 and 8443")),
        false => Err(Error::Refused(written)),
    }
}

/// True when a name only means something inside a network: a single label, or a reserved suffix.
fn is_local(name: &str) -> bool {
    let name = bare(name);
    !name.contains('.') || LOCAL_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

/// True when `ip` is on the public internet (IANA special-purpose registries, RFC 6890).
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    match (ip, carried(ip)) {
        (_, Some(ip)) | (IpAddr::V4(ip), None) => !IPV4_DENIED.iter().any(|denied| denied.contains(&ip)),
        (IpAddr::V6(ip), None) => {
            IPV6_GLOBAL.contains(&ip)
                && !IPV6_DENIED.iter().any(|denied| denied.contains(&ip))
                && !is_isatap(ip)
        }
    }
}

/// The IPv4 address that an IPv6 address carries and by which it is judged.
fn carried(ip: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(ip) = ip else { return None };
    let [.., a, b, c, d] = ip.octets();
    IPV4_INSIDE
        .iter()
        .any(|prefix| prefix.contains(&ip))
        .then(|| Ipv4Addr::new(a, b, c, d))
}

/// ISATAP's interface id `[02]00:5efe:a.b.c.d` (RFC 5214 §6.1): a tunnel to any IPv4 address.
fn is_isatap(ip: Ipv6Addr) -> bool {
    matches!(ip.segments(), [.., 0 | 0x0200, 0x5efe, _, _])
}

#[cfg(test)]
mod tests;
