//! 3 CACHE: memory in front of the store; freshness and collapsing. Knows no feeds: what a refresh
//! is, its callers say.
//!
//! No reader waits while a usable copy exists, and a failing origin never takes a copy away. What is
//! kept is on the shelf first and in memory second: bytes that a reader has seen outlive a crash.

mod shared;
mod shelf;
pub mod coalesce;
mod codec;
pub mod stored;
pub mod representation;
pub mod freshness;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::future::Cache as Memory;
use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;

use crate::clock::{Clock, Millis};
use crate::store::Store;
use crate::telemetry;
use coalesce::{Flight, Flights};
use freshness::{Freshness, Policy, State};
use shelf::{Copy, Kept, Shelf};
use stored::{Class, Failing, Failure, StoredResponse};

/// Failures without a copy that are remembered.
const MAX_NEGATIVE: u64 = 10_000;

/// Bounds of the cache.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes of stored responses held in memory.
    pub memory: u64,
    /// One refresh may take this long in all; then its key is free again.
    pub deadline: Duration,
    /// A reader of an old copy waits this long for a new one before the old one is served.
    pub patience: Duration,
}

/// What one refresh brought: a new copy, or why there is none.
pub type Landed = Result<Arc<StoredResponse>, Arc<Failing>>;

/// Told of every copy that comes from the store.
pub type OnLoad = Box<dyn Fn(&StoredResponse) + Send + Sync>;

/// The cache.
pub struct Cache {
    memory: Memory<Arc<str>, Held>,
    /// Failures where there is no copy: short and small.
    negative: Memory<Arc<str>, Arc<Failing>>,
    flights: Flights<Landed>,
    /// What outlives the process; `None`: nothing does.
    shelf: Option<Shelf>,
    /// Readings of the shelf under way.
    loads: Flights<Option<Copy>>,
    /// Counts the times when word of others' changes was lost: nothing from before is trusted.
    epoch: AtomicU64,
    on_load: OnLoad,
    clock: Clock,
    options: Options,
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache")
            .field("shelf", &self.shelf)
            .finish_non_exhaustive()
    }
}

/// A copy in memory, and since when it is known to be the latest.
#[derive(Clone, Debug)]
struct Held {
    copy: Copy,
    known_at: Millis,
    epoch: u64,
}

/// A stored response, and how it was come by.
#[derive(Clone, Debug)]
pub struct Found {
    /// What is served.
    pub response: Arc<StoredResponse>,
    /// How it was come by.
    pub how: How,
}

/// How an answer was come by (RFC 9211 says it to readers).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// From a fresh copy.
    Hit,
    /// From a stale copy; a refresh runs behind, unless the reader wanted a stored copy only.
    Stale { collapsed: bool },
    /// From a stale copy, because the origin fails.
    StaleIfError,
    /// A refresh was waited for: there was no copy, or only an old one.
    Refreshed { absent: bool, collapsed: bool },
}

/// Why nothing is found.
#[derive(Clone, Debug)]
pub enum Missed {
    /// The reader asked for a stored copy only (`only-if-cached`), and there is none.
    NotStored,
    /// No copy that may be served, and the origin fails.
    Failed(Arc<Failing>),
}

impl Cache {
    /// An empty cache with nothing behind it.
    #[must_use]
    pub fn new(options: Options, clock: Clock) -> Arc<Self> {
        Arc::new(Self::over(None, options, clock, Box::new(|_| {})))
    }

    /// A cache in front of `store`. Must be called in a runtime: it listens to what other instances do.
    #[must_use]
    pub fn with_store(store: Store, options: Options, clock: Clock, on_load: OnLoad) -> Arc<Self> {
        // A memory behind a memory would only hold everything twice.
        let shelf = (!matches!(store, Store::Memory(_))).then(|| Shelf::new(store));
        let cache = Arc::new(Self::over(shelf, options, clock, on_load));
        cache.listen();
        cache
    }

    fn over(shelf: Option<Shelf>, options: Options, clock: Clock, on_load: OnLoad) -> Self {
        // Least recently used, not TinyLFU: a copy just fetched must never be turned away, or each
        // reader would fetch it again.
        let memory = Memory::builder()
            .max_capacity(options.memory)
            .weigher(|_, held: &Held| held.copy.response.weight())
            .eviction_policy(EvictionPolicy::lru())
            .build();
        let negative = Memory::builder().max_capacity(MAX_NEGATIVE).build();
        Self {
            memory,
            negative,
            flights: Flights::default(),
            shelf,
            loads: Flights::default(),
            epoch: AtomicU64::new(0),
            on_load,
            clock,
            options,
        }
    }

