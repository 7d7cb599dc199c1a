//! Several instances with one store: who asks an origin, and how long a copy in memory is trusted.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use super::freshness::State;
use super::held::Held;
use super::shelf::{Copy, Kept, Right, Shelf};
use super::{Cache, Landed, freshness};
use crate::store::{Change, Lease, Space};

/// A copy is trusted this long: instances tell each other of changes, but word of one may be lost.
const TRUST: Duration = Duration::from_secs(10);
/// A reader waits this long to hear whether a copy is still the latest.
const CHECK: Duration = Duration::from_millis(100);
/// Between two looks at what the instance that asks the origin has brought, if it does not say so.
const POLL: Duration = Duration::from_millis(250);
/// A refresh that no reader waits for gives a store that was lost a moment ago so long to come back.
const RETURN: Duration = Duration::from_secs(10);
/// Beyond a refresh's own deadline, a lease has to last for writing down what came of it.
const LEASE_MARGIN: Duration = Duration::from_secs(5);

/// Whose turn it is to ask the origin.
pub(super) enum Turn {
    Ours(Ours),
    /// Another instance had it, and this is what it brought.
    Landed(Landed),
}

/// Our turn, until it is over or dropped.
pub(super) struct Ours {
    /// The copy the refresh begins from.
    pub(super) prior: Option<Copy>,
    lease: Option<Lease>,
}

impl Ours {
    /// Goes into what is written; 0 when nobody could be asked for a lease.
    pub(super) fn fence(&self) -> u64 {
        self.lease.as_ref().map_or(0, |lease| lease.fence)
    }

    pub(super) async fn over(self) {
        if let Some(lease) = self.lease {
            lease.release().await;
        }
    }
}

impl Cache {
    /// Waits for our turn to refresh what began as `prior`, or for what another instance brings.
    pub(super) async fn turn(self: &Arc<Self>, key: &Arc<str>, prior: Option<Copy>) -> Turn {
        let Some(shelf) = &self.shelf else {
            return Turn::Ours(Ours { prior, lease: None });
        };
        let time = self.options.deadline + LEASE_MARGIN;
        // Before the first look, so that no change falls between look and wait.
        let mut changes = shelf.changes();
        let ends = Instant::now() + time;
        // One answer of the engine that comes too late must not make each instance ask the origin.
        let patience = self.patience(prior.as_ref());
        loop {
            let lease = match shelf.right_by(key, time, patience).await {
                Right::Ours(lease) => Some(lease),
                Right::Theirs if Instant::now() < ends => None,
                // Alone: better asked twice than not at all.
                Right::Theirs | Right::Unknown => return Turn::Ours(Ours { prior, lease: None }),
            };
            if shelf.is_shared()
                && let Some(theirs) = self.newer(shelf, key, prior.as_ref(), patience).await
            {
                if let Some(lease) = lease {
                    lease.release().await;
                }
                let failing = theirs.response.failing.clone();
                return Turn::Landed(failing.map_or(Ok(theirs.response), |failing| Err(Arc::new(failing))));
            }
            if lease.is_some() {
                return Turn::Ours(Ours { prior, lease });
            }
            if let Some(changes) = &mut changes {
                let _or_time_is_over = tokio::time::timeout(POLL, changed(changes, key)).await;
            }
        }
    }

    /// What another instance has kept since `known`, now in memory too.
    async fn newer(
        &self,
        shelf: &Shelf,
        key: &Arc<str>,
        known: Option<&Copy>,
        patience: Instant,
    ) -> Option<Copy> {
        let found = shelf.load_by(key, patience).await.ok()??;
        if known.is_some_and(|known| !known.is_before(&found)) {
            return None;
        }
        self.insert(key, found.clone());
        self.negative.invalidate(key);
        Some(found)
    }

