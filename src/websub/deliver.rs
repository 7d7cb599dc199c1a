//! Telling our subscribers: the whole feed, signed for who gave a secret, and tried again a few times.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};

use super::hub::{Subscriber, prefix};
use super::signature::sign;
use super::{MAX_ANSWER, WebSub};
use crate::fetch::once::Post;
use crate::message::Format;

const X_HUB_SIGNATURE: HeaderName = HeaderName::from_static("x-hub-signature");
/// A subscriber that says so often in a row that it is gone is believed: some say it when they had nothing to do.
const GONE: u32 = 3;

/// A feed as it is told, in one format.
#[derive(Clone, Debug)]
pub struct Content {
    pub media_type: &'static str,
    pub body: Bytes,
}

/// Who is told, and of what.
#[derive(Clone, Debug)]
pub struct Listener {
    /// The format it subscribed to; `None`: the feed's own.
    pub format: Option<Format>,
    key: String,
    subscriber: Subscriber,
}

impl WebSub {
    /// Who subscribed to `feed`.
    pub async fn listeners(&self, feed: &str) -> Vec<Listener> {
        let all = self.subscribers(&prefix(feed)).await.into_iter();
        all.map(|(key, subscriber)| Listener {
            format: subscriber.format(),
            key,
            subscriber,
        })
        .collect()
    }

    /// `feed` has changed: what is still under way of an older version gives up. Returns the number of the news.
    pub fn announced(&self, feed: &str) -> u64 {
        let mut state = self.state();
        let number = state.announced.entry(feed.to_owned()).or_default();
        *number += 1;
        *number
    }

    /// Tells `listener` behind.
    pub fn deliver(self: &Arc<Self>, feed: &str, number: u64, listener: Listener, content: Content) {
        let (websub, feed) = (Arc::clone(self), feed.to_owned());
        tokio::spawn(async move { websub.told(&feed, number, listener, content).await });
    }

    async fn told(&self, feed: &str, number: u64, listener: Listener, content: Content) {
        let Listener { key, subscriber, .. } = listener;
        let Some(callback) = subscriber.callback() else {
            return;
        };
        for attempt in 0..=self.options.retries {
            if attempt > 0 {
                // Four times as long each time: a minute, four, sixteen.
                let wait = self
                    .options
                    .retry_wait
                    .saturating_mul(1 << (2 * (attempt - 1)).min(20));
                tokio::time::sleep(wait).await;
            }
            if self.state().announced.get(feed) != Some(&number) {
                return;
            }
            let turn = self.turns.acquire().await;
            let said = self
                .fetcher
                .post(&callback, self.post(&subscriber, &content), MAX_ANSWER)
                .await;
            drop(turn);
            match said.map(|said| said.status) {
                Ok(StatusCode::GONE) => return self.is_gone(&key, subscriber).await,
                Ok(status) if status.is_success() => {
                    if subscriber.gone > 0 {
                        let subscriber = Subscriber {
                            gone: 0,
                            ..subscriber
                        };
                        self.write(&key, &subscriber).await;
                    }
                    return;
                }
                Ok(_) | Err(_) => {}
            }
        }
        tracing::debug!(feed, "a subscriber could not be told of a change");
    }

    /// The request (§7): the links name the feed and the hub.
    fn post(&self, subscriber: &Subscriber, content: &Content) -> Post {
        let links = format!(
            "<{}/websub>; rel=\"hub\", <{}>; rel=\"self\"",
            self.public_url, subscriber.topic
        );
        let signature = subscriber
            .secret
            .as_ref()
            .and_then(|secret| sign(secret, &content.body));
        let headers = [(header::LINK, Some(links)), (X_HUB_SIGNATURE, signature)];
        let headers = headers
            .into_iter()
            .filter_map(|(name, value)| Some((name, HeaderValue::from_str(&value?).ok()?)));
        Post {
            content_type: content.media_type,
            headers: headers.collect(),
            body: content.body.clone(),
        }
    }

    async fn is_gone(&self, key: &str, subscriber: Subscriber) {
        let gone = subscriber.gone.saturating_add(1);
        if gone >= GONE {
            self.forget(key).await;
        } else {
            self.write(key, &Subscriber { gone, ..subscriber }).await;
        }
    }
}
