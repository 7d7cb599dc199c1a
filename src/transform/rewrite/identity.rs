//! The nodes that we own: what would lead readers past us is ours or goes.
//!
//! `rel=self` is replaced; `rel=hub`, `cloud`, new-feed-url and the feed's paging links are
//! removed, whether or not there is a server. Links to comments (`rel=replies`, `wfw:commentRss`)
//! stay: they are other feeds, and nothing loads them by itself.

use super::scan::{Attr, Name, attributes};
use super::text::decode_value;
use crate::transform::fields::Vocabulary;

/// What becomes of a node that we own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Remove,
    /// The self link of the feed: its address becomes ours.
    OurAddress,
}

/// Relations of RFC 5005 and what else leads from one page of a feed to another.
const PAGING: [&str; 8] = [
    "next",
    "prev",
    "previous",
    "first",
    "last",
    "current",
    "prev-archive",
    "next-archive",
];

/// Relations of an XHTML link that load nothing.
const HARMLESS: [&str; 6] = ["alternate", "canonical", "author", "license", "help", "me"];

/// What becomes of the element, or `None` if it is not ours. `in_feed`: it is a child of the feed itself.
pub(super) fn fate(name: &Name<'_>, raw: &str, in_feed: bool, has_self_url: bool) -> Option<Fate> {
    match name.vocabulary {
        Vocabulary::Atom | Vocabulary::Rss if name.local.eq_ignore_ascii_case("link") => {
            let fate = link_fate(&relation(raw)?, in_feed, has_self_url)?;
            // A self link that names nothing is none.
            Some(if find(raw, "href").is_some() {
                fate
            } else {
                Fate::Remove
            })
        }
        Vocabulary::Rss | Vocabulary::Source if in_feed && name.local.eq_ignore_ascii_case("cloud") => {
            Some(Fate::Remove)
        }
        Vocabulary::Source if in_feed && has_self_url && name.local == "self" => Some(Fate::Remove),
        Vocabulary::Itunes | Vocabulary::GooglePlay if name.local.eq_ignore_ascii_case("new-feed-url") => {
            Some(Fate::Remove)
        }
        Vocabulary::Xhtml if name.local == "meta" => find(raw, "http-equiv").map(|_| Fate::Remove),
        Vocabulary::Xhtml if name.local == "link" => {
            let harmless = relation(raw).is_some_and(|rel| HARMLESS.contains(&rel.as_str()));
            (!harmless).then_some(Fate::Remove)
        }
        _ => None,
    }
}

fn link_fate(relation: &str, in_feed: bool, has_self_url: bool) -> Option<Fate> {
    match relation {
        "hub" => Some(Fate::Remove),
        "self" if in_feed && has_self_url => Some(Fate::OurAddress),
        paging if in_feed && PAGING.contains(&paging) => Some(Fate::Remove),
        _ => None,
    }
}

/// The relation of a link, in lower case and as its registered name (RFC 4287 §4.2.7.2).
pub(super) fn relation(raw: &str) -> Option<String> {
    let rel = decode_value(find(raw, "rel")?.raw).trim().to_ascii_lowercase();
    Some(
        rel.strip_prefix("http://www.iana.org/assignments/relation/")
            .map_or(rel.clone(), str::to_owned),
    )
}

fn find<'t>(raw: &'t str, name: &str) -> Option<Attr<'t>> {
    attributes(raw).find(|a| a.name.eq_ignore_ascii_case(name))
}
