//! What a person needs to subscribe: addresses, links for readers, a square for a phone. Pure.

use std::net::{Ipv4Addr, Ipv6Addr};

use qrcode::QrCode;
use qrcode::render::svg;
use url::{Host, Url, form_urlencoded};

use crate::fetch::guard::is_public;
use crate::message::Kind;

/// One way to read the feed.
pub(super) struct Format {
    pub(super) label: &'static str,
    pub(super) media_type: &'static str,
    pub(super) address: String,
}

/// A reader that can be asked to subscribe by following a link.
pub(super) struct Reader {
    pub(super) name: &'static str,
    pub(super) address: String,
}

/// Readers, and what stands in front of the escaped address.
const READERS: [(&str, &str); 4] = [
    ("Feedly", "https://feedly.com/i/subscription/feed%2F"),
    ("Inoreader", "https://www.inoreader.com/?add_feed="),
    ("NewsBlur", "https://www.newsblur.com/?url="),
    ("The Old Reader", "https://theoldreader.com/feeds/subscribe?url="),
];

/// The formats at `address`.
pub(super) fn formats(address: &str) -> Vec<Format> {
    let format = |label, kind: Kind, extension: &str| Format {
        label,
        media_type: kind.media_type().split(';').next().unwrap_or_default(),
        address: format!("{address}.{extension}"),
    };
    vec![
        format("RSS", Kind::Rss, "rss"),
        format("Atom", Kind::Atom, "atom"),
        format("JSON Feed", Kind::Json, "json"),
    ]
}

/// Links that subscribe in a reader; the first opens whatever this computer reads feeds with.
pub(super) fn links(address: &str) -> Vec<Reader> {
    let escaped: String = form_urlencoded::byte_serialize(address.as_bytes()).collect();
    let local = Reader {
        name: "the reader on this computer",
        address: format!("feed:{address}"),
    };
    let others = READERS.iter().map(|(name, before)| Reader {
        name,
        address: format!("{before}{escaped}"),
    });
    std::iter::once(local).chain(others).collect()
}

/// True when the address means something inside a network only.
pub(crate) fn is_private(address: &str) -> bool {
    let url = Url::parse(address).ok();
    match url.as_ref().and_then(Url::host) {
        Some(Host::Ipv4(ip)) => !is_public(Ipv4Addr::into(ip)),
        Some(Host::Ipv6(ip)) => !is_public(Ipv6Addr::into(ip)),
        Some(Host::Domain(name)) => {
            let last = name.rsplit('.').next().unwrap_or_default();
            !name.contains('.') || matches!(last, "local" | "lan" | "internal" | "localhost")
        }
        None => false,
    }
}

/// What a reader that refuses private addresses must be told before it takes `address`; `None` for one that refuses
/// none.
pub(crate) fn told_reader(reader: &str, address: &str) -> Option<String> {
    match reader {
        "miniflux" => Some("FETCHER_ALLOW_PRIVATE_NETWORKS=1".to_owned()),
        "freshrss" => Some(format!("INTERNAL_HOST_ALLOWLIST={}", host(address))),
        _ => None,
    }
}

/// Host and port as an allow-list wants them.
fn host(address: &str) -> String {
    let url = Url::parse(address).ok();
    let parts = url
        .as_ref()
        .and_then(|url| Some((url.host_str()?, url.port_or_known_default()?)));
    parts.map_or_else(String::new, |(host, port)| format!("{host}:{port}"))
}

/// The address as a square. Dark on light in both themes: cameras want it so.
pub(super) fn square(address: &str) -> String {
    let Ok(code) = QrCode::new(address) else {
        // Longer than a square can hold.
        return String::new();
    };
    let svg = code
        .render::<svg::Color<'_>>()
        .min_dimensions(160, 160)
        .dark_color(svg::Color("#17272c"))
        .light_color(svg::Color("#ffffff"))
        .build();
    let from = svg.find("<svg").unwrap_or(0);
    svg.get(from..).unwrap_or_default().replacen(
        "<svg",
        "<svg role=\"img\" aria-label=\"The address as a QR code\"",
        1,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_escaped_in_links() {
        let links = links("http://127.0.0.1:8080/feeds/a");
        assert_eq!(links[0].address, "feed:http://127.0.0.1:8080/feeds/a");
        assert!(
            links[1]
                .address
                .ends_with("feed%2Fhttp%3A%2F%2F127.0.0.1%3A8080%2Ffeeds%2Fa")
        );
    }

    #[test]
    fn private_addresses_are_told_apart() {
        for private in [
            "http://127.0.0.1/f",
            "http://limpid:8080/f",
            "http://[::1]/f",
            "http://nas.lan/f",
        ] {
            assert!(is_private(private), "{private}");
        }
        assert!(!is_private("https://feeds.example/f"));
        let told = told_reader("freshrss", "http://limpid:8080/feeds/a");
        assert_eq!(told.as_deref(), Some("INTERNAL_HOST_ALLOWLIST=limpid:8080"));
        assert_eq!(host("http://limpid:8080/feeds/a"), "limpid:8080");
        assert_eq!(host("https://feeds.example/a"), "feeds.example:443");
    }

    #[test]
    fn the_square_is_svg_that_says_what_it_is() {
        let square = square("https://feeds.example/feeds/a");
        assert!(square.starts_with("<svg role=\"img\""), "{square}");
        assert!(
            !square.contains("style="),
            "no inline style: the policy forbids it"
        );
    }
}