    /// The copy under `key`, refreshed by `refresh` when needed: served at once if fresh; at once
    /// and refreshed behind if stale; else after one refresh, however many ask.
    ///
    /// # Errors
    /// When there is no copy and the refresh fails, or (`only_stored`) none may run.
    pub async fn get<F, R>(
        self: &Arc<Self>,
        key: &str,
        policy: &Policy,
        only_stored: bool,
        refresh: F,
    ) -> Result<Found, Missed>
    where
        F: FnOnce(Option<Arc<StoredResponse>>) -> R + Send + 'static,
        R: Future<Output = Result<StoredResponse, Failure>> + Send + 'static,
    {
        let now = self.clock.millis();
        let held = self.held(key).await;
        let Some((response, state)) = usable(held, now) else {
            return self.absent(key, policy, only_stored, refresh).await;
        };
        response.last_read.note(now);
        let how = if state == State::Fresh {
            How::Hit
        } else if response
            .failing
            .as_ref()
            .is_some_and(|failing| now < failing.retry_at)
        {
            How::StaleIfError
        } else if only_stored {
            How::Stale { collapsed: false }
        } else {
            let flight = self.launch(key, policy, false, refresh);
            // An origin that failed last time is not waited for again.
            if response.failing.is_some() {
                How::StaleIfError
            } else if state == State::Stale {
                How::Stale {
                    collapsed: flight.collapsed,
                }
            } else {
                return Ok(self.renewed(key, response, flight).await);
            }
        };
        Ok(Found { response, how })
    }

    /// Refreshes `key` whatever its state (unless a refresh is under way).
    pub fn refresh<F, R>(self: &Arc<Self>, key: &str, policy: &Policy, refresh: F) -> Flight<Landed>
    where
        F: FnOnce(Option<Arc<StoredResponse>>) -> R + Send + 'static,
        R: Future<Output = Result<StoredResponse, Failure>> + Send + 'static,
    {
        self.launch(key, policy, true, refresh)
    }

    /// The copy under `key` in whatever state. Asks no origin.
    pub async fn held(self: &Arc<Self>, key: &str) -> Option<Arc<StoredResponse>> {
        self.copy(key).await.map(|copy| copy.response)
    }

    /// When all stored feeds are due again, as far as the store tells.
    pub async fn timings(&self) -> Vec<(String, Timing)> {
        let Some(shelf) = &self.shelf else {
            return Vec::new();
        };
        let heads = shelf.heads().await;
        heads
            .into_iter()
            .map(|(key, head)| (key, Timing::from(&head)))
            .collect()
    }

    /// Writes what is not yet written. Nothing is kept any more afterwards.
    pub async fn close(&self) {
        if let Some(shelf) = &self.shelf {
            shelf.close().await;
        }
    }

    /// The copy under `key`, from memory or else from the shelf.
    async fn copy(self: &Arc<Self>, key: &str) -> Option<Copy> {
        match self.memory.get(key).await {
            Some(held) if self.is_trusted(&held) => Some(held.copy),
            Some(held) => Some(self.checked(key, held).await),
            None => self.load(key).await,
        }
    }

    /// Reads the shelf, once however many ask.
    async fn load(self: &Arc<Self>, key: &str) -> Option<Copy> {
        self.shelf.as_ref()?;
        let flight = self.loads.join(key, |key| {
            let cache = Arc::clone(self);
            async move {
                let copy = cache.shelf.as_ref()?.load(&key).await.ok()??;
                (cache.on_load)(&copy.response);
                Some(cache.remember(&key, copy).await)
            }
        });
        flight.landed().await.flatten()
    }

    /// Keeps `copy`, on the shelf first. What is there afterwards is the latest, ours or another's.
    async fn keep(self: &Arc<Self>, key: &Arc<str>, copy: Copy, before: Option<&Copy>) -> Copy {
        let kept = match &self.shelf {
            Some(shelf) => shelf.keep(key, &copy, before).await,
            None => Kept::No,
        };
        if kept == Kept::Outdated
            && let Some(latest) = self.load(key).await
            && copy.is_before(&latest)
        {
            return latest;
        }
        self.insert(key, copy.clone()).await;
        copy
    }

