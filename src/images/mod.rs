//! The picture service: verify, fetch through the guard, sniff, strip, keep.

mod smaller;
mod ask;
mod prefetch;
mod disk;
mod prepare;
mod resize;
pub mod strip;
pub mod sniff;
mod source;
mod flight;
mod opened;
mod alternates;
mod keep;
mod freshness;
mod image;
mod options;

use std::fs::File;
use std::sync::Arc;
use std::time::SystemTime;

use moka::future::Cache;
use tokio::sync::Semaphore;
use url::Url;

use crate::clock::Clock;
use crate::fetch::{self, Fetcher};
use crate::transform::Picture;

use self::alternates::Alternates;
use self::ask::Given;
use self::disk::Disk;
pub use self::disk::{Record, Which};
use self::flight::Flights;
pub use self::image::{Content, Image, read_part, read_ready};
use self::keep::{Kept, Key, Place};
use self::opened::Opened;
pub use self::options::{Options, Svg};
use self::prefetch::Prefetch;
pub use self::smaller::WIDTHS;

/// Pictures being prepared at once.
const PREPARING: usize = 2;

/// Why there is no picture. The texts are for people and hold no word of the origin's.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The origin did not give it.
    #[error(transparent)]
    Fetch(#[from] fetch::Error),
    /// Not a picture by its first bytes.
    #[error("the address does not lead to a picture")]
    NotAPicture,
    /// SVG, and SVG is blocked.
    #[error("SVG pictures are blocked here")]
    SvgBlocked,
    /// Over the pixel limit.
    #[error("the picture has too many pixels")]
    TooManyPixels,
    /// Preparing it broke: a defect of ours.
    #[error("the picture could not be prepared")]
    Unprepared,
}

/// What is known of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing: nobody looked at it yet, and it was not prefetched.
    Unasked,
    /// It is kept; so many bytes.
    Kept(u64),
    /// It could not be had; says why.
    Failed(String),
}

/// The picture service. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Images {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: Arc<Options>,
    fetcher: Fetcher,
    clock: Clock,
    memory: Cache<Key, Arc<Kept>>,
    disk: Option<Arc<Disk>>,
    alternates: Alternates,
    flights: Flights,
    opened: Opened,
    preparing: Semaphore,
    resizing: Semaphore,
    prefetch: Prefetch,
}

impl Images {
    /// A service over its own fetcher (whose guard allows no private address unless the owner says so).
    #[must_use]
    pub fn new(options: Options, fetcher: Fetcher, clock: Clock) -> Self {
        let disk = Disk::open(&options);
        if let Some(disk) = &disk {
            disk.tidy();
        }
        Self {
            inner: Arc::new(Inner {
                memory: keep::memory(options.memory),
                disk: disk.map(Arc::new),
                opened: Opened::default(),
                preparing: Semaphore::new(PREPARING),
                resizing: Semaphore::new(1),
                prefetch: Prefetch::new(&options),
                options: Arc::new(options),
                fetcher,
                clock,
                alternates: Alternates::default(),
                flights: Flights::default(),
            }),
        }
    }

    /// Remembers what to try when a picture's own address fails.
    pub fn learn(&self, pictures: &[Picture]) {
        self.inner.alternates.learn(pictures);
    }

    /// Notes that `feed` shows these pictures from now on, and no others: on disk they stay longest. Needs a running
    /// tokio runtime.
    pub fn show(&self, feed: &str, pictures: &[Picture]) {
        let Some(disk) = self.inner.disk.clone() else {
            return;
        };
        let keys: Vec<Key> = pictures.iter().map(Key::of_picture).collect();
        let (feed, now) = (feed.to_owned(), self.inner.clock.now());
        tokio::task::spawn_blocking(move || disk.show(&feed, &keys, now));
    }

    /// Forgets what was purged, by whatever process.
    async fn heed_purges(&self) {
        let Some(disk) = &self.inner.disk else { return };
        for key in disk.purged(self.inner.clock.now()) {
            self.inner.memory.invalidate(&key).await;
        }
    }

