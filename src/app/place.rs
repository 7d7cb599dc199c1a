//! Where an app's records live.

use std::path::PathBuf;

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

impl From<&Options> for store::Options {
    fn from(options: &Options) -> Self {
        let place = match &options.store {
            StoreKind::Memory => Place::Memory,
            StoreKind::Disk(folder) => Place::Disk(folder.clone()),
            StoreKind::Redis(url) => Place::Redis(url.to_string()),
        };
        Self {
            place,
            timeout: options.store_timeout,
            ..Self::default()
        }
    }
}
