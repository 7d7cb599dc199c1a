//! The picture service: verify, fetch through the guard, sniff, strip, keep.

mod disk;
mod prepare;
pub mod strip;
pub mod sniff;
mod flight;
mod keep;
mod freshness;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::HeaderMap;
use http::header::{ETAG, LAST_MODIFIED};
use moka::future::Cache;
use tokio::sync::Semaphore;
use url::Url;

use crate::clock::Clock;
use crate::demo;
use crate::fetch::{self, Fetcher, ImageAsk};
use crate::message::{Fetched, Validators};
use crate::transform::Picture;

use self::disk::Disk;
use self::flight::Flights;
use self::keep::{Alternates, Kept, Key};

/// What becomes of SVG.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Svg {
    /// Refused.
    #[default]
    Block,
    /// Served in a sandbox, as an attachment.
    Sandbox,
}

/// How pictures are fetched and kept.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes of one picture.
    pub max_size: usize,
    /// Pixels (width × height) of one picture, from its header.
    pub max_pixels: u64,
    /// Pixels of a picture's longer side, from its header.
    pub max_side: u64,
    /// Bytes kept in memory.
    pub memory: u64,
    /// Bytes kept on disk, in [`Options::folder`].
    pub disk: u64,
    /// Where pictures are kept on disk. `None`: in memory only.
    pub folder: Option<PathBuf>,
    /// What becomes of SVG.
    pub svg: Svg,
    /// Whether Exif, XMP and comments are removed (orientation and colour profile stay).
    pub strip_metadata: bool,
    /// Whether pictures are fetched before anyone reads.
    pub prefetch: bool,
    /// The longest random wait before a picture is prefetched.
    pub prefetch_delay: Duration,
    /// Pictures waiting to be prefetched at once; more are fetched when they are read.
    pub prefetch_queue: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_size: 10 << 20,
            max_pixels: 50_000_000,
            max_side: 16_384,
            memory: 32 << 20,
            disk: 2 << 30,
            folder: None,
            svg: Svg::Block,
            strip_metadata: true,
            prefetch: true,
            // The feed's own origin knows when we fetched the feed; a minute is enough to hide the order.
            prefetch_delay: Duration::from_mins(1),
            prefetch_queue: 2_000,
        }
    }
}

/// A picture ready to be served.
#[derive(Clone, Debug)]
pub struct Image {
    /// The bytes.
    pub body: Bytes,
    /// The type as sniffed.
    pub media_type: &'static str,
    /// A strong validator over the bytes, quotes included.
    pub etag: String,
}

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
    waiting: Arc<Semaphore>,
}

/// What one address gave.
enum Given {
    New(Box<(Image, HeaderMap)>),
    Same(HeaderMap),
}

