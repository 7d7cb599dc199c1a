//! The address that feeds say of themselves. Pure.

use url::Url;

use super::{Check, bad, good};
use crate::pages::subscribe::is_private;

/// What is to be said of `said`, where readers are looked for at `base`.
pub(super) fn said(base: &str, said: &str) -> Check {
    if base != said {
        let says = format!(
            "server.public_url is {said}, not {base}: set it, or every address in every feed is wrong"
        );
        return bad("address", says);
    }
    if base.starts_with("http://") && !is_here(base) {
        return if is_private(base) {
            let says = format!("{said} is what feeds say; without TLS it is for your own network alone");
            good("address", says)
        } else {
            bad(
                "address",
                "readers come without TLS: put a proxy with TLS in front and set server.public_url to https://…",
            )
        };
    }
    good("address", format!("{said} is what feeds say"))
}

/// True of this machine's own address.
fn is_here(base: &str) -> bool {
    let url = Url::parse(base).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    let ip = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::said;

    #[test]
    fn tls_is_asked_for_where_strangers_may_listen() {
        for (base, is_good) in [
            ("https://feeds.example.org", true),
            ("http://feeds.example.org", false),
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080", true),
            ("http://localhost:8080", true),
            ("http://192.168.1.9:8080", true),
            ("http://limpid:8080", true),
        ] {
            assert_eq!(said(base, base).good, is_good, "{base}");
        }
        assert!(!said("https://feeds.example.org", "http://127.0.0.1:8080").good);
    }
}
