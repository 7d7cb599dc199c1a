//! Which root elements are feeds.

use crate::message::Kind;

/// RSS 1.1, whose root is `Channel`.
const RSS_1_1: &str = "http://purl.org/net/rss1.1#";

/// What begins the namespaces of RSS 0.90 and 1.0.
const RSS_IN_RDF: [&str; 3] = [
    "http://purl.org/rss/1.0",
    "http://my.netscape.com/rdf/",
    "http://channel.netscape.com/rdf/",
];

/// Whether `namespace` is of a feed in RDF; pictures carry other RDF.
pub(super) fn is_rss_in_rdf(namespace: &str) -> bool {
    RSS_IN_RDF.iter().any(|start| namespace.starts_with(start))
}

/// The family of a document by its root's local name and namespace, under any prefix and in any
/// case. `is_first`: nothing but the prolog stands before it; `declares_rss`: one of its namespaces [`is_rss_in_rdf`].
pub(super) fn kind(local: &str, namespace: &str, is_first: bool, declares_rss: bool) -> Option<Kind> {
    let is = |name: &str| local.eq_ignore_ascii_case(name);
    if is("rss") {
        Some(Kind::Rss)
    } else if is("rdf") && (is_first || declares_rss) {
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
