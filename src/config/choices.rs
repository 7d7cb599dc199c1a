//! What an operator has chosen, and what the rooms' own options become of it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use super::said::SaidOf;
use crate::app::{self, Access, StoreKind};
use crate::cache::freshness;
use crate::endpoint::{Endpoint, Origin, Reckoned};
use crate::fetch::guard::Allow;
use crate::message::Format;
use crate::sign::{KeyRing, Signer};
use crate::transform::clean::images::unwrap::Rules;
use crate::transform::clean::{self, FieldLimits, RewriteRule, embeds};
use crate::transform::{self, Limits, select};
use crate::{fetch, images, serve, websub};

/// Everything but the feeds.
#[derive(Clone, Debug)]
pub struct Choices {
    pub serve: serve::Options,
    /// Names under which the owner's pages may be asked for.
    pub admin_hosts: Vec<String>,
    /// `None`: derived from where we listen.
    pub public_url: Option<Url>,
    /// Whose word about a reader's address is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How often files of settings are looked at for changes; zero: never.
    pub reload_interval: Duration,
    pub store: Store,
    pub fetch: fetch::Options,
    pub images: images::Options,
    /// What pictures may be fetched from though it is not public.
    pub image_allow: Allow,
    /// Wrappers of pictures that the owner knows.
    pub unwrap: Rules,
    pub refresh: Refresh,
    pub clean: Clean,
    pub adhoc: Access,
    pub websub: websub::Options,
    /// Keys given from outside, instead of those in the store's folder.
    pub keys: Option<KeyRing>,
    pub log: Log,
    pub limits: Limits,
    pub field_limits: FieldLimits,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            serve: serve::Options::default(),
            public_url: None,
            trusted_proxies: Vec::new(),
            admin_hosts: Vec::new(),
            reload_interval: Duration::from_secs(2),
            store: Store::default(),
            fetch: fetch::Options::default(),
            images: images::Options::default(),
            image_allow: Allow::default(),
            unwrap: Rules::default(),
            refresh: Refresh::default(),
            clean: Clean::default(),
            adhoc: Access::default(),
            websub: websub::Options::default(),
            keys: None,
            log: Log::default(),
            limits: Limits::default(),
            field_limits: FieldLimits::default(),
        }
    }
}

/// `[store]`.
#[derive(Clone, Debug)]
pub struct Store {
    pub kind: Kind,
    /// Where the store and the keys live; relative to the settings' folder until [`super::load`] has resolved it.
    pub path: PathBuf,
    pub url: Option<Url>,
    /// Bytes of records held in memory.
    pub memory: u64,
    /// How long an engine may take for one answer.
    pub timeout: Duration,
}

/// Which store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Disk,
    Memory,
    Redis,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            kind: Kind::Disk,
            path: PathBuf::from("data"),
            url: None,
            memory: 64 << 20,
            timeout: Duration::from_secs(1),
        }
    }
}

/// `[refresh]`, for all feeds or for one.
#[derive(Clone, Debug)]
pub struct Refresh {
    pub freshness: freshness::Policy,
    /// Whether configured feeds are refreshed before anyone asks.
    pub background: bool,
    /// Until nobody has read them for so long; zero: for ever.
    pub pause_after: Duration,
}

impl Default for Refresh {
    fn default() -> Self {
        Self {
            freshness: freshness::Policy::default(),
            background: true,
            pause_after: Duration::from_hours(1440),
        }
    }
}

/// `[clean]`, for all feeds or for one.
#[derive(Clone, Debug)]
pub struct Clean {
    pub images: Images,
    /// The base that `images = "weserv"` puts before an address.
    pub weserv: Arc<str>,
    pub embeds: embeds::Policy,
    pub trackers: bool,
    /// Whether markup in order is cleaned in one scan.
    pub fast: bool,
    pub rewrite: Arc<[RewriteRule]>,
}

/// Where pictures come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Images {
    Proxy,
    Weserv,
    Direct,
    Strip,
}

impl Default for Clean {
    fn default() -> Self {
        Self {
            images: Images::Proxy,
            weserv: "https://wsrv.nl/?url=".into(),
            embeds: embeds::Policy::Link,
            trackers: true,
            fast: true,
            rewrite: Arc::new([]),
        }
    }
}

/// `[log]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// A filter of `tracing`: a level, or levels of single modules.
    pub level: String,
    /// Whether lines are JSON.
    pub json: bool,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            json: false,
        }
    }
}

