//! How many bytes of bodies are read at once: many large answers wait for each other instead of filling memory.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of one permit.
const UNIT: usize = 1024;

/// The bytes that all bodies being read may take together.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    free: Arc<Semaphore>,
}

/// What one body takes of it; given back when dropped. Held by whoever still works on the body.
#[derive(Debug)]
pub struct Share {
    free: Arc<Semaphore>,
    taken: Option<OwnedSemaphorePermit>,
}

impl Budget {
    /// A budget of `bytes`, but enough for one body of `largest`: alone, any body that is allowed gets through.
    pub(super) fn new(bytes: usize, largest: usize) -> Self {
        let units = bytes.max(largest).div_ceil(UNIT) + 1;
        Self {
            free: Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS))),
        }
    }

    /// A share that is still empty.
    pub(super) fn share(&self) -> Share {
        Share {
            free: Arc::clone(&self.free),
            taken: None,
        }
    }
}

impl Share {
    /// Waits until `bytes` are covered.
    pub(super) async fn cover(&mut self, bytes: usize) {
        let held = self.taken.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = bytes.div_ceil(UNIT).saturating_sub(held);
        let Ok(missing @ 1..) = u32::try_from(missing) else {
            return;
        };
        // The semaphore is never closed.
        if let Ok(more) = Arc::clone(&self.free).acquire_many_owned(missing).await {
            match &mut self.taken {
                Some(taken) => taken.merge(more),
                none => *none = Some(more),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    fn covers(share: &mut Share, bytes: usize) -> bool {
        let mut covering = pin!(share.cover(bytes));
        let polled = covering.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        matches!(polled, Poll::Ready(()))
    }

    #[test]
    fn bodies_share_a_budget_and_give_back_what_they_took() {
        let budget = Budget::new(9 * UNIT, UNIT);
        let (mut first, mut second) = (budget.share(), budget.share());
        assert!(covers(&mut first, 4 * UNIT) && covers(&mut first, 6 * UNIT));
        assert!(covers(&mut second, 4 * UNIT) && !covers(&mut second, 5 * UNIT));
        drop(first);
        assert!(covers(&mut second, 10 * UNIT));
    }

    #[test]
    fn one_body_that_is_allowed_always_fits() {
        let budget = Budget::new(0, 5 * UNIT);
        assert!(covers(&mut budget.share(), 5 * UNIT));
    }
}