    /// The picture at `url` (whose signature has been verified): from memory or disk, or fetched once
    /// however many ask. Nobody waits for an origin while there is a copy, and a copy outlives its origin.
    ///
    /// # Errors
    /// See [`Error`]; failures are remembered for a short time.
    pub async fn get(&self, url: &Url) -> Result<Image, Error> {
        let key = Key::of(url);
        self.heed_purges().await;
        let kept = self.kept(key, url).await?;
        match self.inner.open(&kept).await {
            Some(opened) => opened,
            // It was removed from disk behind our back: once more from the beginning.
            None => {
                self.inner.memory.invalidate(&key).await;
                let kept = self.landed(key, url).await?;
                self.inner.open(&kept).await.unwrap_or(Err(Error::Unprepared))
            }
        }
    }

    /// What is known about `url`, asked for if it is not.
    async fn kept(&self, key: Key, url: &Url) -> Result<Arc<Kept>, Error> {
        let kept = match self.inner.memory.get(&key).await {
            Some(kept) if self.is_fresh(&kept) => return Ok(kept),
            Some(kept) if kept.image.is_some() => kept,
            Some(_) | None => self.landed(key, url).await?,
        };
        if !self.is_fresh(&kept) {
            // Goes on by itself; whoever asks next gets what it brings.
            drop(self.refresh(key, url));
        }
        Ok(kept)
    }

    /// Whether something is known of the picture at `url` without asking disk or origin.
    #[must_use]
    pub fn holds(&self, url: &Url) -> bool {
        self.inner.memory.contains_key(&Key::of(url))
    }

    /// What is known of the picture at `url`. Asks no origin.
    pub async fn known(&self, url: &Url) -> Known {
        let key = Key::of(url);
        let now = self.inner.clock.now();
        let held = if let Some(held) = self.inner.memory.get(&key).await {
            Some(held)
        } else {
            let loaded = self.inner.on_disk(move |disk| disk.load(key, now)).await;
            loaded.flatten().map(Arc::new)
        };
        match held.as_deref() {
            None => Known::Unasked,
            Some(Kept {
                error: Some(error),
                image: None,
                ..
            }) => Known::Failed(error.to_string()),
            Some(Kept {
                image: Some(image), ..
            }) => Known::Kept(match &image.place {
                Place::Memory(bytes) => bytes.len() as u64,
                Place::Disk(length) => *length,
            }),
            Some(_) => Known::Unasked,
        }
    }

    fn is_fresh(&self, kept: &Kept) -> bool {
        self.inner.clock.now() < kept.until
    }

    async fn landed(&self, key: Key, url: &Url) -> Result<Arc<Kept>, Error> {
        let arrival = self.refresh(key, url);
        flight::arrived(arrival).await.ok_or(Error::Unprepared)
    }

    /// Bytes held in memory now, records included.
    pub async fn held_bytes(&self) -> u64 {
        self.inner.memory.run_pending_tasks().await;
        self.inner.memory.weighted_size()
    }

    fn refresh(&self, key: Key, url: &Url) -> flight::Arrival {
        self.inner.flights.board(key, || {
            let (inner, url) = (Arc::clone(&self.inner), url.clone());
            inner.renew(key, url)
        })
    }
}

impl Inner {
    /// Brings what memory lacks: from disk, however old, or else from the origin.
    async fn renew(self: Arc<Self>, key: Key, url: Url) -> Arc<Kept> {
        let prior = match self.memory.get(&key).await {
            // Somebody else's flight landed just before ours began.
            Some(kept) if self.clock.now() < kept.until => return kept,
            None => {
                let now = self.clock.now();
                if let Some(kept) = self.on_disk(move |disk| disk.load(key, now)).await.flatten() {
                    let kept = Arc::new(kept);
                    self.remember(key, &kept).await;
                    return kept;
                }
                None
            }
            prior => prior,
        };
        let asked = self.ask(key, &url, prior.as_deref()).await;
        let kept = Arc::new(judged(asked, prior.as_deref(), &url, self.clock.now()));
        self.remember(key, &kept).await;
        self.save(key, Arc::clone(&kept));
        kept
    }

