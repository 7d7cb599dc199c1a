//! The DOCTYPE is dropped. Of its internal subset only entities that are plain text or one
//! character are kept, within a small budget; nothing is ever fetched or expanded twice.

use super::entities::Entities;
use super::references::{self, Reference};
use crate::transform::work;

/// The longest name of an entity, in bytes.
const LONGEST_NAME: usize = 48;
/// What an entity stands for, if its value is plain text or one character reference.
fn plain(value: &str) -> Option<String> {
    if value.contains(['<', '%']) {
        return None;
    }
    if !value.contains('&') {
        return Some(value.to_owned());
    }
    if !value.starts_with("&#") || value.find(';')? + 1 != value.len() {
        return None;
    }
    match references::read(value, &mut Entities::default()) {
        (Reference::Chars(c, None), _) => Some(c.to_string()),
        (Reference::Keep, _) => quick_xml::escape::unescape(value).ok().map(Into::into),
        _ => None,
    }
}

/// Reads a DOCTYPE. `rest` begins behind `<!DOCTYPE`; the answer is how many bytes of it belong to
/// the declaration, or `None` if it has no end.
pub(super) fn read<'s>(rest: &'s str, entities: &mut Entities<'s>) -> Option<usize> {
    let mut at = 0;
    let mut in_subset = false;
    loop {
        at += memchr_any(rest.get(at..)?)?;
        let here = rest.get(at..)?;
        at += match here.as_bytes().first()? {
            // Outside the subset a quote that crosses markup was never closed.
            b'"' | b'\'' => {
                quoted(here)
                    .filter(|inside| in_subset || !inside.contains('<'))?
                    .len()
                    + 2
            }
            b'[' => {
                in_subset = true;
                1
            }
            b']' => {
                in_subset = false;
                1
            }
            b'>' if !in_subset => return Some(at + 1),
            b'<' if here.starts_with("<!--") => here.get(4..)?.find("-->")? + 7,
            b'<' if here.starts_with("<?") => here.find("?>")? + 2,
            b'<' if here.starts_with("<!ENTITY") => {
                if let Some((name, value)) =
                    entity(here).and_then(|(name, value)| Some((name, plain(value)?)))
                {
                    entities.define(name, value);
                }
                8
            }
            // A tag: the declaration was never closed.
            b'<' if !here.starts_with("<!") => return None,
            _ => 1,
        };
    }
}

fn memchr_any(text: &str) -> Option<usize> {
    let found = text
        .bytes()
        .position(|b| matches!(b, b'"' | b'\'' | b'[' | b']' | b'<' | b'>'));
    work::did(found.unwrap_or(text.len()));
    found
}

/// What stands between the quotes that `text` begins with.
fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inside = text.get(1..)?.split(quote).next()?;
    work::did(inside.len());
    (inside.len() + 1 < text.len()).then_some(inside)
}

/// `<!ENTITY name "value"`: an internal general entity. `SYSTEM`, `PUBLIC` and `%` ones are none.
fn entity(declaration: &str) -> Option<(&str, &str)> {
    let rest = declaration.strip_prefix("<!ENTITY")?.trim_start();
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    let end = rest.bytes().take(LONGEST_NAME).position(|b| !is_name(b))?;
    let (name, rest) = rest.split_at_checked(end)?;
    let value = quoted(rest.trim_start())?;
    (!name.is_empty()).then_some((name, value))
}
