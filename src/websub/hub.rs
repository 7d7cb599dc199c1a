//! Our side as a hub: who subscribes to our feeds, once its own address has said that it means it.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use super::request::Asked;
use super::{MAX_ANSWER, WebSub, unguessable};
use crate::cache::freshness::millis;
use crate::cache::representation::hash;
use crate::clock::Millis;
use crate::message::Format;
use crate::store::Space;

const MINUTE: Millis = 60_000;

/// Why nobody's address is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The request is wrong; says what.
    Malformed(&'static str),
    /// There is no such feed.
    Unknown,
    /// There are as many subscriptions as there may be.
    Full,
    /// There are too many requests just now.
    Busy,
}

/// A subscription to one of our feeds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Subscriber {
    pub(super) topic: String,
    /// `rss`, `atom`, `json`; none: the feed's own.
    pub(super) format: Option<String>,
    pub(super) callback: String,
    pub(super) secret: Option<String>,
    pub(super) lease_until: Millis,
    /// How often in a row it said that it is gone.
    pub(super) gone: u32,
}

impl Subscriber {
    pub(super) fn callback(&self) -> Option<Url> {
        Url::parse(&self.callback).ok()
    }

    pub(super) fn format(&self) -> Option<Format> {
        self.format.as_deref().and_then(Format::from_extension)
    }
}

impl WebSub {
    /// Takes a request for one of our feeds, and asks the callback behind whether it means it (§5.3).
    ///
    /// # Errors
    /// Why it is not taken.
    pub async fn asked(self: &Arc<Self>, asked: Asked) -> Result<(), Refused> {
        if !self.counts_in() {
            return Err(Refused::Busy);
        }
        let key = key(&asked);
        if asked.subscribe && !self.has_room(&asked.feed, &key).await {
            return Err(Refused::Full);
        }
        let websub = Arc::clone(self);
        tokio::spawn(async move { websub.settle(key, asked).await });
        Ok(())
    }

    /// False: so many requests were taken in this minute already.
    fn counts_in(&self) -> bool {
        let minute = self.clock.millis() / MINUTE;
        let mut state = self.state();
        if state.requests.0 != minute {
            state.requests = (minute, 0);
        }
        state.requests.1 = state.requests.1.saturating_add(1);
        state.requests.1 <= self.options.requests
    }

    /// True when one more subscription may be kept, or this one is kept already. What has lapsed goes.
    async fn has_room(&self, feed: &str, key: &str) -> bool {
        let all = self.subscribers("by ").await;
        let of_feed = prefix(feed);
        let others = all.iter().filter(|(other, _)| other != key);
        let in_feed = others
            .clone()
            .filter(|(other, _)| other.starts_with(&of_feed))
            .count();
        others.count() < self.options.subscribers && in_feed < self.options.per_feed
    }

    async fn settle(&self, key: String, asked: Asked) {
        let lease = self.granted(asked.lease);
        if !self.means_it(&asked, lease).await {
            tracing::debug!(feed = asked.feed, "a subscription was not confirmed");
            return;
        }
        if !asked.subscribe {
            return self.forget(&key).await;
        }
        let subscriber = Subscriber {
            topic: asked.topic,
            format: asked.format.and_then(Format::extension).map(str::to_owned),
            callback: asked.callback.into(),
            secret: asked.secret,
            lease_until: self.clock.millis().saturating_add(millis(lease)),
            gone: 0,
        };
        // Others may have come while this one was asked.
        if self.has_room(&asked.feed, &key).await && self.write(&key, &subscriber).await {
            tracing::debug!(feed = asked.feed, "a reader is told of changes from now on");
        }
    }

    /// No longer than the owner grants, and no shorter than is worth the trouble.
    fn granted(&self, seconds: Option<u64>) -> Duration {
        let most = self.options.lease;
        let wanted = seconds.map_or(most, Duration::from_secs);
        wanted.max(Duration::from_mins(5)).min(most)
    }

    /// Whether the callback repeats what nobody else knows.
    async fn means_it(&self, asked: &Asked, lease: Duration) -> bool {
        let Some(challenge) = unguessable() else {
            return false;
        };
        let mut url = asked.callback.clone();
        let mode = if asked.subscribe {
            "subscribe"
        } else {
            "unsubscribe"
        };
        url.query_pairs_mut()
            .append_pair("hub.mode", mode)
            .append_pair("hub.topic", &asked.topic)
            .append_pair("hub.challenge", &challenge)
            .append_pair("hub.lease_seconds", &lease.as_secs().to_string());
        let _turn = self.turns.acquire().await;
        let said = self.fetcher.text(&url, MAX_ANSWER).await;
        said.is_ok_and(|said| said.status.is_success() && *said.body == *challenge.as_bytes())
    }

    /// Subscriptions whose keys begin like this; what has lapsed is forgotten.
    pub(super) async fn subscribers(&self, prefix: &str) -> Vec<(String, Subscriber)> {
        let heads = self.store.heads(Space::WebSub).await.unwrap_or_default();
        let now = self.clock.millis();
        let mut alive = Vec::new();
        for (key, head) in heads {
            if !key.starts_with(prefix) {
                continue;
            }
            match serde_json::from_slice::<Subscriber>(&head) {
                Ok(subscriber) if now < subscriber.lease_until => alive.push((key, subscriber)),
                _ => self.forget(&key).await,
            }
        }
        alive
    }
}

/// How the keys of the subscriptions to `feed` begin.
pub(super) fn prefix(feed: &str) -> String {
    format!("by {feed} ")
}

/// One for each pair of feed and callback: who asks again renews.
fn key(asked: &Asked) -> String {
    let pair = hash(format!("{}\n{}", asked.topic, asked.callback).as_bytes());
    format!("{}{:032x}", prefix(&asked.feed), u128::from_be_bytes(pair))
}