    async fn remember(&self, key: Key, kept: &Arc<Kept>) {
        self.memory.insert(key, Arc::clone(kept)).await;
        // Left alone, the memory tidies up after dozens of insertions: hundreds of megabytes of pictures.
        self.memory.run_pending_tasks().await;
    }

    /// Does work on the disk, if there is one, away from the threads that serve.
    async fn on_disk<T: Send + 'static>(&self, work: impl FnOnce(&Disk) -> T + Send + 'static) -> Option<T> {
        let disk = Arc::clone(self.disk.as_ref()?);
        tokio::task::spawn_blocking(move || work(&disk)).await.ok()
    }

    /// The picture if there is one, however old; else why not. `None`: its file is gone.
    async fn open(&self, kept: &Kept) -> Option<Result<Image, Error>> {
        let Some(held) = &kept.image else {
            return Some(Err(kept.error.clone().unwrap_or(Error::Unprepared)));
        };
        let content = match held.place {
            Place::Memory(ref bytes) => Content::Memory(bytes.clone()),
            Place::Disk(length) => {
                let file = match self.opened.of(&held.object).await {
                    Some(file) => file,
                    None => self.opened(&held.object, length).await?,
                };
                Content::File(file, length)
            }
        };
        Some(Ok(Image {
            content,
            media_type: held.media_type,
            etag: format!("\"{}\"", held.object),
        }))
    }

    /// The file of `object`, opened. `None`: it is gone.
    async fn opened(&self, object: &str, length: u64) -> Option<Arc<File>> {
        let name = object.to_owned();
        let file = Arc::new(self.on_disk(move |disk| disk.object(&name, length)).await??);
        self.opened.keep(object, &file, length).await;
        Some(file)
    }

    /// Notes on disk what is known about an address; no reader waits for it.
    fn save(&self, key: Key, kept: Arc<Kept>) {
        if let Some(disk) = self.disk.clone() {
            let now = self.clock.now();
            tokio::task::spawn_blocking(move || disk.put_record(key, &kept, now));
        }
    }
}

/// Takes pictures away from the folder of these options, also while a server is running over it, which
/// notices within a second; returns how many there were. Blocks.
#[must_use]
pub fn purge(options: &Options, which: &Which) -> usize {
    Disk::open(options).map_or(0, |disk| disk.purge(&disk.find(which)))
}

/// What is written in the folder of these options about the picture at `url`. Blocks.
#[must_use]
pub fn recorded(options: &Options, url: &Url) -> Option<Record> {
    Disk::open(options)?.record(Key::of(url))
}

/// What is known after an answer.
fn judged(asked: Result<(Url, Given), Error>, prior: Option<&Kept>, url: &Url, now: SystemTime) -> Kept {
    let image = prior.and_then(|kept| kept.image.clone());
    let before = || prior.map(|kept| kept.validators.clone()).unwrap_or_default();
    match asked {
        Ok((from, Given::New { held, headers })) => Kept {
            url: url.clone(),
            error: None,
            failures: 0,
            until: now + freshness::lifetime(&headers),
            validators: ask::validators(&headers),
            image: Some(held),
            from,
        },
        Ok((from, Given::Same { headers })) => Kept {
            url: url.clone(),
            image,
            error: None,
            failures: 0,
            until: now + freshness::lifetime(&headers),
            validators: before(),
            from,
        },
        Err(error) => {
            let failures = prior.map_or(0, |kept| kept.failures).saturating_add(1);
            Kept {
                url: url.clone(),
                image,
                until: now + freshness::penalty(&error, failures),
                error: Some(error),
                failures,
                validators: before(),
                from: prior.map_or_else(|| url.clone(), |kept| kept.from.clone()),
            }
        }
    }
}
