//! What all requests share, wired once.

mod place;
mod bodies;
mod background;
mod in_force;
mod reloads;
mod observe;
mod deltas;
mod pushes;
pub mod troubles;

use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use ipnet::IpNet;
use moka::future::Cache as Memory;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use url::Url;

use crate::cache::coalesce::Flight;
use crate::cache::marks::Unpacked;
use crate::cache::representation::{Representation, hash};
use crate::cache::stored::{Failure, StoredResponse, Version};
use crate::cache::{Cache, Found, Landed, Missed};
use crate::clock::{Clock, Millis};
use crate::endpoint::Endpoint;
use crate::fetch::Fetcher;
use crate::fetch::circle::Through;
use crate::images::{Image, Images};
use crate::message::{Format, Kind};
use crate::refresh::original::Originals;
use crate::refresh::refresh;
use crate::schedule::{self, Schedule};
use crate::sign::KeyRing;
use crate::store::{self, Store};
use crate::telemetry::Telemetry;
use crate::transform::convert::{Own, convert};
use crate::transform::{EntryMark, Picture};
use crate::{cache, demo, fetch, images, leisure, transform, websub};

use bodies::Bodies;
use deltas::Deltas;
use reloads::Reloads;

pub use in_force::InForce;
use in_force::Wiring;
pub use place::StoreKind;
pub use reloads::{Answer, Reloaded};

/// Who may ask for feeds that are not in the settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Nobody.
    Off,
    /// Who has a signed address.
    #[default]
    Signed,
    /// Anyone, for any public address.
    Open,
}

/// Everything the app is wired from. `config` builds it; tests build it by hand.
#[derive(Clone, Debug)]
pub struct Options {
    /// The only source of the addresses written into feeds.
    pub public_url: Url,
    /// The signing keys.
    pub keys: Arc<KeyRing>,
    /// Where records live.
    pub store: StoreKind,
    /// How long an engine that several instances share may take for one answer.
    pub store_timeout: Duration,
    /// Bytes of records held in memory.
    pub memory: u64,
    /// How feeds are fetched.
    pub fetch: fetch::Options,
    /// How pictures are fetched: `fetch` with its own guard.
    pub image_fetch: fetch::Options,
    /// How pictures are kept.
    pub images: images::Options,
    /// The configured feeds.
    pub endpoints: Vec<Endpoint>,
    /// Feeds that are not in the settings.
    pub adhoc: Access,
    /// What feeds that are not in the settings are made from: name and origins are replaced.
    pub template: Endpoint,
    /// Default bounds of freshness.
    pub freshness: cache::freshness::Policy,
    /// Whose `Forwarded` and `X-Forwarded-For` are believed, for logs and limits only.
    pub trusted_proxies: Vec<IpNet>,
    /// Pushes from hubs and to subscribers.
    pub websub: websub::Options,
}

/// Seconds beyond an origin's own time that one refresh may take: waiting for a turn, cleaning.
const REFRESH_MARGIN: Duration = Duration::from_secs(40);
/// How long a reader of an old copy waits for a new one.
const PATIENCE: Duration = Duration::from_secs(3);

/// Between two background requests to one host.
const SPACING: Duration = Duration::from_secs(1);
/// A copy made under settings that no longer hold is made anew at most this often, come of it what may.
const RENEWAL: Duration = Duration::from_mins(15);
/// Such copies remembered.
const MAX_RENEWALS: u64 = 10_000;

/// One refresh under way.
type Refreshing = Pin<Box<dyn Future<Output = Result<StoredResponse, Failure>> + Send>>;

/// Conversions are known by what they are made from: the version's hash, the format, the address.
type ConversionKey = [u8; 16];

/// What all requests share.
#[derive(Debug)]
pub struct App {
    /// Tells the time.
    pub clock: Clock,
    /// The picture service.
    pub images: Images,
    /// The stored feeds.
    pub cache: Arc<Cache>,
    in_force: RwLock<Arc<InForce>>,
    reloads: Reloads,
    /// How the service does.
    pub telemetry: Telemetry,
    wiring: Wiring,
    /// Copies made under settings that no longer hold, and asked for anew because of it: once in a while each.
    renewals: moka::sync::Cache<ConversionKey, ()>,
    /// When which configured feed is refreshed before anyone asks.
    schedule: Schedule,
    conversions: Memory<ConversionKey, Arc<Representation>>,
    bodies: Bodies,
    /// What readers who ask for news alone had before.
    deltas: Deltas,
}

