//! Text constructs, people and numbers as feeds write them.

use super::tree::{Child, Node};
use super::{Person, Text};
use crate::transform::clean::holds_known_tag;
use crate::transform::fields::Vocabulary;
use crate::transform::{packed, plain};

/// What a field holds where nothing is said about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Untyped {
    /// Always HTML.
    Html,
    /// HTML if it holds a tag or reference that HTML knows, else text.
    Guess,
}

/// The text construct in `node` (RFC 4287 §3.1, §4.1.3; Atom 0.3 `mode`; RSS by `untyped`).
pub(super) fn construct(node: &Node<'_>, untyped: Untyped) -> Text {
    let (value, html) = typed(node, untyped);
    Text {
        value,
        html,
        base: node.base.clone(),
    }
}

fn typed(node: &Node<'_>, untyped: Untyped) -> (String, bool) {
    let media_type = node.attribute("type").map(|t| {
        t.split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    });
    let mode = node.attribute("mode").map(str::to_ascii_lowercase);
    if mode.as_deref() == Some("base64") {
        return decoded(node, media_type.as_deref());
    }
    match media_type.as_deref() {
        Some("html" | "text/html") => markup_or_text(node),
        Some("text" | "text/plain") if !node.has_elements() => (node.text(), false),
        Some("xhtml" | "application/xhtml+xml") => (markup(node), true),
        Some(xml) if xml.ends_with("/xml") || xml.ends_with("+xml") => (markup(node), true),
        Some(other)
            if node.namespace.vocabulary == Vocabulary::Atom
                && other.contains('/')
                && !other.starts_with("text/") =>
        {
            decoded(node, media_type.as_deref())
        }
        None if node.namespace.vocabulary == Vocabulary::Atom && mode.is_none() && !node.has_elements() => {
            (node.text(), false)
        }
        _ if node.has_elements() => (markup(node), true),
        _ => guess(node.text(), untyped),
    }
}

fn markup_or_text(node: &Node<'_>) -> (String, bool) {
    if node.has_elements() {
        (markup(node), true)
    } else {
        (node.text(), true)
    }
}

fn guess(text: String, untyped: Untyped) -> (String, bool) {
    let html = untyped == Untyped::Html || is_html(&text);
    (text, html)
}

/// Whether text of unknown type is HTML.
pub(super) fn is_html(text: &str) -> bool {
    holds_known_tag(text) || plain::holds_reference(text)
}

/// Base64, if it holds text: read as strictly as it was cleaned. Only content may hold anything else (RFC
/// 4287 §3.1.1); what is no base64 in another field is text with a wrong label.
fn decoded(node: &Node<'_>, media_type: Option<&str>) -> (String, bool) {
    let written = node.text();
    let Some(text) = packed::unpack(&written) else {
        let is_content = node.local.eq_ignore_ascii_case("content");
        return guess(if is_content { String::new() } else { written }, Untyped::Guess);
    };
    match media_type {
        Some("text/plain" | "text") => (text, false),
        Some("text/html" | "html" | "xhtml" | "application/xhtml+xml") => (text, true),
        _ => guess(text, Untyped::Guess),
    }
}

/// What `node` holds as HTML. The one `<div>` that XHTML constructs must have is left out (RFC 4287
/// §3.1.1.3). Text is escaped, also in elements where HTML would not decode it: what was text in
/// the source never becomes markup.
pub(super) fn markup(node: &Node<'_>) -> String {
    let mut inner = node;
    let mut elements = node.elements();
    if let (Some(only), None) = (elements.next(), elements.next()) {
        let blank = node.children.iter().all(|child| match child {
            Child::Text(text) => text.trim().is_empty(),
            Child::Element(_) => true,
        });
        if blank && only.local.eq_ignore_ascii_case("div") && only.attributes.is_empty() {
            inner = only;
        }
    }
    let mut html = String::new();
    write_children(inner, &mut html);
    html
}

fn write_children(node: &Node<'_>, html: &mut String) {
    for child in &node.children {
        match child {
            Child::Text(text) => html.push_str(&plain::to_html(text)),
            Child::Element(element) => write_element(element, html),
        }
    }
}

fn write_element(node: &Node<'_>, html: &mut String) {
    // SVG and MathML are written in HTML without a prefix, like XHTML.
    let foreign = node.namespace.vocabulary == Vocabulary::Other && !node.prefix.is_empty();
    html.push('<');
    if foreign {
        html.push_str(&node.prefix);
        html.push(':');
    }
    html.push_str(&node.local);
    for attribute in &node.attributes {
        html.push(' ');
        if !attribute.prefix.is_empty() {
            html.push_str(&attribute.prefix);
            html.push(':');
        }
        html.push_str(&attribute.local);
        html.push_str("=\"");
        html.push_str(&plain::to_html(&attribute.value));
        html.push('"');
    }
    html.push('>');
    if VOID.iter().any(|void| node.local.eq_ignore_ascii_case(void)) {
        return;
    }
    write_children(node, html);
    html.push_str("</");
    if foreign {
        html.push_str(&node.prefix);
        html.push(':');
    }
    html.push_str(&node.local);
    html.push('>');
}

/// Elements without an end tag (WHATWG HTML §13.1.2).
#[rustfmt::skip]
const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
];

/// A person as RSS writes them: `mail (Name)`, `Name <mail>`, a mail address or a name.
pub(super) fn person(text: &str) -> Option<Person> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let is_mail = |word: &str| {
        word.split_once('@')
            .is_some_and(|(user, host)| !user.is_empty() && host.contains('.') && !host.ends_with('.'))
    };
    let bare = |word: &str| {
        word.trim_matches(|c| matches!(c, '(' | ')' | '<' | '>' | '[' | ']' | ',' | ';' | '"'))
            .trim_start_matches("mailto:")
            .to_owned()
    };
    let mut words = text.split([' ', '\t', '\n', '(', '<']).map(bare);
    let Some(email) = words.find(|word| is_mail(word)) else {
        return Some(Person {
            name: Some(text.to_owned()),
            ..Person::default()
        });
    };
    let rest = text.replacen(&email, "", 1).replacen("mailto:", "", 1);
    let name = rest
        .trim_matches(|c: char| {
            c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>' | '[' | ']' | ',' | '"')
        })
        .to_owned();
    Some(Person {
        name: (!name.is_empty()).then_some(name),
        email: Some(email),
        uri: None,
    })
}

/// The person in an Atom person construct, or in an element with text.
pub(super) fn person_in(node: &Node<'_>) -> Option<Person> {
    if !node.has_elements() {
        return person(&node.text());
    }
    let field = |name: &str| {
        node.elements()
            .find(|child| child.local.eq_ignore_ascii_case(name))
            .map(|child| child.text().trim().to_owned())
            .filter(|text| !text.is_empty())
    };
    let person = Person {
        name: field("name"),
        email: field("email"),
        uri: field("uri")
            .or_else(|| field("url"))
            .or_else(|| field("homepage")),
    };
    if person == Person::default() {
        return self::person(&node.text());
    }
    Some(person)
}

/// Text on one line without space at its ends, if any is left.
pub(super) fn line(text: &str) -> Option<String> {
    let line = text.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// An address: without white space at the ends and without line breaks (WHATWG URL §4.1).
pub(super) fn address(text: &str) -> Option<String> {
    let address: String = text
        .trim()
        .chars()
        .filter(|c| !matches!(c, '\n' | '\r' | '\t'))
        .collect();
    (!address.is_empty()).then_some(address)
}
