//! A stored response as a record of the store: the head is small and rewritten with each date, the
//! body is one version. Another layout, or damage, is a miss.
//!
//! The body holds the version as the memory does: one coding, and the marks packed.

use std::sync::Arc;

use bytes::Bytes;

use super::freshness::{Freshness, rhythm::Rhythm};
use super::place::settled;
use super::representation::{Base, Representation};
use super::stored::{
    Class, Failing, Failure, LastRead, OriginState, Removed, StoredResponse, Timing, Version,
};
use super::wire::{Wire, fields};
use crate::clock::Millis;
use crate::message::{Kind, Validators};
use crate::store::Record;
use crate::transform::Hints;
use crate::transform::report::Reason;

/// The layout of heads and bodies. A record of another one is a miss: it costs a refetch.
const LAYOUT: u8 = 4;
/// Room for what a body holds beside bytes and marks.
const SMALL_VALUES: usize = 512;

/// What changes with each date.
#[derive(Clone, Debug)]
pub(super) struct Head {
    /// The hash of the version it belongs to.
    version: [u8; 16],
    pub(super) origin: OriginState,
    pub(super) freshness: Freshness,
    pub(super) rhythm: Rhythm,
    pub(super) failing: Option<Failing>,
    pub(super) last_read: LastRead,
}

impl From<&Head> for Timing {
    fn from(head: &Head) -> Self {
        Self {
            freshness: head.freshness,
            retry_at: head.failing.as_ref().map(|failing| failing.retry_at),
            last_read: head.last_read.get(),
        }
    }
}

/// The head of `stored`.
pub(super) fn head(stored: &StoredResponse) -> Bytes {
    let head = Head {
        version: stored.version.representation.hash,
        origin: stored.origin.clone(),
        freshness: stored.freshness,
        rhythm: stored.rhythm,
        failing: stored.failing.clone(),
        last_read: stored.last_read.clone(),
    };
    let mut out = vec![LAYOUT];
    head.write(&mut out);
    Bytes::from(out)
}

/// The head alone, as a start reads all of them.
pub(super) fn read_head(bytes: &Bytes) -> Option<Head> {
    let mut bytes = bytes.clone();
    if u8::read(&mut bytes)? != LAYOUT {
        return None;
    }
    let head = Head::read(&mut bytes)?;
    bytes.is_empty().then_some(head)
}

/// The whole record, written under `fence`.
pub(super) fn record(stored: &StoredResponse, fence: u64) -> Record {
    Record {
        head: head(stored),
        body: body(&stored.version),
        fence,
    }
}

/// What the record says.
pub(super) fn stored(record: &Record) -> Option<StoredResponse> {
    let head = read_head(&record.head)?;
    // In a place of its own: what a store gives may be a part of something larger.
    let version = read_body(&settled(&record.body), Representation::of)?;
    if version.representation.hash != head.version {
        return None;
    }
    Some(StoredResponse {
        version: Arc::new(version),
        origin: head.origin,
        freshness: head.freshness,
        failing: head.failing,
        rhythm: head.rhythm,
        last_read: head.last_read,
    })
}

impl Version {
    /// All of it in one place of its own. For who made it among buffers of megabytes: each small value that lived on
    /// between those would keep a hole of their size.
    #[must_use]
    pub fn packed(&self) -> Bytes {
        settled(&body(self))
    }

    /// What [`Self::packed`] packed: some small values, and slices of these bytes.
    #[must_use]
    pub fn of_packed(packed: &Bytes) -> Option<Self> {
        read_body(packed, |base, length, kind, hash, last_modified| {
            Some(Representation::held(base, length, kind, hash, last_modified))
        })
    }
}

