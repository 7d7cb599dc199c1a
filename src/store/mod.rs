//! What outlives a restart: keys, bytes, fences and leases behind one closed enum. Knows no feeds and no HTTP.
//!
//! A record is a small head (dates, validators, next due) and a large body (the bytes that are served). A 304
//! costs one small write: [`Store::put_head`]. Who refreshes takes a [`Lease`] first; its fence is stored with
//! the record, so that a writer who comes late cannot put an old copy over a newer one.
//!
//! No failure here may cost a reader an answer: every call returns a plain error soon, and the caller serves
//! from memory.

mod lease;
mod disk;
mod redis;
mod memory;
mod ceiling;
mod record;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::broadcast;
use tokio::time::Instant;

use self::redis::Redis;
use disk::Disk;
pub use lease::Lease;
use memory::Memory;
pub use record::Record;

/// Where records are kept.
#[derive(Clone, PartialEq, Eq)]
pub enum Place {
    /// In this process; nothing outlives it.
    Memory,
    /// In one file, `limpid.redb`, in this folder.
    Disk(PathBuf),
    /// In a Valkey or Redis engine that several instances share: `redis://[user:password@]host[:port][/db]`,
    /// or `rediss://` for TLS.
    Redis(String),
}

/// An address may hold a password, so it is not shown.
impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("Memory"),
            Self::Disk(folder) => f.debug_tuple("Disk").field(folder).finish(),
            Self::Redis(_) => f.write_str("Redis"),
        }
    }
}

/// How records are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where.
    pub place: Place,
    /// Bytes of all records on disk; above it those refreshed longest ago go.
    pub max_bytes: u64,
    /// Bytes of all records when they are kept in memory only.
    pub max_memory: u64,
    /// How many records; above it those refreshed longest ago go.
    pub max_records: usize,
    /// Bytes of one record, key and head included.
    pub max_record: usize,
    /// Bytes of the file's pages kept in memory.
    pub page_cache: usize,
    /// How long a shared engine may take for one answer.
    pub timeout: Duration,
    /// How long a shared engine keeps a record that nobody refreshes.
    pub keep: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            place: Place::Disk(PathBuf::from("data")),
            max_bytes: 4 << 30,
            max_memory: 64 << 20,
            max_records: 1_000_000,
            max_record: 64 << 20,
            page_cache: 512 << 10,
            timeout: Duration::from_secs(1),
            keep: Duration::from_hours(60 * 24),
        }
    }
}

/// What a record is about; the same key may stand in each space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Space {
    /// A republished feed.
    Feed,
    /// What is known of a picture's address.
    Image,
    /// A subscription to a hub, or to ours.
    WebSub,
}

impl Space {
    /// All spaces.
    pub const ALL: [Self; 3] = [Self::Feed, Self::Image, Self::WebSub];

    /// The name, as it stands in keys and tables: never changed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Image => "image",
            Self::WebSub => "websub",
        }
    }

    /// The space of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|space| space.name() == name)
    }
}

/// What another instance did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It wrote or deleted this record.
    Record(Space, String),
    /// Word of some changes was lost: nothing older than now may be trusted.
    Unknown,
}

/// Why the store did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The file is open in another process.
    #[error("the store {0} is in use by another process: give each instance its own store.path")]
    InUse(PathBuf),
    /// The disk is full, read-only, forbidden or failing.
    #[error("the store's disk does not take or give the data: {0}")]
    Io(std::io::ErrorKind),
    /// The file's structure is damaged; it will be set aside.
    #[error("the store's file is damaged")]
    Damaged,
    /// The record is larger than the ceiling.
    #[error("a record of {bytes} bytes is larger than the store's limit of {limit} bytes")]
    TooLarge { bytes: usize, limit: usize },
    /// The address of the engine is none.
    #[error("store.url is not the address of a Valkey or Redis engine: write redis://host:port/0")]
    Address,
    /// The engine does not answer.
    #[error("the store's engine does not answer")]
    Away,
    /// The engine answered with an error, named by its code (`OOM`, `READONLY`, `NOAUTH`).
    #[error("the store's engine refused: {0}")]
    Refused(String),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

/// The records of one instance or of several. Clones are handles on the same store.
#[derive(Clone, Debug)]
pub enum Store {
    /// In this process.
    Memory(Memory),
    /// In one file.
    Disk(Disk),
    /// In an engine that several instances share.
    Redis(Redis),
}

impl Store {
    /// Opens the store, or makes a new one. A damaged, foreign or newer file is set aside, not overwritten.
    ///
    /// # Errors
    /// When the folder cannot be used, another process holds the file, or the engine's address is none. An
    /// engine that is away is no error. The caller may go on with [`Store::memory`].
    pub async fn open(options: &Options) -> Result<Self, Error> {
        match &options.place {
            Place::Memory => Ok(Self::memory(options)),
            Place::Disk(folder) => Disk::open(folder, options).await.map(Self::Disk),
            Place::Redis(url) => Redis::open(url, options).await.map(Self::Redis),
        }
    }

