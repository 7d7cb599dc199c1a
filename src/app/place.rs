//! Where an app's records live.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::Options;
use crate::store::{self, Place};

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

impl StoreKind {
    /// How such a store is opened, when an engine may take `timeout` for one answer.
    #[must_use]
    pub fn options(&self, timeout: Duration) -> store::Options {
        let place = match self {
            Self::Memory => Place::Memory,
            Self::Disk(folder) => Place::Disk(folder.clone()),
            Self::Redis(url) => Place::Redis(url.to_string()),
        };
        store::Options {
            place,
            timeout,
            ..store::Options::default()
        }
    }
}

impl From<&Options> for store::Options {
    fn from(options: &Options) -> Self {
        options.store.options(options.store_timeout)
    }
}
