//! Who may ask: the owner's own browser and tools, and no web page that the browser happens to show. Pure.
//!
//! The door has no login of its own: it listens on the owner's machine, or behind a proxy that has one. A web
//! page elsewhere can still make a browser send requests here. Two walls stand against that: a page of another
//! origin may change nothing, and a name that somebody made point here (DNS rebinding) is not answered.

use http::HeaderMap;
use http::header::{HOST, HeaderName, ORIGIN};
use url::{Host, Url};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Names that no stranger can make point here: they mean something inside a network only.
const LOCAL_SUFFIXES: [&str; 6] = [".localhost", ".local", ".internal", ".lan", ".home.arpa", ".test"];

/// True when the request names a host that only the owner can mean: a literal address, a local name, the host
/// of the public address, or one of `hosts`.
pub(super) fn is_our_name(
    headers: &HeaderMap,
    authority: Option<&str>,
    public: &str,
    hosts: &[String],
) -> bool {
    let named = headers.get(HOST).map(|host| host.to_str().unwrap_or_default());
    let Some(named) = named.or(authority) else {
        // HTTP/1.0 from a tool; a browser always names the host.
        return true;
    };
    let Ok(url) = Url::parse(&format!("http://{named}/")) else {
        return false;
    };
    match url.host() {
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        Some(Host::Domain(name)) => {
            let public = Url::parse(public).ok();
            let public = public.as_ref().and_then(Url::host_str);
            !name.contains('.')
                || LOCAL_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
                || public.is_some_and(|public| public.eq_ignore_ascii_case(name))
                || hosts.iter().any(|host| host.eq_ignore_ascii_case(name))
        }
        None => false,
    }
}

/// True when a request that changes something comes from a page of ours, or from no page at all (a tool).
pub(super) fn is_from_us(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return true;
    };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    matches!((origin, host), (Some((_, origin)), Some(host)) if origin.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_name_that_a_stranger_can_make_point_here_is_not_answered() {
        let ours = |host: &str| {
            is_our_name(
                &headers(&[("host", host)]),
                None,
                "https://feeds.example/sub",
                &["admin.example".to_owned()],
            )
        };
        for host in [
            "127.0.0.1:8081",
            "[::1]:8081",
            "localhost",
            "limpid:8081",
            "nas.lan",
            "feeds.example",
            "admin.example",
        ] {
            assert!(ours(host), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example:8081",
            "localhost.evil.example",
            "",
            "a b",
        ] {
            assert!(!ours(host), "{host}");
        }
    }

    #[test]
    fn only_our_own_pages_and_tools_may_change_something() {
        let host = ("host", "127.0.0.1:8081");
        assert!(is_from_us(&headers(&[host])));
        assert!(is_from_us(&headers(&[host, ("origin", "http://127.0.0.1:8081")])));
        assert!(is_from_us(&headers(&[host, ("sec-fetch-site", "same-origin")])));
        assert!(!is_from_us(&headers(&[host, ("origin", "http://evil.example")])));
        assert!(!is_from_us(&headers(&[
            host,
            ("origin", "http://127.0.0.1:9999")
        ])));
        assert!(!is_from_us(&headers(&[host, ("origin", "null")])));
        for site in ["cross-site", "same-site"] {
            let both = [
                host,
                ("sec-fetch-site", site),
                ("origin", "http://127.0.0.1:8081"),
            ];
            assert!(!is_from_us(&headers(&both)), "{site}");
        }
    }
}
