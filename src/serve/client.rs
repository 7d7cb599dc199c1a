//! Who a request is from, as far as proxies that are trusted tell. For logs and limits only. Pure.

use std::net::IpAddr;

use http::{HeaderMap, header};
use ipnet::IpNet;

/// The reader's address: the peer's, unless that is a trusted proxy; then the nearest one in front of it
/// that is not (RFC 7239 §5.2, else `X-Forwarded-For`). What stands further left may be made up by anyone.
///
/// `peer` is `None` for a unix socket: only a proxy on this machine comes that way.
#[must_use]
pub fn client(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpNet]) -> Option<IpAddr> {
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|network| network.contains(ip));
    if peer.is_some_and(|peer| !is_trusted(&peer)) {
        return peer;
    }
    let mut nearest = peer;
    for hop in hops(headers).into_iter().rev() {
        // Something that is no address: nothing in front of it can be believed.
        let Some(ip) = hop else { break };
        nearest = Some(ip);
        if !is_trusted(&ip) {
            break;
        }
    }
    nearest
}

/// The addresses that proxies noted, the nearest last; `None` for what is no address. A proxy writes one of the
/// two headers and passes on what the reader put into the other: when they differ about the nearest, neither counts.
fn hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let values = |name: &str| -> Vec<String> {
        let all = headers.get_all(name).iter();
        all.filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|hop| hop.trim().to_owned())
            .collect()
    };
    let x_forwarded: Vec<_> = values("x-forwarded-for").iter().map(|hop| address(hop)).collect();
    let forwarded: Vec<_> = values(header::FORWARDED.as_str())
        .iter()
        .map(|hop| {
            let mut pairs = hop.split(';').filter_map(|pair| pair.split_once('='));
            let (_, value) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
            address(value.trim().trim_matches('"'))
        })
        .collect();
    match (forwarded.last(), x_forwarded.last()) {
        (None, _) => x_forwarded,
        (_, None) => forwarded,
        (one, other) if one == other => forwarded,
        _ => Vec::new(),
    }
}

/// `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]:80`, `2001:db8::1`.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let bare = bare.map_or(text, |(ip, _)| ip);
    let ip: Option<IpAddr> = bare.parse().ok();
    ip.or_else(|| {
        bare.parse::<std::net::SocketAddr>()
            .ok()
            .map(|socket| socket.ip())
    })
    .map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_a_proxy_counts_only_when_it_is_trusted() {
        let trusted: Vec<IpNet> = vec!["127.0.0.0/8".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        let cases = [
            // peer, Forwarded, X-Forwarded-For, the reader
            (Some("192.0.2.9"), "", "198.51.100.1", Some("192.0.2.9")),
            (Some("127.0.0.1"), "", "", Some("127.0.0.1")),
            (Some("127.0.0.1"), "", "198.51.100.1", Some("198.51.100.1")),
            (
                Some("127.0.0.1"),
                "",
                "6.6.6.6, 198.51.100.1, 10.1.1.1",
                Some("198.51.100.1"),
            ),
            (
                Some("127.0.0.1"),
                "",
                "198.51.100.1, junk, 10.1.1.1",
                Some("10.1.1.1"),
            ),
            (
                Some("127.0.0.1"),
                "for=\"[2001:db8::1]:80\";proto=https",
                "",
                Some("2001:db8::1"),
            ),
            // What a reader made up, and what the proxy said of it.
            (
                Some("127.0.0.1"),
                "for=6.6.6.6",
                "198.51.100.1",
                Some("127.0.0.1"),
            ),
            (
                Some("127.0.0.1"),
                "for=198.51.100.1",
                "6.6.6.6, 198.51.100.1",
                Some("198.51.100.1"),
            ),
            (
                Some("127.0.0.1"),
                "for=6.6.6.6, For=198.51.100.1:99",
                "",
                Some("198.51.100.1"),
            ),
            (None, "", "198.51.100.1", Some("198.51.100.1")),
            (None, "", "", None),
        ];
        for (peer, forwarded, x_forwarded, reader) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in [("forwarded", forwarded), ("x-forwarded-for", x_forwarded)] {
                if !value.is_empty() {
                    headers.insert(name, value.parse().unwrap());
                }
            }
            let found = client(peer.map(|ip| ip.parse().unwrap()), &headers, &trusted);
            assert_eq!(
                found,
                reader.map(|ip| ip.parse().unwrap()),
                "{forwarded} {x_forwarded}"
            );
        }
    }
}
