//! Text that ends inside a tag or a comment.
//!
//! Alone it shows nothing from there on where it is taken for HTML; and on a page that puts texts
//! one behind the other, the tag goes on: `<x y="` in a title swallows what the page says next, up
//! to the first quote, and what follows that quote is no longer where the page put it. Only HTML's
//! tokenizer decides where a tag ends, so this asks what it would (HTML §13.2.5).
//!
//! A space behind `<` makes it the character that it was meant to be, for every parser and at every
//! depth of escaping, and whoever reads the text as text reads the same (`a <b` says `a < b`).

use std::borrow::Cow;

/// `text` with a space behind each `<` that would open something, from the first on whose end is
/// missing. Closed again, it stays the same.
#[must_use]
pub fn closed(text: &str) -> Cow<'_, str> {
    let Some(from) = first_open(text.as_bytes()) else {
        return Cow::Borrowed(text);
    };
    let (before, mut rest) = text.split_at(from);
    let mut out = String::with_capacity(text.len() + 8);
    out.push_str(before);
    while let Some(at) = memchr::memchr(b'<', rest.as_bytes()) {
        let (plain, after) = rest.split_at(at + 1);
        out.push_str(plain);
        if !matches!(end(after.as_bytes()), End::NoTag) {
            out.push(' ');
        }
        rest = after;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// `html` with a space behind each `<` at its end if what follows are words and not a tag that was cut off: to HTML they would
/// be attributes of a tag without an end, and the rest of the text were lost (`while a <b and no end in sight`).
pub(super) fn with_words(html: &str) -> Cow<'_, str> {
    let end = memchr::memrchr(b'>', html.as_bytes()).map_or(0, |last| last + 1);
    let Some(first) = memchr::memchr(b'<', &html.as_bytes()[end..]) else {
        return Cow::Borrowed(html);
    };
    let (before, words) = html.split_at(end + first + 1);
    if !are_words(words) {
        return Cow::Borrowed(html);
    }
    let mut out = [before, " "].concat();
    let mut rest = words;
    while let Some(at) = memchr::memchr(b'<', rest.as_bytes()) {
        let (plain, after) = rest.split_at(at + 1);
        out.push_str(plain);
        if begins_tag(after) {
            out.push(' ');
        }
        rest = after;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn begins_tag(after: &str) -> bool {
    matches!(after.as_bytes(), [first, ..] if first.is_ascii_alphabetic() || b"!?/".contains(first))
}

/// What no tag that was cut off consists of: some words, and not one value.
fn are_words(after: &str) -> bool {
    const SOME: usize = 4;
    begins_tag(after)
        && !after.starts_with("!--")
        && !after.contains(['=', '"'])
        && after.split_whitespace().take(SOME).count() == SOME
}

/// Where the `<` stands whose tag or comment does not end.
fn first_open(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'<', text.get(at..)?) {
        let inside = at + found + 1;
        match end(text.get(inside..)?) {
            End::NoTag => at = inside,
            End::After(length) => at = inside + length,
            End::Missing => return Some(inside - 1),
        }
    }
    None
}

/// Where what begins behind a `<` ends.
enum End {
    /// Nothing begins there.
    NoTag,
    After(usize),
    Missing,
}

fn end(inside: &[u8]) -> End {
    let found = match inside {
        [b'!', b'-', b'-', comment @ ..] => comment_end(comment).map(|length| length + "!--".len()),
        [b'/', b'a'..=b'z' | b'A'..=b'Z', ..] | [b'a'..=b'z' | b'A'..=b'Z', ..] => tag_end(inside),
        [b'!' | b'?' | b'/', ..] => memchr::memchr(b'>', inside).map(|at| at + 1),
        _ => return End::NoTag,
    };
    found.map_or(End::Missing, End::After)
}

/// Behind `-->`. What HTML lets end a comment and older parsers do not (`<!-->`, `--!>`) is no end
/// that all agree on.
fn comment_end(comment: &[u8]) -> Option<usize> {
    let end = memchr::memmem::find(comment, b"-->")?;
    let inside = &comment[..end];
    let disputed = comment.starts_with(b">")
        || comment.starts_with(b"->")
        || memchr::memmem::find(inside, b"--!>").is_some();
    (!disputed).then_some(end + "-->".len())
}

/// Behind the `>` of a tag that is not part of a quoted value.
fn tag_end(tag: &[u8]) -> Option<usize> {
    let mut state = Tag::Name;
    for (at, &byte) in tag.iter().enumerate() {
        let is_space = byte.is_ascii_whitespace();
        state = match (state, byte) {
            (Tag::Quoted(quote), _) if byte == quote => Tag::Between,
            (Tag::Quoted(quote), _) => Tag::Quoted(quote),
            (_, b'>') => return Some(at + 1),
            (Tag::Equals, b'"' | b'\'') => Tag::Quoted(byte),
            (Tag::Equals, _) if is_space => Tag::Equals,
            (Tag::Equals, _) => Tag::Unquoted,
            (Tag::Unquoted, _) if !is_space => Tag::Unquoted,
            (Tag::Attribute | Tag::AfterAttribute, b'=') => Tag::Equals,
            (Tag::Attribute | Tag::AfterAttribute, _) if is_space => Tag::AfterAttribute,
            (Tag::Name, _) if !is_space && byte != b'/' => Tag::Name,
            _ if is_space || byte == b'/' => Tag::Between,
            _ => Tag::Attribute,
        };
    }
    None
}

/// Where in a tag a byte stands.
#[derive(Clone, Copy)]
enum Tag {
    Name,
    Between,
    Attribute,
    AfterAttribute,
    Equals,
    Unquoted,
    Quoted(u8),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_behind_an_angle_bracket_are_no_tag_that_was_cut_off() {
        for (html, told) in [
            (
                "<p>while a <b and no end in sight",
                "<p>while a < b and no end in sight",
            ),
            ("so </ and so <? or not at all", "so < / and so < ? or not at all"),
            ("<!and then some more", "< !and then some more"),
        ] {
            assert_eq!(with_words(html), told);
            assert_eq!(with_words(told), told, "once");
        }
        for html in [
            "an <img src=\"https://a.example/a picture of some",
            "an <img alt=a b c d",
            "cut <stron",
            "cut <b ",
            "cut </p",
            "cut <img loading lazy",
            "cut <!-- a b c d e",
            "1 <2 a b c d",
            "<b>a b c d",
            "",
        ] {
            assert_eq!(with_words(html), html);
        }
    }

    #[test]
    fn what_never_ends_becomes_the_text_that_it_looks_like() {
        for (given, told) in [
            ("<x y=\"", "< x y=\""),
            ("<x y=\">", "< x y=\">"),
            ("<x y='a\">b", "< x y='a\">b"),
            ("a <n and b <m", "a < n and b < m"),
            ("a <x y=\"<T>", "a < x y=\"< T>"),
            ("Vec<T> <x", "Vec<T> < x"),
            ("<me@a.example \"", "< me@a.example \""),
            ("<!--", "< !--"),
            ("<!-- a > b", "< !-- a > b"),
            ("<!-->", "< !-->"),
            ("<!-- a --!> b --> c", "< !-- a --!> b --> c"),
            ("<![CDATA[ x", "< ![CDATA[ x"),
            ("<!x", "< !x"),
            ("</", "< /"),
            ("</x y=\"", "< /x y=\""),
            ("<?x", "< ?x"),
        ] {
            assert_eq!(closed(given), told, "{given}");
            assert_eq!(closed(told), told, "{told}");
        }
    }

    #[test]
    fn what_ends_or_opens_nothing_stays() {
        for text in [
            "Vec<T>",
            "<me@example.org>",
            "a < b",
            "x <- y",
            "I <3 u",
            "a <",
            "<x y=\"a>b\">",
            "<x y=a\"b>",
            "<x =\">",
            "<x y = 'a'z>",
            "<!-- <x --> y",
            "</x>",
            "<?x?>",
            "<x/y='>'/>",
            "2 << 1",
        ] {
            assert!(matches!(closed(text), Cow::Borrowed(_)), "{text}");
        }
    }
}
