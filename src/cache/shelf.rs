//! The store behind the memory: copies that outlive a restart, and the agreement with other instances
//! about who asks an origin.
//!
//! No failure here costs a reader an answer: what cannot be read is asked for again, what cannot be
//! written is served from memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::time::Instant;

use super::OnLoad;
use super::codec;
use super::stored::StoredResponse;
use crate::store::{Change, Error, Lease, Space, Store};

/// Feeds on the shelf.
pub(super) struct Shelf {
    store: Store,
    on_load: OnLoad,
    /// True while the store does not do what it is asked: said once, not at every call.
    /// The gravest thing it does not do at present.
    trouble: AtomicU8,
}

const NO_TROUBLE: u8 = 0;
const READING: u8 = 1;
const WRITING: u8 = 2;

/// A copy and which lease wrote it; 0: one without a lease.
#[derive(Clone, Debug)]
pub(super) struct Copy {
    pub(super) response: Arc<StoredResponse>,
    pub(super) fence: u64,
}

impl Copy {
    /// True when `other` was written after this one. Fences decide; one that was written without a lease
    /// is as old as it says.
    pub(super) fn is_before(&self, other: &Self) -> bool {
        if self.fence > 0 && other.fence > 0 {
            return self.fence < other.fence;
        }
        self.response.freshness.stored_at < other.response.freshness.stored_at
    }
}

/// What came of keeping a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// It outlives a crash.
    Yes,
    /// The store does not take it.
    No,
    /// The store is not there.
    Away,
    /// A later copy is there already.
    Outdated,
}

impl Kept {
    fn not(error: &Error) -> Self {
        match error {
            Error::Away => Self::Away,
            _ => Self::No,
        }
    }
}

/// The right to ask an origin.
#[derive(Debug)]
pub(super) enum Right {
    /// Ours, with the fence for what comes of it.
    Ours(Lease),
    /// Another instance asks already.
    Theirs,
    /// Nobody can be asked: everyone is alone.
    Unknown,
}

impl std::fmt::Debug for Shelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shelf")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl Shelf {
    pub(super) fn new(store: Store, on_load: OnLoad) -> Self {
        Self {
            store,
            on_load,
            trouble: AtomicU8::new(NO_TROUBLE),
        }
    }

    /// True when other instances write here too.
    pub(super) fn is_shared(&self) -> bool {
        matches!(self.store, Store::Redis(_))
    }

    /// The copy under `key`, of a store that is waited for until `end` if it was lost a moment ago.
    ///
    /// # Errors
    /// When the store gives no answer: that says nothing about the copy.
    pub(super) async fn load_by(&self, key: &str, end: Instant) -> Result<Option<Copy>, Error> {
        loop {
            match self.load(key).await {
                Err(Error::Away) if self.store.returns(end).await => {}
                loaded => return loaded,
            }
        }
    }

    /// The copy under `key`.
    ///
    /// # Errors
    /// When the store gives no answer: that says nothing about the copy.
    pub(super) async fn load(&self, key: &str) -> Result<Option<Copy>, Error> {
        let record = self.told(READING, self.store.get(Space::Feed, key).await)?;
        let Some(record) = record else {
            return Ok(None);
        };
        let fence = record.fence;
        let on_load = Arc::clone(&self.on_load);
        // Decompressing is work: not for a thread that answers readers.
        let read = tokio::task::spawn_blocking(move || {
            let response = codec::stored(&record)?;
            on_load(&response);
            Some(response)
        });
        Ok(read.await.ok().flatten().map(|response| Copy {
            response: Arc::new(response),
            fence,
        }))
    }

    /// Writes `copy`, like [`Self::keep`], into a store that is waited for until `end` if it was lost a moment ago.
    pub(super) async fn keep_by(&self, key: &str, copy: &Copy, before: Option<&Copy>, end: Instant) -> Kept {
        loop {
            match self.keep(key, copy, before).await {
                Kept::Away if self.store.returns(end).await => {}
                kept => return kept,
            }
        }
    }

    /// Writes `copy`; only its head when `before` is the same version.
    pub(super) async fn keep(&self, key: &str, copy: &Copy, before: Option<&Copy>) -> Kept {
        let response = &copy.response;
        let same = before.is_some_and(|before| Arc::ptr_eq(&before.response.version, &response.version));
        if same {
            let head = codec::head(response);
            match self.told(
                WRITING,
                self.store.put_head(Space::Feed, key, head, copy.fence).await,
            ) {
                Ok(true) => return Kept::Yes,
                // The record is gone, or a later one is there: the next write tells which.
                Ok(false) => {}
                Err(error) => return Kept::not(&error),
            }
        }
        let record = codec::record(response, copy.fence);
        match self.told(WRITING, self.store.put(Space::Feed, key, record).await) {
            Ok(true) => Kept::Yes,
            Ok(false) => Kept::Outdated,
            Err(error) => Kept::not(&error),
        }
    }

    /// Asks for the right to refresh `key` within `time`. A store that was lost a moment ago is waited for until `end`.
    pub(super) async fn right_by(&self, key: &str, time: Duration, end: Instant) -> Right {
        loop {
            return match self.told(READING, self.store.lease(Space::Feed, key, time).await) {
                Ok(Some(lease)) => Right::Ours(lease),
                Ok(None) => Right::Theirs,
                Err(Error::Away) if self.store.returns(end).await => continue,
                Err(_) => Right::Unknown,
            };
        }
    }

    /// All heads, as a start reads them.
    pub(super) async fn heads(&self) -> Vec<(String, codec::Head)> {
        let heads = self
            .told(READING, self.store.heads(Space::Feed).await)
            .unwrap_or_default();
        let read = |(key, head)| Some((key, codec::read_head(&head)?));
        heads.into_iter().filter_map(read).collect()
    }

    /// What other instances write; `None` where there are none.
    pub(super) fn changes(&self) -> Option<broadcast::Receiver<Change>> {
        self.store.changes()
    }

    pub(super) async fn close(&self) {
        self.store.close().await;
    }

    /// Says that the store fails, and that it works again: once each. A full disk goes on giving what it has, so
    /// only a write shows that writing works again.
    fn told<T>(&self, doing: u8, result: Result<T, Error>) -> Result<T, Error> {
        match &result {
            Ok(_) => {
                let trouble = self.trouble.load(Ordering::Relaxed);
                if trouble != NO_TROUBLE
                    && trouble <= doing
                    && self.trouble.swap(NO_TROUBLE, Ordering::Relaxed) != NO_TROUBLE
                {
                    tracing::info!("the store works again");
                }
            }
            // One record that is too large says nothing about the others.
            Err(error @ Error::TooLarge { .. }) => tracing::warn!(%error, "a feed is kept in memory only"),
            Err(error) => {
                if self.trouble.fetch_max(doing, Ordering::Relaxed) == NO_TROUBLE {
                    tracing::warn!(%error, "the store fails; serving from memory until it works again (limpid doctor says what to do)");
                }
            }
        }
        result
    }
}