/// What of a reader's request decides whether an origin is asked, and how.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// `only-if-cached` (RFC 9111 §5.2.1.7).
    pub only_stored: bool,
    /// The reader is a server like us, or asks for one.
    pub through: Through,
}

/// Who named the address of a feed that is not in the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedBy {
    /// The owner, who signed it.
    Owner,
    /// Anyone.
    Anyone,
}

impl App {
    /// Opens the store and wires everything in front of it.
    pub async fn open(options: Options, clock: Clock) -> Arc<Self> {
        let store = Self::store(&store::Options::from(&options)).await;
        Self::with_store(options, store, clock)
    }

    /// Opens the store. One that cannot be opened costs what would outlive a restart, not the service: that
    /// is logged.
    pub async fn store(options: &store::Options) -> Store {
        Store::open(options).await.unwrap_or_else(|error| {
            tracing::error!(%error, "the store cannot be used; feeds are kept in memory only");
            Store::memory(options)
        })
    }

    /// Wires everything, with nothing that outlives the process.
    #[must_use]
    pub fn new(options: Options, clock: Clock) -> Arc<Self> {
        let store = Store::memory(&store::Options::from(&options));
        Self::with_store(options, store, clock)
    }

    /// Wires everything in front of `store`. Must be called in a runtime.
    #[must_use]
    pub fn with_store(options: Options, store: Store, clock: Clock) -> Arc<Self> {
        let transforms = Arc::new(Semaphore::new(cores()));
        let telemetry = Telemetry::default();
        let wiring = Wiring {
            transforms,
            originals: Originals::new(options.memory / 32),
            metrics: Arc::clone(&telemetry.metrics),
            store: store.clone(),
            clock: clock.clone(),
        };
        let deadline = options.fetch.timeout * 2 + REFRESH_MARGIN;
        // The rest is for formats that are not the feed's own, for identity bytes, originals and deltas.
        let cache = cache::Options {
            memory: options.memory / 64 * 51,
            deadline,
            patience: PATIENCE,
        };
        // Readers who ask for what is not stored find the other half free.
        let politeness = schedule::Options {
            total: options.fetch.total.div_ceil(2),
            per_host: options.fetch.per_host,
            spacing: SPACING,
        };
        let images = Images::new(
            options.images.clone(),
            Fetcher::counted(
                in_force::as_ourselves(&options, options.image_fetch.clone()),
                Arc::clone(&telemetry.metrics),
            ),
            clock.clone(),
        );
        let told = images.clone();
        // What to try when a picture's own address fails is known to the feed alone.
        let on_load =
            Arc::new(move |stored: &StoredResponse| told.learn(&stored.version.marks.unpack().pictures));
        let memory = options.memory;
        Arc::new(Self {
            images,
            cache: Cache::with_store(store, cache, clock.clone(), on_load),
            schedule: Schedule::new(politeness, clock.clone()),
            clock,
            in_force: RwLock::new(Arc::new(InForce::new(options, &wiring, None))),
            reloads: Reloads::default(),
            wiring,
            telemetry,
            renewals: moka::sync::Cache::builder()
                .max_capacity(MAX_RENEWALS)
                .time_to_live(RENEWAL)
                .build(),
            deltas: Deltas::new(memory),
            conversions: Memory::builder()
                .max_capacity(memory / 8)
                .weigher(|_, made: &Arc<Representation>| u32::try_from(made.weight()).unwrap_or(u32::MAX))
                .build(),
            bodies: Bodies::new(memory / 32),
        })
    }

