//! Elements as markup: children of a field become HTML for the cleaner, and what the cleaner wrote
//! becomes well-formed XHTML again.

use std::rc::Rc;

use url::Url;

use super::scan::{Kind, Name, Piece, attributes};
use super::text::{decode, decode_value, escape_value, is_allowed};
use crate::transform::clean::holds_known_tag;
use crate::transform::fields::{Vocabulary, XHTML};

/// HTML §12.1.2.
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
];

/// Names of HTML elements that feeds use for data as well.
const ALSO_DATA: [&str; 9] = [
    "title", "link", "source", "summary", "content", "address", "label", "data", "time",
];

/// Opening one of these in HTML would swallow what follows as text.
const SWALLOWING: [&str; 2] = ["plaintext", "xmp"];

/// What `rel` says of links that a page loads by itself.
const LOADING: [&str; 10] = [
    "dns-prefetch",
    "expect",
    "icon",
    "import",
    "manifest",
    "modulepreload",
    "preconnect",
    "prefetch",
    "preload",
    "stylesheet",
];

/// True when an element inside a text field is markup, not data.
pub(super) fn is_markup(name: &Name<'_>, raw: &str) -> bool {
    let is_html = match name.vocabulary {
        Vocabulary::Xhtml | Vocabulary::Svg | Vocabulary::MathMl => return true,
        Vocabulary::Rss | Vocabulary::Atom | Vocabulary::Other => {
            !ALSO_DATA.contains(&name.local)
                && !is_picture_of_rss(name, raw)
                && holds_known_tag(&format!("<{}>", name.local))
        }
        _ => false,
    };
    is_html || attributes(raw).any(|attribute| is_active(name, attribute.name, attribute.raw))
}

/// RSS's own `image`, which holds addresses: HTML's has its address in an attribute, or shows nothing.
fn is_picture_of_rss(name: &Name<'_>, raw: &str) -> bool {
    name.local == "image" && attributes(raw).next().is_none()
}

/// Whatever the element is called: a handler, or a link that loads by itself.
fn is_active(element: &Name<'_>, attribute: &str, value: &str) -> bool {
    let attribute = attribute.to_ascii_lowercase();
    if let Some(event) = attribute.strip_prefix("on") {
        return event.len() > 2 && event.bytes().all(|b| b.is_ascii_alphabetic());
    }
    element.local.eq_ignore_ascii_case("link")
        && attribute == "rel"
        && decode_value(value)
            .split_ascii_whitespace()
            .any(|rel| LOADING.iter().any(|loading| loading.eq_ignore_ascii_case(rel)))
}

