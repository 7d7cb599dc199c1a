//! Text as HTML: written exactly as html5ever's serializer writes it, so that what the sanitizer
//! leaves alone comes out byte for byte.

use std::borrow::Cow;

use memchr::{memchr_iter, memchr2_iter, memchr3};

use crate::transform::characters::{holds_control, holds_noncharacter};

/// True when `text` holds nothing that [`printable`] takes out or changes.
pub(super) fn is_printable(text: &[u8]) -> bool {
    !holds_control(text) && !holds_noncharacter(text)
}

/// True when `text` holds no-break spaces.
pub(super) fn holds_nbsp(text: &[u8]) -> bool {
    memchr_iter(0xC2, text).any(|at| text.get(at + 1) == Some(&0xA0))
}

/// Text without what XML cannot hold (control characters, U+FFFE, U+FFFF), line ends as `\n`.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    if is_printable(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let kept = text.chars().filter_map(|c| match c {
        '\r' => Some('\n'),
        '\x0c' => Some(' '),
        '\t' | '\n' => Some(c),
        '\0'..'\x20' | '\u{fffe}' | '\u{ffff}' => None,
        _ => Some(c),
    });
    Cow::Owned(kept.collect())
}

/// Appends `text`, escaped for use between tags.
pub(super) fn push_escaped(out: &mut String, text: &str) {
    push(out, text, b'<');
}

/// Appends ` name="value"`, the value escaped.
pub(super) fn push_attribute(out: &mut String, name: &str, value: &str) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    if value.bytes().all(|byte| IS_PLAIN[usize::from(byte)]) {
        out.push_str(value);
    } else {
        push(out, &printable(value), b'"');
    }
    out.push('"');
}

/// As [`push_attribute`], for an address that a URL parser wrote or took: it holds no control characters.
pub(super) fn push_address(out: &mut String, name: &str, address: &str) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    push(out, address, b'"');
    out.push('"');
}

/// Bytes that stand in a value as they are, whatever stands beside them.
static IS_PLAIN: [bool; 256] = {
    let mut plain = [true; 256];
    let mut byte = 0;
    while byte < 0x20 {
        plain[byte] = false;
        byte += 1;
    }
    let odd = [b'"', b'&', b'<', b'>', 0xC2, 0xEF];
    let mut at = 0;
    while at < odd.len() {
        plain[odd[at] as usize] = false;
        at += 1;
    }
    plain
};

fn push(out: &mut String, text: &str, quote: u8) {
    let mut written = 0;
    let mut escape = |at: usize, replacement: &str, length: usize| {
        out.push_str(&text[written..at]);
        out.push_str(replacement);
        written = at + length;
    };
    // Two searches at memory's speed beat one byte by byte.
    let mut from = 0;
    while from < text.len() {
        let rest = &text.as_bytes()[from..];
        let to = memchr3(b'&', b'<', b'>', rest).map(|at| from + at);
        let run = &text.as_bytes()[from..to.unwrap_or(text.len())];
        for at in memchr2_iter(0xC2, quote, run).map(|at| from + at) {
            match text.as_bytes()[at] {
                b'"' => escape(at, "&quot;", 1),
                0xC2 if text[at..].starts_with('\u{a0}') => escape(at, "&nbsp;", 2),
                _ => {}
            }
        }
        let Some(at) = to else { break };
        escape(
            at,
            match text.as_bytes()[at] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                _ => "&gt;",
            },
            1,
        );
        from = at + 1;
    }
    out.push_str(&text[written..]);
}

/// What stands in CDATA sections that were escaped themselves: to HTML their beginning is a comment up to the next `>`, and
/// half of the first sentence would be lost.
pub(super) fn out_of_section(html: &str) -> &str {
    let mut inside = html;
    while let Some(section) = inside.trim().strip_prefix("<![CDATA[") {
        let Some(section) = section.strip_suffix("]]>") else {
            break;
        };
        inside = section;
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped_and_the_rest_is_left() {
        let mut out = String::new();
        push_escaped(&mut out, "a<b>&\u{a0}©é\"Â");
        assert_eq!(out, "a&lt;b&gt;&amp;&nbsp;©é\"Â");
        out.clear();
        push_attribute(&mut out, "alt", "\"<&>\u{a0}");
        assert_eq!(out, " alt=\"&quot;&lt;&amp;&gt;&nbsp;\"");
    }
}
