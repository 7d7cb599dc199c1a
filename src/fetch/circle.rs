//! Requests that go round in a circle: an origin that is ourselves, straight or behind other proxies. Pure.
//!
//! Every request carries our name in `CDN-Loop` (RFC 8586), behind the names of those it is made for; who finds its
//! own name in a request answers 508 (RFC 5842 §7.2). Names are read from `Via` too, but never written there:
//! servers that see one send everything uncompressed (nginx, unless `gzip_proxied` is set).

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use url::Url;

/// RFC 8586.
pub const CDN_LOOP: HeaderName = HeaderName::from_static("cdn-loop");
/// What a 508 of ours says in `Cache-Status`: shared hosts say 508 when they are busy.
pub const DETAIL: &str = "limpid; detail=loop";

/// How names of servers like us begin.
const NAMES: &str = "limpid-";
/// Longer chains of proxies are cut: whoever is left out finds itself one round later.
const MAX_NAMES: usize = 8;
const MAX_NAME: usize = 40;

/// The servers like us that a request is made for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Through(Vec<String>);

impl Through {
    /// Those named in a request. Other words are left alone: what a stranger writes is not passed on.
    #[must_use]
    pub fn of(request: &HeaderMap) -> Self {
        if !request.contains_key(CDN_LOOP) {
            return Self::default();
        }
        let names = names(request, &CDN_LOOP).filter(|name| is_one_of_us(name));
        Self(names.take(MAX_NAMES).map(str::to_owned).collect())
    }

    /// What the next request says, made by `name`.
    pub(super) fn and(&self, name: &str) -> Option<HeaderValue> {
        let all: Vec<&str> = self.0.iter().map(String::as_str).chain([name]).collect();
        HeaderValue::from_str(&all.join(", "))
            .ok()
            .filter(|all| !all.is_empty())
    }
}

/// True when `name` is among those who made this request.
#[must_use]
pub fn is_ours(request: &HeaderMap, name: &str) -> bool {
    let named = |header: &HeaderName| names(request, header).any(|named| named == name);
    !name.is_empty()
        && (request.contains_key(CDN_LOOP) || request.contains_key(header::VIA))
        && (named(&CDN_LOOP) || named(&header::VIA))
}

/// True for the 508 of a server like us.
pub(super) fn is_told(status: StatusCode, headers: &HeaderMap) -> bool {
    let told = headers.get("cache-status").map(HeaderValue::as_bytes);
    status == StatusCode::LOOP_DETECTED && told == Some(DETAIL.as_bytes())
}

/// True when `url` is a feed or a picture of the server at `own`: it would wait for itself.
pub(super) fn leads_to(own: &Url, url: &Url) -> bool {
    let Some(rest) = url.path().strip_prefix(own.path().trim_end_matches('/')) else {
        return false;
    };
    let is_feed = |name: &str| {
        // Other names belong to whoever shares our host.
        let name = name
            .rsplit_once('.')
            .filter(|(_, format)| ["rss", "atom", "json"].contains(format))
            .map_or(name, |(name, _)| name);
        !name.is_empty()
            && name
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    url.origin() == own.origin()
        && (["/i/", "/w/", "/clean/"]
            .iter()
            .any(|ours| rest.starts_with(ours))
            || rest.strip_prefix("/feeds/").is_some_and(is_feed)
            || (rest == "/clean" && url.query().is_some()))
}

fn names<'h>(headers: &'h HeaderMap, header: &HeaderName) -> impl Iterator<Item = &'h str> + use<'h> {
    let values = headers.get_all(header).iter();
    let words = values.filter_map(|value| value.to_str().ok());
    words.flat_map(|value| value.split([',', ';', ' ']).map(str::trim))
}

fn is_one_of_us(name: &str) -> bool {
    let rest = name.strip_prefix(NAMES).unwrap_or_default();
    !rest.is_empty()
        && name.len() <= MAX_NAME
        && rest
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().expect("value"));
        headers
    }

    #[test]
    fn we_find_our_name_wherever_a_proxy_left_it() {
        for (header, value) in [
            ("cdn-loop", "limpid-k1"),
            ("cdn-loop", "cloudflare; loops=1, limpid-k1"),
            ("cdn-loop", "limpid-k1;x=y"),
            ("via", "1.1 limpid-k1"),
            ("via", "1.0 fred, 1.1 limpid-k1 (limpid)"),
        ] {
            assert!(is_ours(&request(header, value), "limpid-k1"), "{value}");
        }
        for (header, value) in [
            ("cdn-loop", "limpid-k11"),
            ("via", "1.1 limpid-k"),
            ("from", "limpid-k1"),
        ] {
            assert!(!is_ours(&request(header, value), "limpid-k1"), "{value}");
        }
        assert!(!is_ours(&request("cdn-loop", ""), ""));
    }

    #[test]
    fn only_names_like_ours_are_passed_on_and_few_of_them() {
        let passed = |value: &str| Through::of(&request("cdn-loop", value)).and("limpid-k1");
        assert_eq!(
            passed("x, limpid-b2, cloudflare")
                .as_ref()
                .and_then(|v| v.to_str().ok()),
            Some("limpid-b2, limpid-k1")
        );
        assert_eq!(
            passed("cloudflare").as_ref().and_then(|v| v.to_str().ok()),
            Some("limpid-k1")
        );
        let many = passed(&"limpid-b2,".repeat(100)).expect("value");
        assert_eq!(many.to_str().expect("text").split(", ").count(), MAX_NAMES + 1);
    }

    #[test]
    fn our_own_addresses_are_known_and_those_of_who_shares_our_host_are_not() {
        let leads =
            |own: &str, url: &str| leads_to(&Url::parse(own).expect("own"), &Url::parse(url).expect("url"));
        for url in [
            "feeds/a",
            "feeds/a.atom",
            "clean/k1/abc",
            "clean?url=x",
            "i/k1/abc.png",
            "w/t/?url=x",
        ] {
            assert!(
                leads("https://h.example/sub", &format!("https://h.example/sub/{url}")),
                "{url}"
            );
            assert!(
                leads("https://h.example", &format!("https://h.example/{url}")),
                "{url}"
            );
            assert!(
                !leads("https://h.example/sub", &format!("https://h.example/{url}")),
                "{url}"
            );
            assert!(
                !leads(
                    "https://h.example/sub",
                    &format!("https://other.example/sub/{url}")
                ),
                "{url}"
            );
        }
        for url in [
            "feeds/all.atom.xml",
            "feeds/",
            "feeds/a/b",
            "clean",
            "image/a.png",
            "blog/feed",
        ] {
            assert!(
                !leads("https://h.example", &format!("https://h.example/{url}")),
                "{url}"
            );
        }
    }
}
