//! The product, served on a loopback port of its own, with a clock that a test moves.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use limpid::app::{Access, App, Options, StoreKind};
use limpid::cache::freshness;
use limpid::clock::Clock;
use limpid::endpoint::{Endpoint, Origin, Reckoned};
use limpid::message::Format;
use limpid::serve::listen::Server;
use limpid::serve::{self, Listen};
use limpid::sign::{Key, KeyRing, Signer};
use limpid::transform::clean::images;
use limpid::{fetch, transform};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use url::Url;

use super::client::{Answer, Reader};

/// What readers call the proxy under test, wherever it really listens.
pub const PUBLIC: &str = "https://feeds.example/sub";

/// A proxy that runs.
pub struct Proxy {
    pub app: Arc<App>,
    pub clock: Clock,
    pub reader: Reader,
    pub address: SocketAddr,
    pub owner: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    running: Option<JoinHandle<()>>,
}

/// A proxy being put together.
pub struct Builder {
    options: Options,
    serve: serve::Options,
    clock: Clock,
}

/// A proxy with loopback origins allowed and nothing published yet.
pub fn proxy() -> Builder {
    let key = Key {
        id: 'k',
        secret: [7; 32],
        created: 0,
    };
    let public_url = Url::parse(PUBLIC).expect("url");
    let keys = Arc::new(KeyRing::new(vec![key]).expect("keys"));
    let mut home = fetch::Options::default();
    home.allow_private.networks = vec!["127.0.0.0/8".parse().expect("network")];
    let mut transform = transform::Policy::default();
    transform.clean.images = images::Policy::Proxy(Signer::new(Arc::clone(&keys), &public_url));
    transform.clean.trackers = true;
    let template = Endpoint {
        name: String::new(),
        origins: Vec::new(),
        format: Format::Source,
        transform,
        freshness: freshness::Policy::default(),
        background: None,
        reckoned: Reckoned::default(),
    };
    let loopback = Listen::Tcp((Ipv4Addr::LOCALHOST, 0).into());
    Builder {
        options: Options {
            public_url,
            keys,
            store: StoreKind::Memory,
            store_timeout: Duration::from_secs(1),
            memory: 64 << 20,
            fetch: home.clone(),
            image_fetch: home,
            images: limpid::images::Options::default(),
            endpoints: Vec::new(),
            adhoc: Access::Signed,
            template,
            freshness: freshness::Policy::default(),
            trusted_proxies: Vec::new(),
            websub: limpid::websub::Options::default(),
        },
        serve: serve::Options {
            listen: vec![loopback.clone()],
            admin: vec![loopback],
            drain_timeout: Duration::from_secs(5),
            ..serve::Options::default()
        },
        clock: Clock::system(),
    }
}

impl Builder {
    /// Publishes the feed at `url` as `name`.
    pub fn feed(self, name: &str, url: &Url) -> Self {
        self.publishes(name, vec![Origin::Http(url.clone())], |_| {})
    }

    /// Publishes a feed from anywhere, in any manner.
    pub fn publishes(mut self, name: &str, origins: Vec<Origin>, edit: impl FnOnce(&mut Endpoint)) -> Self {
        let mut endpoint = self.options.template.clone();
        name.clone_into(&mut endpoint.name);
        endpoint.origins = origins;
        endpoint.transform.self_url = Some(Url::parse(&format!("{PUBLIC}/feeds/{name}")).expect("url"));
        edit(&mut endpoint);
        self.options.endpoints.push(endpoint);
        self
    }

    /// Changes any setting.
    pub fn with(mut self, edit: impl FnOnce(&mut Options)) -> Self {
        edit(&mut self.options);
        self
    }

    /// With a store that outlives the proxy.
    pub fn stored(self, store: StoreKind) -> Self {
        self.with(|options| options.store = store)
    }

    /// With a clock that others share.
    pub fn at(mut self, clock: &Clock) -> Self {
        self.clock = clock.clone();
        self
    }

    /// Changes how readers are served.
    pub fn served(mut self, edit: impl FnOnce(&mut serve::Options)) -> Self {
        edit(&mut self.serve);
        self
    }

    /// No private address may be dialled.
    pub fn guarded(self) -> Self {
        self.with(|options| {
            options.fetch.allow_private = fetch::guard::Allow::default();
            options.image_fetch.allow_private = fetch::guard::Allow::default();
        })
    }

    pub async fn start(self) -> Proxy {
        let clock = self.clock;
        let app = App::open(self.options, clock.clone()).await;
        let server = Server::bind(self.serve).await.expect("loopback ports");
        let address = |shown: Vec<String>| {
            let shown = shown
                .first()
                .and_then(|shown| shown.strip_prefix("http://")?.parse().ok());
            shown.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        };
        let (address, owner) = (address(server.readers()), address(server.owner()));
        let (stop, stopped) = oneshot::channel();
        let serving = Arc::clone(&app);
        let running = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            let owner = limpid::pages::owner(Arc::clone(&serving), Vec::new());
            server.run(serving, owner, stopped).await;
        });
        Proxy {
            app,
            clock,
            reader: Reader::of(address),
            address,
            owner,
            stop: Some(stop),
            running: Some(running),
        }
    }
}

impl Proxy {
    pub async fn get(&self, path: &str) -> Answer {
        self.reader.get(path).await
    }

    /// Lets time pass.
    pub fn advance(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(minutes * 60));
    }

    /// Waits until a refresh that runs behind has landed: until the copy is fresh.
    pub async fn refreshed(&self, name: &str) {
        while !self.is_fresh(name).await {
            tokio::task::yield_now().await;
        }
    }

    /// Waits until a refresh that runs behind has failed `count` times in a row.
    pub async fn failed(&self, name: &str, count: u32) {
        let failures = async || {
            let held = self.app.cache.held(name).await?;
            Some(held.failing.as_ref()?.count)
        };
        while failures().await.unwrap_or(0) < count {
            tokio::task::yield_now().await;
        }
    }

    async fn is_fresh(&self, name: &str) -> bool {
        let held = self.app.cache.held(name).await;
        held.is_some_and(|held| held.freshness.state(self.clock.millis()) == freshness::State::Fresh)
    }

    /// Stops at once, as `kill -9` does: nothing is closed, and nothing is written any more.
    pub async fn ends(mut self) {
        self.stop().abort();
        self.app.close().await;
    }

    /// Tells the proxy to stop; over when it has.
    pub fn stop(&mut self) -> JoinHandle<()> {
        drop(self.stop.take());
        self.running.take().expect("it runs")
    }
}
