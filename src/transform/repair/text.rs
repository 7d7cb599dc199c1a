//! Character data: what may stand between tags and in attribute values.

use std::borrow::Cow;

use super::entities::Entities;
use super::faults::Faults;
use super::output::Output;
use super::references::{self, Reference};
use crate::transform::characters::all_allowed;
use crate::transform::work;

/// A text without the characters that XML does not allow at all.
pub(super) struct Legal<'s> {
    pub(super) text: Cow<'s, str>,
    pub(super) faults: Faults,
}

/// Drops the characters that XML 1.0 does not allow (§2.2), wherever they stand.
pub(super) fn without_illegal(text: &str) -> Legal<'_> {
    let mut faults = Faults::default();
    if all_allowed(text) {
        return Legal {
            text: Cow::Borrowed(text),
            faults,
        };
    }
    let mut out = String::new();
    let mut kept = 0;
    for (at, c) in text.char_indices() {
        if !references::is_legal(c) {
            faults.note(at, "illegal character dropped");
            out.push_str(text.get(kept..at).unwrap_or_default());
            kept = at + c.len_utf8();
        }
    }
    out.push_str(text.get(kept..).unwrap_or_default());
    Legal {
        text: Cow::Owned(out),
        faults,
    }
}

/// Where a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Within {
    /// Between tags.
    Element,
    /// In an attribute value in these quotes.
    Quotes(char),
}

/// Writes `text`, which stands at byte `at` of the source, so that it is well-formed.
pub(super) fn write(
    out: &mut Output<'_>,
    text: &str,
    at: usize,
    within: Within,
    entities: &mut Entities<'_>,
    faults: &mut Faults,
) {
    let mut done = 0;
    while let Some(found) = next_special(text, done, within) {
        out.push_str(text.get(done..found).unwrap_or_default());
        let rest = text.get(found..).unwrap_or_default();
        work::did(found - done + 1);
        done = found + 1;
        match rest.as_bytes().first() {
            Some(b'&') => {
                let (reference, length) = references::read(rest, entities);
                done = found + length;
                write_reference(
                    out,
                    rest.get(..length).unwrap_or_default(),
                    reference,
                    within,
                    |what| {
                        faults.note(at + found, what);
                    },
                );
            }
            Some(b'<') => {
                faults.note(at + found, "bare < escaped");
                out.push_str("&lt;");
            }
            Some(b'>') if out.as_str().ends_with("]]") => {
                faults.note(at + found, "]]> in text escaped");
                out.push_str("&gt;");
            }
            Some(b'>') => out.push('>'),
            _ => out.push_str(if rest.starts_with('"') { "&quot;" } else { "&apos;" }),
        }
    }
    out.push_str(text.get(done..).unwrap_or_default());
}

fn next_special(text: &str, from: usize, within: Within) -> Option<usize> {
    let rest = text.as_bytes().get(from..)?;
    match within {
        Within::Element => memchr::memchr3(b'&', b'<', b'>', rest),
        Within::Quotes(quote) => memchr::memchr3(b'&', b'<', if quote == '"' { b'"' } else { b'\'' }, rest),
    }
    .map(|at| from + at)
}

fn write_reference(
    out: &mut Output<'_>,
    source: &str,
    reference: Reference,
    within: Within,
    mut note: impl FnMut(&'static str),
) {
    match reference {
        Reference::Keep => out.push_str(source),
        Reference::Chars(first, second) => {
            note("reference replaced by its character");
            push_char(out, first, within);
            if let Some(second) = second {
                push_char(out, second, within);
            }
        }
        Reference::Text(text) => {
            note("entity replaced by its text");
            for c in text.chars() {
                push_char(out, c, within);
            }
        }
        Reference::Illegal => note("reference to an illegal character dropped"),
        Reference::Bare => {
            note("bare & escaped");
            out.push_str("&amp;");
        }
    }
}

/// Writes a character that is data, whatever it would mean as markup.
fn push_char(out: &mut Output<'_>, c: char, within: Within) {
    match c {
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '&' => out.push_str("&amp;"),
        '"' if within != Within::Element => out.push_str("&quot;"),
        '\'' if within != Within::Element => out.push_str("&apos;"),
        // In an attribute value a parser would make them spaces; a return would become a line feed anywhere.
        '\t' if within != Within::Element => out.push_str("&#9;"),
        '\n' if within != Within::Element => out.push_str("&#10;"),
        '\r' => out.push_str("&#13;"),
        c => out.push(c),
    }
}

/// Writes what stands between `<!--` and `-->`: two hyphens in a row are not allowed there, nor one at the end.
pub(super) fn write_comment(out: &mut Output<'_>, inside: &str, at: usize, faults: &mut Faults) {
    out.push_str("<!--");
    if inside.contains("--") || inside.ends_with('-') {
        faults.note(at, "hyphens in a comment parted");
        let mut last = ' ';
        for c in inside.chars() {
            if c == '-' && last == '-' {
                out.push(' ');
            }
            out.push(c);
            last = c;
        }
        if last == '-' {
            out.push(' ');
        }
    } else {
        out.push_str(inside);
    }
    out.push_str("-->");
}
