//! WebSub (W3C recommendation, 23 January 2018): learning of changes from the hubs that feeds name, and being a hub
//! for our own.
//!
//! What hubs send is never used: a push brings the next refresh forward, and the refresh asks the origin. So a
//! forged or replayed push changes nothing but that time. Everything said here goes through a fetcher of its own,
//! which dials no private address unless the owner names it.

mod subscriber;
mod subscription;
mod hub;
mod request;
mod deliver;
mod signature;
mod links;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use url::Url;

use crate::clock::{Clock, Millis};
use crate::fetch::Fetcher;
use crate::fetch::guard::Allow;
use crate::store::{Record, Space, Store};

pub use deliver::{Content, Listener};
pub use hub::Refused;
pub use links::{Named, named};
pub use request::Asked;
pub use subscriber::{Push, When};

/// How WebSub is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether it is done at all.
    pub enabled: bool,
    /// Asked of hubs, and granted to subscribers at most.
    pub lease: Duration,
    /// A push brings the refresh of a feed forward at most so often.
    pub min_interval: Duration,
    /// While a hub tells of changes, its feed is asked no sooner on our own.
    pub poll: Duration,
    /// Bytes of a push that are read to verify it.
    pub max_push: usize,
    /// Subscriptions to all of our feeds.
    pub subscribers: usize,
    /// Subscriptions to one of our feeds.
    pub per_feed: usize,
    /// Requests for a subscription that are looked into in one minute.
    pub requests: u32,
    /// Requests to hubs and subscribers at once.
    pub at_once: usize,
    /// How often a delivery that failed is tried again.
    pub retries: u32,
    /// The wait before it is tried again first; each further one is four times as long.
    pub retry_wait: Duration,
    /// Addresses of hubs and subscribers that may be dialled though they are not public.
    pub allow_private: Allow,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            enabled: false,
            lease: Duration::from_hours(10 * 24),
            min_interval: Duration::from_mins(1),
            poll: Duration::from_hours(6),
            max_push: 4 << 20,
            subscribers: 1_000,
            per_feed: 200,
            requests: 60,
            at_once: 8,
            retries: 3,
            retry_wait: Duration::from_mins(1),
            allow_private: Allow::default(),
        }
    }
}

/// Both sides of WebSub.
#[derive(Debug)]
pub struct WebSub {
    options: Options,
    /// Our public address, without a trailing slash.
    public_url: String,
    fetcher: Fetcher,
    store: Store,
    clock: Clock,
    turns: Arc<Semaphore>,
    state: Mutex<State>,
}

/// What is forgotten at the end of the process.
#[derive(Debug, Default)]
struct State {
    /// When a push may bring a feed's refresh forward again.
    pushes: HashMap<String, Millis>,
    /// Counts what was announced of each feed: an older delivery gives way to a newer one.
    announced: HashMap<String, u64>,
    /// The minute in which requests are counted, and their number.
    requests: (Millis, u32),
}

impl WebSub {
    /// Keeps its subscriptions in `store`, and says everything through `fetcher`.
    #[must_use]
    pub fn new(options: Options, public_url: &str, fetcher: Fetcher, store: Store, clock: Clock) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(options.at_once.max(1))),
            options,
            public_url: public_url.trim_end_matches('/').to_owned(),
            fetcher,
            store,
            clock,
            state: Mutex::default(),
        }
    }

    /// The address of the hub of the server at `public_url`.
    #[must_use]
    pub fn hub_at(public_url: &str) -> Option<Url> {
        Url::parse(&format!("{}/websub", public_url.trim_end_matches('/'))).ok()
    }

    /// Bytes of a push that are read.
    #[must_use]
    pub fn max_push(&self) -> usize {
        self.options.max_push
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        let record = self.store.get(Space::WebSub, key).await.ok()??;
        serde_json::from_slice(&record.head).ok()
    }

    /// False: the store does not take it, or another instance is at it.
    async fn write<T: Serialize>(&self, key: &str, value: &T) -> bool {
        const TIME: Duration = Duration::from_secs(5);
        let Ok(head) = serde_json::to_vec(value) else {
            return false;
        };
        let Ok(Some(lease)) = self.store.lease(Space::WebSub, key, TIME).await else {
            return false;
        };
        let record = Record {
            head: Bytes::from(head),
            body: Bytes::new(),
            fence: lease.fence,
        };
        let written = self.store.put(Space::WebSub, key, record).await;
        lease.release().await;
        written.unwrap_or(false)
    }

    async fn forget(&self, key: &str) {
        let _may_be_gone = self.store.delete(Space::WebSub, key).await;
    }
}

/// A word nobody guesses: 128 random bits.
fn unguessable() -> Option<String> {
    use base64::Engine as _;
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
}

/// `application/x-www-form-urlencoded`.
const FORM: &str = "application/x-www-form-urlencoded";
/// Bytes of an answer of a hub or subscriber that are read.
const MAX_ANSWER: usize = 4 << 10;
