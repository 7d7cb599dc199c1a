use super::*;

/// Addresses as they are written, each of which leads to something that is not public.
fn denied() -> impl Iterator<Item = &'static str> {
    let lines = include_str!("denied.txt").lines();
    lines.filter(|line| !line.starts_with('#') && !line.is_empty())
}

/// Public addresses: many are the first or the last beside a denied network.
const PUBLIC: &[&str] = &[
    "1.0.0.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.0.3.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "203.0.112.255",
    "203.0.114.0",
    "223.255.255.255",
    "134744072",
    "[::ffff:8.8.8.8]",
    "[64:ff9b::8.8.8.8]",
    "[2001:200::1]",
    "[2001:4860:4860::8888]",
    "[2003::1]",
    "[2606:4700::1111]",
    "[2620:4f:7fff::1]",
    "[2a00:1450:4001::1]",
    "[3ffe::1]",
];

fn url(address: &str) -> Url {
    Url::parse(address).unwrap_or_else(|error| panic!("{address}: {error}"))
}

fn allow(networks: &[&str], hosts: &[(&str, u16)]) -> Allow {
    Allow {
        networks: networks.iter().map(|n| n.parse().expect("network")).collect(),
        hosts: hosts.iter().map(|(h, p)| ((*h).to_owned(), *p)).collect(),
    }
}

#[test]
fn no_spelling_of_an_address_that_is_not_public_is_admitted() {
    assert!(denied().count() >= 140, "the list is whole");
    for host in denied() {
        let judged = judge(&url(&format!("http://{host}/")), &Allow::default());
        assert!(matches!(judged, Err(Error::Refused(_))), "{host}: {judged:?}");
    }
}

#[test]
fn public_addresses_are_admitted() {
    for host in PUBLIC {
        let judged = judge(&url(&format!("https://{host}/")), &Allow::default());
        assert!(matches!(judged, Ok(Reach::Public)), "{host}: {judged:?}");
    }
}

#[test]
fn a_local_name_is_refused_before_it_is_resolved() {
    for host in [
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "printer.local",
        "metadata.google.internal",
        "nas.home.arpa.",
        "x.onion",
        "intranet",
        "ｌｏｃａｌｈｏｓｔ",
    ] {
        let judged = judge(&url(&format!("http://{host}/")), &Allow::default());
        assert!(matches!(judged, Err(Error::Refused(_))), "{host}: {judged:?}");
    }
    // It may still lead into a network that the owner allows.
    let home = allow(&["192.168.0.0/16"], &[]);
    assert_eq!(judge(&url("http://nas/"), &home).ok(), Some(Reach::Allowed));
    assert!(Reach::Allowed.admits("192.168.1.5".parse().expect("ip"), &home));
    assert!(!Reach::Allowed.admits("8.8.8.8".parse().expect("ip"), &home));
}

#[test]
fn what_is_no_web_address_is_refused() {
    for address in [
        "ftp://a.example/",
        "file:///etc/passwd",
        "gopher://a.example/",
        "data:text/plain,x",
        "http://user@a.example/",
        "http://:secret@a.example/",
        "http://a.example:22/",
        "http://a.example:6379/",
        "http://8.8.8.8:25/",
    ] {
        let judged = judge(&url(address), &Allow::default());
        assert!(matches!(judged, Err(Error::Address(_))), "{address}: {judged:?}");
    }
    for address in [
        "http://a.example/",
        "http://a.example:8080/",
        "https://a.example:8443/",
    ] {
        assert!(judge(&url(address), &Allow::default()).is_ok(), "{address}");
    }
}

#[test]
fn the_owner_may_allow_a_network_on_any_port() {
    let home = allow(&["127.0.0.0/8", "fd00::/8"], &[]);
    for address in [
        "http://127.0.0.1:49152/",
        "http://[fd00::1]:81/",
        "http://[::ffff:127.0.0.1]/",
    ] {
        assert!(judge(&url(address), &home).is_ok(), "{address}");
    }
    for address in ["http://10.0.0.1/", "http://[::1]/", "http://8.8.8.8:81/"] {
        assert!(judge(&url(address), &home).is_err(), "{address}");
    }
}

#[test]
fn the_owner_may_allow_one_host_and_port_as_it_is_written() {
    let one = allow(&[], &[("nas.lan", 8081), ("[::1]", 80), ("127.0.0.1", 8000)]);
    for address in [
        "http://NAS.lan:8081/",
        "http://nas.lan.:8081/",
        "http://[::1]/",
        "http://127.0.0.1:8000/",
    ] {
        assert_eq!(judge(&url(address), &one).ok(), Some(Reach::Any), "{address}");
    }
    for address in [
        "http://nas.lan:8082/",
        "http://[::1]:81/",
        "http://127.0.0.1/",
        "http://[::ffff:127.0.0.1]:8000/",
    ] {
        assert!(judge(&url(address), &one).is_err(), "{address}");
    }
}
