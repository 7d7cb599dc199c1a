//! Elements that are open, and which of them an end tag closes.

use std::borrow::Cow;

use super::{names, roots};
use crate::transform::work;

/// Elements that HTML never closes.
const VOID: [&str; 12] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "meta", "param", "track", "wbr",
];

/// Elements of feeds that are empty when they have this attribute.
const EMPTY_WITH: [(&str, &str); 5] = [
    ("link", "href"),
    ("enclosure", "url"),
    ("category", "term"),
    ("image", "href"),
    ("thumbnail", "url"),
];

/// Elements that may stand in one of their own kind.
const NESTING: [&str; 22] = [
    "div",
    "span",
    "ul",
    "ol",
    "table",
    "blockquote",
    "b",
    "i",
    "em",
    "strong",
    "font",
    "small",
    "big",
    "sub",
    "sup",
    "q",
    "section",
    "article",
    "group",
    "outline",
    "category",
    "center",
];

/// Fields of entries: none stands in another.
const FIELDS: [&str; 16] = [
    "title",
    "link",
    "description",
    "guid",
    "pubdate",
    "category",
    "comments",
    "enclosure",
    "id",
    "updated",
    "published",
    "modified",
    "issued",
    "created",
    "summary",
    "content",
];

/// One open element.
#[derive(Clone, Debug)]
pub(super) struct Open<'s> {
    /// Its name in the source, repaired.
    pub(super) name: Cow<'s, str>,
    /// Its name in the output, if that is another.
    pub(super) written: Option<String>,
    /// Where its start tag stands in the source.
    pub(super) at: usize,
    /// Where its start tag stands in the output.
    pub(super) out: usize,
    /// The scope to go back to when it ends.
    pub(super) mark: usize,
}

impl Open<'_> {
    /// Its name in the output.
    pub(super) fn written(&self) -> &str {
        self.written.as_deref().unwrap_or(&self.name)
    }
}

/// True if an element that is never closed must be empty.
pub(super) fn is_void<'a>(name: &str, mut attributes: impl Iterator<Item = &'a str>) -> bool {
    let local = names::local(name);
    let is = |known: &str| local.eq_ignore_ascii_case(known);
    VOID.iter().any(|known| is(known))
        || EMPTY_WITH
            .iter()
            .any(|(known, with)| is(known) && attributes.any(|name| name.eq_ignore_ascii_case(with)))
}

/// True if an element `open`, which is never closed, ends where the element `next` begins.
pub(super) fn ends_before(open: &str, next: &str) -> bool {
    if open == next {
        return !is_one_of(names::local(open), &NESTING);
    }
    is_field(open) && (is_field(next) || roots::is_entry(next))
}

/// True for the names of fields of entries.
pub(super) fn is_field(name: &str) -> bool {
    is_one_of(name, &FIELDS)
}

fn is_one_of(name: &str, list: &[&str]) -> bool {
    list.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Which of the `open` elements an end tag called `name` closes: the innermost of that name, if
/// need be in another case or under another prefix. An end tag within an entry never closes what
/// the entry stands in, but for the root and its child (the channel).
pub(super) fn closed_by(open: &[Open<'_>], name: &str) -> Option<usize> {
    let top = open.len().checked_sub(1)?;
    if open.last().is_some_and(|element| element.name == name) {
        return Some(top);
    }
    work::did(open.len());
    let entry = open
        .iter()
        .rposition(|element| roots::is_entry(names::local(&element.name)));
    let in_reach = |at: &usize| *at <= 1 || entry.is_none_or(|entry| *at >= entry);
    let find = |is: &dyn Fn(&Open<'_>) -> bool| open.iter().rposition(is).filter(in_reach);
    find(&|element| element.name == name)
        .or_else(|| find(&|element| element.name.eq_ignore_ascii_case(name)))
        .or_else(|| {
            let element = open.get(top)?;
            names::local(&element.name)
                .eq_ignore_ascii_case(names::local(name))
                .then_some(top)
        })
}
