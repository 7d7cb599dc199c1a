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
use std::ops::Range;

use url::Url;
use xxhash_rust::xxh3::xxh3_64;

use super::abridge::Stub;
use super::repair::Repaired;
use super::report::Report;
use super::{EntryMark, Error, Picture, Policy, Prior};
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
    /// What was written; with the parts it is [`Self::body`].
    written: String,
    /// What belongs between, in order.
    parts: Vec<Part>,
    pub entries: Vec<EntryMark>,
    /// Of those without an id: which they are of [`Self::entries`], and where they begin in the source
    /// (JSON Feed: their index).
    pub unnamed: Vec<(usize, usize)>,
    pub pictures: Vec<Picture>,
    pub report: Report,
}

/// Something in a document that needs no second look at it, and stands in an element of what was written.
#[derive(Clone, Debug)]
struct Part {
    /// Where what was written is parted for it.
    at: usize,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    /// A whole entry of the last document, which was checked when that was: where it stands there.
    Copied(Range<usize>),
    /// Characters, written so that they cannot be anything else.
    Text(String),
}

impl What {
    fn bytes<'p>(&'p self, prior: Option<Prior<'p>>) -> &'p [u8] {
        match self {
            Self::Copied(span) => prior
                .and_then(|prior| prior.body.get(span.clone()))
                .unwrap_or_default(),
            Self::Text(text) => text.as_bytes(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Copied(span) => span.len(),
            Self::Text(text) => text.len(),
        }
    }
}

impl Rewritten {
    /// The document, with what is copied from `prior`. Entries' spans point into it.
    #[must_use]
    pub fn body(&mut self, prior: Option<Prior<'_>>) -> Vec<u8> {
        let written = std::mem::take(&mut self.written);
        if self.parts.is_empty() {
            return written.into_bytes();
        }
        let apart: usize = self.parts.iter().map(|part| part.what.len()).sum();
        let mut body = Vec::with_capacity(written.len() + apart);
        let mut done = 0;
        for Part { at, what } in self.parts.drain(..) {
            body.extend_from_slice(written.get(done..at).unwrap_or_default().as_bytes());
            body.extend_from_slice(what.bytes(prior));
            done = at;
        }
        body.extend_from_slice(written.get(done..).unwrap_or_default().as_bytes());
        debug_assert!(std::str::from_utf8(&body).is_ok_and(|body| check::xml(body).is_ok()));
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
            let hash = xxh3_64(picture.url.as_str().as_bytes());
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
pub fn outline(document: &Repaired) -> Result<Outline, Error> {
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
