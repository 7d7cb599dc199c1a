//! The bytes of an answer: held, or made once when somebody asks for them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use moka::ops::compute::Op;
use moka::sync::Cache as Memory;
use tokio::sync::Semaphore;

use super::{App, Served};
use crate::cache::coalesce::{Flight, Flights};
use crate::cache::place::settled;
use crate::cache::representation::Coding;
use crate::leisure;

/// Identity bytes that nobody asks for are let go.
const IDLE: Duration = Duration::from_mins(5);

/// Bytes made for readers.
#[derive(Debug)]
pub(super) struct Bodies {
    /// What was lately asked for without a coding, by the version's hash: three times as large as gzip.
    plain: Memory<[u8; 16], Bytes>,
    making: Flights<Option<Bytes>>,
    leisure: Semaphore,
}

impl Bodies {
    /// With room for so many identity bytes.
    pub(super) fn new(plain: u64) -> Self {
        Self {
            plain: Memory::builder()
                .max_capacity(plain)
                .time_to_idle(IDLE)
                .weigher(|_, bytes: &Bytes| u32::try_from(bytes.len()).unwrap_or(u32::MAX))
                .build(),
            making: Flights::default(),
            leisure: Semaphore::new(1),
        }
    }
}

impl App {
    /// The bytes of `served`, which is what is stored under `key` or made from it, in `coding`: held, or made
    /// now, once however many ask. `None` where they cannot be had.
    pub async fn body(self: &Arc<Self>, key: &str, served: &Served, coding: Coding) -> Option<Bytes> {
        let representation = served.representation();
        if let Some(ready) = representation.ready(coding) {
            return Some(ready.clone());
        }
        if coding == Coding::Identity
            && let Some(held) = self.bodies.plain.get(&representation.hash)
        {
            return Some(held);
        }
        Box::pin(self.making(key, served, coding, true).landed())
            .await
            .flatten()
    }

    /// Has the bytes of `served` in `coding` made for the next reader, as small as they get: nobody waits.
    pub fn prepare(self: &Arc<Self>, key: &str, served: &Served, coding: Coding) -> Flight<Option<Bytes>> {
        self.making(key, served, coding, false)
    }

    fn making(
        self: &Arc<Self>,
        key: &str,
        served: &Served,
        coding: Coding,
        awaited: bool,
    ) -> Flight<Option<Bytes>> {
        // Who waits is not made to wait for what is made at leisure.
        let name = format!(
            "{awaited} {} {}",
            served.representation().etag,
            coding.token().unwrap_or_default()
        );
        self.bodies.making.join(&name, |_| {
            let (app, key, served) = (Arc::clone(self), key.to_owned(), served.clone());
            async move {
                let made = served.clone();
                // One at a time: that work keeps a core busy, and readers have the others.
                let _turn = match awaited {
                    true => None,
                    false => app.bodies.leisure.acquire().await.ok(),
                };
                let bytes = match awaited {
                    true => {
                        let work = move || made.representation().make(coding);
                        tokio::task::spawn_blocking(work).await.ok().flatten()?
                    }
                    false => leisure::done(move || made.representation().make_best(coding)).await??,
                };
                app.weigh(&key, &served, coding, &bytes).await;
                Some(bytes)
            }
        })
    }

    /// Counts `bytes` where they are held from now on.
    async fn weigh(&self, key: &str, served: &Served, coding: Coding, bytes: &Bytes) {
        match served {
            _ if coding == Coding::Identity => {
                let hash = served.representation().hash;
                self.bodies.plain.insert(hash, settled(bytes));
            }
            Served::Version(_) => self.cache.weigh_again(key),
            Served::Conversion(key, _) => {
                let again = self.conversions.entry_by_ref(key).and_compute_with(|entry| {
                    std::future::ready(entry.map_or(Op::Nop, |entry| Op::Put(entry.into_value())))
                });
                let _as_heavy_as_it_is = again.await;
            }
        }
    }
}
