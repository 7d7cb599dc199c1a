//! 7 REWRITE: the event stream. It passes everything and stops only at markup, addresses and the
//! nodes we own.
//!
//! What it does not stop at is copied byte for byte: only changed fields and attributes are written
//! anew. [`outline`] looks at the document once before; [`scan`] gives pieces that know where they
//! stand; [`field`] and [`tag`] are the stops; [`identity`] says which nodes are ours; [`memo`]
//! knows the entries that did not change.

mod check;
mod json;
mod stream;
mod entry;
mod field;
mod runs;
mod tag;
mod markup;
mod owned;
mod memo;
mod outline;
mod identity;
mod scan;
mod text;

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use url::Url;

use super::report::Report;
use super::{EntryMark, Error, Picture, Policy, Prior};
use crate::message::Kind;

/// One document to rewrite.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The repaired document.
    pub text: &'a str,
    /// The address it came from.
    pub base: Option<&'a Url>,
    pub policy: &'a Policy,
    /// Where the entries that are kept begin (JSON Feed: their indices); `None`: all are.
    pub keep: Option<&'a HashSet<usize>>,
    pub prior: Option<Prior<'a>>,
}

impl Job<'_> {
    /// Whether the entry at `start` is kept, when `kept` before it were.
    fn keeps(&self, start: usize, kept: usize) -> bool {
        kept < self.policy.limits.entries && self.keep.is_none_or(|keep| keep.contains(&start))
    }
}

/// A rewritten document.
#[derive(Clone, Debug, Default)]
pub struct Rewritten {
    pub body: String,
    pub entries: Vec<EntryMark>,
    /// Of those without an id: which they are of [`Self::entries`], and where they begin in the source
    /// (JSON Feed: their index).
    pub unnamed: Vec<(usize, usize)>,
    pub pictures: Vec<Picture>,
    pub report: Report,
}

impl Rewritten {
    /// Checks the body: it is read once more, strictly.
    ///
    /// # Errors
    /// [`Error::Unsound`].
    pub fn check(&self, kind: Kind) -> Result<(), Error> {
        match kind {
            // A serializer wrote it whole.
            Kind::Json => Ok(()),
            Kind::Rss | Kind::Rdf | Kind::Atom => check::xml(&self.body),
        }
    }

    /// Adds pictures that are not there yet.
    fn show(&mut self, pictures: &[Picture], seen: &mut Seen) {
        for picture in pictures {
            let hash = seen.state.hash_one(picture);
            let at = seen.places.entry(hash).or_insert(self.pictures.len());
            // If two ever had one hash, the second would be there twice: no harm.
            if self.pictures.get(*at) != Some(picture) {
                self.pictures.push(picture.clone());
            }
        }
    }
}

/// Where each picture stands in [`Rewritten::pictures`], by its hash.
#[derive(Debug, Default)]
struct Seen {
    state: RandomState,
    places: HashMap<u64, usize>,
}

/// Rewrites a well-formed XML document.
///
/// # Errors
/// [`Error::Unsound`] when it is not well-formed.
pub fn xml(job: &Job<'_>) -> Result<Rewritten, Error> {
    stream::Stream::new(job)?.run()
}

/// Rewrites a JSON Feed.
///
/// # Errors
/// [`Error::NotAFeed`] when it is not JSON or no feed.
pub fn json(job: &Job<'_>) -> Result<Rewritten, Error> {
    json::rewrite(job)
}