    async fn insert(&self, key: &Arc<str>, copy: Copy) {
        self.memory.insert(Arc::clone(key), self.held_now(copy)).await;
    }

    /// Puts what the shelf says into memory, unless a later copy came there meanwhile. Returns the later.
    async fn remember(&self, key: &Arc<str>, copy: Copy) -> Copy {
        let new = self.held_now(copy);
        let entry = self.memory.entry(Arc::clone(key));
        let settled = entry.and_compute_with(|entry| {
            let later = entry
                .map(moka::Entry::into_value)
                .filter(|held| new.copy.is_before(&held.copy));
            std::future::ready(Op::Put(Held {
                copy: later.map_or(new.copy.clone(), |held| held.copy),
                ..new.clone()
            }))
        });
        settled
            .await
            .into_entry()
            .map_or(new.copy, |entry| entry.into_value().copy)
    }

    fn held_now(&self, copy: Copy) -> Held {
        Held {
            copy,
            known_at: self.clock.millis(),
            epoch: self.epoch.load(Ordering::Relaxed),
        }
    }

    /// Bytes and number of stored responses in memory.
    pub async fn size(&self) -> (u64, u64) {
        // moka counts when it tidies up.
        self.memory.run_pending_tasks().await;
        (self.memory.weighted_size(), self.memory.entry_count())
    }

    /// Nothing to serve: waits for one refresh, unless it failed a moment ago.
    async fn absent<F, R>(
        self: &Arc<Self>,
        key: &str,
        policy: &Policy,
        only_stored: bool,
        refresh: F,
    ) -> Result<Found, Missed>
    where
        F: FnOnce(Option<Arc<StoredResponse>>) -> R + Send + 'static,
        R: Future<Output = Result<StoredResponse, Failure>> + Send + 'static,
    {
        if only_stored {
            return Err(Missed::NotStored);
        }
        if let Some(failing) = self.negative.get(key).await
            && self.clock.millis() < failing.retry_at
        {
            return Err(Missed::Failed(failing));
        }
        let flight = self.launch(key, policy, false, refresh);
        let collapsed = flight.collapsed;
        match flight.landed().await {
            Some(Ok(response)) => Ok(Found {
                response,
                how: How::Refreshed {
                    absent: true,
                    collapsed,
                },
            }),
            Some(Err(failing)) => Err(Missed::Failed(failing)),
            None => Err(Missed::Failed(Arc::new(Failing::first(
                defect(),
                self.clock.millis(),
            )))),
        }
    }

    /// An old copy: a new one if it comes soon, else the old one.
    async fn renewed(self: &Arc<Self>, key: &str, old: Arc<StoredResponse>, flight: Flight<Landed>) -> Found {
        let collapsed = flight.collapsed;
        match tokio::time::timeout(self.options.patience, flight.landed()).await {
            Ok(Some(Ok(response))) => Found {
                response,
                how: How::Refreshed {
                    absent: false,
                    collapsed,
                },
            },
            Err(_) => Found {
                response: old,
                how: How::Stale { collapsed },
            },
            // Read again: it now says why the origin failed.
            Ok(_) => Found {
                response: self.held(key).await.unwrap_or(old),
                how: How::StaleIfError,
            },
        }
    }

    fn launch<F, R>(self: &Arc<Self>, key: &str, policy: &Policy, forced: bool, refresh: F) -> Flight<Landed>
    where
        F: FnOnce(Option<Arc<StoredResponse>>) -> R + Send + 'static,
        R: Future<Output = Result<StoredResponse, Failure>> + Send + 'static,
    {
        self.flights.join(key, |key| {
            let (cache, policy) = (Arc::clone(self), policy.clone());
            async move { cache.run(&key, &policy, forced, refresh).await }
        })
    }