/// `[feeds.NAME]`.
#[derive(Clone, Debug, Default)]
pub struct Feed {
    pub url: Option<Origin>,
    pub urls: Vec<Origin>,
    pub title: Option<String>,
    pub format: Format,
    pub select: select::Policy,
    pub clean: Clean,
    pub refresh: Refresh,
    pub said: SaidOf,
}

impl Feed {
    /// A feed that is treated as `[clean]` and `[refresh]` say.
    #[must_use]
    pub fn like(choices: &Choices) -> Self {
        Self {
            clean: choices.clean.clone(),
            refresh: choices.refresh.clone(),
            ..Self::default()
        }
    }

    /// Where it comes from.
    #[must_use]
    pub fn origins(&self) -> Vec<Origin> {
        self.url.iter().chain(&self.urls).cloned().collect()
    }
}

impl Choices {
    /// What is done to markup and addresses. `signer` is needed for `images = "proxy"` alone: without it pictures
    /// keep their origin's address.
    #[must_use]
    pub fn policy(&self, clean: &Clean, signer: Option<&Signer>) -> clean::Policy {
        use clean::images::Policy;
        clean::Policy {
            images: match (clean.images, signer) {
                (Images::Proxy, Some(signer)) => Policy::Proxy(signer.clone()),
                (Images::Weserv, _) => Policy::Weserv(clean.weserv.to_string()),
                (Images::Strip, _) => Policy::Strip,
                (Images::Direct | Images::Proxy, _) => Policy::Direct,
            },
            embeds: clean.embeds,
            trackers: clean.trackers,
            rewrite: clean.rewrite.clone(),
            unwrap: self.unwrap.clone(),
            limits: self.field_limits.clone(),
            fast: clean.fast,
        }
    }

    /// What one feed becomes, when all feeds are below the address `feeds`.
    fn endpoint(&self, name: &str, feed: &Feed, feeds: Option<&Url>, signer: &Signer) -> Endpoint {
        Endpoint {
            name: name.to_owned(),
            origins: feed.origins(),
            format: feed.format,
            transform: transform::Policy {
                self_url: feeds.and_then(|feeds| feeds.join(name).ok()),
                hub: None,
                title: feed.title.clone(),
                select: feed.select.clone(),
                clean: self.policy(&feed.clean, Some(signer)),
                limits: self.limits.clone(),
            },
            freshness: feed.refresh.freshness.clone(),
            background: feed.refresh.background.then_some(feed.refresh.pause_after),
            reckoned: Reckoned::default(),
        }
    }

    /// How pictures are kept, and where.
    #[must_use]
    pub fn images(&self) -> images::Options {
        images::Options {
            folder: (self.store.kind != Kind::Memory).then(|| self.store.path.join("images")),
            ..self.images.clone()
        }
    }

    /// Where records live.
    #[must_use]
    pub fn store_kind(&self) -> StoreKind {
        match (self.store.kind, &self.store.url) {
            (Kind::Memory, _) => StoreKind::Memory,
            (Kind::Redis, Some(url)) => StoreKind::Redis(url.clone()),
            (Kind::Disk | Kind::Redis, _) => StoreKind::Disk(self.store.path.clone()),
        }
    }

    /// Everything the app is wired from.
    #[must_use]
    pub fn app<'f>(
        &self,
        public_url: &Url,
        feeds: impl IntoIterator<Item = (&'f String, &'f Feed)>,
        keys: Arc<KeyRing>,
    ) -> app::Options {
        let signer = Signer::new(keys.clone(), public_url);
        let below = Url::parse(&format!("{}/feeds/", signer.public_url())).ok();
        let endpoint = |(name, feed): (&String, &Feed)| self.endpoint(name, feed, below.as_ref(), &signer);
        app::Options {
            public_url: public_url.clone(),
            keys,
            store: self.store_kind(),
            memory: self.store.memory,
            store_timeout: self.store.timeout,
            image_fetch: fetch::Options {
                allow_private: self.image_allow.clone(),
                max_body: self.images.max_size,
                own: Some(public_url.clone()),
                ..self.fetch.clone()
            },
            fetch: self.fetch.clone(),
            images: self.images(),
            endpoints: feeds.into_iter().map(endpoint).collect(),
            adhoc: self.adhoc,
            template: self.endpoint("", &Feed::like(self), None, &signer),
            freshness: self.refresh.freshness.clone(),
            trusted_proxies: self.trusted_proxies.clone(),
            websub: self.websub.clone(),
        }
    }
}