    /// The settings in force.
    #[must_use]
    pub fn in_force(&self) -> Arc<InForce> {
        let held = self.in_force.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&held)
    }

    /// Puts `options` in force, all at once, but for what was wired at the start: the store, the memory, the
    /// picture service. Copies stay; one made under another policy is served and made anew behind.
    pub fn apply(&self, options: Options) {
        let new = InForce::new(options, &self.wiring, Some(&self.in_force()));
        *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        let in_force = self.in_force();
        self.telemetry
            .history
            .keep(|name| in_force.endpoints.contains_key(name));
        self.telemetry
            .readers
            .keep(|name| in_force.endpoints.contains_key(name));
        self.plan(&HashMap::new());
    }

    /// Reads the settings again and waits until they are in force, or found wrong.
    ///
    /// # Errors
    /// What is wrong with them; then the old ones stay in force.
    pub async fn reload(&self) -> Reloaded {
        self.reloads.ask().await
    }

    /// Wishes for a reload, for the one who can do it.
    pub fn reload_wishes(&self) -> Option<mpsc::Receiver<Answer>> {
        self.reloads.taken()
    }

    /// The configured feed of that name.
    #[must_use]
    pub fn endpoint(&self, name: &str) -> Option<Arc<Endpoint>> {
        self.in_force().endpoints.get(name).cloned()
    }

    /// What is stored of `endpoint`, refreshed as needed.
    ///
    /// # Errors
    /// When nothing is stored that may be served and the origin gives nothing.
    pub async fn feed(
        self: &Arc<Self>,
        endpoint: &Arc<Endpoint>,
        by: NamedBy,
        asked: Asked,
    ) -> Result<Found, Missed> {
        let only_stored = asked.only_stored;
        let refresh = || self.refreshing(endpoint, by, asked.through);
        let found = self
            .cache
            .get(&endpoint.name, &endpoint.freshness, only_stored, refresh)
            .await?;
        if !only_stored {
            self.renew(endpoint, by, &found);
        }
        Ok(found)
    }

    /// Makes a copy anew, behind, that was made under settings that no longer hold.
    fn renew(self: &Arc<Self>, endpoint: &Arc<Endpoint>, by: NamedBy, found: &Found) {
        let (policy, now) = (endpoint.policy_hash(), found.at);
        let (stored, failing) = (&found.response, found.response.failing.as_ref());
        let holds = stored.version.policy == policy && !outlasts(stored, &endpoint.freshness, now);
        if holds || failing.is_some_and(|failing| failing.waits(now)) {
            return;
        }
        let key = hash(format!("{} {policy:?}", endpoint.name).as_bytes());
        if self.renewals.entry(key).or_insert(()).is_fresh() {
            self.refresh(endpoint, by);
        }
    }

    /// The picture at `url`, whose signature has been verified, no wider than `width`.
    ///
    /// # Errors
    /// When there is none to serve.
    pub async fn picture(&self, url: &Url, width: Option<u32>) -> Result<Image, images::Error> {
        let held = self.images.holds(url);
        self.telemetry
            .metrics
            .looked("image", if held { "hit" } else { "miss" });
        match demo::picture(url) {
            Some(bytes) => Ok(Image::of_bytes(Bytes::from_static(bytes), "image/png")),
            None => self.images.get_at_most(url, width).await,
        }
    }

    /// Asks the origin of `endpoint` now, unless it is being asked already.
    pub fn refresh(self: &Arc<Self>, endpoint: &Arc<Endpoint>, by: NamedBy) -> Flight<Landed> {
        let refresh = self.refreshing(endpoint, by, Through::default());
        self.cache.refresh(&endpoint.name, &endpoint.freshness, refresh)
    }

    /// Writes what is not yet written. Nothing outlives the process that comes afterwards.
    pub async fn close(&self) {
        self.cache.close().await;
    }

    /// What the cache does to refresh `endpoint`.
    fn refreshing(
        self: &Arc<Self>,
        endpoint: &Arc<Endpoint>,
        by: NamedBy,
        through: Through,
    ) -> impl FnOnce(Option<Arc<StoredResponse>>) -> Refreshing + Send + 'static {
        let (app, endpoint) = (Arc::clone(self), Arc::clone(endpoint));
        move |prior| {
            Box::pin(async move {
                let in_force = app.in_force();
                let now = app.clock.millis();
                let began = Instant::now();
                let tools = in_force.tools(by).on_behalf_of(through);
                let endpoint = app.while_pushed(&in_force, endpoint, by).await;
                let refreshed = refresh(&tools, &endpoint, prior.as_deref(), now).await;
                let refreshed = refreshed.map_err(Failure::from);
                app.observe(&endpoint, by, prior.as_deref(), &refreshed, began.elapsed());
                let stored = refreshed?;
                if let Some(prior) = &prior {
                    app.watch(&endpoint, by, prior, &stored).await;
                }
                app.spread(&in_force, &endpoint, by, prior.as_deref(), &stored);
                app.show_pictures(
                    &endpoint.name,
                    &stored.version,
                    prior.as_ref().map(|prior| &prior.version),
                );
                Ok(stored)
            })
        }
    }

    /// Tells the picture service what a version shows, and fetches what only its new entries show.
    fn show_pictures(&self, feed: &str, version: &Arc<Version>, before: Option<&Arc<Version>>) {
        let (images, feed, version) = (self.images.clone(), feed.to_owned(), Arc::clone(version));
        let before = before.map(Arc::clone);
        tokio::spawn(async move {
            // Unpacking is work: not for a thread that answers readers.
            let looked = {
                let images = images.clone();
                leisure::done(move || {
                    let shown = version.marks.unpack();
                    images.learn(&shown.pictures);
                    let new = new_pictures(&shown, &version, before.as_ref());
                    (shown.pictures, new)
                })
            };
            let Some((shown, new)) = looked.await else { return };
            // Also when nothing changed: what is shown on and on stays.
            images.show(&feed, &shown);
            images.prefetch(&new);
        });
    }

    /// `version` in `format`, else in that of `endpoint`: itself, or a conversion of it, made once.
    ///
    /// # Errors
    /// When it cannot be converted.
    pub async fn in_format(
        &self,
        version: &Arc<Version>,
        endpoint: &Endpoint,
        format: Option<Format>,
    ) -> Result<Served, Arc<transform::Error>> {
        let kind = version.representation.kind;
        let self_url = || endpoint.address(format);
        let format = format.unwrap_or(endpoint.format);
        if is_already(kind, format) {
            return Ok(Served::Version(Arc::clone(version)));
        }
        let (self_url, hub) = (self_url(), endpoint.transform.hub.clone());
        Box::pin(self.converted(version, format, self_url, hub)).await
    }

    async fn converted(
        &self,
        version: &Arc<Version>,
        format: Format,
        self_url: Option<Url>,
        hub: Option<Url>,
    ) -> Result<Served, Arc<transform::Error>> {
        let key = conversion_key(version, format, [self_url.as_ref(), hub.as_ref()]);
        let (version, now) = (Arc::clone(version), self.clock.millis());
        let made = self.conversions.try_get_with(key, async move {
            let work = move || {
                let source = &version.representation;
                let own = Own {
                    self_url: self_url.as_ref(),
                    hub: hub.as_ref(),
                };
                let plain = source.identity().ok_or(transform::Error::Convert)?;
                let marks = version.marks.unpack();
                let (body, kind) = convert(&marks.of(&plain, source.kind), format, own)?;
                let mut made = Representation::new(&body, kind, None, now);
                // As old as what it was made from, on every instance and after every restart.
                made.last_modified = source.last_modified;
                Ok(Arc::new(made))
            };
            let task = tokio::task::spawn_blocking(work);
            task.await.unwrap_or(Err(transform::Error::Convert))
        });
        made.await.map(|made| Served::Conversion(key, made))
    }
}

