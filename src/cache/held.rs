//! Where copies are: in memory, and on the shelf behind it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use moka::ops::compute::Op;

use super::Cache;
use super::shelf::{Copy, Kept};
use crate::clock::Millis;

/// A copy in memory, and since when it is known to be the latest.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) copy: Copy,
    pub(super) known_at: Millis,
    pub(super) epoch: u64,
}

impl Cache {
    /// The copy under `key`, from memory or else from the shelf.
    pub(super) async fn copy(self: &Arc<Self>, key: &str) -> Option<Copy> {
        match self.memory.get(key) {
            Some(held) if self.is_trusted(&held) => Some(held.copy),
            Some(held) => Some(Box::pin(self.checked(key, held)).await),
            None => Box::pin(self.load(key)).await,
        }
    }

    /// Reads the shelf, once however many ask.
    pub(super) async fn load(self: &Arc<Self>, key: &str) -> Option<Copy> {
        self.shelf.as_ref()?;
        let flight = self.loads.join(key, |key| {
            let cache = Arc::clone(self);
            async move {
                let copy = cache.shelf.as_ref()?.load(&key).await.ok()??;
                Some(cache.remember(&key, copy))
            }
        });
        flight.landed().await.flatten()
    }

    /// Keeps `copy`, on the shelf first. What is there afterwards is the latest, ours or another's.
    pub(super) async fn keep(self: &Arc<Self>, key: &Arc<str>, copy: Copy, before: Option<&Copy>) -> Copy {
        let kept = match &self.shelf {
            Some(shelf) => shelf.keep_by(key, &copy, before, self.patience(before)).await,
            None => Kept::No,
        };
        if kept == Kept::Outdated
            && let Some(latest) = self.load(key).await
            && copy.is_before(&latest)
        {
            return latest;
        }
        self.insert(key, copy.clone());
        copy
    }

    pub(super) fn insert(&self, key: &Arc<str>, copy: Copy) {
        self.memory.insert(Arc::clone(key), self.held_now(copy));
    }

    /// Puts what the shelf says into memory, unless a later copy came there meanwhile. Returns the later.
    pub(super) fn remember(&self, key: &Arc<str>, copy: Copy) -> Copy {
        let new = self.held_now(copy);
        let entry = self.memory.entry(Arc::clone(key));
        let settled = entry.and_compute_with(|entry| {
            let later = entry
                .map(moka::Entry::into_value)
                .filter(|held| new.copy.is_before(&held.copy));
            Op::Put(Held {
                copy: later.map_or(new.copy.clone(), |held| held.copy),
                ..new.clone()
            })
        });
        settled
            .into_entry()
            .map_or(new.copy, |entry| entry.into_value().copy)
    }

    /// Weighs the copy under `key` again: another coding of it is held now.
    pub fn weigh_again(&self, key: &str) {
        let entry = self.memory.entry(Arc::from(key));
        let _as_heavy_as_it_is =
            entry.and_compute_with(|entry| entry.map_or(Op::Nop, |entry| Op::Put(entry.into_value())));
    }

    pub(super) fn held_now(&self, copy: Copy) -> Held {
        Held {
            copy,
            known_at: self.clock.millis(),
            epoch: self.epoch.load(Ordering::Relaxed),
        }
    }
}
