//! The connection to the engine: one task dials, so that no caller ever waits for a dial, and forwards what other
//! instances say.

use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use redis::aio::{AsyncPushSender, MultiplexedConnection, SendError};
use redis::{AsyncConnectionConfig, Client, FromRedisValue, IntoConnectionInfo, ProtocolVersion};
use redis::{PushInfo, PushKind, RedisResult};
use tokio::sync::{Notify, broadcast, watch};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::store::{Change, Error, Space};

/// Where instances tell each other what they wrote.
pub(super) const CHANNEL: &str = "limpid:1:changes";
/// Changes that wait for a slow listener; beyond, it is told that some were lost.
const WAITING: usize = 1024;
/// Requests on their way at once.
const CONCURRENT: usize = 256;
/// An engine that was lost is expected back within so many times what it may take for one answer.
const EXPECTED: u32 = 5;
/// Between two dials: from the first to the second, doubling.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

#[derive(Debug)]
pub(super) struct Link {
    /// This process among those that share the engine: its own words are not news to it.
    instance: String,
    connection: RwLock<(u64, Option<MultiplexedConnection>)>,
    lost: Arc<Notify>,
    presence: watch::Sender<Presence>,
    /// From the moment it is lost.
    expected: Duration,
    changes: broadcast::Sender<Change>,
    keeper: RwLock<Option<AbortHandle>>,
}

/// Whether there is a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    There,
    LostAt(Instant),
    Closed,
}

impl Link {
    /// Returns after the first dial, whether it went well or not.
    pub(super) async fn open(url: &str, timeout: Duration) -> Result<Arc<Self>, Error> {
        let address = url.into_connection_info().map_err(|_| Error::Address)?;
        let settings = address
            .redis_settings()
            .clone()
            .set_protocol(ProtocolVersion::RESP3);
        let client = Client::open(address.set_redis_settings(settings)).map_err(|_| Error::Address)?;
        let link = Arc::new(Self {
            instance: random()?,
            connection: RwLock::default(),
            lost: Arc::default(),
            presence: watch::Sender::new(Presence::LostAt(Instant::now())),
            expected: timeout * EXPECTED,
            changes: broadcast::channel(WAITING).0,
            keeper: RwLock::default(),
        });
        let (tried, mut first) = watch::channel(false);
        let keeper = tokio::spawn(keep(Arc::downgrade(&link), client, timeout, tried));
        *link.keeper.write().unwrap_or_else(PoisonError::into_inner) = Some(keeper.abort_handle());
        first.wait_for(|tried| *tried).await.ok();
        Ok(link)
    }

    /// The connection and which one it is.
    pub(super) fn connection(&self) -> Option<(u64, MultiplexedConnection)> {
        let current = self.connection.read().unwrap_or_else(PoisonError::into_inner);
        Some((current.0, current.1.clone()?))
    }

    /// Gives this connection up and has another one dialled.
    pub(super) fn lose(&self, generation: u64) {
        let mut current = self.connection.write().unwrap_or_else(PoisonError::into_inner);
        if current.0 == generation && current.1.take().is_some() {
            self.presence.send_replace(Presence::LostAt(Instant::now()));
            self.lost.notify_one();
        }
    }

    /// Waits until an engine that was lost a moment ago is there again, at most until `end`. False: it is not, and
    /// one that has been away for long is not waited for.
    pub(super) async fn returns(&self, end: Instant) -> bool {
        // One that takes connections and answers none would be tried for ever.
        if Instant::now() >= end {
            return false;
        }
        let mut presence = self.presence.subscribe();
        let end = match *presence.borrow() {
            Presence::There => return true,
            Presence::Closed => return false,
            Presence::LostAt(moment) => end.min(moment + self.expected),
        };
        let changed = presence.wait_for(|presence| !matches!(presence, Presence::LostAt(_)));
        let changed = tokio::time::timeout_at(end, changed).await;
        matches!(changed, Ok(Ok(presence)) if *presence == Presence::There)
    }

    pub(super) fn close(&self) {
        if let Some(keeper) = self.keeper.write().unwrap_or_else(PoisonError::into_inner).take() {
            keeper.abort();
        }
        self.connection.write().unwrap_or_else(PoisonError::into_inner).1 = None;
        self.presence.send_replace(Presence::Closed);
    }

