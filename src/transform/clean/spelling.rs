//! Whether clean markup says the same as its source and is only spelt otherwise.
//!
//! The serializer has one spelling for each character (`&amp;`, never `&#38;`; `é`, never
//! `&eacute;`; `<br>`, never `<br />`). A field that needed no cleaning keeps its own: nothing of it
//! is lost, and its bytes do not change.

use html5ever::data::NAMED_ENTITIES;

use super::elements;

/// No reference is longer, by name or by number.
const LONGEST_REFERENCE: usize = 34;

/// Where in the markup a walk is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Text,
    /// In a tag whose name starts there in the clean markup.
    Tag(usize),
    /// In a value between double quotes, in the tag whose name starts there.
    Value(usize),
}

/// True when `source` is `clean` but for the spelling of characters and of void elements, so that
/// whoever parses the one gets the tree of the other.
///
/// Both are walked side by side. Only where a difference cannot change how the rest is read is it
/// accepted: a whole reference (`&…;`) against the character it stands for, `>` against `&gt;`, and
/// the slash at the end of a void element. Anything else, however harmless, is a difference.
#[must_use]
pub fn is_same_markup(source: &str, clean: &str) -> bool {
    let (mut s, mut c) = (0, 0);
    let mut at = At::Text;
    while let Some(&byte) = clean.as_bytes().get(c) {
        let theirs = source.as_bytes().get(s).copied();
        if theirs == Some(byte) && byte != b'&' {
            at = match (at, byte) {
                (At::Text, b'<') => At::Tag(c + 1),
                (At::Tag(_), b'>') => At::Text,
                (At::Tag(name), b'"') => At::Value(name),
                (At::Value(name), b'"') => At::Tag(name),
                (At::Tag(_), b'\'') => return false,
                (at, _) => at,
            };
            (s, c) = (s + 1, c + 1);
            continue;
        }
        if let At::Tag(name) = at {
            let Some(slash) = void_end(&source[s..]).filter(|_| byte == b'>' && is_void(&clean[name..c]))
            else {
                return false;
            };
            (s, c, at) = (s + slash, c + 1, At::Text);
            continue;
        }
        match (character(&source[s..]), character(&clean[c..])) {
            (Some((theirs, theirs_length)), Some((ours, our_length))) if theirs == ours => {
                (s, c) = (s + theirs_length, c + our_length);
            }
            _ => return false,
        }
    }
    s == source.len() && at == At::Text
}

/// The length of ` />` at the start of `rest`.
fn void_end(rest: &str) -> Option<usize> {
    let spaces = rest.bytes().take_while(u8::is_ascii_whitespace).count();
    rest[spaces..].starts_with("/>").then_some(spaces + 2)
}

/// True when the tag that `inside` is the inside of has no end tag.
fn is_void(inside: &str) -> bool {
    let end = inside
        .find(|c: char| c.is_ascii_whitespace())
        .unwrap_or(inside.len());
    elements::is_void(&inside[..end])
}

/// The character at the start of `rest` and the length of its spelling: itself, or a whole reference.
/// A bare `<` or `&` is none: what it is depends on what follows.
fn character(rest: &str) -> Option<(char, usize)> {
    let first = rest.chars().next()?;
    match first {
        '<' => None,
        '&' => {
            let window = &rest.as_bytes()[..rest.len().min(LONGEST_REFERENCE)];
            let end = memchr::memchr(b';', window)?;
            Some((referenced(rest.get(1..end)?)?, end + 1))
        }
        _ => Some((first, first.len_utf8())),
    }
}

/// The character that the whole reference at the start of `rest` stands for, and the length of it.
pub(super) fn reference(rest: &str) -> Option<(char, usize)> {
    character(rest).filter(|_| rest.starts_with('&'))
}

/// The one character that a reference stands for, if it is plain text: no control character, none of
/// those that HTML reads as another one (HTML §13.2.5.80).
fn referenced(name: &str) -> Option<char> {
    let number = match name.strip_prefix('#') {
        // A sign in front of it would be no number to HTML.
        Some(number) if number.contains(['+', '-']) => return None,
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        },
        None => match NAMED_ENTITIES.get(format!("{name};").as_str()) {
            Some(&(one, 0)) => one,
            _ => return None,
        },
    };
    char::from_u32(number).filter(|c| !c.is_control() && !matches!(c, '\u{fdd0}'..='\u{fdef}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_that_is_only_spelt_otherwise_is_the_same() {
        for (source, clean) in [
            ("<b>&#38;</b>", "<b>&amp;</b>"),
            ("<b>&#x26;&amp;</b>", "<b>&amp;&amp;</b>"),
            ("<p>caf&eacute; &nbsp;&#8217;</p>", "<p>café &nbsp;’</p>"),
            ("<code>&lt;br /></code>", "<code>&lt;br /&gt;</code>"),
            ("a<br />b<hr/>c<br>", "a<br>b<hr>c<br>"),
            (
                "<img src=\"a?b&amp;c\" alt=\"&#34;x&quot; > y\" />",
                "<img src=\"a?b&amp;c\" alt=\"&quot;x&quot; &gt; y\">",
            ),
            ("say &quot;no&quot;", "say \"no\""),
            ("<p title=\"a\">x</p>", "<p title=\"a\">x</p>"),
        ] {
            assert!(is_same_markup(source, clean), "{source}");
        }
    }

    #[test]
    fn anything_else_is_a_difference() {
        for (source, clean) in [
            ("<p onclick=\"x\">y</p>", "<p>y</p>"),
            ("<p>x", "<p>x</p>"),
            ("<p>x</p>y", "<p>x</p>"),
            ("<b>&amp;#38;</b>", "<b>&amp;</b>"),
            ("<b>&amp;lt;</b>", "<b>&lt;</b>"),
            ("<b>&lt</b>", "<b>&lt;</b>"),
            ("<b>a & b</b>", "<b>a &amp; b</b>"),
            ("a < b", "a &lt; b"),
            ("<div/>x", "<div>x"),
            ("<p title='a'>x</p>", "<p title=\"a\">x</p>"),
            ("<p title=\"&#1;\">x</p>", "<p title=\"\">x</p>"),
            ("&#x85;", "…"),
            ("<P>x</P>", "<p>x</p>"),
            ("&acE;", "\u{223e}"),
            ("", "x"),
            ("x", ""),
        ] {
            assert!(!is_same_markup(source, clean), "{source}");
        }
    }
}
