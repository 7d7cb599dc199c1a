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

use url::Url;

use super::abridge::Stub;
use super::clean::folded::fold;
use super::repair::Repaired;
use super::report::Report;
use super::{EntryMark, Error, Picture, Policy, Prior, buffers};
use crate::message::Kind;
pub use outline::Outline;

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
    /// What stands in it for entries of `prior`, in order.
    pub(super) stubs: &'a [Stub],
    pub prior: Option<Prior<'a>>,
}

impl<'a> Job<'a> {
    /// All of `text`, of which nothing is known.
    #[must_use]
    pub fn new(text: &'a str, policy: &'a Policy) -> Self {
        Self {
            text,
            base: None,
            policy,
            keep: None,
            stubs: &[],
            prior: None,
        }
    }

    /// Whether the entry at `start` is kept, when `kept` before it were.
    fn keeps(&self, start: usize, kept: usize) -> bool {
        kept < self.policy.limits.entries && self.keep.is_none_or(|keep| keep.contains(&start))
    }
}

/// A rewritten document.
#[derive(Clone, Debug, Default)]
pub struct Rewritten {
    /// The document. Entries' spans point into it.
    body: Vec<u8>,
    /// What of it could be anything: it is checked. The rest are whole entries of the last document, which was checked when
    /// that was, and characters, written so that they cannot be anything else; they stand in elements of this.
    written: String,
    pub entries: Vec<EntryMark>,
    /// Of those without an id: which they are of [`Self::entries`], and where they begin in the source
    /// (JSON Feed: their index).
    pub unnamed: Vec<(usize, usize)>,
    pub pictures: Vec<Picture>,
    pub report: Report,
}

impl Rewritten {
    /// The document, taken out.
    #[must_use]
    pub fn body(&mut self) -> Vec<u8> {
        buffers::rest(std::mem::take(&mut self.written).into_bytes());
        let body = std::mem::take(&mut self.body);
        debug_assert!(
            std::str::from_utf8(&body).is_ok_and(|body| body.starts_with('{') || check::xml(body).is_ok())
        );
        body
    }

    /// Checks the document: what was written is read once more, strictly.
    ///
    /// # Errors
    /// [`Error::Unsound`].
    pub fn check(&self, kind: Kind) -> Result<(), Error> {
        match kind {
            // A serializer wrote it whole.
            Kind::Json => Ok(()),
            Kind::Rss | Kind::Rdf | Kind::Atom => check::xml(&self.written),
        }
    }

    /// Adds pictures that are not there yet.
    fn show(&mut self, pictures: &[Picture], seen: &mut Seen) {
        for picture in pictures {
            let hash = fold(picture.url.as_str());
            let at = seen.entry(hash).or_insert(self.pictures.len());
            // One with other alternates, or of the same hash, is there twice: no harm.
            if self.pictures.get(*at) != Some(picture) {
                self.pictures.push(picture.clone());
            }
        }
    }
}

/// Where each picture stands in [`Rewritten::pictures`], by the hash of its address.
type Seen = HashMap<u64, usize>;

/// Looks at a document before it is rewritten; at JSON there is nothing to see.
///
/// # Errors
/// [`Error::Unsound`] when it is not well-formed.
pub fn outline(document: &Repaired<'_>) -> Result<Outline, Error> {
    match document.kind {
        Kind::Json => Ok(Outline::default()),
        Kind::Rss | Kind::Rdf | Kind::Atom => Outline::read(&document.text),
    }
}

/// Rewrites a well-formed XML document, of which this is the outline.
///
/// # Errors
/// [`Error::Unsound`] when it is not well-formed.
pub fn xml(job: &Job<'_>, outline: Outline) -> Result<Rewritten, Error> {
    stream::Stream::new(job, outline).run()
}

/// Rewrites a JSON Feed.
///
/// # Errors
/// [`Error::NotAFeed`] when it is not JSON or no feed.
pub fn json(job: &Job<'_>) -> Result<Rewritten, Error> {
    json::rewrite(job)
}
