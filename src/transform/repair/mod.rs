//! 6 REPAIR: any text in, well-formed XML (or JSON) out. Every repair is noted; all of it is linear in time.
//!
//! A document that is well-formed comes through byte for byte, but for its XML declaration and its
//! DOCTYPE. One that is not is walked twice: the first walk learns which elements are never
//! closed, the second closes them where their author would have.

mod json;
mod walk;
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

use super::decode::looks_like_json;
use super::report::Report;
use super::{Error, Limits};
use crate::message::Kind;
use walk::Walk;

/// A well-formed XML document: UTF-8 declaration, no DOCTYPE, only the five predefined entities and
/// character references, every prefix declared, nesting below the limit. Or a JSON text.
#[derive(Clone, Debug)]
pub struct Repaired {
    /// The document.
    pub text: String,
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
pub fn repair(text: &str, limits: &Limits, report: &mut Report) -> Result<Repaired, Error> {
    if looks_like_json(text) {
        return Ok(Repaired {
            text: json::json(text, report).into_owned(),
            kind: Kind::Json,
        });
    }
    let legal = text::without_illegal(text);
    let mut walked = Walk::new(&legal.text, limits, &[]).run()?;
    if !walked.unclosed.is_empty() {
        walked.unclosed.sort_unstable();
        walked = Walk::new(&legal.text, limits, &walked.unclosed).run()?;
    }
    legal.faults.tell(text, report);
    walked.faults.tell(&legal.text, report);
    Ok(Repaired {
        text: walked.text,
        kind: walked.kind,
    })
}