/// What only entries of `version` show that were not there `before`.
fn new_pictures(shown: &Unpacked, version: &Arc<Version>, before: Option<&Arc<Version>>) -> Vec<Picture> {
    if before.is_some_and(|before| Arc::ptr_eq(before, version)) {
        return Vec::new();
    }
    let before = before.map(|before| before.marks.unpack()).unwrap_or_default();
    let made_from = |entry: &EntryMark| (entry.hash, entry.context);
    let known: HashSet<_> = before.entries.iter().map(made_from).collect();
    let new = shown
        .entries
        .iter()
        .filter(|entry| !known.contains(&made_from(entry)));
    new.flat_map(|entry| entry.pictures.iter().cloned()).collect()
}

/// What is sent: a version, or a conversion of one.
#[derive(Clone, Debug)]
pub enum Served {
    Version(Arc<Version>),
    Conversion(ConversionKey, Arc<Representation>),
}

impl Served {
    /// The bytes and validators.
    #[must_use]
    pub fn representation(&self) -> &Representation {
        match self {
            Self::Version(version) => &version.representation,
            Self::Conversion(_, made) => made,
        }
    }
}

fn is_already(kind: Kind, format: Format) -> bool {
    matches!(
        (kind, format),
        (_, Format::Source)
            | (Kind::Rss, Format::Rss)
            | (Kind::Atom, Format::Atom)
            | (Kind::Json, Format::Json)
    )
}

fn conversion_key(version: &Version, format: Format, own: [Option<&Url>; 2]) -> ConversionKey {
    let mut key = version.representation.hash.to_vec();
    key.extend_from_slice(format.extension().unwrap_or_default().as_bytes());
    for url in own {
        key.push(0);
        key.extend_from_slice(url.map_or("", Url::as_str).as_bytes());
    }
    hash(&key)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Whether a copy is still called fresh though the owner's longest time is over: it was dated when
/// that was longer. Hours and days to be skipped may make it longer, too.
fn outlasts(stored: &StoredResponse, policy: &cache::freshness::Policy, now: Millis) -> bool {
    let hints = &stored.version.hints;
    let skips = !(hints.skip_hours.is_empty() && hints.skip_days.is_empty());
    !skips
        && now
            >= stored
                .freshness
                .stored_at
                .saturating_add(cache::freshness::millis(policy.max))
}