    /// Until when a refresh that begins from `prior` waits for a store that was lost a moment ago: not at all where
    /// readers wait for it.
    pub(super) fn patience(&self, prior: Option<&Copy>) -> Instant {
        let now = self.clock.millis();
        let state = prior.map(|prior| prior.response.freshness.state(now));
        let unhurried = matches!(state, Some(State::Fresh | State::Stale));
        Instant::now() + if unhurried { RETURN } else { Duration::ZERO }
    }

    /// True when no other instance can have a later copy, as far as we would have heard.
    pub(super) fn is_trusted(&self, held: &Held) -> bool {
        if !self.shelf.as_ref().is_some_and(Shelf::is_shared) {
            return true;
        }
        let age = self.clock.millis().saturating_sub(held.known_at);
        age < freshness::millis(TRUST) && held.epoch == self.epoch.load(Ordering::Relaxed)
    }

    /// The latest copy if the shelf tells soon, else the one in memory.
    pub(super) async fn checked(self: &Arc<Self>, key: &str, held: Held) -> Copy {
        let flight = self.loads.join(key, |key| {
            let (cache, ours) = (Arc::clone(self), held.copy.clone());
            async move { Some(cache.check(&key, ours).await) }
        });
        let checked = tokio::time::timeout(CHECK, flight.landed()).await;
        checked.ok().flatten().flatten().unwrap_or(held.copy)
    }

    /// Compares `ours` with the shelf. What is only ours (the engine was away, or came back empty) is
    /// written there, so that all instances say the same again.
    async fn check(&self, key: &Arc<str>, mut ours: Copy) -> Copy {
        let Some(shelf) = &self.shelf else {
            return ours;
        };
        match shelf.load(key).await {
            Ok(Some(theirs)) if ours.is_before(&theirs) => {
                theirs.response.last_read.note(ours.response.last_read.get());
                return self.remember(key, theirs);
            }
            Ok(Some(theirs)) if !theirs.is_before(&ours) => {}
            Ok(_) => {
                let now = Instant::now();
                if let Right::Ours(lease) = shelf.right_by(key, self.options.deadline, now).await {
                    ours.fence = lease.fence;
                    let kept = shelf.keep(key, &ours, None).await;
                    lease.release().await;
                    if kept == Kept::Yes {
                        self.insert(key, ours.clone());
                        return ours;
                    }
                }
            }
            Err(_) => {}
        }
        // Nothing better is known: trusted again for a while.
        self.remember(key, ours)
    }

    /// Follows what other instances do for as long as this cache lives.
    pub(super) fn listen(self: &Arc<Self>) {
        if let Some(changes) = self.shelf.as_ref().and_then(Shelf::changes) {
            tokio::spawn(follow(Arc::downgrade(self), changes));
        }
    }

    /// Another instance wrote `key`: what we hold of it is replaced behind the readers' backs.
    fn heard(self: &Arc<Self>, key: &str) {
        if let Some(held) = self.memory.get(key) {
            let cache = Arc::clone(self);
            let _nobody_waits = self
                .loads
                .join(key, |key| async move { Some(cache.check(&key, held.copy).await) });
        }
        self.negative.invalidate(key);
    }
}

async fn follow(cache: Weak<Cache>, mut changes: broadcast::Receiver<Change>) {
    loop {
        let change = changes.recv().await;
        let Some(cache) = cache.upgrade() else { return };
        match change {
            Ok(Change::Record(Space::Feed, key)) => cache.heard(&key),
            Ok(Change::Record(..)) => {}
            Ok(Change::Unknown) | Err(RecvError::Lagged(_)) => {
                cache.epoch.fetch_add(1, Ordering::Relaxed);
            }
            Err(RecvError::Closed) => return,
        }
    }
}

/// Returns when this key, or nobody knows which, has changed.
async fn changed(changes: &mut broadcast::Receiver<Change>, key: &str) {
    loop {
        match changes.recv().await {
            Ok(Change::Record(_, changed)) if changed != key => {}
            _ => return,
        }
    }
}
