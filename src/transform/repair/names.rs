//! Names that every XML parser accepts (XML 1.0 §2.3, Namespaces in XML §4).

use std::borrow::Cow;

/// Letters beyond ASCII that both the fourth and the fifth edition of XML 1.0 allow in names:
/// expat still follows the fourth.
const LETTERS: [(char, char); 16] = [
    ('\u{C0}', '\u{D6}'),
    ('\u{D8}', '\u{F6}'),
    ('\u{F8}', '\u{131}'),
    ('\u{134}', '\u{13E}'),
    ('\u{141}', '\u{148}'),
    ('\u{14A}', '\u{17E}'),
    ('\u{388}', '\u{38A}'),
    ('\u{38E}', '\u{3A1}'),
    ('\u{3A3}', '\u{3CE}'),
    ('\u{401}', '\u{40C}'),
    ('\u{40E}', '\u{44F}'),
    ('\u{451}', '\u{45C}'),
    ('\u{45E}', '\u{481}'),
    ('\u{3041}', '\u{3094}'),
    ('\u{30A1}', '\u{30FA}'),
    ('\u{4E00}', '\u{9FA5}'),
];

/// The longest part of a name, in bytes. End tags repeat names, so this keeps the output in proportion.
const LONGEST: usize = 128;

/// True for a character that may begin a name. The colon, which separates prefixes, may not.
pub(super) fn starts_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || LETTERS.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

/// True for what no name in a tag goes beyond, however wrong it is.
pub(super) fn ends_name(b: u8) -> bool {
    b.is_ascii_whitespace() || matches!(b, b'/' | b'>' | b'<' | b'=' | b'"' | b'\'')
}

/// A name of ASCII, as nearly all are.
fn is_plain(name: &[u8]) -> bool {
    name.first()
        .is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
        && name
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

fn continues_name(c: char) -> bool {
    starts_name(c) || c.is_ascii_digit() || c == '-' || c == '.'
}

/// True for a name without a colon.
pub(super) fn is_ncname(name: &str) -> bool {
    if is_plain(name.as_bytes()) {
        return true;
    }
    let mut chars = name.chars();
    chars.next().is_some_and(starts_name) && chars.all(continues_name)
}

/// The prefix (empty: none) and the local part.
pub(super) fn split(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or(("", name))
}

/// The part after the prefix.
pub(super) fn local(name: &str) -> &str {
    split(name).1
}

/// The nearest valid name: each character that may not stand in one becomes `_`.
///
/// A prefix or local part of more than 128 bytes is cut.
pub(super) fn repair(raw: &str) -> Cow<'_, str> {
    let (prefix, local) = split(raw);
    let is_short = prefix.len() <= LONGEST && local.len() <= LONGEST;
    if is_short && is_ncname(local) && (local.len() == raw.len() || is_ncname(prefix)) {
        return Cow::Borrowed(raw);
    }
    let mut name = String::with_capacity(raw.len() + 2);
    if !prefix.is_empty() && !local.is_empty() {
        push_ncname(&mut name, prefix);
        name.push(':');
    }
    push_ncname(&mut name, if local.is_empty() { prefix } else { local });
    Cow::Owned(name)
}

fn push_ncname(out: &mut String, raw: &str) {
    let begins = raw.chars().next().is_some_and(starts_name);
    if !begins {
        out.push('_');
    }
    // What is put before it counts: else it would be cut once more when it is read again.
    let room = LONGEST - usize::from(!begins);
    let raw = raw.get(..raw.floor_char_boundary(room)).unwrap_or(raw);
    out.extend(raw.chars().map(|c| if continues_name(c) { c } else { '_' }));
}
