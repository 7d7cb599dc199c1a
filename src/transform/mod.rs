//! ★ One feed, cleaned: decode → repair → rewrite → check. Pure: no I/O, no async, no clock.
//!
//! The output is a function of the input bytes and the policy alone, so validators and image
//! addresses stay equal across restarts and instances.

pub mod merge;
pub mod archive;
pub mod convert;
pub mod delta;
pub mod select;
pub mod read;
pub mod rewrite;
mod abridge;
mod fingerprint;
pub mod fields;
pub mod repair;
pub mod decode;
pub mod clean;
pub mod dates;
pub mod plain;
pub mod report;
mod packed;
mod characters;
pub mod digest;
mod work;
pub mod buffers;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use url::Url;

use crate::message::{Address, Kind};
use abridge::{Abridged, Stub};
use repair::Repaired;
use report::Report;
use rewrite::{Outline, Rewritten};

/// A feed document as an origin gave it.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The body, content coding (and a gzip file inside) not yet undone.
    pub bytes: &'a [u8],
    /// The `Content-Type` header: a hint about the charset, never about the format.
    pub content_type: Option<&'a str>,
    /// The `Content-Encoding` header.
    pub content_encoding: Option<&'a str>,
    /// The address it came from (after redirects; `Content-Location` if given), which relative
    /// addresses are resolved against. `None`: they cannot be resolved.
    pub base: Option<&'a Url>,
}

/// What is done to a feed.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// The address the cleaned feed is served at: written as `rel=self`. `None` (no server): the
    /// source's self link stays.
    pub self_url: Option<Url>,
    /// Our hub (WebSub), if this feed is announced there.
    pub hub: Option<Url>,
    /// Replaces the feed's own title.
    pub title: Option<String>,
    /// Which entries are kept.
    pub select: select::Policy,
    /// What is done to markup and addresses.
    pub clean: clean::Policy,
    /// Ceilings.
    pub limits: Limits,
}

/// Ceilings of one document. Each is a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes after every content coding is undone.
    pub decoded: usize,
    /// Nested elements of the document.
    pub depth: usize,
    /// Attributes of one element.
    pub attributes: usize,
    /// Namespace declarations in the document.
    pub namespaces: usize,
    /// Entries kept, in document order.
    pub entries: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            decoded: 16 << 20,
            depth: 128,
            attributes: 256,
            namespaces: 128,
            entries: 5_000,
        }
    }
}

/// A cleaned feed.
#[derive(Clone, Debug)]
pub struct Transformed {
    /// The document: UTF-8, well-formed.
    pub body: Vec<u8>,
    /// What kind of document it is.
    pub kind: Kind,
    /// What the feed says about when to ask again.
    pub hints: Hints,
    /// The id the feed is given where a format demands one and it has none of its own.
    pub id: Option<String>,
    /// One mark an entry, in order: what makes the next refresh proportional to change.
    pub entries: Vec<EntryMark>,
    /// Every picture the document shows, in order of first appearance.
    pub pictures: Vec<Picture>,
    /// What was repaired and removed, and why.
    pub report: Report,
}

/// One entry of a cleaned feed: where it stands, and what it was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryMark {
    /// [`digest::digest`] of the entry's repaired bytes.
    pub hash: [u8; 16],
    /// BLAKE3 (128 bits) of what else its clean bytes depend on: the policy, bases, namespaces, what it stands in.
    pub context: [u8; 16],
    /// The id it is given where a format demands one; `None`: it has its own. Made from what the source
    /// says, so no policy changes it.
    pub id: Option<String>,
    /// Where its cleaned bytes stand in [`Transformed::body`].
    pub span: Range<usize>,
    /// The pictures it shows, each an address and the addresses to try if that fails. Shared with what is made next.
    pub pictures: Arc<[Picture]>,
}

/// A picture that a cleaned feed shows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Picture {
    /// The origin's own address.
    pub url: Address,
    /// What to try when that fails, in order: http for a scheme-less wrapper, then the wrapper itself.
    pub alternates: Arc<[Address]>,
}

impl Picture {
    /// A picture at `url`, with what to try when that fails.
    #[must_use]
    pub fn new(url: &Url, alternates: &[Url]) -> Self {
        Self {
            url: url.into(),
            alternates: alternates.iter().map(Address::from).collect(),
        }
    }
}

/// The last transform of the same feed: an entry with an equal hash and context is copied, not cleaned.
#[derive(Clone, Copy, Debug)]
pub struct Prior<'a> {
    /// The last cleaned document.
    pub body: &'a [u8],
    /// Its entries.
    pub entries: &'a [EntryMark],
}

/// What a feed says about when to ask again, as written (no clamping, no invention).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// The shortest time between refreshes the feed asks for, in seconds: the largest of `ttl` and `sy:update*`.
    pub ttl: Option<u64>,
    /// Hours of the day (0 to 23, GMT) in which not to ask.
    pub skip_hours: Vec<u8>,
    /// Days of the week (0 is Monday, GMT) on which not to ask.
    pub skip_days: Vec<u8>,
    /// How many entries the document has.
    pub entries: usize,
    /// Who tells at once when it changes (WebSub), and by which address the feed is known there.
    pub hub: Option<String>,
    pub topic: Option<String>,
}