    pub(super) fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// What is published about a write: who, space, key.
    pub(super) fn word(&self, space: Space, key: &str) -> String {
        format!("{} {} {key}", self.instance, space.name())
    }

    /// A word that no other holder of a lease has.
    pub(super) fn token(&self) -> Result<String, Error> {
        Ok(format!("{}-{}", self.instance, random()?))
    }

    fn set(&self, connection: MultiplexedConnection) {
        let mut current = self.connection.write().unwrap_or_else(PoisonError::into_inner);
        *current = (current.0 + 1, Some(connection));
        self.presence.send_replace(Presence::There);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.close();
    }
}

/// Dials, waits until the connection is lost, and dials again, until nobody needs it any more.
async fn keep(link: Weak<Link>, client: Client, timeout: Duration, tried: watch::Sender<bool>) {
    let mut pause = PAUSE.0;
    let mut away = false;
    loop {
        let Some((lost, listener)) = link
            .upgrade()
            .map(|link| (Arc::clone(&link.lost), listener(&link)))
        else {
            return;
        };
        let dialled = dial(&client, timeout, listener).await;
        let Some(alive) = link.upgrade() else { return };
        match dialled {
            Ok(connection) => {
                alive.set(connection);
                if std::mem::take(&mut away) {
                    alive.changes.send(Change::Unknown).ok();
                    tracing::info!("the store's engine answers again");
                }
                drop(alive);
                tried.send_replace(true);
                pause = PAUSE.0;
                lost.notified().await;
            }
            Err(error) => {
                drop(alive);
                tried.send_replace(true);
                tracing::debug!(kind = ?error.kind(), "the store's engine was not reached");
            }
        }
        if !std::mem::replace(&mut away, true) {
            tracing::warn!("the store's engine does not answer; serving from memory until it does");
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE.1);
    }
}

async fn dial(
    client: &Client,
    timeout: Duration,
    listener: impl AsyncPushSender,
) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(timeout))
        .set_response_timeout(Some(timeout))
        .set_concurrency_limit(CONCURRENT)
        .set_push_sender(listener);
    let mut connection = client
        .get_multiplexed_async_connection_with_config(&config)
        .await?;
    connection.subscribe(CHANNEL).await?;
    Ok(connection)
}

/// Hears what the engine says unasked. It must not wait, and must not keep the link alive.
fn listener(link: &Arc<Link>) -> impl AsyncPushSender + use<> {
    let (generation, link) = (
        link.connection.read().unwrap_or_else(PoisonError::into_inner).0 + 1,
        Arc::downgrade(link),
    );
    move |push: PushInfo| {
        let link = link.upgrade().ok_or(SendError)?;
        match push.kind {
            PushKind::Disconnection => link.lose(generation),
            PushKind::Message => {
                let text = push
                    .data
                    .into_iter()
                    .nth(1)
                    .and_then(|text| String::from_redis_value(text).ok());
                if let Some(change) = text.and_then(|text| parse(&text, &link.instance)) {
                    link.changes.send(change).ok();
                }
            }
            _ => {}
        }
        Ok::<(), SendError>(())
    }
}

/// `None` for our own words and for ones we do not understand.
fn parse(text: &str, own: &str) -> Option<Change> {
    let (instance, change) = text.split_once(' ')?;
    let (space, key) = change.split_once(' ')?;
    let space = Space::from_name(space)?;
    (instance != own).then(|| Change::Record(space, key.to_owned()))
}

fn random() -> Result<String, Error> {
    let number = getrandom::u64().map_err(|_| Error::Io(std::io::ErrorKind::Other))?;
    Ok(format!("{number:016x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_others_are_changes_and_our_own_are_not() {
        let change = Change::Record(Space::Feed, "https://a.example/with a space".to_owned());
        assert_eq!(
            parse("other feed https://a.example/with a space", "me"),
            Some(change)
        );
        assert_eq!(parse("me feed key", "me"), None);
        assert_eq!(parse("other unheard-of key", "me"), None);
        assert_eq!(parse("", "me"), None);
    }
}
