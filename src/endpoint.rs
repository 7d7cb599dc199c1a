//! One republished feed: where it comes from, what it is published as, its policies.

use std::path::PathBuf;

use url::Url;

use crate::cache::freshness;
use crate::message::Format;
use crate::transform;

/// Where a feed comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An http(s) address.
    Http(Url),
    /// A feed file, or a folder of article archives.
    File(PathBuf),
    /// The feed that ships inside the binary.
    Demo,
}

/// One republished feed.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// `[a-z0-9][a-z0-9-]*`; for a feed by address, the signed path.
    pub name: String,
    /// One origin, or several to merge.
    pub origins: Vec<Origin>,
    /// The format it is published in unless the address says otherwise.
    pub format: Format,
    /// What is done to it. Holds the address it is served at.
    pub transform: transform::Policy,
    /// When it is asked for again.
    pub freshness: freshness::Policy,
}
