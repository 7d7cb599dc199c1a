//! Text as HTML: written exactly as html5ever's serializer writes it, so that what the sanitizer
//! leaves alone comes out byte for byte.

use std::borrow::Cow;

/// Text without what XML cannot hold (control characters, U+FFFE, U+FFFF), line ends as `\n`.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    let suspect = |(at, &byte): (usize, &u8)| match byte {
        b'\t' | b'\n' => false,
        0xEF => matches!(text.as_bytes().get(at + 1..at + 3), Some([0xBF, 0xBE | 0xBF])),
        byte => byte < 0x20,
    };
    if !text.as_bytes().iter().enumerate().any(suspect) {
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
    let mut rest = text;
    while let Some(at) = next_special(rest.as_bytes(), quote) {
        out.push_str(&rest[..at]);
        // A special byte is one character, but for the two bytes of a no-break space.
        let (replacement, length) = match rest.as_bytes().get(at) {
            Some(b'&') => ("&amp;", 1),
            Some(b'<') => ("&lt;", 1),
            Some(b'>') => ("&gt;", 1),
            Some(b'"') => ("&quot;", 1),
            _ if rest[at..].starts_with('\u{a0}') => ("&nbsp;", 2),
            _ => (&rest[at..at + 2], 2),
        };
        out.push_str(replacement);
        rest = &rest[at + length..];
    }
    out.push_str(rest);
}

/// Where the next byte is that may need escaping; 0xC2 begins a no-break space and its neighbours.
fn next_special(bytes: &[u8], quote: u8) -> Option<usize> {
    bytes
        .iter()
        .position(|&byte| matches!(byte, b'&' | b'<' | b'>' | 0xC2) || byte == quote)
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
