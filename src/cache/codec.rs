//! A stored response as a record of the store: the head is small and rewritten with each date, the
//! body is one version. Another layout, or damage, is a miss.
//!
//! The body holds every coding once and the identity bytes only where no coding does: they are what
//! a coding decodes to.

mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::freshness::{Freshness, rhythm::Rhythm};
use super::representation::{Codings, Representation};
use super::stored::{Class, Failing, Failure, LastRead, OriginState, StoredResponse, Timing, Version};
use crate::message::{Kind, Validators};
use crate::store::Record;
use crate::transform::report::{Change, Reason, Report};
use crate::transform::{EntryMark, Hints, Picture};
use wire::{Wire, fields};

/// The layout of heads and bodies. A record of another one is a miss: it costs a refetch.
const LAYOUT: u8 = 2;

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
    let version = read_body(&record.body)?;
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

fn body(version: &Version) -> Bytes {
    let made = &version.representation;
    let plain = [&made.gzip, &made.brotli, &made.zstd]
        .iter()
        .all(|coded| coded.is_none());
    let mut out = vec![LAYOUT];
    made.kind.write(&mut out);
    made.hash.write(&mut out);
    made.last_modified.write(&mut out);
    version.entries.write(&mut out);
    version.pictures.write(&mut out);
    version.hints.write(&mut out);
    version.report.write(&mut out);
    version.policy.write(&mut out);
    made.identity.len().write(&mut out);
    plain.then(|| made.identity.clone()).write(&mut out);
    made.gzip.write(&mut out);
    made.brotli.write(&mut out);
    made.zstd.write(&mut out);
    Bytes::from(out)
}

fn read_body(bytes: &Bytes) -> Option<Version> {
    let mut from = bytes.clone();
    if u8::read(&mut from)? != LAYOUT {
        return None;
    }
    let (kind, hash) = (Kind::read(&mut from)?, <[u8; 16]>::read(&mut from)?);
    let last_modified = u64::read(&mut from)?;
    let (entries, pictures) = (Wire::read(&mut from)?, Wire::read(&mut from)?);
    let (hints, report) = (Wire::read(&mut from)?, Wire::read(&mut from)?);
    let policy = Wire::read(&mut from)?;
    let codings = Codings {
        length: Wire::read(&mut from)?,
        identity: Wire::read(&mut from)?,
        gzip: Wire::read(&mut from)?,
        brotli: Wire::read(&mut from)?,
        zstd: Wire::read(&mut from)?,
    };
    if !from.is_empty() {
        return None;
    }
    Some(Version {
        representation: Representation::of(codings, kind, hash, last_modified)?,
        entries,
        pictures,
        hints,
        report,
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
fields!(EntryMark { hash, span, pictures });
fields!(Picture { url, alternates });
fields!(Hints {
    ttl,
    skip_hours,
    skip_days,
    entries,
    hub,
    topic
});
fields!(Change { entry, reason, what });

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

/// What was cleaned and how often. Repairs are not kept: they tell of a source that is not kept either.
impl Wire for Report {
    fn write(&self, out: &mut Vec<u8>) {
        self.charset.write(out);
        self.changes.write(out);
        let reasons = self.changes.iter().map(|change| change.reason);
        let counts: BTreeMap<Reason, u64> = reasons.map(|reason| (reason, self.count(reason))).collect();
        counts.len().write(out);
        for (reason, count) in counts {
            reason.write(out);
            count.write(out);
        }
    }

    fn read(from: &mut Bytes) -> Option<Self> {
        let mut report = Self {
            charset: Wire::read(from)?,
            changes: Wire::read(from)?,
            ..Self::default()
        };
        for _ in 0..usize::read(from)? {
            let (reason, count) = (Reason::read(from)?, u64::read(from)?);
            report.counts.insert(reason.name(), count);
        }
        Some(report)
    }
}

#[cfg(test)]
mod tests;