/// Writes pieces as HTML. Text inside elements is literal characters and stays so; text beside them
/// is literal only if `literal`, else it is markup already.
pub(super) fn to_html(pieces: &[Piece<'_>], base: Option<&Rc<Url>>, literal: bool) -> String {
    let mut out = String::new();
    // Per open element: its name, if it was written, and its base.
    let mut open: Vec<(Option<&str>, Option<Rc<Url>>)> = Vec::new();
    for piece in pieces {
        match piece.kind {
            Kind::Open(name) | Kind::Empty(name) => {
                let outer = open.last().map_or(base, |(_, inner)| inner.as_ref());
                let inner = own_base(piece.raw, outer.map(Rc::as_ref)).or_else(|| outer.cloned());
                let written = write_open(
                    &name,
                    piece.raw,
                    inner.as_ref().filter(|_| inner.as_ref() != base),
                    &mut out,
                );
                if let Kind::Open(_) = piece.kind {
                    open.push((written, inner));
                } else if let Some(name) = written {
                    write_close(name, &mut out);
                }
            }
            Kind::Close => {
                if let Some((Some(name), _)) = open.pop() {
                    write_close(name, &mut out);
                }
            }
            Kind::Text if literal || !open.is_empty() => escape_html(&decode(piece.raw), &mut out),
            Kind::Text => out.push_str(&decode(piece.raw)),
            _ => {}
        }
    }
    out
}

/// Whether [`to_html`] leaves nothing out, so that what it shows may stay as it stands.
pub(super) fn shows_all(pieces: &[Piece<'_>]) -> bool {
    pieces.iter().all(|piece| match piece.kind {
        Kind::Open(name) | Kind::Empty(name) => {
            !is_swallowing(name.local)
                && attributes(piece.raw).all(|attribute| {
                    let name = attribute.name;
                    !name.contains(':') || name == "xml:lang" || name.starts_with("xmlns:")
                })
        }
        // Whoever takes the source for HTML would see markup there.
        Kind::Text => !(piece.raw.contains("<![CDATA[") && decode(piece.raw).contains(['<', '&'])),
        Kind::Close => true,
        _ => false,
    })
}

fn is_swallowing(name: &str) -> bool {
    SWALLOWING
        .iter()
        .any(|swallowing| name.eq_ignore_ascii_case(swallowing))
}

/// What stands in the one `div` that holds everything, and the tag of that `div`.
pub(super) fn in_wrapper<'p, 't>(pieces: &'p [Piece<'t>]) -> Option<(&'t str, &'p [Piece<'t>])> {
    let is_blank = |piece: &Piece<'_>| piece.kind == Kind::Text && piece.raw.trim().is_empty();
    let first = pieces.iter().position(|piece| !is_blank(piece))?;
    let last = pieces.iter().rposition(|piece| !is_blank(piece))?;
    let wrapper = pieces.get(first)?;
    let Kind::Open(name) = wrapper.kind else {
        return None;
    };
    let inside = pieces.get(first + 1..last)?;
    let mut depth = 1_usize;
    for piece in inside {
        match piece.kind {
            Kind::Open(_) => depth += 1,
            Kind::Close => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return None;
        }
    }
    (name.local.eq_ignore_ascii_case("div") && depth == 1).then_some((wrapper.raw, inside))
}

/// The base that `xml:base` in a tag gives, if any.
pub(super) fn own_base(raw: &str, outer: Option<&Url>) -> Option<Rc<Url>> {
    let attribute = attributes(raw).find(|attribute| {
        attribute.name == "xml:base" || is_channel(raw) && attribute.name.eq_ignore_ascii_case("base")
    })?;
    let value = decode_value(attribute.raw);
    let base = match outer {
        Some(outer) => outer.join(value.trim()),
        None => Url::parse(value.trim()),
    };
    base.ok().filter(|base| !base.cannot_be_a_base()).map(Rc::new)
}

/// The root of a CDF document, whose `BASE` is what `xml:base` is elsewhere.
pub(super) fn is_channel(raw: &str) -> bool {
    let name = raw.get(1..8);
    name.is_some_and(|name| name.eq_ignore_ascii_case("channel"))
        && raw[8..].starts_with(|c: char| c.is_ascii_whitespace())
}

/// Writes a start tag; addresses are resolved if there is a base of its own for them.
fn write_open<'t>(name: &Name<'t>, raw: &str, base: Option<&Rc<Url>>, out: &mut String) -> Option<&'t str> {
    let tag = match name.vocabulary {
        Vocabulary::Xhtml | Vocabulary::Svg | Vocabulary::MathMl | Vocabulary::Rss | Vocabulary::Atom => {
            name.local
        }
        _ => name.qualified,
    };
    if is_swallowing(tag) {
        return None;
    }
    out.push('<');
    out.push_str(tag);
    for attribute in attributes(raw) {
        let value = decode_value(attribute.raw);
        let key = match attribute.name {
            "xml:lang" => "lang",
            key if key.contains(':') || key == "xmlns" => continue,
            key => key,
        };
        let resolved = base
            .filter(|_| matches!(key, "href" | "src" | "poster"))
            .and_then(|base| base.join(value.trim()).ok());
        out.push(' ');
        out.push_str(key);
        out.push_str("=\"");
        escape_html_value(resolved.as_ref().map_or(&value, Url::as_str), out);
        out.push('"');
    }
    out.push('>');
    Some(tag)
}

fn write_close(name: &str, out: &mut String) {
    if !is_void(name) {
        out.push_str("</");
        out.push_str(name);
        out.push('>');
    }
}

fn is_void(name: &str) -> bool {
    VOID.iter().any(|void| name.eq_ignore_ascii_case(void))
}

/// HTML §13.3, "escaping a string".
fn escape_html(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\u{A0}' => out.push_str("&nbsp;"),
            c => out.push(c),
        }
    }
}

fn escape_html_value(value: &str, out: &mut String) {
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\u{A0}' => out.push_str("&nbsp;"),
            c => out.push(c),
        }
    }
}

/// Cleaned HTML as XML. The elements have no namespace of their own yet.
#[derive(Debug, Default)]
pub(super) struct Xml {
    text: String,
    /// The name of the one element that holds everything.
    root: Option<String>,
}

impl Xml {
    /// Elements in the namespace of XHTML, whatever the default namespace is: it is declared on the
    /// one element that holds everything, or on a `div` around it all.
    pub(super) fn declared(&self, only_div: bool) -> String {
        match self.root.as_deref() {
            Some(root) if !only_div || root == "div" => {
                let (_, rest) = self.text.split_at(1 + root.len());
                format!("<{root} xmlns=\"{XHTML}\"{rest}")
            }
            _ => format!("<div xmlns=\"{XHTML}\">{}</div>", self.text),
        }
    }

    /// As it is, where the default namespace is XHTML already.
    pub(super) fn plain(self) -> String {
        self.text
    }
}

