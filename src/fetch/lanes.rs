//! How many requests run at once: a few to one host, and a bounded number in all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Hosts remembered before those nobody asks any more are forgotten.
const SWEEP_AT: usize = 256;

/// The limits on requests at once.
#[derive(Debug)]
pub(super) struct Lanes {
    total: Arc<Semaphore>,
    per_host: usize,
    hosts: Mutex<Hosts>,
}

#[derive(Debug)]
struct Hosts {
    lanes: HashMap<String, Weak<Semaphore>>,
    sweep_at: usize,
}

/// Leave to make one request; ends when dropped.
#[derive(Debug)]
pub(super) struct Leave {
    _host: OwnedSemaphorePermit,
    _total: OwnedSemaphorePermit,
    /// Keeps the host's lane known to others while this request runs.
    _lane: Arc<Semaphore>,
}

impl Lanes {
    pub(super) fn new(per_host: usize, total: usize) -> Self {
        Self {
            total: Arc::new(Semaphore::new(total.max(1))),
            per_host: per_host.max(1),
            hosts: Mutex::new(Hosts {
                lanes: HashMap::new(),
                sweep_at: SWEEP_AT,
            }),
        }
    }

    /// Waits for its turn. The host comes first: whoever waits for a slow host holds nothing that others need.
    pub(super) async fn enter(&self, host: &str) -> Option<Leave> {
        let lane = self.lane(host);
        let host = Arc::clone(&lane).acquire_owned().await.ok()?;
        let total = Arc::clone(&self.total).acquire_owned().await.ok()?;
        Some(Leave {
            _host: host,
            _total: total,
            _lane: lane,
        })
    }

    fn lane(&self, host: &str) -> Arc<Semaphore> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = hosts.lanes.get(host).and_then(Weak::upgrade) {
            return lane;
        }
        if hosts.lanes.len() >= hosts.sweep_at {
            hosts.lanes.retain(|_, lane| lane.strong_count() > 0);
            hosts.sweep_at = SWEEP_AT.max(hosts.lanes.len() * 2);
        }
        let lane = Arc::new(Semaphore::new(self.per_host));
        hosts.lanes.insert(host.to_owned(), Arc::downgrade(&lane));
        lane
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    fn now<F: Future>(future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        }
    }

    #[test]
    fn a_host_has_its_own_limit_and_all_share_one() {
        let lanes = Lanes::new(1, 2);
        let first = now(lanes.enter("a.example")).expect("first");
        assert!(now(lanes.enter("a.example")).is_none());
        let _other = now(lanes.enter("b.example")).expect("other host");
        assert!(now(lanes.enter("c.example")).is_none());
        drop(first);
        assert!(now(lanes.enter("a.example")).is_some());
    }

    #[test]
    fn hosts_that_nobody_asks_are_forgotten() {
        let lanes = Lanes::new(1, 2);
        for n in 0..SWEEP_AT * 10 {
            now(lanes.enter(&format!("{n}.example"))).expect("free");
        }
        assert!(lanes.hosts.lock().expect("hosts").lanes.len() <= SWEEP_AT);
    }
}
