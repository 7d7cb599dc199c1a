//! A new version from a new document: transformed and compressed off the request path.

use std::sync::Arc;

use url::Url;

use super::{Document, Error, Tools};
use crate::cache::representation::Representation;
use crate::cache::stored::{StoredResponse, Version};
use crate::clock::Millis;
use crate::endpoint::Endpoint;
use crate::transform::{self, Policy, Prior, Source};

/// Transforms `document` on a thread that may be busy.
pub(super) async fn version(
    tools: &Tools,
    endpoint: &Endpoint,
    document: &Document,
    prior: Option<&StoredResponse>,
    policy_hash: [u8; 16],
    now: Millis,
) -> Result<Arc<Version>, Error> {
    let work = Work {
        document: document.clone(),
        policy: endpoint.transform.clone(),
        prior: prior.map(|prior| Arc::clone(&prior.version)),
        policy_hash,
        now,
    };
    let _turn = tools.transforms.acquire().await;
    let task = tokio::task::spawn_blocking(move || work.run());
    task.await.map_err(|_crash| Error::Crashed)?.map(Arc::new)
}

/// Everything one transform needs, owned.
struct Work {
    document: Document,
    policy: Policy,
    prior: Option<Arc<Version>>,
    policy_hash: [u8; 16],
    now: Millis,
}

impl Work {
    fn run(self) -> Result<Version, Error> {
        let text = |name| {
            self.document
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let base = self.base();
        let source = Source {
            bytes: &self.document.body,
            content_type: text(http::header::CONTENT_TYPE),
            content_encoding: text(http::header::CONTENT_ENCODING),
            base: base.as_ref(),
        };
        let prior = self.prior.as_deref().map(|prior| Prior {
            body: &prior.representation.identity,
            entries: &prior.entries,
        });
        let made = transform::transform(&source, &self.policy, prior)?;
        let before = self.prior.as_deref().map(|prior| &prior.representation);
        Ok(Version {
            representation: Representation::new(made.body, made.kind, before, self.now),
            entries: made.entries,
            pictures: made.pictures,
            hints: made.hints,
            report: made.report,
            policy: self.policy_hash,
        })
    }

    /// What relative addresses are resolved against: the address that answered, or the
    /// `Content-Location` it names on the same host (RFC 9110 §8.7).
    fn base(&self) -> Option<Url> {
        let url = self.document.url.as_ref()?;
        let named = self.document.headers.get(http::header::CONTENT_LOCATION);
        let named = named.and_then(|value| url.join(value.to_str().ok()?).ok());
        named
            .filter(|named| named.origin() == url.origin())
            .or_else(|| Some(url.clone()))
    }
}