/// Why a document could not be cleaned. The texts are for people and hold no word of the origin's.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing but white space.
    #[error("the origin sent an empty document")]
    Empty,
    /// A web page.
    #[error("the origin sent a web page, not a feed")]
    WebPage,
    /// Neither XML with a feed's root nor JSON Feed.
    #[error("the origin sent something that is not a feed")]
    NotAFeed,
    /// A content coding that is unknown, doubled or broken.
    #[error("the origin's answer could not be decompressed")]
    Coding,
    /// Over one of [`Limits`]; says which.
    #[error("the feed is too large: over the limit for {0}")]
    TooLarge(&'static str),
    /// Our own output did not pass the check. A defect of ours: the last good copy stays.
    #[error("the cleaned feed did not pass its own check")]
    Unsound,
    /// It cannot be converted to the format asked for.
    #[error("the feed could not be converted")]
    Convert,
}

/// ★ Cleans one document: what is new in it, and what it was before is copied.
///
/// # Errors
/// When it is no feed, is over a limit, or fails the check at the end.
pub fn transform(
    source: &Source<'_>,
    policy: &Policy,
    prior: Option<Prior<'_>>,
) -> Result<Transformed, Error> {
    let bytes = decode::undo(source, &policy.limits)?;
    // A selection looks at every entry.
    let abridged = prior
        .filter(|_| keeps_all(&policy.select))
        .and_then(|prior| abridge::abridge(&bytes, &prior));
    if let Some(Abridged { bytes, stubs }) = abridged
        && let Ok(made) = clean(&bytes, &stubs, source, policy, prior)
    {
        return Ok(made);
    }
    clean(&bytes, &[], source, policy, prior)
}

/// The stages, one after the other. `stubs` stand for entries of `prior`; in any doubt about one there is no result.
fn clean(
    bytes: &[u8],
    stubs: &[Stub],
    source: &Source<'_>,
    policy: &Policy,
    prior: Option<Prior<'_>>,
) -> Result<Transformed, Error> {
    let mut report = Report::default();
    let text = decode::text(bytes, source.content_type, &mut report)?;
    let document = repair::repair(&text, &policy.limits, &mut report)?;
    // Only UTF-8 is borrowed; in any other charset, and in a repaired document, entries are not the source's bytes.
    let is_as_it_came = matches!(text, Cow::Borrowed(_)) && report.repairs.is_empty();
    if !stubs.is_empty() && !is_as_it_came {
        return Err(Error::Unsound);
    }
    let outline = rewrite::outline(&document)?;
    let feed = read(&document, &outline, source, policy);
    let keep = feed.as_ref().and_then(|feed| kept(feed, &policy.select));
    let job = rewrite::Job {
        text: &document.text,
        base: source.base,
        policy,
        keep: keep.as_ref(),
        stubs,
        prior,
    };
    let mut rewritten = if document.kind == Kind::Json {
        rewrite::json(&job)?
    } else {
        rewrite::xml(&job, outline)?
    };
    rewritten.check(document.kind)?;
    name(&mut rewritten, &document, source, policy);
    if let Cow::Owned(text) = document.text {
        buffers::rest(text.into_bytes());
    }
    Ok(Transformed {
        id: feed
            .as_ref()
            .filter(|feed| feed.id.is_none())
            .map(convert::ids::feed),
        body: rewritten.body(),
        kind: document.kind,
        hints: feed.map(|feed| feed.hints).unwrap_or_default(),
        entries: rewritten.entries,
        pictures: rewritten.pictures,
        report: {
            report.absorb(rewritten.report);
            report
        },
    })
}

/// What the document says. Serving does not hang on it: a document that cannot be read is
/// cleaned all the same. Where all entries are kept, they are only counted.
fn read(
    document: &Repaired<'_>,
    outline: &Outline,
    source: &Source<'_>,
    policy: &Policy,
) -> Option<read::Feed> {
    let mut options = read::Options {
        base: source.base.cloned(),
        entries: policy.limits.entries,
        ..read::Options::default()
    };
    if document.kind == Kind::Json || !keeps_all(&policy.select) {
        return read::read_with(&document.text, document.kind, &options);
    }
    options.entries = 0;
    read::read_with(&outline.emptied(&document.text), document.kind, &options)
}

/// Gives ids to entries that have none, from what the source says of them.
fn name(rewritten: &mut Rewritten, document: &Repaired<'_>, source: &Source<'_>, policy: &Policy) {
    if rewritten.unnamed.is_empty() {
        return;
    }
    let options = read::Options {
        base: source.base.cloned(),
        entries: policy.limits.entries,
        ..read::Options::default()
    };
    let Some(feed) = read::read_with(&document.text, document.kind, &options) else {
        return;
    };
    let ids = convert::ids::mint(&feed.entries);
    let starts = feed.entries.iter().map(|entry| entry.span.start);
    let mut minted: HashMap<usize, String> = starts
        .zip(ids)
        .filter_map(|(start, id)| Some((start, id?)))
        .collect();
    for (at, start) in &rewritten.unnamed {
        if let Some(mark) = rewritten.entries.get_mut(*at) {
            mark.id = minted.remove(start);
        }
    }
}

fn keeps_all(policy: &select::Policy) -> bool {
    policy.keep.is_empty() && policy.drop.is_empty() && policy.limit == 0
}

/// Where the entries begin that the selection keeps; `None`: it keeps all.
fn kept(feed: &read::Feed, policy: &select::Policy) -> Option<HashSet<usize>> {
    if keeps_all(policy) {
        return None;
    }
    let chosen = feed.entries.iter().zip(select::choose(feed, policy));
    Some(
        chosen
            .filter(|(_, keep)| *keep)
            .map(|(entry, _)| entry.span.start)
            .collect(),
    )
}

#[cfg(test)]
mod tests;
