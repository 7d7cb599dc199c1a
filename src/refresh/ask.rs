//! Where a document comes from: an origin over HTTP, a file, or the binary itself.

use std::path::Path;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, header};
use url::Url;

use super::{Error, Tools};
use crate::cache::stored::StoredResponse;
use crate::clock::Millis;
use crate::endpoint::{DEMO, Endpoint, Origin};
use crate::message::{Fetched, Validators};

/// However often an origin says 304, once a day it is asked for everything: some say it though the
/// feed has changed.
const ASK_IN_FULL: Millis = 24 * 3_600_000;

/// What an origin brought.
pub(super) enum Answer<'p> {
    /// The stored response still holds.
    NotModified {
        stored: &'p StoredResponse,
        headers: HeaderMap,
    },
    /// A whole document.
    Document(Document),
}

/// A document as it came.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) body: Bytes,
    pub(super) headers: HeaderMap,
    /// The address that answered.
    pub(super) url: Option<Url>,
    pub(super) moved_permanently: bool,
}

impl Document {
    fn local(body: Bytes) -> Self {
        Self {
            body,
            headers: HeaderMap::new(),
            url: None,
            moved_permanently: false,
        }
    }

    /// What makes the next request conditional.
    pub(super) fn validators(&self) -> Validators {
        validators(&self.headers)
    }
}

/// Asks the origin of `endpoint`; conditionally, if `known` was made under the same policy.
pub(super) async fn ask<'p>(
    tools: &Tools,
    endpoint: &Endpoint,
    known: Option<&'p StoredResponse>,
    now: Millis,
) -> Result<Answer<'p>, Error> {
    let [origin] = endpoint.origins.as_slice() else {
        return Err(Error::Several);
    };
    match origin {
        Origin::Http(url) => over_http(tools, url, known, now).await,
        Origin::File(path) => {
            let body = read(path, endpoint.transform.limits.decoded).await?;
            Ok(Answer::Document(Document::local(body)))
        }
        Origin::Demo => Ok(Answer::Document(Document::local(Bytes::from_static(DEMO)))),
    }
}

async fn over_http<'p>(
    tools: &Tools,
    url: &Url,
    known: Option<&'p StoredResponse>,
    now: Millis,
) -> Result<Answer<'p>, Error> {
    let known = known.filter(|known| now.saturating_sub(known.origin.full_at) < ASK_IN_FULL);
    let nothing = Validators::default();
    let validators = known.map_or(&nothing, |known| &known.origin.validators);
    match (tools.fetcher.feed(url, validators).await?, known) {
        (Fetched::NotModified { headers }, Some(stored)) => Ok(Answer::NotModified { stored, headers }),
        (Fetched::NotModified { .. }, None) => Err(Error::Fetch(crate::fetch::Error::Status {
            status: 304,
            retry_after: None,
        })),
        (Fetched::Modified(response), _) => Ok(Answer::Document(Document {
            body: response.body,
            headers: response.headers,
            url: Some(response.url),
            moved_permanently: response.moved_permanently,
        })),
    }
}

/// Reads a feed file of at most `limit` bytes.
async fn read(path: &Path, limit: usize) -> Result<Bytes, Error> {
    use std::io::ErrorKind;
    let fault = |error: std::io::Error| {
        Error::File(match error.kind() {
            ErrorKind::NotFound => "it does not exist",
            ErrorKind::PermissionDenied => "it may not be read",
            _ => "reading it failed",
        })
    };
    let about = tokio::fs::metadata(path).await.map_err(fault)?;
    // A pipe or a device would be read for ever.
    if !about.is_file() {
        return Err(Error::File("it is not a file"));
    }
    if about.len() > limit as u64 {
        return Err(Error::File("it is larger than the limit"));
    }
    tokio::fs::read(path).await.map(Bytes::from).map_err(fault)
}

/// The validators among `headers`, verbatim.
pub(super) fn validators(headers: &HeaderMap) -> Validators {
    let verbatim = |name: HeaderName| {
        let value = headers.get(name)?.to_str().ok()?;
        (!value.is_empty()).then(|| value.to_owned())
    };
    Validators {
        etag: verbatim(header::ETAG),
        last_modified: verbatim(header::LAST_MODIFIED),
    }
}
