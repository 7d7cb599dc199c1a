//! What is noted of refreshes, and read off when somebody asks how the service does.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::{App, NamedBy};
use crate::cache::How;
use crate::cache::stored::{Failure, Removed, StoredResponse};
use crate::clock::Millis;
use crate::endpoint::{Endpoint, Origin};
use crate::explain::{Explanation, explain};
use crate::refresh::is_another;
use crate::refresh::original::{Original, Packed};
use crate::telemetry::history::{Outcome, Past, Refresh};
use crate::telemetry::metrics::FeedFigures;

impl App {
    /// Counts what a refresh brought.
    pub(super) fn observe(
        &self,
        endpoint: &Endpoint,
        by: NamedBy,
        prior: Option<&StoredResponse>,
        refreshed: &Result<StoredResponse, Failure>,
        took: Duration,
    ) {
        // Feeds that are not in the settings have no page.
        let is_ours = by == NamedBy::Owner && self.endpoint(&endpoint.name).is_some();
        if let Some(prior) = prior.filter(|_| is_ours) {
            self.remember(&endpoint.name, prior);
        }
        let version = refreshed.as_ref().ok().map(|stored| &stored.version);
        let is_new =
            version.is_some_and(|version| prior.is_none_or(|prior| !Arc::ptr_eq(&prior.version, version)));
        if let Some(version) = version.filter(|_| is_new) {
            for &Removed { reason, count } in &version.removed {
                self.telemetry.metrics.removed(reason.name(), count);
                if is_ours {
                    self.telemetry
                        .history
                        .removed(&endpoint.name, reason.name(), count);
                }
            }
        }
        if !is_ours {
            return;
        }
        let same_bytes = version
            .zip(prior)
            .is_some_and(|(version, prior)| version.representation.hash == prior.version.representation.hash);
        let outcome = match refreshed {
            Err(failure) => Outcome::Failed(Arc::clone(&failure.sentence)),
            Ok(_) if is_new && !same_bytes => Outcome::New,
            Ok(_) => Outcome::Same,
        };
        self.telemetry.history.note(
            &endpoint.name,
            Refresh {
                at: self.clock.millis(),
                took: u32::try_from(took.as_millis()).unwrap_or(u32::MAX),
                bytes: version.map_or(0, |version| version.representation.length as u64),
                outcome,
            },
        );
    }

    /// Tells the owner when nothing is left of what a feed was: somebody else may have got its address.
    pub(super) async fn watch(
        &self,
        endpoint: &Endpoint,
        by: NamedBy,
        prior: &StoredResponse,
        stored: &StoredResponse,
    ) {
        let (before, after) = (Arc::clone(&prior.version), Arc::clone(&stored.version));
        let is_ours = by == NamedBy::Owner && self.endpoint(&endpoint.name).is_some();
        if !is_ours || Arc::ptr_eq(&before, &after) {
            return;
        }
        // Reading two documents is work; it is seldom done.
        let compared = tokio::task::spawn_blocking(move || is_another(&before, &after));
        if compared.await.unwrap_or(false)
            && self
                .telemetry
                .history
                .swapped(&endpoint.name, self.clock.millis())
        {
            tracing::warn!(feed = %endpoint.name, "all entries and the title changed at once: is it still the same feed?");
        }
    }

    /// Notes what a stored copy tells of the time before this process.
    fn remember(&self, name: &str, stored: &StoredResponse) {
        let failing = stored.failing.as_ref();
        let past = Past {
            last_success: Some(stored.freshness.stored_at),
            failures: failing.map_or(0, |failing| failing.count),
            failing_since: failing.map(|failing| failing.since),
            last_change: Some(stored.version.representation.last_modified),
            removed: stored
                .version
                .removed
                .iter()
                .map(|removed| (removed.reason.name(), removed.count))
                .collect(),
            ..Past::default()
        };
        let sentence = failing.map(|failing| Arc::clone(&failing.last.sentence));
        self.telemetry.history.remember(name, past, sentence);
    }

    /// The settings were read again, with this fault or none.
    pub fn reloaded(&self, fault: Option<&str>) {
        self.telemetry.metrics.reloaded(fault.is_none());
        self.telemetry.history.reloaded(fault, self.clock.millis());
    }

    /// A reader's look into the cache.
    pub fn looked(&self, how: How) {
        let result = match how {
            How::Hit => "hit",
            How::Stale { .. } => "stale",
            How::StaleIfError => "stale-if-error",
            How::Refreshed { absent: true, .. } => "miss",
            How::Refreshed { absent: false, .. } => "refreshed",
        };
        self.telemetry.metrics.looked("feed", result);
    }

    /// What is known of the past of a configured feed; what the store tells, if this process knows nothing yet.
    pub async fn past(&self, name: &str) -> Past {
        if !self.telemetry.history.knows(name)
            && let Some(stored) = self.cache.held(name).await
        {
            self.remember(name, &stored);
        }
        self.telemetry.history.of(name)
    }

    /// All metrics as text.
    pub async fn metrics(&self) -> String {
        let now = self.clock.millis();
        let mut names: Vec<String> = self.in_force().endpoints.keys().cloned().collect();
        names.sort_unstable();
        let mut feeds = Vec::with_capacity(names.len());
        for name in names {
            let past = self.past(&name).await;
            feeds.push(FeedFigures {
                last_success: past.last_success.map(seconds),
                failures: past.failures.into(),
                readers: self.telemetry.readers.of(&name, now),
                name,
            });
        }
        let caches = [
            ("feed", self.cache.size().0),
            ("image", self.images.held_bytes().await),
        ];
        self.telemetry.metrics.text(&feeds, &caches)
    }
}

/// Seconds since 1970, exact to the millisecond.
fn seconds(at: Millis) -> f64 {
    Duration::from_millis(at).as_secs_f64()
}

impl App {
    /// Fetches and cleans the feed at `url` once, and tells each step. Nothing is kept.
    pub async fn explain(&self, url: &Url) -> Explanation {
        let origin = Origin::Http(url.clone());
        let in_force = self.in_force();
        let fetcher = &in_force.tools(NamedBy::Owner).fetcher;
        explain(fetcher, &origin, &in_force.template.transform).await
    }

    /// What the origin of `endpoint` last gave, if it is still in memory. The demo and files are read anew.
    pub async fn original(&self, endpoint: &Endpoint) -> Option<Original> {
        if let Some(original) = self.wiring.originals.of(&endpoint.name).await {
            return Some(original);
        }
        match endpoint.origins.as_slice() {
            [origin @ (Origin::File(_) | Origin::Demo)] => self.given(origin, endpoint).await,
            _ => None,
        }
    }

    /// Asks the first origin of `endpoint` in full, so that its source is in memory; false: it gave none.
    pub async fn fetch_original(&self, endpoint: &Endpoint) -> bool {
        let Some(origin) = endpoint.origins.first() else {
            return false;
        };
        let Some(original) = self.given(origin, endpoint).await else {
            return false;
        };
        let packing = tokio::task::spawn_blocking(move || Packed::new(&original.source()));
        match packing.await {
            Ok(Some(packed)) => {
                self.wiring.originals.keep(&endpoint.name, packed).await;
                true
            }
            _ => false,
        }
    }

    async fn given(&self, origin: &Origin, endpoint: &Endpoint) -> Option<Original> {
        let in_force = self.in_force();
        let fetcher = &in_force.tools(NamedBy::Owner).fetcher;
        let told = explain(fetcher, origin, &endpoint.transform).await;
        told.original
    }
}