    /// One refresh, from the copy held to the copy kept. Alone under its key, here and, as long as they
    /// can agree, among all instances.
    async fn run<F, R>(self: &Arc<Self>, key: &Arc<str>, policy: &Policy, forced: bool, refresh: F) -> Landed
    where
        F: FnOnce(Option<Arc<StoredResponse>>) -> R + Send + 'static,
        R: Future<Output = Result<StoredResponse, Failure>> + Send + 'static,
    {
        let prior = self.copy(key).await;
        // Another refresh may have landed between its asker's look and this flight.
        if let Some(prior) = &prior
            && !forced
            && prior.response.freshness.state(self.clock.millis()) == State::Fresh
        {
            return Ok(Arc::clone(&prior.response));
        }
        let turn = match self.turn(key, prior).await {
            shared::Turn::Ours(turn) => turn,
            shared::Turn::Landed(landed) => return landed,
        };
        let before = turn.prior.as_ref();
        let response = before.map(|prior| Arc::clone(&prior.response));
        let landed = match self.bounded(refresh(response)).await {
            Ok(response) => {
                if before.is_some_and(|prior| prior.response.failing.is_some()) {
                    tracing::info!(feed = %telemetry::feed(key), "the feed can be refreshed again");
                }
                let copy = Copy {
                    response: Arc::new(response),
                    fence: turn.fence(),
                };
                let kept = self.keep(key, copy, before).await;
                self.negative.invalidate(key).await;
                Ok(kept.response)
            }
            Err(failure) => Err(self.note(key, policy, before, turn.fence(), failure).await),
        };
        turn.over().await;
        landed
    }

    /// Runs a refresh as a task of its own, so that neither a crash nor a standstill holds its key.
    async fn bounded<R>(&self, refresh: R) -> Result<StoredResponse, Failure>
    where
        R: Future<Output = Result<StoredResponse, Failure>> + Send + 'static,
    {
        let mut task = tokio::spawn(refresh);
        match tokio::time::timeout(self.options.deadline, &mut task).await {
            Ok(Ok(result)) => result,
            Ok(Err(_crash)) => {
                tracing::error!("a refresh crashed");
                Err(defect())
            }
            Err(_) => {
                task.abort();
                Err(Failure::new(
                    Class::Slow,
                    "the refresh of this feed took too long",
                ))
            }
        }
    }

    /// Writes a failure down beside the copy, or alone when there is none.
    async fn note(
        self: &Arc<Self>,
        key: &Arc<str>,
        policy: &Policy,
        prior: Option<&Copy>,
        fence: u64,
        failure: Failure,
    ) -> Arc<Failing> {
        let now = self.clock.millis();
        if let Some(prior) = prior {
            let old = &prior.response;
            let mut failing = Failing::next(old.failing.as_ref(), failure, now);
            tell(key, old.failing.as_ref(), &failing);
            let wait = if failing.is_gone() {
                policy.max
            } else {
                freshness::backoff(failing.count, failing.last.retry_after, key).min(policy.max)
            };
            failing.retry_at = now.saturating_add(freshness::millis(wait));
            let response = Arc::new(StoredResponse {
                failing: Some(failing.clone()),
                ..StoredResponse::clone(old)
            });
            self.keep(key, Copy { response, fence }, Some(prior)).await;
            return Arc::new(failing);
        }
        let before = self.negative.get(key).await;
        let mut failing = Failing::next(before.as_deref(), failure, now);
        tell(key, before.as_deref(), &failing);
        let wait = freshness::negative(failing.count, failing.last.retry_after, key);
        failing.retry_at = now.saturating_add(freshness::millis(wait));
        let failing = Arc::new(failing);
        self.negative.insert(Arc::clone(key), Arc::clone(&failing)).await;
        failing
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

impl From<&codec::Head> for Timing {
    fn from(head: &codec::Head) -> Self {
        Self {
            freshness: head.freshness,
            retry_at: head.failing.as_ref().map(|failing| failing.retry_at),
            last_read: head.last_read.get(),
        }
    }
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

/// A copy that may still be served, and its state.
fn usable(held: Option<Arc<StoredResponse>>, now: Millis) -> Option<(Arc<StoredResponse>, State)> {
    let held = held?;
    let state = held.freshness.state(now);
    (state != State::Spent).then_some((held, state))
}

/// Says what is new about a failure: not each of a row of failures.
fn tell(key: &str, before: Option<&Failing>, failing: &Failing) {
    let feed = telemetry::feed(key);
    let error = &failing.last.sentence;
    if failing.is_gone() && !before.is_some_and(Failing::is_gone) {
        tracing::warn!(%feed, "the feed has been gone for days: remove it from the settings, or find its new address");
    } else if before.is_none_or(|before| before.last.sentence != *error) {
        tracing::warn!(%feed, %error, "a refresh failed");
    } else {
        tracing::debug!(%feed, %error, failures = failing.count, "a refresh failed again");
    }
}

fn defect() -> Failure {
    Failure::new(Class::Defect, "the refresh of this feed failed inside the proxy")
}

#[cfg(test)]
mod tests;
