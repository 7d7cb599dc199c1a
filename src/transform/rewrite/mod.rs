//! 7 REWRITE: the event stream. It passes everything and stops only at markup, addresses and the
//! nodes we own.
//!
//! What it does not stop at is copied byte for byte: only changed fields and attributes are written
//! anew. [`outline`] looks at the document once before; [`scan`] gives pieces that know where they
//! stand; [`field`] and [`tag`] are the stops; [`identity`] says which nodes are ours; [`memo`]
//! knows the entries that did not change.

pub mod check;
pub mod json;
mod stream;
mod field;
mod tag;
mod markup;
mod memo;
mod outline;
mod identity;
mod scan;
mod text;

use std::collections::HashSet;

use url::Url;

use super::report::Report;
use super::{EntryMark, Error, Picture, Policy, Prior};

/// One document to rewrite.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The repaired document.
    pub text: &'a str,
    /// The address it came from.
    pub base: Option<&'a Url>,
    pub policy: &'a Policy,
    /// Which entries are kept, in document order; entries beyond its end are.
    pub keep: &'a [bool],
    pub prior: Option<Prior<'a>>,
}

impl Job<'_> {
    /// Whether the entry `index` is kept, when `kept` before it were.
    fn keeps(&self, index: usize, kept: usize) -> bool {
        kept < self.policy.limits.entries && self.keep.get(index).copied().unwrap_or(true)
    }
}

/// A rewritten document.
#[derive(Clone, Debug, Default)]
pub struct Rewritten {
    pub body: String,
    pub entries: Vec<EntryMark>,
    pub pictures: Vec<Picture>,
    pub report: Report,
}

impl Rewritten {
    /// Adds pictures that are not there yet.
    fn show(&mut self, pictures: Vec<Picture>, seen: &mut HashSet<Picture>) {
        for picture in pictures {
            if seen.insert(picture.clone()) {
                self.pictures.push(picture);
            }
        }
    }
}

/// Rewrites a well-formed XML document.
///
/// # Errors
/// [`Error::Unsound`] when it is not well-formed.
pub fn xml(job: &Job<'_>) -> Result<Rewritten, Error> {
    stream::Stream::new(job)?.run()
}
