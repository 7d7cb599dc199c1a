//! What the cache keeps for one key. Plain fields, so that a store can write them down.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::freshness::rhythm::Rhythm;
use super::freshness::{Freshness, is_ahead};
use super::marks::Marks;
use super::representation::Representation;
use crate::clock::Millis;
use crate::message::Validators;
use crate::transform::Hints;
use crate::transform::report::{Reason, Report};

/// A stored response (RFC 9111 §1.1): one version, dated.
#[derive(Clone, Debug)]
pub struct StoredResponse {
    /// What readers get. Shared: a new date does not copy it.
    pub version: Arc<Version>,
    /// What the next request to the origin needs to know.
    pub origin: OriginState,
    /// How long this may be served.
    pub freshness: Freshness,
    /// The failures since the last success, if any.
    pub failing: Option<Failing>,
    /// How often it really changes.
    pub rhythm: Rhythm,
    /// When a reader last asked for it.
    pub last_read: LastRead,
}

/// When a reader last asked: shared by all dates of one feed, so that noting it copies nothing.
#[derive(Clone, Debug, Default)]
pub struct LastRead(Arc<AtomicU64>);

impl LastRead {
    /// Last read then.
    #[must_use]
    pub fn new(at: Millis) -> Self {
        Self(Arc::new(AtomicU64::new(at)))
    }

    /// When.
    #[must_use]
    pub fn get(&self) -> Millis {
        self.0.load(Ordering::Relaxed)
    }

    /// A reader asks, or asked another instance.
    pub fn note(&self, at: Millis) {
        // A look first: readers who come in the same moment do not write to one place.
        if self.get() < at {
            self.0.fetch_max(at, Ordering::Relaxed);
        }
    }
}

/// What a schedule needs to know of a stored feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    pub freshness: Freshness,
    /// While the origin fails: it is not asked again before.
    pub retry_at: Option<Millis>,
    /// When a reader last asked.
    pub last_read: Millis,
}

impl From<&StoredResponse> for Timing {
    fn from(stored: &StoredResponse) -> Self {
        Self {
            freshness: stored.freshness,
            retry_at: stored.failing.as_ref().map(|failing| failing.retry_at),
            last_read: stored.last_read.get(),
        }
    }
}

/// One version of a cleaned document and what the next transform can use of it.
#[derive(Debug)]
pub struct Version {
    /// The bytes and their validators.
    pub representation: Representation,
    /// One mark an entry, and every picture it shows.
    pub marks: Marks,
    /// Hash of what its entries were made from: another one, other entries.
    pub contents: [u8; 16],
    /// What the feed said about when to ask again.
    pub hints: Hints,
    /// How often what was changed: no more is kept, a new look at the source tells the rest.
    pub removed: Vec<Removed>,
    /// Hash of the policy it was made under: another policy, another version.
    pub policy: [u8; 16],
}

/// How often cleaning changed something for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removed {
    pub reason: Reason,
    pub count: u64,
}

impl Removed {
    /// What `report` counts.
    #[must_use]
    pub fn of(report: &Report) -> Vec<Self> {
        let all = Reason::ALL.into_iter().map(|reason| Self {
            reason,
            count: report.count(reason),
        });
        all.filter(|removed| removed.count > 0).collect()
    }
}

/// What the origin last said.
#[derive(Clone, Debug, Default)]
pub struct OriginState {
    /// Verbatim, for the next conditional request.
    pub validators: Validators,
    /// The address that answered, after redirects.
    pub url: Option<String>,
    /// True when every redirect on the way there was permanent.
    pub moved_permanently: bool,
    /// How often in a row it had moved there permanently.
    pub moved: u8,
    /// Hash of the body as it came: an equal one is not cleaned again.
    pub body_hash: [u8; 16],
    /// 200 or 304.
    pub status: u16,
    /// When the last whole answer (200) came.
    pub full_at: Millis,
    /// How often in a row it was a feed without entries though we hold some.
    pub empty: u8,
    /// The hub that tells of changes, and by which address it knows the feed (WebSub).
    pub hub: Option<String>,
    pub topic: Option<String>,
    /// While it does, readers are asked back after so many seconds, though the origin is asked later.
    pub max_age: Option<u64>,
}

/// Why a refresh brought nothing. Plain: it is kept and told, not handled further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure.
    pub class: Class,
    /// The origin's status, if it got that far.
    pub status: Option<u16>,
    /// How long the origin asked us to wait, in seconds (RFC 9110 §10.2.3).
    pub retry_after: Option<u64>,
    /// One plain sentence without a word of the origin's.
    pub sentence: Arc<str>,
}

/// Kinds of failure, as far as readers are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The guard refuses the address.
    Refused,
    /// No answer, a bad one, or one that is no feed.
    Bad,
    /// Too slow.
    Slow,
    /// A defect of ours.
    Defect,
    /// The origin is ourselves, or a proxy that in the end asks us.
    Circle,
}

impl Class {
    /// The name in `Cache-Status` and in counters.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Bad => "bad-answer",
            Self::Slow => "timeout",
            Self::Defect => "defect",
            Self::Circle => "loop",
        }
    }
}

/// Failures in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// The last one.
    pub last: Failure,
    /// How many in a row.
    pub count: u32,
    /// When the first of them was.
    pub since: Millis,
    /// When the last one was.
    pub at: Millis,
    /// The origin is not asked again before.
    pub retry_at: Millis,
    /// Since when every answer was 410 (Gone), if the last one was.
    pub gone_since: Option<Millis>,
}

impl Failure {
    /// A failure of `class`, told by `sentence`.
    #[must_use]
    pub fn new(class: Class, sentence: &str) -> Self {
        Self {
            class,
            status: None,
            retry_after: None,
            sentence: sentence.into(),
        }
    }
}

impl Failing {
    /// A first failure, which may be tried again at once.
    #[must_use]
    pub fn first(failure: Failure, now: Millis) -> Self {
        Self {
            gone_since: (failure.status == Some(410)).then_some(now),
            last: failure,
            count: 1,
            since: now,
            at: now,
            retry_at: now,
        }
    }

    /// True while the origin is not asked again.
    #[must_use]
    pub fn waits(&self, now: Millis) -> bool {
        now < self.retry_at && !is_ahead(self.at, now)
    }

    /// `failure`, counted on from the failures before it.
    #[must_use]
    pub fn next(before: Option<&Self>, failure: Failure, now: Millis) -> Self {
        let first = Self::first(failure, now);
        match before {
            Some(before) => Self {
                count: before.count.saturating_add(1),
                since: before.since,
                gone_since: first.gone_since.map(|now| before.gone_since.unwrap_or(now)),
                ..first
            },
            None => first,
        }
    }
}

impl Failing {
    /// True when the feed is gone for good: nothing but 410, several times and over days. One 410 may be
    /// a mistake of an evening.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        const DAYS: Millis = 3 * 24 * 3_600_000;
        const TIMES: u32 = 3;
        let long = |since: Millis| self.at.saturating_sub(since) >= DAYS;
        self.count >= TIMES && self.gone_since.is_some_and(long)
    }
}

impl StoredResponse {
    /// Bytes held, for the memory's bound.
    #[must_use]
    pub fn weight(&self) -> u32 {
        const PLAIN: usize = 1536;
        let version = &self.version;
        let weight = version.representation.weight() + version.marks.weight() + PLAIN;
        u32::try_from(weight).unwrap_or(u32::MAX)
    }
}
