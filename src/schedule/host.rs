//! What one host bears: a few requests at once, a breath between two, and peace while it is in trouble. Pure.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::Options;
use crate::cache::freshness::{backoff, millis};
use crate::clock::Millis;

/// So many failures in a row, of whichever feeds, are the host's and not a feed's.
const TROUBLE: u32 = 3;
/// The feeds of a host are spread over at most this time, however many they are.
const ROUND: Millis = 600_000;

/// What a host said when it was asked for a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// It answers, whatever it thinks of this feed.
    Answer,
    /// It does not answer, or is in trouble (5xx).
    Nothing,
    /// It wants to be left alone until then (429, 503 with Retry-After).
    Later(Millis),
}

/// One host and its feeds.
#[derive(Debug, Default)]
pub struct Host {
    due: BTreeSet<(Millis, Arc<str>)>,
    under_way: usize,
    /// Not asked before.
    rests_until: Millis,
    /// In a row.
    failures: u32,
}

impl Host {
    /// When it can be asked next; `None`: it has nothing to ask for, or enough under way.
    pub(super) fn ready_at(&self, options: &Options) -> Option<Millis> {
        // In trouble it is asked for one feed: if that comes, it is well again.
        let at_once = if self.failures >= TROUBLE {
            1
        } else {
            options.per_host.max(1)
        };
        let (due, _) = self.due.first()?;
        (self.under_way < at_once).then_some((*due).max(self.rests_until))
    }

    /// Takes the feed that is due first.
    pub(super) fn start(&mut self, now: Millis, options: &Options) -> Option<Arc<str>> {
        let (_, key) = self.due.pop_first()?;
        self.under_way += 1;
        let feeds = self.due.len() as u64 + self.under_way as u64;
        let spacing = millis(options.spacing).min(ROUND / feeds.max(1));
        self.rests_until = self.rests_until.max(now.saturating_add(spacing));
        Some(key)
    }

    /// One of its feeds came, or did not.
    pub(super) fn end(&mut self, said: Option<Said>, now: Millis) {
        self.under_way = self.under_way.saturating_sub(1);
        match said {
            None => {}
            Some(Said::Answer) => self.failures = 0,
            Some(Said::Later(until)) => self.rests_until = self.rests_until.max(until),
            Some(Said::Nothing) => {
                self.failures = self.failures.saturating_add(1);
                if let Some(beyond) = self.failures.checked_sub(TROUBLE) {
                    let rest = backoff(beyond + 1, None, "host").min(Duration::from_hours(1));
                    self.rests_until = self.rests_until.max(now.saturating_add(millis(rest)));
                }
            }
        }
    }

    pub(super) fn add(&mut self, due: Millis, key: Arc<str>) {
        self.due.insert((due, key));
    }

    pub(super) fn remove(&mut self, due: Millis, key: &Arc<str>) {
        self.due.remove(&(due, Arc::clone(key)));
    }

    pub(super) fn is_idle(&self) -> bool {
        self.due.is_empty() && self.under_way == 0
    }
}
