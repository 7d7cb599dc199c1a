//! What stands after an ampersand: one of XML's five entities, a character reference, a name that
//! HTML or the document's own DOCTYPE gave, or nothing of the kind.

use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};

use super::entities::Entities;
use crate::transform::work;

/// The longest reference that is recognised, in bytes: bounds the look ahead. HTML's longest is 32.
const LONGEST: usize = 64;

/// How a reference is repaired.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// Stays as it is written.
    Keep,
    /// Is replaced by one or two characters.
    Chars(char, Option<char>),
    /// Is replaced by the text of an entity of the DOCTYPE.
    Text(String),
    /// A character that XML does not allow: goes.
    Illegal,
    /// No reference at all: the ampersand is escaped.
    Bare,
}

/// Reads the reference at the start of `rest`, which begins with `&`: how to repair it, and how
/// many bytes it takes.
pub(super) fn read(rest: &str, entities: &mut Entities<'_>) -> (Reference, usize) {
    const BARE: (Reference, usize) = (Reference::Bare, 1);
    let head = rest.as_bytes();
    let head = head.get(1..LONGEST.min(head.len())).unwrap_or_default();
    // Stop at the first byte that no reference holds, not at the first semicolon: look ahead stays short.
    let Some(end) = head
        .iter()
        .position(|b| !(b.is_ascii_alphanumeric() || b"#_-.".contains(b)))
    else {
        return BARE;
    };
    work::did(end);
    let Some(name) = rest.get(1..=end).filter(|_| head.get(end) == Some(&b';')) else {
        return BARE;
    };
    if let Some(number) = name.strip_prefix('#') {
        return numeric(rest, number);
    }
    let length = name.len() + 2;
    if matches!(name, "amp" | "lt" | "gt" | "quot" | "apos") {
        return (Reference::Keep, length);
    }
    if let Some(text) = entities.expand(name) {
        return (Reference::Text(text), length);
    }
    // The table's names end with the semicolon; its value is (0, 0) for what only begins a name.
    match rest.get(1..length).and_then(|name| NAMED_ENTITIES.get(name)) {
        Some(&(first, second)) if first != 0 => match char::from_u32(first) {
            Some(first) => (
                Reference::Chars(first, char::from_u32(second).filter(|c| *c != '\0')),
                length,
            ),
            None => BARE,
        },
        _ => BARE,
    }
}

/// `&#…;` and `&#x…;`, whose number stands without the `#`.
fn numeric(rest: &str, number: &str) -> (Reference, usize) {
    let length = number.len() + 3;
    let Some(code) = parse(number) else {
        return (Reference::Bare, 1);
    };
    if let Some(low) = low_surrogate(code, rest.get(length..).unwrap_or_default()) {
        let code = 0x1_0000 + ((code - 0xD800) << 10) + (low.0 - 0xDC00);
        let pair = char::from_u32(code).map_or(Reference::Illegal, |c| Reference::Chars(c, None));
        return (pair, length + low.1);
    }
    // What windows-1252 means by the codes where Unicode has control characters (as HTML reads them).
    let c1 = code
        .checked_sub(0x80)
        .and_then(|index| C1_REPLACEMENTS.get(index as usize).copied().flatten());
    if let Some(c) = c1 {
        return (Reference::Chars(c, None), length);
    }
    match char::from_u32(code).filter(|c| is_legal(*c)) {
        None => (Reference::Illegal, length),
        Some(c) if number.starts_with('X') => match c {
            // Only a lower-case x is XML. What the character would mean in markup stays a reference.
            '<' | '&' | '>' | '"' | '\'' | '\t' | '\n' | '\r' => (Reference::Text(c.to_string()), length),
            c => (Reference::Chars(c, None), length),
        },
        Some(_) => (Reference::Keep, length),
    }
}

/// The code of a number; too large for any character is 0, which none is.
fn parse(number: &str) -> Option<u32> {
    let (digits, radix) = match number.strip_prefix(['x', 'X']) {
        Some(hex) => (hex, 16),
        None => (number, 10),
    };
    let is_number = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    is_number.then(|| u32::from_str_radix(digits, radix).unwrap_or(0))
}

/// Some generators write a character beyond U+FFFF as two references, one for each UTF-16 unit:
/// the second one's code and length.
fn low_surrogate(high: u32, rest: &str) -> Option<(u32, usize)> {
    if !(0xD800..0xDC00).contains(&high) {
        return None;
    }
    let body = rest.strip_prefix("&#")?;
    let end = body.bytes().take(8).position(|b| b == b';')?;
    let low = parse(body.get(..end)?).filter(|low| (0xDC00..0xE000).contains(low))?;
    Some((low, end + 3))
}

/// A character that XML 1.0 allows (§2.2).
pub(super) fn is_legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}