fn body(version: &Version) -> Bytes {
    let made = &version.representation;
    let (Base::Plain(base) | Base::Gzip(base)) = &made.base;
    let mut out = Vec::with_capacity(base.len() + version.marks.weight() + SMALL_VALUES);
    out.push(LAYOUT);
    made.kind.write(&mut out);
    made.hash.write(&mut out);
    made.last_modified.write(&mut out);
    version.marks.write(&mut out);
    version.contents.write(&mut out);
    version.hints.write(&mut out);
    version.removed.write(&mut out);
    version.policy.write(&mut out);
    made.length.write(&mut out);
    made.base.write(&mut out);
    Bytes::from(out)
}

/// How a representation is made of what was written down.
type Made = fn(Base, usize, Kind, [u8; 16], Millis) -> Option<Representation>;

fn read_body(bytes: &Bytes, made: Made) -> Option<Version> {
    let mut from = bytes.clone();
    if u8::read(&mut from)? != LAYOUT {
        return None;
    }
    let (kind, hash) = (Kind::read(&mut from)?, <[u8; 16]>::read(&mut from)?);
    let last_modified = u64::read(&mut from)?;
    let (marks, contents) = (Wire::read(&mut from)?, Wire::read(&mut from)?);
    let (hints, removed) = (Wire::read(&mut from)?, Wire::read(&mut from)?);
    let policy = Wire::read(&mut from)?;
    let (length, base) = (Wire::read(&mut from)?, Wire::read(&mut from)?);
    if !from.is_empty() {
        return None;
    }
    Some(Version {
        representation: made(base, length, kind, hash, last_modified)?,
        marks,
        contents,
        hints,
        removed,
        policy,
    })
}

fields!(Head {
    version,
    origin,
    freshness,
    rhythm,
    failing,
    last_read
});
fields!(OriginState {
    validators,
    url,
    moved_permanently,
    moved,
    body_hash,
    status,
    full_at,
    empty,
    hub,
    topic,
    max_age,
});
fields!(Validators { etag, last_modified });
fields!(Freshness {
    stored_at,
    fresh_until,
    stale_while_revalidate_until,
    stale_if_error_until,
});
fields!(Rhythm { changed_at, interval });
fields!(Failing {
    last,
    count,
    since,
    at,
    retry_at,
    gone_since
});
fields!(Failure {
    class,
    status,
    retry_after,
    sentence
});
fields!(Hints {
    ttl,
    skip_hours,
    skip_days,
    entries,
    hub,
    topic
});
fields!(Removed { reason, count });

/// Writes a plain enum as its place in this list.
macro_rules! names {
    ($type:ty: $($variant:ident = $number:literal),* $(,)?) => {
        impl Wire for $type {
            fn write(&self, out: &mut Vec<u8>) {
                out.push(match self { $(Self::$variant => $number),* });
            }
            fn read(from: &mut Bytes) -> Option<Self> {
                match u8::read(from)? { $($number => Some(Self::$variant),)* _ => None }
            }
        }
    };
}
names!(Kind: Rss = 0, Rdf = 1, Atom = 2, Json = 3);
names!(Class: Refused = 0, Bad = 1, Slow = 2, Defect = 3, Circle = 4);
names!(Reason:
    Embed = 0, Element = 1, Attribute = 2, Address = 3, Image = 4, Unwrapped = 5, Pixel = 6, Parameters = 7,
    Redirector = 8, ShareButton = 9, TooDeep = 10, Identity = 11, Selection = 12,
);

impl Wire for LastRead {
    fn write(&self, out: &mut Vec<u8>) {
        self.get().write(out);
    }

    fn read(from: &mut Bytes) -> Option<Self> {
        u64::read(from).map(Self::new)
    }
}

impl Wire for Base {
    fn write(&self, out: &mut Vec<u8>) {
        let (Self::Plain(bytes) | Self::Gzip(bytes)) = self;
        matches!(self, Self::Gzip(_)).write(out);
        bytes.write(out);
    }

    fn read(from: &mut Bytes) -> Option<Self> {
        let is_gzip = bool::read(from)?;
        let bytes = Bytes::read(from)?;
        Some(if is_gzip {
            Self::Gzip(bytes)
        } else {
            Self::Plain(bytes)
        })
    }
}

#[cfg(test)]
mod tests;
