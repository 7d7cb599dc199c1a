//! Characters: what a stretch of the document means, and how new text is written in its place.

use std::borrow::Cow;

use quick_xml::escape::unescape;

use crate::transform::characters::all_allowed;
pub(super) use crate::transform::characters::is_allowed;

pub(super) const CDATA_OPEN: &str = "<![CDATA[";
pub(super) const CDATA_CLOSE: &str = "]]>";

/// The form a text was written in, kept when it is rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Escaped,
    CData,
}

/// What `raw` (characters, references, CDATA sections, comments, processing instructions) means.
pub(super) fn decode(raw: &str) -> Cow<'_, str> {
    if memchr::memchr3(b'&', b'<', b'\r', raw.as_bytes()).is_none() {
        return Cow::Borrowed(raw);
    }
    // As nearly all feeds write their articles: one section and nothing else.
    let section = raw
        .strip_prefix(CDATA_OPEN)
        .and_then(|rest| rest.strip_suffix(CDATA_CLOSE));
    if let Some(inside) = section
        && memchr::memmem::find(inside.as_bytes(), CDATA_CLOSE.as_bytes()).is_none()
    {
        return unify_line_ends(inside);
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('<') {
        let (text, markup) = rest.split_at(at);
        push_characters(text, &mut out);
        let (open, close) = if markup.starts_with(CDATA_OPEN) {
            (CDATA_OPEN, CDATA_CLOSE)
        } else if markup.starts_with("<!--") {
            ("<!--", "-->")
        } else {
            ("<?", "?>")
        };
        let inside = markup.get(open.len()..).unwrap_or_default();
        let end = memchr::memmem::find(inside.as_bytes(), close.as_bytes());
        let (inside, after) = match end.and_then(|end| inside.split_at_checked(end)) {
            Some((inside, after)) => (inside, after.get(close.len()..).unwrap_or_default()),
            None => (inside, ""),
        };
        if open == CDATA_OPEN {
            out.push_str(&unify_line_ends(inside));
        }
        rest = after;
    }
    push_characters(rest, &mut out);
    Cow::Owned(out)
}

/// Whether a comment or an instruction in the characters `raw` holds a `<`: nothing to whoever parses the
/// feed, but the start of markup to whoever takes its source for HTML.
pub(super) fn hides_markup(raw: &str) -> bool {
    let mut rest = raw;
    while let Some((_, from)) = rest.split_once('<') {
        let close = if from.starts_with("![CDATA[") {
            CDATA_CLOSE
        } else if from.starts_with("!--") {
            "-->"
        } else {
            "?>"
        };
        let (inside, after) = from.split_once(close).unwrap_or((from, ""));
        if close != CDATA_CLOSE && inside.contains('<') {
            return true;
        }
        rest = after;
    }
    false
}

fn push_characters(text: &str, out: &mut String) {
    let text = unify_line_ends(text);
    match unescape(&text) {
        Ok(decoded) => out.push_str(&decoded),
        Err(_) => out.push_str(&text),
    }
}

/// XML 1.0 §2.11.
fn unify_line_ends(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\r', text.as_bytes()).is_some() {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// What the raw value of an attribute means (XML 1.0 §3.3.3).
pub(super) fn decode_value(raw: &str) -> Cow<'_, str> {
    if !raw.contains(['&', '\n', '\r', '\t']) {
        return Cow::Borrowed(raw);
    }
    let spaced = raw.replace("\r\n", " ").replace(['\n', '\r', '\t'], " ");
    match unescape(&spaced) {
        Ok(decoded) => Cow::Owned(decoded.into_owned()),
        Err(_) => Cow::Owned(spaced),
    }
}

/// The form `raw` is written in.
pub(super) fn form(raw: &str) -> Form {
    if raw.contains(CDATA_OPEN) {
        Form::CData
    } else {
        Form::Escaped
    }
}

/// Writes `text` in `form`. Characters that XML does not allow are left out.
pub(super) fn write(text: &str, form: Form, out: &mut String) {
    match form {
        Form::Escaped => escape(text, out),
        Form::CData if text.is_empty() => {}
        Form::CData => {
            out.push_str(CDATA_OPEN);
            let mut rest = text;
            while let Some(at) = memchr::memmem::find(rest.as_bytes(), CDATA_CLOSE.as_bytes()) {
                let (before, after) = rest.split_at(at + 2);
                push_allowed(before, out);
                out.push_str("]]><![CDATA[");
                rest = after;
            }
            push_allowed(rest, out);
            out.push_str(CDATA_CLOSE);
        }
    }
}

