//! One republished feed: where it comes from, what it is published as, its policies.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use url::Url;

use crate::cache::freshness;
use crate::cache::representation::hash;
use crate::message::Format;
use crate::transform;
use crate::transform::clean::images;

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
    /// Kept fresh before readers ask, until nobody has read it for so long (zero: for ever); `None`: refreshed
    /// only when they ask.
    pub background: Option<Duration>,
    /// What [`Endpoint::policy_hash`] gives.
    pub reckoned: Reckoned,
}

/// A hash that is reckoned once. A clone knows nothing of it: it may be about to become another endpoint.
#[derive(Debug, Default)]
pub struct Reckoned(OnceLock<[u8; 16]>);

impl Clone for Reckoned {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Endpoint {
    /// Where it is served in `format`, or as it is.
    #[must_use]
    pub fn address(&self, format: Option<Format>) -> Option<Url> {
        let mut url = self.transform.self_url.clone()?;
        if let Some(extension) = format.and_then(Format::extension) {
            let path = format!("{}.{extension}", url.path());
            url.set_path(&path);
        }
        Some(url)
    }

    /// A hash of everything but the origin's bytes that decides what the cleaned bytes are: under
    /// another one, a stored copy is made anew. A new release cleans anew too.
    #[must_use]
    pub fn policy_hash(&self) -> [u8; 16] {
        *self.reckoned.0.get_or_init(|| self.reckon())
    }

    fn reckon(&self) -> [u8; 16] {
        // A picture's address tells keys apart that have the same name.
        let signed = match (&self.transform.clean.images, Url::parse("http://a.example/")) {
            (images::Policy::Proxy(signer), Ok(probe)) => signer.image(&probe),
            _ => String::new(),
        };
        let all = format!(
            "{} {:?} {:?} {signed}",
            env!("CARGO_PKG_VERSION"),
            self.origins,
            self.transform
        );
        hash(all.as_bytes())
    }
}
