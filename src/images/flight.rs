//! One fetch per picture however many ask: a task of its own, which outlives who began it.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::keep::{Kept, Key};

pub(super) type Arrival = watch::Receiver<Option<Arc<Kept>>>;

/// The fetches under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Flights {
    aloft: Arc<Mutex<HashMap<Key, Arrival>>>,
}

/// Takes a flight off the list when its task ends, whatever way it ends.
struct Landing {
    flights: Flights,
    key: Key,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let mut aloft = self.flights.aloft.lock().unwrap_or_else(PoisonError::into_inner);
        aloft.remove(&self.key);
    }
}

impl Flights {
    /// Joins the fetch of `key` that is under way, or begins `fetch`.
    pub(super) fn board<F>(&self, key: Key, fetch: impl FnOnce() -> F) -> Arrival
    where
        F: Future<Output = Arc<Kept>> + Send + 'static,
    {
        let mut aloft = self.aloft.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(arrival) = aloft.get(&key) {
            return arrival.clone();
        }
        let (landed, arrival) = watch::channel(None);
        aloft.insert(key, arrival.clone());
        let landing = Landing {
            flights: self.clone(),
            key,
        };
        let fetch = fetch();
        tokio::spawn(async move {
            let kept = fetch.await;
            drop(landing);
            landed.send_replace(Some(kept));
        });
        arrival
    }
}

/// Waits for a flight to arrive; `None` when its task broke.
pub(super) async fn arrived(mut arrival: Arrival) -> Option<Arc<Kept>> {
    let landed = arrival.wait_for(Option::is_some).await.ok()?;
    landed.clone()
}
