//! One refresh, from the copy held to the copy kept.

use std::future::Future;
use std::sync::Arc;

use tracing::{Instrument as _, trace_span};

use super::freshness::{self, Policy, State};
use super::shared::Turn;
use super::shelf::Copy;
use super::stored::{Class, Failing, Failure, StoredResponse};
use super::{Cache, Landed};
use crate::telemetry;

impl Cache {
    /// One refresh, from the copy held to the copy kept. Alone under its key, here and, as long as they
    /// can agree, among all instances.
    pub(super) async fn run<F, R>(
        self: &Arc<Self>,
        key: &Arc<str>,
        policy: &Policy,
        forced: bool,
        refresh: F,
    ) -> Landed
    where
        F: FnOnce(Option<Arc<StoredResponse>>) -> R + Send + 'static,
        R: Future<Output = Result<StoredResponse, Failure>> + Send + 'static,
    {
        let prior = self.copy(key).await;
        // Another refresh may have landed between its asker's look and this flight.
        if let Some(prior) = &prior
            && !forced
            && prior.response.freshness.state(self.clock.millis()) == State::Fresh
        {
            return Ok(Arc::clone(&prior.response));
        }
        let turn = match self.turn(key, prior).await {
            Turn::Ours(turn) => turn,
            Turn::Landed(landed) => return landed,
        };
        let before = turn.prior.as_ref();
        let response = before.map(|prior| Arc::clone(&prior.response));
        let landed = match self.bounded(refresh(response)).await {
            Ok(response) => {
                if before.is_some_and(|prior| prior.response.failing.is_some()) {
                    tracing::info!(feed = %telemetry::feed(key), "the feed can be refreshed again");
                }
                let copy = Copy {
                    response: Arc::new(response),
                    fence: turn.fence(),
                };
                let kept = self.keep(key, copy, before).instrument(trace_span!("keep")).await;
                self.negative.invalidate(key);
                Ok(kept.response)
            }
            Err(failure) => Err(self.note(key, policy, before, turn.fence(), failure).await),
        };
        turn.over().await;
        landed
    }

    /// Runs a refresh as a task of its own, so that neither a crash nor a standstill holds its key.
    pub(super) async fn bounded<R>(&self, refresh: R) -> Result<StoredResponse, Failure>
    where
        R: Future<Output = Result<StoredResponse, Failure>> + Send + 'static,
    {
        let mut task = tokio::spawn(refresh.in_current_span());
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
    pub(super) async fn note(
        self: &Arc<Self>,
        key: &Arc<str>,
        policy: &Policy,
        prior: Option<&Copy>,
        fence: u64,
        failure: Failure,
    ) -> Arc<Failing> {
        let now = self.clock.millis();
        if let Some(prior) = prior {
            let old = &prior.response;
            let mut failing = Failing::next(old.failing.as_ref(), failure, now);
            tell(key, old.failing.as_ref(), &failing);
            let wait = if failing.is_gone() {
                policy.max
            } else {
                freshness::backoff(failing.count, failing.last.retry_after, key).min(policy.max)
            };
            failing.retry_at = now.saturating_add(freshness::millis(wait));
            let response = Arc::new(StoredResponse {
                failing: Some(failing.clone()),
                ..StoredResponse::clone(old)
            });
            self.keep(key, Copy { response, fence }, Some(prior)).await;
            return Arc::new(failing);
        }
        let before = self.negative.get(key);
        let mut failing = Failing::next(before.as_deref(), failure, now);
        tell(key, before.as_deref(), &failing);
        let wait = freshness::negative(failing.count, failing.last.retry_after, key);
        failing.retry_at = now.saturating_add(freshness::millis(wait));
        let failing = Arc::new(failing);
        self.negative.insert(Arc::clone(key), Arc::clone(&failing));
        failing
    }
}

/// Says what is new about a failure: not each of a row of failures.
fn tell(key: &str, before: Option<&Failing>, failing: &Failing) {
    let feed = telemetry::feed(key);
    let error = &failing.last.sentence;
    if failing.is_gone() && !before.is_some_and(Failing::is_gone) {
        tracing::warn!(%feed, "the feed has been gone for days: remove it from the settings, or find its new address");
    } else if before.is_none_or(|before| before.last.sentence != *error) {
        tracing::warn!(%feed, %error, "a refresh failed");
    } else {
        tracing::debug!(%feed, %error, failures = failing.count, "a refresh failed again");
    }
}

pub(super) fn defect() -> Failure {
    Failure::new(Class::Defect, "the refresh of this feed failed inside the proxy")
}
