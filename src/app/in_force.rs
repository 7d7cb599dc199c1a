//! What the settings say, whole: one value that a reload replaces at once.

use std::collections::HashMap;
use std::sync::Arc;

use ipnet::IpNet;
use tokio::sync::Semaphore;
use url::Url;

use super::{Access, NamedBy, Options};
use crate::clock::Clock;
use crate::endpoint::{Endpoint, Origin};
use crate::fetch::{self, Fetcher};
use crate::refresh::Tools;
use crate::refresh::original::Originals;
use crate::sign::Signer;
use crate::store::Store;
use crate::telemetry::metrics::Metrics;
use crate::transform;
use crate::websub::{self, WebSub};

/// What outlives a reload.
#[derive(Debug)]
pub(super) struct Wiring {
    pub(super) transforms: Arc<Semaphore>,
    pub(super) originals: Originals,
    pub(super) metrics: Arc<Metrics>,
    pub(super) store: Store,
    pub(super) clock: Clock,
}

/// The settings in force. A request takes them once and sees one state of them.
#[derive(Debug)]
pub struct InForce {
    /// Writes and reads signed addresses.
    pub signer: Signer,
    /// What we are called among proxies.
    pub name: String,
    /// Pushes from hubs and to subscribers, if they are wanted.
    pub websub: Option<Arc<WebSub>>,
    /// Who may ask for feeds that are not in the settings.
    pub adhoc: Access,
    /// The path of the public address, without a trailing slash.
    pub prefix: String,
    /// Whose word about a reader's address is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The configured feeds, by name.
    pub endpoints: HashMap<String, Arc<Endpoint>>,
    /// What feeds that are not in the settings are made from.
    pub template: Endpoint,
    /// How origins are asked, as it was said: the same words need no new connections.
    fetch: String,
    /// For feeds that the owner chose, by settings or signature.
    trusted: Tools,
    /// For addresses that anyone may name: nothing private, whatever the settings allow.
    open: Tools,
    /// How hubs and subscribers are spoken to.
    pushes: websub::Options,
}

impl InForce {
    /// What `options` say. Connections to origins are kept when nothing was said about them anew.
    pub(super) fn new(options: Options, wiring: &Wiring, before: Option<&Self>) -> Self {
        let fetch = as_ourselves(&options, options.fetch.clone());
        let said = format!("{fetch:?}");
        let tools = |options: fetch::Options| Tools {
            fetcher: Fetcher::counted(options, Arc::clone(&wiring.metrics)),
            transforms: Arc::clone(&wiring.transforms),
            originals: wiring.originals.clone(),
        };
        let (trusted, open) = if let Some(before) = before.filter(|before| before.fetch == said) {
            (before.trusted.clone(), before.open.clone())
        } else {
            let public_only = fetch::Options {
                allow_private: fetch::guard::Allow::default(),
                ..fetch.clone()
            };
            (tools(fetch.clone()), tools(public_only))
        };
        let websub = websub(&options, &fetch, wiring, before);
        let hub = websub
            .as_ref()
            .and_then(|_| WebSub::hub_at(options.public_url.as_str()));
        let endpoints: HashMap<_, _> = options
            .endpoints
            .into_iter()
            .map(|mut endpoint| {
                endpoint.transform.hub.clone_from(&hub);
                (endpoint.name.clone(), Arc::new(endpoint))
            })
            .collect();
        Self {
            adhoc: options.adhoc,
            prefix: options.public_url.path().trim_end_matches('/').to_owned(),
            trusted_proxies: options.trusted_proxies,
            endpoints,
            template: options.template,
            name: options.keys.name(),
            signer: Signer::new(options.keys, &options.public_url),
            fetch: said,
            websub,
            pushes: options.websub,
            trusted,
            open,
        }
    }

    /// A feed that is not in the settings: as the template says, from `url`.
    #[must_use]
    pub fn endpoint_by_address(&self, url: Url, by: NamedBy) -> Arc<Endpoint> {
        let address = self.signer.feed(&url);
        // A space and a slash occur in no configured name; what anyone may name is kept apart from
        // what the owner named, which may be private.
        let name = match by {
            NamedBy::Owner => format!("signed {url}"),
            NamedBy::Anyone => format!("open {url}"),
        };
        Arc::new(Endpoint {
            name,
            origins: vec![Origin::Http(url)],
            transform: transform::Policy {
                self_url: Url::parse(&address).ok(),
                ..self.template.transform.clone()
            },
            ..self.template.clone()
        })
    }

    /// What feeds named by `by` are refreshed with.
    #[must_use]
    pub fn tools(&self, by: NamedBy) -> &Tools {
        match by {
            NamedBy::Owner => &self.trusted,
            NamedBy::Anyone => &self.open,
        }
    }
}

/// `fetch` so that we know our own requests when they come back to us.
pub(super) fn as_ourselves(options: &Options, fetch: fetch::Options) -> fetch::Options {
    fetch::Options {
        own: Some(options.public_url.clone()),
        name: options.keys.name(),
        ..fetch
    }
}

/// Both sides of WebSub; what was begun goes on when nothing was said about it anew.
fn websub(
    options: &Options,
    fetch: &fetch::Options,
    wiring: &Wiring,
    before: Option<&InForce>,
) -> Option<Arc<WebSub>> {
    if !options.websub.enabled {
        return None;
    }
    if let Some(before) = before
        && before.pushes == options.websub
        && before.fetch == format!("{fetch:?}")
    {
        return before.websub.clone();
    }
    let fetch = fetch::Options {
        // What a feed or a stranger names is no choice of the owner's.
        allow_private: options.websub.allow_private.clone(),
        ..fetch.clone()
    };
    Some(Arc::new(WebSub::new(
        options.websub.clone(),
        options.public_url.as_str(),
        Fetcher::counted(fetch, Arc::clone(&wiring.metrics)),
        wiring.store.clone(),
        wiring.clock.clone(),
    )))
}
