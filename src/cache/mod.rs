//! 3 CACHE: memory in front of the store; freshness and collapsing. Knows no feeds: what a refresh
//! is, its callers say.
//!
//! No reader waits while a usable copy exists, and a failing origin never takes a copy away.

pub mod coalesce;
pub mod stored;
pub mod representation;
pub mod freshness;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache as Memory;
use moka::policy::EvictionPolicy;

use crate::clock::{Clock, Millis};
use coalesce::{Flight, Flights};
use freshness::{Policy, State};
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

/// The cache.
#[derive(Debug)]
pub struct Cache {
    memory: Memory<Arc<str>, Arc<StoredResponse>>,
    /// Failures where there is no copy: short and small.
    negative: Memory<Arc<str>, Arc<Failing>>,
    flights: Flights<Landed>,
    clock: Clock,
    options: Options,
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
    /// An empty cache.
    #[must_use]
    pub fn new(options: Options, clock: Clock) -> Arc<Self> {
        // Least recently used, not TinyLFU: a copy just fetched must never be turned away, or each
        // reader would fetch it again.
        let memory = Memory::builder()
            .max_capacity(options.memory)
            .weigher(|_, stored: &Arc<StoredResponse>| stored.weight())
            .eviction_policy(EvictionPolicy::lru())
            .build();
        let negative = Memory::builder().max_capacity(MAX_NEGATIVE).build();
        Arc::new(Self {
            memory,
            negative,
            flights: Flights::default(),
            clock,
            options,
        })
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

    /// The copy under `key` in whatever state. Starts nothing.
    ///
    /// The one place that looks: a store behind the memory is asked here.
    pub async fn held(&self, key: &str) -> Option<Arc<StoredResponse>> {
        self.memory.get(key).await
    }

    /// The one place that keeps: a store behind the memory is written here.
    async fn keep(&self, key: &Arc<str>, response: &Arc<StoredResponse>) {
        self.memory.insert(Arc::clone(key), Arc::clone(response)).await;
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
    async fn renewed(&self, key: &str, old: Arc<StoredResponse>, flight: Flight<Landed>) -> Found {
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

    /// One refresh, from the copy held to the copy kept. Alone under its key.
    async fn run<F, R>(&self, key: &Arc<str>, policy: &Policy, forced: bool, refresh: F) -> Landed
    where
        F: FnOnce(Option<Arc<StoredResponse>>) -> R + Send + 'static,
        R: Future<Output = Result<StoredResponse, Failure>> + Send + 'static,
    {
        let prior = self.held(key).await;
        // Another refresh may have landed between its asker's look and this flight.
        if let Some(prior) = &prior
            && !forced
            && prior.freshness.state(self.clock.millis()) == State::Fresh
        {
            return Ok(Arc::clone(prior));
        }
        match self.bounded(refresh(prior.clone())).await {
            Ok(response) => {
                let response = Arc::new(response);
                self.keep(key, &response).await;
                self.negative.invalidate(key).await;
                Ok(response)
            }
            Err(failure) => Err(self.note(key, policy, prior, failure).await),
        }
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
        &self,
        key: &Arc<str>,
        policy: &Policy,
        prior: Option<Arc<StoredResponse>>,
        failure: Failure,
    ) -> Arc<Failing> {
        let now = self.clock.millis();
        if let Some(prior) = prior {
            let mut failing = Failing::next(prior.failing.as_ref(), failure, now);
            let wait = freshness::backoff(failing.count, failing.last.retry_after, key).min(policy.max);
            failing.retry_at = now.saturating_add(freshness::millis(wait));
            let response = StoredResponse {
                failing: Some(failing.clone()),
                ..StoredResponse::clone(&prior)
            };
            self.keep(key, &Arc::new(response)).await;
            return Arc::new(failing);
        }
        let before = self.negative.get(key).await;
        let mut failing = Failing::next(before.as_deref(), failure, now);
        let wait = freshness::negative(failing.count, failing.last.retry_after, key);
        failing.retry_at = now.saturating_add(freshness::millis(wait));
        let failing = Arc::new(failing);
        self.negative.insert(Arc::clone(key), Arc::clone(&failing)).await;
        failing
    }
}

/// A copy that may still be served, and its state.
fn usable(held: Option<Arc<StoredResponse>>, now: Millis) -> Option<(Arc<StoredResponse>, State)> {
    let held = held?;
    let state = held.freshness.state(now);
    (state != State::Spent).then_some((held, state))
}

fn defect() -> Failure {
    Failure::new(Class::Defect, "the refresh of this feed failed inside the proxy")
}

#[cfg(test)]
mod tests;
