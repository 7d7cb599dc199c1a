//! 6 REPAIR: any text in, well-formed XML (or JSON) out. Every repair is noted; all of it is linear in time.
//!
//! A document that is well-formed comes through byte for byte, but for its XML declaration and its
//! DOCTYPE; with the declaration that we write and no DOCTYPE it is borrowed. One that is not is walked twice: the first walk learns which elements are never
//! closed, the second closes them where their author would have.

mod json;
mod walk;
mod output;
mod tokens;
mod attributes;
mod stack;
mod roots;
mod doctype;
mod text;
mod references;
mod entities;
mod namespaces;
mod names;
mod faults;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod properties;

use std::borrow::Cow;

use super::decode::looks_like_json;
use super::report::Report;
use super::{Error, Limits};
use crate::message::Kind;
use walk::{Walk, Walked};

/// A well-formed XML document: UTF-8 declaration, no DOCTYPE, only the five predefined entities and
/// character references, every prefix declared, nesting below the limit. Or a JSON text.
#[derive(Clone, Debug)]
pub struct Repaired<'s> {
    /// The document.
    pub text: Cow<'s, str>,
    /// Which family its root belongs to.
    pub kind: Kind,
}

/// Repairs `text`.
///
/// Elements nested deeper than `limits.depth` are taken apart into their text, attributes beyond
/// `limits.attributes` and namespace declarations beyond `limits.namespaces` (so many on the root, and
/// again so many in scope below it) are dropped: one bad entry never costs the others.
///
/// # Errors
/// When it is no feed: a web page, another XML vocabulary, nothing.
pub fn repair<'s>(text: &'s str, limits: &Limits, report: &mut Report) -> Result<Repaired<'s>, Error> {
    if looks_like_json(text) {
        return Ok(Repaired {
            text: json::json(text, report),
            kind: Kind::Json,
        });
    }
    let legal = text::without_illegal(text);
    let (walked, kind) = match legal.text {
        Cow::Borrowed(same) => {
            let walked = walk(same, limits)?;
            legal.faults.tell(text, report);
            walked.faults.tell(same, report);
            (walked.text, walked.kind)
        }
        Cow::Owned(other) => {
            let walked = walk(&other, limits)?;
            legal.faults.tell(text, report);
            walked.faults.tell(&other, report);
            (Cow::Owned(walked.text.into_owned()), walked.kind)
        }
    };
    Ok(Repaired { text: walked, kind })
}

/// Walks once, and once more where elements are never closed.
fn walk<'s>(text: &'s str, limits: &Limits) -> Result<Walked<'s>, Error> {
    let mut walked = Walk::new(text, limits, Vec::new()).run()?;
    if !walked.unclosed.is_empty() {
        walked.unclosed.sort_unstable();
        walked = Walk::new(text, limits, walked.unclosed).run()?;
    }
    Ok(walked)
}