/// The white space around a text.
pub(super) fn around(text: &str) -> (&str, &str) {
    let lead = text.len() - text.trim_start().len();
    let trail = text.trim_end().len().max(lead);
    (
        text.get(..lead).unwrap_or_default(),
        text.get(trail..).unwrap_or_default(),
    )
}

/// Writes `text` in `form` with the white space that stood around it in `decoded`.
pub(super) fn write_core(decoded: &str, text: &str, form: Form, out: &mut String) {
    let (lead, trail) = around(decoded);
    escape(lead, out);
    write(text, form, out);
    escape(trail, out);
}

/// Whether `text` can be one CDATA section as it is.
pub(super) fn is_section(text: &str) -> bool {
    !text.is_empty()
        && memchr::memmem::find(text.as_bytes(), CDATA_CLOSE.as_bytes()).is_none()
        && all_allowed(text)
}

fn push_allowed(text: &str, out: &mut String) {
    if all_allowed(text) {
        out.push_str(text);
    } else {
        out.extend(text.chars().filter(|&c| is_allowed(c)));
    }
}

/// Writes `text` as characters of an element.
pub(super) fn escape(text: &str, out: &mut String) {
    if all_allowed(text) && !text.contains('\r') {
        let mut rest = text;
        while let Some(at) = memchr::memchr3(b'&', b'<', b'>', rest.as_bytes()) {
            let (before, after) = rest.split_at(at);
            out.push_str(before);
            out.push_str(match after.as_bytes().first() {
                Some(b'&') => "&amp;",
                Some(b'<') => "&lt;",
                _ => "&gt;",
            });
            rest = after.get(1..).unwrap_or_default();
        }
        out.push_str(rest);
        return;
    }
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            c if is_allowed(c) => out.push(c),
            _ => {}
        }
    }
}

/// Writes `value` as the value of an attribute in `quote`s.
pub(super) fn escape_value(value: &str, quote: char, out: &mut String) {
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' if quote == '"' => out.push_str("&quot;"),
            '\'' if quote == '\'' => out.push_str("&#39;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\t' => out.push_str("&#9;"),
            c if is_allowed(c) => out.push(c),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_through_every_form_it_can_be_written_in() {
        assert_eq!(
            decode("a &amp;amp; b&#x21;<![CDATA[<p>&amp;]]><!-- no --> z<?no?>"),
            "a &amp; b!<p>&amp; z"
        );
        assert_eq!(decode("a\r\nb\rc&#13;"), "a\nb\nc\r");
        assert_eq!(decode_value("a\nb&#10;&quot;"), "a b\n\"");
    }

    #[test]
    fn a_comment_with_markup_in_it_is_seen() {
        assert!(hides_markup("a<!-- </title><img src=x onerror=y> -->b"));
        assert!(hides_markup("<![CDATA[<!-- -->]]><?x <b>?>"));
        for plain in [
            "a<!-- b -->c",
            "<![CDATA[<!-- <b> -->]]>",
            "&lt;!-- &lt;b> -->",
            "a",
        ] {
            assert!(!hides_markup(plain), "{plain}");
        }
    }

    #[test]
    fn what_is_written_reads_back_the_same() {
        for text in ["a]]>b]]]]>>", "<p>&amp;'\"</p>", "]]>", "x]]", "tab\tline\n"] {
            for form in [Form::Escaped, Form::CData] {
                let mut out = String::new();
                write(text, form, &mut out);
                assert_eq!(decode(&out), text, "{form:?}");
            }
            let mut out = String::new();
            escape_value(text, '"', &mut out);
            assert_eq!(decode_value(&out), text);
        }
    }

    #[test]
    fn characters_that_xml_forbids_are_left_out() {
        let mut out = String::new();
        write("a\u{c}b\u{0}\u{FFFE}", Form::CData, &mut out);
        escape("\u{b}c\r", &mut out);
        assert_eq!(out, "<![CDATA[ab]]>c&#13;");
    }
}
