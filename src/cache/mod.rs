//! 3 CACHE: memory in front of the store; freshness and collapsing. Knows no feeds: what a refresh
//! is, its callers say.
//!
//! No reader waits while a usable copy exists, and a failing origin never takes a copy away. What is
//! kept is on the shelf first and in memory second: bytes that a reader has seen outlive a crash.

mod run;
mod shared;
mod held;
mod shelf;
pub mod coalesce;
mod codec;
pub mod stored;
pub mod marks;
pub mod representation;
pub mod heads;
mod coding;
pub mod gzip;
pub mod place;
pub mod freshness;
mod wire;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache as Memory;
use tracing::Instrument as _;

use crate::clock::{Clock, Millis};
use crate::store::Store;
use crate::telemetry::spans;
use coalesce::{Flight, Flights};
use freshness::{Policy, State};
use held::Held;
use shelf::{Copy, Shelf};
use stored::{Failing, Failure, StoredResponse, Timing};

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

/// Told of every copy that comes from the store, on a thread that may be busy.
pub type OnLoad = Arc<dyn Fn(&StoredResponse) + Send + Sync>;

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

/// A stored response, and how it was come by.
#[derive(Clone, Debug)]
pub struct Found {
    /// What is served.
    pub response: Arc<StoredResponse>,
    /// How it was come by.
    pub how: How,
    /// When.
    pub at: Millis,
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
        Arc::new(Self::over(None, options, clock))
    }

    /// A cache in front of `store`. Must be called in a runtime: it listens to what other instances do.
    #[must_use]
    pub fn with_store(store: Store, options: Options, clock: Clock, on_load: OnLoad) -> Arc<Self> {
        // A memory behind a memory would only hold everything twice.
        let shelf = (!matches!(store, Store::Memory(_))).then(|| Shelf::new(store, on_load));
        let cache = Arc::new(Self::over(shelf, options, clock));
        cache.listen();
        cache
    }

    fn over(shelf: Option<Shelf>, options: Options, clock: Clock) -> Self {
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
            clock,
            options,
        }
    }

    /// The copy under `key`, refreshed by `refresh` when needed: served at once if fresh; at once
    /// and refreshed behind if stale; else after one refresh, however many ask. `refresh` is made when it is needed,
    /// which it seldom is.
    ///
    /// # Errors
    /// When there is no copy and the refresh fails, or (`only_stored`) none may run.
    pub async fn get<F, R>(
        self: &Arc<Self>,
        key: &str,
        policy: &Policy,
        only_stored: bool,
        refresh: impl FnOnce() -> F,
    ) -> Result<Found, Missed>
    where
        F: FnOnce(Option<Arc<StoredResponse>>) -> R + Send + 'static,
        R: Future<Output = Result<StoredResponse, Failure>> + Send + 'static,
    {
        let now = self.clock.millis();
        let held = self.held(key).await;
        let Some((response, state)) = usable(held, now) else {
            // What is seldom goes on the heap: a connection holds room for the longest way an answer may take.
            return Box::pin(self.absent(key, policy, only_stored, refresh)).await;
        };
        response.last_read.note(now);
        let how = if state == State::Fresh {
            How::Hit
        } else if response
            .failing
            .as_ref()
            .is_some_and(|failing| failing.waits(now))
        {
            How::StaleIfError
        } else if only_stored {
            How::Stale { collapsed: false }
        } else {
            let flight = self.launch(key, policy, false, refresh());
            // An origin that failed last time is not waited for again.
            if response.failing.is_some() {
                How::StaleIfError
            } else if state == State::Stale {
                How::Stale {
                    collapsed: flight.collapsed,
                }
            } else {
                return Ok(Box::pin(self.renewed(key, response, flight)).await);
            }
        };
        Ok(Found {
            response,
            how,
            at: now,
        })
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

    /// True while a refresh is under way.
    #[must_use]
    pub fn is_refreshing(&self) -> bool {
        self.flights.count() > 0
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

    /// Bytes and number of stored responses in memory.
    pub fn size(&self) -> (u64, u64) {
        // moka counts when it tidies up.
        self.memory.run_pending_tasks();
        (self.memory.weighted_size(), self.memory.entry_count())
    }

    /// Nothing to serve: waits for one refresh, unless it failed a moment ago.
    async fn absent<F, R>(
        self: &Arc<Self>,
        key: &str,
        policy: &Policy,
        only_stored: bool,
        refresh: impl FnOnce() -> F,
    ) -> Result<Found, Missed>
    where
        F: FnOnce(Option<Arc<StoredResponse>>) -> R + Send + 'static,
        R: Future<Output = Result<StoredResponse, Failure>> + Send + 'static,
    {
        if only_stored {
            return Err(Missed::NotStored);
        }
        if let Some(failing) = self.negative.get(key)
            && failing.waits(self.clock.millis())
        {
            return Err(Missed::Failed(failing));
        }
        let flight = self.launch(key, policy, false, refresh());
        let collapsed = flight.collapsed;
        match flight.landed().await {
            Some(Ok(response)) => Ok(Found {
                response,
                how: How::Refreshed {
                    absent: true,
                    collapsed,
                },
                at: self.clock.millis(),
            }),
            Some(Err(failing)) => Err(Missed::Failed(failing)),
            None => Err(Missed::Failed(Arc::new(Failing::first(
                run::defect(),
                self.clock.millis(),
            )))),
        }
    }

    /// An old copy: a new one if it comes soon, else the old one.
    async fn renewed(self: &Arc<Self>, key: &str, old: Arc<StoredResponse>, flight: Flight<Landed>) -> Found {
        let collapsed = flight.collapsed;
        let (response, how) = match tokio::time::timeout(self.options.patience, flight.landed()).await {
            Ok(Some(Ok(response))) => {
                let absent = false;
                (response, How::Refreshed { absent, collapsed })
            }
            Err(_) => (old, How::Stale { collapsed }),
            // Read again: it now says why the origin failed.
            Ok(_) => (self.held(key).await.unwrap_or(old), How::StaleIfError),
        };
        let at = self.clock.millis();
        Found { response, how, at }
    }

    fn launch<F, R>(self: &Arc<Self>, key: &str, policy: &Policy, forced: bool, refresh: F) -> Flight<Landed>
    where
        F: FnOnce(Option<Arc<StoredResponse>>) -> R + Send + 'static,
        R: Future<Output = Result<StoredResponse, Failure>> + Send + 'static,
    {
        self.flights.join(key, |key| {
            let (cache, policy) = (Arc::clone(self), policy.clone());
            let span = spans::refresh(&key);
            async move { cache.run(&key, &policy, forced, refresh).await }.instrument(span)
        })
    }
}

/// A copy that may still be served, and its state.
fn usable(held: Option<Arc<StoredResponse>>, now: Millis) -> Option<(Arc<StoredResponse>, State)> {
    let held = held?;
    let state = held.freshness.state(now);
    (state != State::Spent).then_some((held, state))
}

#[cfg(test)]
mod tests;
