//! Our side as a subscriber: asking hubs, letting them verify that we mean it, and taking their pushes for what they
//! are worth.

use std::time::Duration;

use http::{StatusCode, header};
use url::{Url, form_urlencoded};

use super::links::Named;
use super::signature::{Judged, judge};
use super::subscription::{Step, Subscription, step};
use super::{FORM, MAX_ANSWER, WebSub, unguessable};
use crate::cache::freshness::millis;
use crate::clock::Millis;
use crate::fetch::once::Post;
use crate::fetch::{Error, Fetcher};

/// Redirects of a hub that are followed (307 and 308 keep the request as it is).
const MAX_REDIRECTS: usize = 3;
/// Characters of a challenge.
const MAX_CHALLENGE: usize = 1024;

/// What a push came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Push {
    /// No hub was ever told of this address.
    Unknown,
    /// It proves nothing, and changes nothing.
    Ignored,
    /// The feed may have changed.
    Told,
}

/// When a feed that may have changed is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Now,
    /// So often is often enough.
    In(Duration),
    /// That is decided already.
    Already,
}

impl WebSub {
    /// Until when a hub tells of changes of `feed`.
    pub async fn lease(&self, feed: &str) -> Option<Millis> {
        let known: Subscription = self.read(&key(feed)).await?;
        (known.lease_until > self.clock.millis()).then_some(known.lease_until)
    }

    /// How long a feed that is told of is left alone.
    #[must_use]
    pub fn poll(&self) -> Duration {
        self.options.poll
    }

    /// Subscribes to what `feed` is announced as, renews that, or forgets it; or does nothing, most times.
    pub async fn tend(&self, feed: &str, named: Option<&Named>) {
        let now = self.clock.millis();
        let known: Option<Subscription> = self.read(&key(feed)).await;
        let anew = match step(known.as_ref(), named, now) {
            Step::Nothing => return,
            Step::Forget => return self.forget(&key(feed)).await,
            Step::Ask { anew } => anew,
        };
        let new = || Some(Subscription::new(named?, unguessable()?, unguessable()?));
        let Some(wanted) = known.filter(|_| !anew).or_else(new) else {
            return;
        };
        let wanted = wanted.asking(now);
        // Written first: a hub may verify before it answers.
        if self.write(&key(feed), &wanted).await {
            self.ask(feed, &wanted).await;
        }
    }

    async fn ask(&self, feed: &str, wanted: &Subscription) {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("hub.mode", "subscribe")
            .append_pair("hub.topic", &wanted.topic)
            .append_pair(
                "hub.callback",
                &format!("{}/websub/{feed}/{}", self.public_url, wanted.id),
            )
            .append_pair("hub.secret", &wanted.secret)
            .append_pair("hub.lease_seconds", &self.options.lease.as_secs().to_string())
            .finish();
        let Some(hub) = wanted.hub() else { return };
        let _turn = self.turns.acquire().await;
        match posted(&self.fetcher, hub, form).await {
            Ok(status) if status.is_success() => tracing::debug!(feed, "a hub was asked to tell of changes"),
            Ok(status) => tracing::info!(feed, status = status.as_u16(), "a hub does not tell of changes"),
            Err(error) => tracing::info!(feed, %error, "a hub could not be asked to tell of changes"),
        }
    }

    /// A hub asks whether we mean it (§5.3), or says that it refuses (§5.2): what it is answered, if it is one that
    /// we asked.
    pub async fn verify(&self, feed: &str, id: &str, query: &str) -> Option<String> {
        let said = |name: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        let known = self.known(feed, id).await?;
        let (now, topic) = (self.clock.millis(), said("hub.topic")?);
        match said("hub.mode")?.as_str() {
            "subscribe" if known.awaits(&topic, now) => {
                let challenge = said("hub.challenge").filter(|challenge| challenge.len() <= MAX_CHALLENGE)?;
                let granted = said("hub.lease_seconds").and_then(|seconds| seconds.parse().ok());
                let verified = known.verified(granted, self.options.lease, now);
                self.write(&key(feed), &verified).await.then_some(challenge)
            }
            "denied" if known.topic == topic => {
                tracing::info!(feed, "a hub refuses to tell of changes");
                self.write(&key(feed), &known.refused(now))
                    .await
                    .then(String::new)
            }
            _ => None,
        }
    }

    /// A hub tells of a change (§7).
    pub async fn push(&self, feed: &str, id: &str, signature: Option<&str>, body: &[u8]) -> Push {
        let Some(known) = self.known(feed, id).await else {
            return Push::Unknown;
        };
        if known.lease_until == 0 {
            return Push::Ignored;
        }
        match judge(&known.secret, signature, body) {
            // What the address alone proves is enough for what a push can do.
            Judged::Right | Judged::Weak => Push::Told,
            Judged::Wrong => {
                tracing::info!(feed, "a push with a wrong signature was ignored");
                Push::Ignored
            }
        }
    }

    /// When `feed` is asked for, now that it may have changed: bounded, whoever sends however many pushes.
    pub fn when(&self, feed: &str) -> When {
        let now = self.clock.millis();
        let rest = millis(self.options.min_interval);
        let mut state = self.state();
        let next = state.pushes.entry(feed.to_owned()).or_default();
        if *next <= now {
            *next = now.saturating_add(rest);
            When::Now
        } else if *next - now <= rest {
            let wait = Duration::from_millis(*next - now);
            *next = next.saturating_add(rest);
            When::In(wait)
        } else {
            When::Already
        }
    }

    /// The subscription that the address belongs to.
    async fn known(&self, feed: &str, id: &str) -> Option<Subscription> {
        let known: Subscription = self.read(&key(feed)).await?;
        // Equality of these hashes takes the same time wherever they differ.
        (blake3::hash(known.id.as_bytes()) == blake3::hash(id.as_bytes())).then_some(known)
    }
}

fn key(feed: &str) -> String {
    format!("to {feed}")
}

async fn posted(fetcher: &Fetcher, mut hub: Url, form: String) -> Result<StatusCode, Error> {
    for _ in 0..=MAX_REDIRECTS {
        let post = Post {
            content_type: FORM,
            headers: Vec::new(),
            body: form.clone().into(),
        };
        let said = fetcher.post(&hub, post, MAX_ANSWER).await?;
        if !matches!(
            said.status,
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
        ) {
            return Ok(said.status);
        }
        let there = said
            .headers
            .get(header::LOCATION)
            .and_then(|there| there.to_str().ok());
        let there = there.and_then(|there| hub.join(there).ok());
        // A secret goes out with it.
        hub = there
            .filter(|there| there.scheme() == hub.scheme() || there.scheme() == "https")
            .ok_or(Error::Redirect("the hub's lead nowhere"))?;
    }
    Err(Error::Redirect("the hub's are too many"))
}
