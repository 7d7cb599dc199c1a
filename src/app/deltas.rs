//! What readers who ask for the new entries alone (`A-IM: feed`) had before: noted when such a reader comes, so
//! that nobody else pays for it, and bounded in bytes.

use std::sync::Arc;

use moka::future::Cache as Memory;
use moka::policy::EvictionPolicy;

use super::App;
use crate::cache::representation::{Representation, hash};
use crate::cache::stored::Version;
use crate::transform::delta::{self, Known};

/// The share of the memory for feeds that may hold what older versions were made of: about eight bytes an entry.
const PART: u64 = 64;

/// The entries of versions, by the hash of their bytes.
#[derive(Debug)]
pub(super) struct Deltas {
    known: Memory<[u8; 16], Arc<Vec<Known>>>,
}

impl Deltas {
    pub(super) fn new(memory: u64) -> Self {
        const PLAIN: usize = 128;
        let weight = |known: &Arc<Vec<Known>>| size_of_val(known.as_slice()) + PLAIN;
        Self {
            known: Memory::builder()
                .max_capacity(memory / PART)
                .weigher(move |_, known| u32::try_from(weight(known)).unwrap_or(u32::MAX))
                .eviction_policy(EvictionPolicy::lru())
                .build(),
        }
    }
}

impl App {
    /// `version` with the entries alone that a reader of one of the versions `before` (hashes of their bytes) has
    /// not seen, and which of them it was. `None`: not known, or there is nothing to leave out.
    pub async fn news(
        &self,
        version: &Arc<Version>,
        before: &[[u8; 16]],
    ) -> Option<(Arc<Representation>, [u8; 16])> {
        let current = version.representation.hash;
        let known = self
            .deltas
            .known
            .entry(current)
            .or_insert_with(known(Arc::clone(version)));
        let _noted_for_the_next_time = known.await;
        if before.contains(&current) {
            return None;
        }
        for base in before {
            if let Some(known) = self.deltas.known.get(base).await {
                let made = self.made_since(version, *base, known).await?;
                return Some((made, *base));
            }
        }
        None
    }

    async fn made_since(
        &self,
        version: &Arc<Version>,
        base: [u8; 16],
        known: Arc<Vec<Known>>,
    ) -> Option<Arc<Representation>> {
        let key = hash(&[&version.representation.hash[..], &base, b"news"].concat());
        let (version, now) = (Arc::clone(version), self.clock.millis());
        let made = self.conversions.optionally_get_with(key, async move {
            let work = move || {
                let source = &version.representation;
                let (body, entries) = (source.identity()?, version.marks.unpack().entries);
                let body = delta::news(&body, source.kind, &entries, &known)?;
                Some(Arc::new(Representation::new(&body, source.kind, None, now)))
            };
            tokio::task::spawn_blocking(work).await.ok().flatten()
        });
        made.await
    }
}

async fn known(version: Arc<Version>) -> Arc<Vec<Known>> {
    let work = move || {
        let body = version.representation.identity()?;
        Some(delta::known(&body, &version.marks.unpack().entries))
    };
    let known = tokio::task::spawn_blocking(work).await.ok().flatten();
    Arc::new(known.unwrap_or_default())
}
