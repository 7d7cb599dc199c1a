//! 226 (RFC 3229): the new entries alone, for a reader who asks for them and names the version it has.
//!
//! The validators are those of the whole feed, so that the next question is about it. Caches that know nothing of
//! this must not keep the answer: `no-store`, then `im` for those that do (§10.8).

use std::fmt::Write as _;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use super::feed::{self, Content, max_age};
use super::reply::{CACHE_STATUS, Reply};
use super::status::CacheStatus;
use crate::cache::Found;
use crate::cache::representation::Representation;

/// RFC 3229.
pub const A_IM: HeaderName = HeaderName::from_static("a-im");
const IM: HeaderName = HeaderName::from_static("im");
const DELTA_BASE: HeaderName = HeaderName::from_static("delta-base");

/// The instance manipulation that leaves entries out.
const FEED: &str = "feed";

/// True when the reader takes the new entries alone.
#[must_use]
pub fn are_wanted(request: &HeaderMap) -> bool {
    let values = request
        .get_all(A_IM)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut wishes = values.flat_map(|value| value.split(','));
    wishes.any(|wish| {
        let (name, parameters) = wish.split_once(';').unwrap_or((wish, ""));
        let weight = parameters
            .trim()
            .strip_prefix("q=")
            .and_then(|q| q.trim().parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case(FEED) && weight.is_none_or(|weight| weight > 0.0)
    })
}

/// The answer: `part` of `whole`, without what was in the version of the hash `base`.
#[must_use]
pub fn news(
    method: &Method,
    request: &HeaderMap,
    found: &Found,
    (whole, part, base): (&Representation, &Representation, [u8; 16]),
) -> Reply {
    // A part of a feed is small: what nobody made yet is made now.
    let coding = feed::coding(request, part).coding;
    let content = Content::Whole(coding, part.make(coding).unwrap_or_default());
    let mut headers = feed::fixed(whole, &content);
    let mut insert = |name, text: String| {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    };
    let mut entity = String::from("W/\"");
    for byte in base {
        let _never_fails = write!(entity, "{byte:02x}");
    }
    entity.push('"');
    insert(DELTA_BASE, entity);
    insert(
        header::CACHE_CONTROL,
        format!("no-store, im, max-age={}", max_age(found)),
    );
    insert(CACHE_STATUS, CacheStatus(found).to_string());
    headers.insert(IM, HeaderValue::from_static(FEED));
    headers.insert(
        header::VARY,
        HeaderValue::from_static("a-im, if-none-match, accept-encoding"),
    );
    let mut reply = feed::sent(method, headers, content);
    *reply.status_mut() = StatusCode::IM_USED;
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_names_the_manipulation_wants_it() {
        let wants = |a_im: &str| {
            let mut request = HeaderMap::new();
            request.insert("a-im", a_im.parse().expect("value"));
            are_wanted(&request)
        };
        for wish in ["feed", "FEED", "vcdiff, feed", "feed;q=0.5", "diffe, feed ; q=1"] {
            assert!(wants(wish), "{wish}");
        }
        for wish in ["", "feed;q=0", "gzip", "feeds"] {
            assert!(!wants(wish), "{wish}");
        }
        assert!(!are_wanted(&HeaderMap::new()));
    }
}
