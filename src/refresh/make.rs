//! A new version from a new document (or several, merged): transformed and compressed off the request path.

use std::sync::Arc;

use bytes::Bytes;
use http::header;
use url::Url;

use super::ask::{Document, Part};
use super::original::Packed;
use super::{Error, Tools, tidy};
use crate::cache::gzip::Known;
use crate::cache::marks::{Marks, Unpacked};
use crate::cache::representation::{Coding, Representation, hash};
use crate::cache::stored::{Removed, StoredResponse, Version};
use crate::clock::Millis;
use crate::endpoint::Endpoint;
use crate::leisure;
use crate::transform::decode::decode;
use crate::transform::read::Feed;
use crate::transform::repair::repair;
use crate::transform::report::Report;
use crate::transform::{self, EntryMark, Limits, Policy, Prior, Source, buffers, merge};

/// Transforms `document` on a thread that may be busy.
pub(super) async fn version(
    tools: &Tools,
    endpoint: &Endpoint,
    document: &Document,
    prior: Option<&StoredResponse>,
    policy_hash: [u8; 16],
    now: Millis,
) -> Result<Arc<Version>, Error> {
    let work = Work {
        document: document.clone(),
        policy: endpoint.transform.clone(),
        prior: prior.map(|prior| Arc::clone(&prior.version)),
        policy_hash,
        now,
    };
    let _turn = tools.transforms.acquire().await;
    let span = tracing::trace_span!("transform");
    let work = move || span.in_scope(|| work.run());
    let done = leisure::done(work).await;
    tidy::later();
    let (made, original) = done.ok_or(Error::Crashed)?;
    if let Some(original) = original {
        tools.originals.keep(&endpoint.name, original).await;
    }
    // Here, where nothing large is made, and not among the buffers of that thread.
    let version = Version::of_packed(&made?).ok_or(Error::Crashed)?;
    Ok(Arc::new(version))
}

/// Everything one transform needs, owned.
struct Work {
    document: Document,
    policy: Policy,
    prior: Option<Arc<Version>>,
    policy_hash: [u8; 16],
    now: Millis,
}

impl Work {
    /// The version, packed, and what it was made from.
    fn run(self) -> (Result<Bytes, Error>, Option<Packed>) {
        let merged;
        let bases: Vec<_> = self.document.parts.iter().map(base).collect();
        let sources: Vec<_> = self.document.parts.iter().zip(&bases).map(source).collect();
        let whole = match sources.as_slice() {
            [one] if !self.document.merged => *one,
            several => {
                merged = match merge(several, &self.policy) {
                    Ok(merged) => merged,
                    Err(error) => return (Err(error), None),
                };
                Source {
                    bytes: &merged,
                    content_type: None,
                    content_encoding: None,
                    base: None,
                }
            }
        };
        let made = self.made(&whole).map(|version| version.packed());
        // Others first: compressing is the next half a millisecond.
        std::thread::yield_now();
        (made, Packed::new(&whole))
    }

    fn made(&self, whole: &Source<'_>) -> Result<Version, Error> {
        let before = self.prior.as_deref().map(|prior| &prior.representation);
        let known = self.prior.as_deref().and_then(|prior| {
            let body = prior.representation.identity()?;
            Some((body, prior.marks.unpack()))
        });
        let prior = known.as_ref().map(|(body, marks)| Prior {
            body,
            entries: &marks.entries,
        });
        let made = transform::transform(whole, &self.policy, prior)?;
        let coded = known.as_ref().and_then(|(plain, marks)| {
            let coded = before?.ready(Coding::Gzip)?;
            Some(Known {
                plain,
                coded,
                parts: &marks.parts,
            })
        });
        let spans = made.entries.iter().map(|entry| entry.span.clone());
        let (representation, parts) =
            Representation::in_parts(&made.body, made.kind, before, self.now, spans, coded);
        buffers::rest(made.body);
        Ok(Version {
            representation,
            contents: contents(&made.entries),
            marks: Marks::pack(&Unpacked {
                id: made.id,
                entries: made.entries,
                pictures: made.pictures,
                parts,
            }),
            hints: made.hints,
            removed: Removed::of(&made.report),
            policy: self.policy_hash,
        })
    }
}

/// Hash of what the entries were made from.
fn contents(entries: &[EntryMark]) -> [u8; 16] {
    let hashes: Vec<u8> = entries.iter().flat_map(|entry| entry.hash).collect();
    hash(&hashes)
}

fn source<'p>((part, base): (&'p Part, &'p Option<Url>)) -> Source<'p> {
    let text = |name| part.headers.get(name).and_then(|value| value.to_str().ok());
    Source {
        bytes: &part.body,
        content_type: text(header::CONTENT_TYPE),
        content_encoding: text(header::CONTENT_ENCODING),
        base: base.as_ref(),
    }
}

/// What relative addresses are resolved against: the address that answered, or the
/// `Content-Location` it names on the same host (RFC 9110 §8.7).
fn base(part: &Part) -> Option<Url> {
    let url = part.url.as_ref()?;
    let named = part.headers.get(header::CONTENT_LOCATION);
    let named = named.and_then(|value| url.join(value.to_str().ok()?).ok());
    named
        .filter(|named| named.origin() == url.origin())
        .or_else(|| Some(url.clone()))
}

/// Several documents as one, to be cleaned like any other. One that is no feed is left out.
fn merge(sources: &[Source<'_>], policy: &Policy) -> Result<Vec<u8>, Error> {
    let mut feeds = Vec::new();
    let mut wrong = transform::Error::NotAFeed;
    for source in sources {
        match read(source, &policy.limits) {
            Ok(feed) => feeds.push(feed),
            Err(error) => wrong = error,
        }
    }
    if feeds.is_empty() {
        return Err(wrong.into());
    }
    Ok(merge::merge(feeds)?)
}

fn read(source: &Source<'_>, limits: &Limits) -> Result<Feed, transform::Error> {
    let mut report = Report::default();
    let text = decode(source, limits, &mut report)?;
    let repaired = repair(&text, limits, &mut report)?;
    let read = merge::source(&repaired.text, repaired.kind, source.base, limits);
    read.ok_or(transform::Error::NotAFeed)
}
