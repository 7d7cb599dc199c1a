//! Where a feed says that it is announced (WebSub §4): in `Link` headers first, else in the document. Pure.

use http::{HeaderMap, header};
use url::Url;

use crate::transform::Hints;

/// Longer headers are not read.
const MAX_HEADER: usize = 8 << 10;

/// Who announces a feed, and by which address it is known there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub hub: Url,
    pub topic: Url,
}

/// What the answer from `url` with these `headers`, and the document in it, name. Without a self link the feed is
/// known by the address that answered.
#[must_use]
pub fn named(headers: &HeaderMap, hints: &Hints, url: &Url) -> Option<Named> {
    let resolved = |written: &str| {
        url.join(written)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
    };
    let of = |relation: &str, hint: Option<&String>| {
        let written = linked(headers, relation).or_else(|| hint.map(String::as_str));
        written.and_then(resolved)
    };
    Some(Named {
        hub: of("hub", hints.hub.as_ref())?,
        topic: of("self", hints.topic.as_ref()).unwrap_or_else(|| url.clone()),
    })
}

/// The first target of that relation (RFC 8288 §3).
fn linked<'h>(headers: &'h HeaderMap, relation: &str) -> Option<&'h str> {
    let values = headers
        .get_all(header::LINK)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut rest = values.filter(|value| value.len() <= MAX_HEADER);
    rest.find_map(|value| {
        // A target may hold commas, so each link is cut where its target begins.
        value.split('<').skip(1).find_map(|link| {
            let (target, parameters) = link.split_once('>')?;
            let mut relations = parameters.split(';').filter_map(|parameter| {
                let (name, value) = parameter.split_once('=')?;
                let value = value.trim().trim_end_matches(',').trim().trim_matches('"');
                name.trim().eq_ignore_ascii_case("rel").then_some(value)
            });
            let is_it = relations
                .next()?
                .split_whitespace()
                .any(|rel| rel.eq_ignore_ascii_case(relation));
            is_it.then_some(target)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(links: &[&str], hints: &Hints) -> Option<(String, String)> {
        let mut headers = HeaderMap::new();
        for link in links {
            headers.append("link", link.parse().expect("value"));
        }
        let url = Url::parse("https://a.example/feeds/feed").expect("url");
        named(&headers, hints, &url).map(|named| (named.hub.into(), named.topic.into()))
    }

    #[test]
    fn headers_come_first_then_the_document_then_the_address_itself() {
        let hints = Hints {
            hub: Some("https://hub.example/d".to_owned()),
            topic: Some("https://a.example/self".to_owned()),
            ..Hints::default()
        };
        let pair = |hub: &str, topic: &str| Some((hub.to_owned(), topic.to_owned()));
        assert_eq!(
            found(&[], &hints),
            pair("https://hub.example/d", "https://a.example/self")
        );
        let header = "<https://hub.example/h?a,b>; rel=\"hub\", </canonical>; rel=\"self\"";
        assert_eq!(
            found(&[header], &hints),
            pair("https://hub.example/h?a,b", "https://a.example/canonical")
        );
        let apart = [
            "<https://hub.example/1>; rel=hub",
            "<https://x.example/>; rel=next",
        ];
        assert_eq!(
            found(&apart, &Hints::default()),
            pair("https://hub.example/1", "https://a.example/feeds/feed")
        );
        let several = "<x>;rel=\"alternate hub\"; title=\"a;b\"";
        assert_eq!(
            found(&[several], &Hints::default()),
            pair("https://a.example/feeds/x", "https://a.example/feeds/feed")
        );
    }

    #[test]
    fn a_feed_that_names_no_hub_on_the_web_is_announced_nowhere() {
        for links in [
            &["<javascript:alert(1)>; rel=hub"][..],
            &["garbage"],
            &["<x>; title=hub"],
            &[],
        ] {
            assert_eq!(found(links, &Hints::default()), None, "{links:?}");
        }
    }
}