    /// A store that forgets everything at the end of the process.
    #[must_use]
    pub fn memory(options: &Options) -> Self {
        Self::Memory(Memory::new(options))
    }

    /// The record at this key.
    pub async fn get(&self, space: Space, key: &str) -> Result<Option<Record>, Error> {
        match self {
            Self::Memory(memory) => Ok(memory.get(space, key)),
            Self::Disk(disk) => disk.get(space, key).await,
            Self::Redis(redis) => redis.get(space, key).await,
        }
    }

    /// Writes the record; it outlives a crash from the moment this returns. False: a newer fence is already
    /// there, and nothing was written.
    pub async fn put(&self, space: Space, key: &str, record: Record) -> Result<bool, Error> {
        match self {
            Self::Memory(memory) => memory.put(space, key, record),
            Self::Disk(disk) => disk.put(space, key, record).await,
            Self::Redis(redis) => redis.put(space, key, record).await,
        }
    }

    /// Replaces the head and keeps the body. False: there is no such record, or a newer fence is there.
    /// A crash within the next seconds may bring the former head back: that costs one more conditional request.
    pub async fn put_head(&self, space: Space, key: &str, head: Bytes, fence: u64) -> Result<bool, Error> {
        match self {
            Self::Memory(memory) => memory.put_head(space, key, head, fence),
            Self::Disk(disk) => disk.put_head(space, key, head, fence).await,
            Self::Redis(redis) => redis.put_head(space, key, head, fence).await,
        }
    }

    /// Removes the record. False: there was none.
    pub async fn delete(&self, space: Space, key: &str) -> Result<bool, Error> {
        match self {
            Self::Memory(memory) => Ok(memory.delete(space, key)),
            Self::Disk(disk) => disk.delete(space, key).await,
            Self::Redis(redis) => redis.delete(space, key).await,
        }
    }

    /// All keys and heads of a space, in no order: what a start needs to go on where the last run ended.
    pub async fn heads(&self, space: Space) -> Result<Vec<(String, Bytes)>, Error> {
        match self {
            Self::Memory(memory) => Ok(memory.heads(space)),
            Self::Disk(disk) => disk.heads(space).await,
            Self::Redis(redis) => redis.heads(space).await,
        }
    }

    /// The right to refresh this key for at most `ttl`, across all instances; `None` when another has it.
    /// Alone (memory, disk) it is always granted.
    pub async fn lease(&self, space: Space, key: &str, ttl: Duration) -> Result<Option<Lease>, Error> {
        match self {
            Self::Memory(memory) => Ok(Some(Lease::alone(memory.next_fence()))),
            Self::Disk(disk) => Ok(Some(Lease::alone(disk.next_fence()))),
            Self::Redis(redis) => Ok(redis
                .lease(space, key, ttl)
                .await?
                .map(|(fence, hold)| Lease::held(fence, hold))),
        }
    }

    /// Waits for an engine that was lost a moment ago, at most until `end`. False: it is away, and has to be done
    /// without. What is ours alone is never away.
    pub async fn returns(&self, end: Instant) -> bool {
        match self {
            Self::Memory(_) | Self::Disk(_) => true,
            Self::Redis(redis) => redis.returns(end).await,
        }
    }

    /// What all instances use under `name`: the value of whoever came first. Alone, it is `ours`.
    pub async fn agree(&self, name: &str, ours: Bytes) -> Result<Bytes, Error> {
        match self {
            Self::Memory(_) | Self::Disk(_) => Ok(ours),
            Self::Redis(redis) => redis.agree(name, ours).await,
        }
    }

    /// What other instances change; `None` where there are no others.
    #[must_use]
    pub fn changes(&self) -> Option<broadcast::Receiver<Change>> {
        match self {
            Self::Memory(_) | Self::Disk(_) => None,
            Self::Redis(redis) => Some(redis.changes()),
        }
    }

    /// Writes what is not yet on disk and lets go of the file or the connection. Later calls fail.
    pub async fn close(&self) {
        match self {
            Self::Memory(_) => {}
            Self::Disk(disk) => disk.close().await,
            Self::Redis(redis) => redis.close(),
        }
    }
}

/// Refuses what is above the ceiling of one record.
fn admit(key: &str, head: &[u8], body: &[u8], limit: usize) -> Result<(), Error> {
    let bytes = key.len().saturating_add(head.len()).saturating_add(body.len());
    if bytes > limit {
        Err(Error::TooLarge { bytes, limit })
    } else {
        Ok(())
    }
}
