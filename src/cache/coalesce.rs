//! Request collapsing: one flight per key however many ask; it outlives whoever began it.
//!
//! moka collapses only the loading of *absent* keys, and ends the load with its first asker; a
//! refresh of a stale copy needs neither.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

type Map<T> = Arc<Mutex<HashMap<Arc<str>, watch::Receiver<Option<T>>>>>;

/// The flights under way.
#[derive(Clone, Debug)]
pub struct Flights<T> {
    under_way: Map<T>,
}

/// One flight that somebody waits for, or not.
#[derive(Debug)]
pub struct Flight<T> {
    landed: watch::Receiver<Option<T>>,
    /// True when it was already under way.
    pub collapsed: bool,
}

impl<T: Clone + Send + Sync + 'static> Default for Flights<T> {
    fn default() -> Self {
        Self {
            under_way: Map::default(),
        }
    }
}

impl<T: Clone + Send + Sync + 'static> Flights<T> {
    /// Joins the flight under way for `key`, or starts `work` as a task of its own.
    pub fn join<F, W>(&self, key: &str, work: F) -> Flight<T>
    where
        F: FnOnce(Arc<str>) -> W,
        W: Future<Output = T> + Send + 'static,
    {
        let mut under_way = lock(&self.under_way);
        if let Some(landed) = under_way.get(key) {
            return Flight {
                landed: landed.clone(),
                collapsed: true,
            };
        }
        let key: Arc<str> = key.into();
        let (land, landed) = watch::channel(None);
        under_way.insert(Arc::clone(&key), landed.clone());
        drop(under_way);
        let work = work(Arc::clone(&key));
        let cleared = Cleared {
            under_way: Arc::clone(&self.under_way),
            key,
        };
        tokio::spawn(async move {
            let result = work.await;
            // Cleared before it lands: whoever comes now sees what the work left behind.
            drop(cleared);
            land.send_replace(Some(result));
        });
        Flight {
            landed,
            collapsed: false,
        }
    }

    /// How many are under way.
    #[must_use]
    pub fn count(&self) -> usize {
        lock(&self.under_way).len()
    }
}

impl<T: Clone> Flight<T> {
    /// What it brought; `None` when it crashed.
    pub async fn landed(mut self) -> Option<T> {
        let landed = self.landed.wait_for(Option::is_some).await.ok()?;
        landed.clone()
    }
}

/// Takes the key off the list however the work ends, also by a panic.
struct Cleared<T> {
    under_way: Map<T>,
    key: Arc<str>,
}

impl<T> Drop for Cleared<T> {
    fn drop(&mut self) {
        lock(&self.under_way).remove(&self.key);
    }
}

fn lock<T>(map: &Map<T>) -> MutexGuard<'_, HashMap<Arc<str>, watch::Receiver<Option<T>>>> {
    map.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::Notify;

    #[tokio::test]
    async fn however_many_ask_one_works_and_the_first_may_leave() {
        let flights = Flights::<usize>::default();
        let gate = Arc::new(Notify::new());
        let runs = Arc::new(AtomicUsize::new(0));
        let ask = || {
            let (gate, runs) = (Arc::clone(&gate), Arc::clone(&runs));
            flights.join("a", |_| async move {
                runs.fetch_add(1, Ordering::SeqCst);
                gate.notified().await;
                7
            })
        };
        let first = ask();
        assert!(!first.collapsed);
        drop(first);
        let others: Vec<_> = (0..60).map(|_| ask()).collect();
        assert!(others.iter().all(|flight| flight.collapsed));
        gate.notify_one();
        for flight in others {
            assert_eq!(flight.landed().await, Some(7));
        }
        assert_eq!(runs.load(Ordering::SeqCst), 1);
        assert_eq!(flights.count(), 0);
    }

    #[tokio::test]
    async fn a_crash_frees_the_key() {
        let flights = Flights::<usize>::default();
        let crashed = flights.join("a", |_| async { panic!("as a test wants it") });
        assert_eq!(crashed.landed().await, None);
        assert_eq!(flights.join("a", |_| async { 1 }).landed().await, Some(1));
    }
}