impl Images {
    /// A service over its own fetcher (whose guard allows no private address unless the owner says so).
    #[must_use]
    pub fn new(options: Options, fetcher: Fetcher, clock: Clock) -> Self {
        Self {
            inner: Arc::new(Inner {
                memory: keep::memory(options.memory),
                disk: Disk::open(&options).map(Arc::new),
                waiting: Arc::new(Semaphore::new(options.prefetch_queue)),
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

    /// Fetches pictures of new entries after a random wait, so that no origin learns when they are read.
    /// Needs a running tokio runtime.
    pub fn prefetch(&self, pictures: &[Picture]) {
        if !self.inner.options.prefetch {
            return;
        }
        for picture in pictures {
            if self.inner.memory.contains_key(&Key::of(&picture.url)) {
                continue;
            }
            let Ok(place) = Arc::clone(&self.inner.waiting).try_acquire_owned() else {
                return;
            };
            let (images, url) = (self.clone(), picture.url.clone());
            let wait = random_part(self.inner.options.prefetch_delay);
            tokio::spawn(async move {
                tokio::time::sleep(wait).await;
                // Why it failed is remembered for who reads it.
                let _ = images.get(&url).await;
                drop(place);
            });
        }
    }

    /// The picture at `url` (whose signature has been verified): from memory or disk, or fetched once
    /// however many ask. Nobody waits for an origin while there is a copy, and a copy outlives its origin.
    ///
    /// # Errors
    /// See [`Error`]; failures are remembered for a short time.
    pub async fn get(&self, url: &Url) -> Result<Image, Error> {
        let key = Key::of(url);
        let kept = match self.inner.memory.get(&key).await {
            Some(kept) if self.is_fresh(&kept) => return kept.answer(),
            Some(kept) if kept.image.is_some() => kept,
            Some(_) | None => self.landed(key, url).await?,
        };
        if !self.is_fresh(&kept) {
            // Goes on by itself; whoever asks next gets what it brings.
            drop(self.refresh(key, url));
        }
        kept.answer()
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
        let prior = self.memory.get(&key).await;
        let prior = match prior {
            // Somebody else's flight landed just before ours began.
            Some(kept) if self.clock.now() < kept.until => return kept,
            None => match self.on_disk(key).await {
                Some(kept) => {
                    let kept = Arc::new(kept);
                    self.remember(key, &kept).await;
                    return kept;
                }
                None => None,
            },
            prior => prior,
        };
        let asked = self.ask(key, &url, prior.as_deref()).await;
        let given = asked.is_ok();
        let kept = Arc::new(judged(asked, prior.as_deref(), &url, self.clock.now()));
        self.remember(key, &kept).await;
        if given {
            self.save(key, Arc::clone(&kept));
        }
        kept
    }

    async fn remember(&self, key: Key, kept: &Arc<Kept>) {
        self.memory.insert(key, Arc::clone(kept)).await;
        // Left alone, the memory tidies up after dozens of insertions: hundreds of megabytes of pictures.
        self.memory.run_pending_tasks().await;
    }

    async fn on_disk(&self, key: Key) -> Option<Kept> {
        let (disk, now) = (Arc::clone(self.disk.as_ref()?), self.clock.now());
        tokio::task::spawn_blocking(move || disk.load(key, now))
            .await
            .ok()
            .flatten()
    }

    /// Keeps a picture on disk; no reader waits for it.
    fn save(&self, key: Key, kept: Arc<Kept>) {
        if let Some(disk) = self.disk.clone() {
            let now = self.clock.now();
            tokio::task::spawn_blocking(move || disk.save(key, &kept, now));
        }
    }

    /// Tries the address and its alternates in order; the first failure is the one that is told.
    async fn ask(&self, key: Key, url: &Url, prior: Option<&Kept>) -> Result<(Url, Given), Error> {
        let mut first = None;
        let alternates = self.alternates.of(key);
        for candidate in std::iter::once(url).chain(alternates.iter()) {
            let validators = prior
                .filter(|kept| kept.image.is_some() && kept.from == *candidate)
                .map(|kept| kept.validators.clone())
                .unwrap_or_default();
            match self.ask_one(candidate, &validators).await {
                Ok(given) => return Ok((candidate.clone(), given)),
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or(Error::Unprepared))
    }

    /// Asks one address; an origin that forbids is asked once more as if from its own page.
    async fn ask_one(&self, url: &Url, validators: &Validators) -> Result<Given, Error> {
        if let Some(picture) = demo::picture(url) {
            return self.given(Bytes::from_static(picture), HeaderMap::new()).await;
        }
        let mut ask = ImageAsk {
            validators,
            referer: None,
            max_body: self.options.max_size,
            wanted: may_be_picture,
        };
        let home = url.join("/").ok();
        let mut answer = self.fetcher.image(url, &ask).await;
        if matches!(answer, Err(fetch::Error::Status { status: 403, .. })) && home.is_some() {
            ask.referer = home.as_ref();
            answer = self.fetcher.image(url, &ask).await;
        }
        match answer {
            Ok((Fetched::NotModified { headers }, _)) => Ok(Given::Same(headers)),
            // Until it is ready, its bytes count as being read: a rush of pictures waits in line.
            Ok((Fetched::Modified(response), _share)) => self.given(response.body, response.headers).await,
            Err(fetch::Error::Unwanted) => Err(Error::NotAPicture),
            Err(error) => Err(error.into()),
        }
    }

    async fn given(&self, body: Bytes, headers: HeaderMap) -> Result<Given, Error> {
        let options = Arc::clone(&self.options);
        // Hashing ten megabytes is too long for a thread that serves others.
        tokio::task::spawn_blocking(move || {
            let image = prepare::prepare(&body, &headers, &options)?;
            Ok(Given::New(Box::new((image, headers))))
        })
        .await
        .unwrap_or(Err(Error::Unprepared))
    }
}

/// What is known after an answer.
fn judged(asked: Result<(Url, Given), Error>, prior: Option<&Kept>, url: &Url, now: SystemTime) -> Kept {
    match asked {
        Ok((from, Given::New(given))) => Kept {
            error: None,
            failures: 0,
            until: now + freshness::lifetime(&given.1),
            validators: validators(&given.1),
            image: Some(given.0),
            from,
        },
        Ok((from, Given::Same(headers))) => Kept {
            image: prior.and_then(|kept| kept.image.clone()),
            error: None,
            failures: 0,
            until: now + freshness::lifetime(&headers),
            validators: prior.map(|kept| kept.validators.clone()).unwrap_or_default(),
            from,
        },
        Err(error) => {
            let failures = prior.map_or(0, |kept| kept.failures).saturating_add(1);
            Kept {
                image: prior.and_then(|kept| kept.image.clone()),
                until: now + freshness::penalty(&error, failures),
                error: Some(error),
                failures,
                validators: prior.map(|kept| kept.validators.clone()).unwrap_or_default(),
                from: prior.map_or_else(|| url.clone(), |kept| kept.from.clone()),
            }
        }
    }
}

/// True while the first bytes may still be a picture's.
fn may_be_picture(bytes: &[u8]) -> bool {
    sniff::sniff(bytes).is_some()
}

/// The answer's validators, if they are text that a request can carry.
fn validators(headers: &HeaderMap) -> Validators {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
    };
    Validators {
        etag: text(ETAG).map(str::to_owned),
        last_modified: text(LAST_MODIFIED).map(str::to_owned),
    }
}

/// Some random part of `longest`.
fn random_part(longest: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    longest.mul_f64(f64::from(random) / f64::from(u32::MAX))
}
