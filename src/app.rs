//! What all requests share, wired once.

use std::path::PathBuf;
use std::sync::Arc;

use url::Url;

use crate::endpoint::Endpoint;
use crate::sign::KeyRing;
use crate::{cache, fetch, images};

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

/// Where records live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// Memory only.
    Memory,
    /// The embedded store in this folder.
    Disk(PathBuf),
    /// A Valkey or Redis server.
    Redis(Url),
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
}
