//! Which root elements are feeds.

use crate::message::Kind;

/// RSS 1.1, whose root is `Channel`.
const RSS_1_1: &str = "http://purl.org/net/rss1.1#";

/// The family of a document by its root's local name and namespace, under any prefix and in any
/// case. `is_first`: nothing but the prolog stands before it.
pub(super) fn kind(local: &str, namespace: &str, is_first: bool) -> Option<Kind> {
    let is = |name: &str| local.eq_ignore_ascii_case(name);
    if is("rss") {
        Some(Kind::Rss)
    } else if is("rdf") {
        Some(Kind::Rdf)
    } else if is("feed") {
        Some(Kind::Atom)
    } else if is("channel") && is_first {
        Some(if namespace == RSS_1_1 {
            Kind::Rdf
        } else {
            Kind::Rss
        })
    } else if is("entry") && is_first {
        Some(Kind::Atom)
    } else {
        None
    }
}

/// True for the names that hold a feed together.
pub(super) fn is_skeleton(local: &str) -> bool {
    is_entry(local)
        || ["rss", "rdf", "feed", "channel"]
            .iter()
            .any(|name| local.eq_ignore_ascii_case(name))
}

/// True for the names of entries.
pub(super) fn is_entry(local: &str) -> bool {
    local.eq_ignore_ascii_case("item") || local.eq_ignore_ascii_case("entry")
}
