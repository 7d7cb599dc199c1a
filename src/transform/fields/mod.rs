//! The audited table: every place where a feed can hold markup or an address.
//!
//! A place is an element or attribute *of a vocabulary* (a namespace, however it is spelled). What
//! is not in the table falls under the default rule: text or attributes that hold a tag HTML knows
//! are cleaned, values with a script's scheme are emptied, what ends inside a tag gets a space behind its
//! `<`, all else passes byte for byte. So do ids, but for quotes and angle brackets in those that are web
//! addresses: no address has any, and a reader that follows one may write it between quotes as it is.

mod vocabulary;
mod elements;
mod attributes;
mod json;

pub use attributes::{Attribute, attribute, attributes, names_an_address};
pub use elements::{Node, elements, is_line, node};
pub use json::{JsonNode, json_node, json_nodes};
pub use vocabulary::{ATOM, Vocabulary, XHTML, vocabulary};

/// True when `value` is an address that runs code: `javascript:`, `vbscript:` or a `data:` document.
///
/// White space and control characters are passed over as the WHATWG URL parser does, so
/// `java\nscript:` is found too.
#[must_use]
pub fn is_script(value: &str) -> bool {
    /// Long enough for the longest prefix below.
    const HEAD: usize = 32;
    if memchr::memchr(b':', value.as_bytes()).is_none() {
        return false;
    }
    let head: String = value
        .chars()
        .filter(|c| !c.is_control() && !c.is_whitespace())
        .take(HEAD)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    if let Some(media_type) = head.strip_prefix("data:") {
        return [
            // Nothing said: plain text, which a script may be.
            ",",
            ";",
            "text/html",
            "text/xml",
            "application/x",
            "application/javascript",
            "text/javascript",
            "image/svg",
        ]
        .iter()
        .any(|active| media_type.starts_with(active));
    }
    ["javascript:", "vbscript:", "livescript:", "mocha:", "jscript:"]
        .iter()
        .any(|scheme| head.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::clean::Role;

    #[test]
    fn a_namespace_is_known_however_it_is_spelled() {
        for uri in [
            "http://purl.org/rss/1.0/modules/content/",
            "http://purl.org/rss/1.0/modules/content",
            "HTTP://PURL.ORG/RSS/1.0/Modules/Content#",
            " http://purl.org/rss/1.0/modules/c&#111;ntent/ ",
        ] {
            assert_eq!(vocabulary(uri), Vocabulary::Content, "{uri}");
        }
        assert_eq!(
            vocabulary("http://www.itunes.com/DTDs/Podcast-1.0.dtd"),
            Vocabulary::Itunes
        );
        assert_eq!(vocabulary(""), Vocabulary::Rss);
        assert_eq!(vocabulary("urn:whatever"), Vocabulary::Other);
    }

    #[test]
    fn a_place_is_found_by_vocabulary_and_name() {
        assert_eq!(node(Vocabulary::Rss, "DESCRIPTION", "item"), Some(Node::Html));
        assert_eq!(
            node(Vocabulary::Rss, "url", "image"),
            Some(Node::Address(Role::Image))
        );
        assert_eq!(
            node(Vocabulary::Rss, "url", "item"),
            Some(Node::Address(Role::Link))
        );
        assert_eq!(
            node(Vocabulary::Media, "description", "content"),
            Some(Node::Typed)
        );
        assert_eq!(node(Vocabulary::Other, "description", "item"), None);
        assert_eq!(
            attribute(Vocabulary::Itunes, "image", "href"),
            Some(Attribute::Address(Role::Image))
        );
        assert_eq!(attribute(Vocabulary::Rss, "guid", "isPermaLink"), None);
    }

    #[test]
    fn an_address_that_runs_code_is_known_under_any_disguise() {
        for value in [
            "javascript:alert(1)",
            " JavaScript:alert(1)",
            "java\nscript:alert(1)",
            "\u{1}vbscript:x",
            "data:text/html,<b>",
            "DATA:image/svg+xml;base64,AA",
            "data:,alert(1)",
            "data:;base64,AA",
        ] {
            assert!(is_script(value), "{value:?}");
        }
        for value in [
            "https://a.example/javascript:",
            "data:image/png;base64,AA",
            "JavaScript",
            "",
        ] {
            assert!(!is_script(value), "{value:?}");
        }
    }
}