/// Turns HTML as a sanitizer serialises it (HTML §13.3) into well-formed XML; `None` when it holds
/// anything that a sanitizer does not write.
pub(super) fn to_xml(html: &str) -> Option<Xml> {
    let html = html.trim();
    let mut out = String::with_capacity(html.len() + html.len() / 16);
    let mut open: Vec<&str> = Vec::new();
    // How many things stand at the top: one element and nothing else makes it the root.
    let mut tops = 0_usize;
    let mut root = None;
    let mut rest = html;
    while !rest.is_empty() {
        let at = rest.find('<').unwrap_or(rest.len());
        let (text, markup) = rest.split_at(at);
        if !text.is_empty() {
            tops += usize::from(open.is_empty());
            push_text(text, None, &mut out);
        }
        rest = markup;
        if let Some(tag) = markup.strip_prefix("</") {
            let (name, after) = tag.split_once('>')?;
            if open.pop()? != name {
                return None;
            }
            out.push_str("</");
            out.push_str(name);
            out.push('>');
            rest = after;
        } else if let Some(tag) = markup.strip_prefix('<') {
            let end = tag.find(|c: char| !c.is_ascii_alphanumeric() && c != '-')?;
            let (name, attributes) = tag.split_at(end);
            if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
                return None;
            }
            if open.is_empty() {
                tops += 1;
                root = Some(name.to_owned());
            }
            out.push('<');
            out.push_str(name);
            rest = push_attributes(attributes, &mut out)?;
            if is_void(name) {
                out.push_str(" />");
            } else {
                out.push('>');
                open.push(name);
            }
        }
    }
    open.is_empty().then(|| Xml {
        text: out,
        root: root.filter(|_| tops == 1),
    })
}

/// Writes the attributes of a tag and returns what stands behind its `>`.
fn push_attributes<'h>(tag: &'h str, out: &mut String) -> Option<&'h str> {
    let mut rest = tag;
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('>') {
            return Some(after);
        }
        let (name, after) = rest.split_once("=\"")?;
        let (value, after) = after.split_once('"')?;
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return None;
        }
        out.push(' ');
        out.push_str(name);
        out.push_str("=\"");
        push_text(value, Some('"'), out);
        out.push('"');
        rest = after;
    }
}

/// Writes serialised HTML text: of its named references only `&nbsp;` is unknown to XML.
fn push_text(text: &str, quote: Option<char>, out: &mut String) {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let known = ["&amp;", "&lt;", "&gt;", "&quot;"]
            .into_iter()
            .find(|known| rest.starts_with(known));
        if let Some(known) = known {
            out.push_str(known);
            rest = rest.get(known.len()..).unwrap_or_default();
            continue;
        }
        if let Some(after) = rest.strip_prefix("&nbsp;") {
            out.push_str("&#160;");
            rest = after;
            continue;
        }
        match quote {
            Some(quote) => escape_value(c.encode_utf8(&mut [0; 4]), quote, out),
            None => match c {
                '&' => out.push_str("&amp;"),
                '>' => out.push_str("&gt;"),
                '\r' => out.push_str("&#13;"),
                c if is_allowed(c) => out.push(c),
                _ => {}
            },
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::super::scan::Scanner;
    use super::*;

    fn html(xml: &str) -> String {
        let mut scanner = Scanner::new(xml);
        scanner.next().expect("root");
        let mut pieces = scanner.take_to_close().expect("pieces");
        pieces.pop();
        to_html(&pieces, None, true)
    }

    #[test]
    fn children_become_html_and_their_text_stays_text() {
        assert_eq!(
            html(
                "<c xmlns:h='http://www.w3.org/1999/xhtml'><h:p title='a \"&lt;b'>1 &lt;script&gt; <h:br/><h:a/></h:p></c>"
            ),
            "<p title=\"a &quot;<b\">1 &lt;script&gt; <br><a></a></p>"
        );
        assert_eq!(html("<c><plaintext/>all <xmp>is</xmp> shown</c>"), "all is shown");
    }

    #[test]
    fn what_the_sanitizer_writes_becomes_well_formed() {
        let xml = to_xml("<p title=\"a<b\">x&nbsp;y<br><img src=\"a?b&amp;c\"></p>").expect("xml");
        assert_eq!(
            xml.declared(false),
            "<p xmlns=\"http://www.w3.org/1999/xhtml\" title=\"a&lt;b\">x&#160;y<br /><img src=\"a?b&amp;c\" /></p>"
        );
        let xml = to_xml("a<b>c</b>").expect("xml");
        assert_eq!(
            xml.declared(false),
            "<div xmlns=\"http://www.w3.org/1999/xhtml\">a<b>c</b></div>"
        );
        for broken in ["<p>", "</p>", "<p></b>", "<!-- -->", "<p x>", "<p x=1></p>"] {
            assert!(to_xml(broken).is_none(), "{broken}");
        }
    }
}
