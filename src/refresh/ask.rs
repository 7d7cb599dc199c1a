//! Where a document comes from: an origin over HTTP or several, a file, a folder, or the binary itself.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, header};
use tokio::task::JoinSet;
use url::Url;

use super::{Error, Tools, moved};
use crate::cache::stored::StoredResponse;
use crate::clock::Millis;
use crate::endpoint::{Endpoint, Origin};
use crate::fetch::{self, Fetcher};
use crate::message::{Fetched, OriginResponse, Validators};
use crate::transform::digest::digest;
use crate::transform::{Hints, Limits};
use crate::websub::{Named, named};
use crate::{demo, local};

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

/// What all origins of a feed gave, in their order.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) parts: Vec<Part>,
    /// Whether the parts are to be merged; also a single one, when it alone of several did not fail.
    pub(super) merged: bool,
}

/// What one origin gave.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) body: Bytes,
    pub(super) headers: HeaderMap,
    /// The address that answered.
    pub(super) url: Option<Url>,
    pub(super) moved_permanently: bool,
    /// True when it was asked where it had moved to, not where the settings say.
    pub(super) asked_there: bool,
}

impl Part {
    fn local(body: Bytes, url: Option<Url>) -> Self {
        Self {
            body,
            headers: HeaderMap::new(),
            url,
            moved_permanently: false,
            asked_there: false,
        }
    }
}

impl Document {
    fn of_one(part: Part) -> Self {
        Self {
            parts: vec![part],
            merged: false,
        }
    }

    /// What makes the next request conditional. Several origins are asked in full each time: what
    /// one of them gave cannot be merged with what another does not send again.
    pub(super) fn validators(&self) -> Validators {
        match self.parts.as_slice() {
            [part] if !self.merged => validators(&part.headers),
            _ => Validators::default(),
        }
    }

    /// Which address answered, and how it was come by. Of several, none.
    pub(super) fn answered(&self) -> moved::Answered<'_> {
        match self.parts.as_slice() {
            [part] if !self.merged => moved::Answered {
                url: part.url.as_ref(),
                moved_permanently: part.moved_permanently,
                asked_there: part.asked_there,
            },
            _ => moved::Answered::default(),
        }
    }

    /// The hub that tells of its changes, if its one origin names one.
    pub(super) fn announced(&self, hints: &Hints) -> Option<Named> {
        match self.parts.as_slice() {
            [part] if !self.merged => named(&part.headers, hints, part.url.as_ref()?),
            _ => None,
        }
    }

    /// A hash of what came: of an equal document nothing is made anew.
    pub(super) fn hash(&self) -> [u8; 16] {
        match self.parts.as_slice() {
            [part] => digest(&part.body),
            parts => digest(
                &parts
                    .iter()
                    .flat_map(|part| digest(&part.body))
                    .collect::<Vec<_>>(),
            ),
        }
    }
}

/// Asks the origins of `endpoint`; a single one conditionally, if `known` was made under the same policy.
pub(super) async fn ask<'p>(
    tools: &Tools,
    endpoint: &Endpoint,
    known: Option<&'p StoredResponse>,
    now: Millis,
) -> Result<Answer<'p>, Error> {
    let limits = &endpoint.transform.limits;
    match endpoint.origins.as_slice() {
        [Origin::Http(url)] => over_http(tools, url, known, now).await,
        [origin] => {
            let part = whole(&tools.fetcher, origin, limits).await?;
            Ok(Answer::Document(Document::of_one(part)))
        }
        origins => several(tools, origins, limits).await.map(Answer::Document),
    }
}

/// Asks all origins at once. One that fails is left out this time; when all fail, so does the feed.
async fn several(tools: &Tools, origins: &[Origin], limits: &Limits) -> Result<Document, Error> {
    let mut asked = JoinSet::new();
    for (place, origin) in origins.iter().enumerate() {
        let (fetcher, origin, limits) = (tools.fetcher.clone(), origin.clone(), limits.clone());
        asked.spawn(async move { (place, whole(&fetcher, &origin, &limits).await) });
    }
    let mut parts = Vec::new();
    let mut failed = Error::NoOrigin;
    while let Some(answered) = asked.join_next().await {
        match answered {
            Ok((place, Ok(part))) => parts.push((place, part)),
            Ok((_, Err(error))) => {
                tracing::warn!(%error, "one of several origins is left out");
                failed = error;
            }
            Err(_crash) => failed = Error::Crashed,
        }
    }
    if parts.is_empty() {
        return Err(failed);
    }
    // In the order of the settings, whichever answered first.
    parts.sort_by_key(|(place, _)| *place);
    let parts = parts.into_iter().map(|(_, part)| part).collect();
    Ok(Document { parts, merged: true })
}

/// All that one origin has to give.
async fn whole(fetcher: &Fetcher, origin: &Origin, limits: &Limits) -> Result<Part, Error> {
    match origin {
        Origin::Http(url) => match fetcher.feed(url, &Validators::default()).await? {
            Fetched::Modified(response) => Ok(part(response)),
            Fetched::NotModified { .. } => Err(unasked_304()),
        },
        Origin::File(path) => {
            let (path, limits) = (path.clone(), limits.clone());
            let task = tokio::task::spawn_blocking(move || local::document(&path, &limits));
            let body = task.await.map_err(|_crash| Error::Crashed)??;
            Ok(Part::local(body.into(), None))
        }
        Origin::Demo => {
            let address = Url::parse(demo::ADDRESS).ok();
            Ok(Part::local(Bytes::from_static(demo::FEED), address))
        }
    }
}

fn part(response: OriginResponse) -> Part {
    Part {
        body: response.body,
        headers: response.headers,
        url: Some(response.url),
        moved_permanently: response.moved_permanently,
        asked_there: false,
    }
}

fn unasked_304() -> Error {
    Error::Fetch(fetch::Error::Status {
        status: 304,
        retry_after: None,
    })
}

async fn over_http<'p>(
    tools: &Tools,
    url: &Url,
    known: Option<&'p StoredResponse>,
    now: Millis,
) -> Result<Answer<'p>, Error> {
    let there = known.and_then(|known| moved::confirmed(&known.origin, url));
    let known = known.filter(|known| now.saturating_sub(known.origin.full_at) < ASK_IN_FULL);
    let nothing = Validators::default();
    let validators = known.map_or(&nothing, |known| &known.origin.validators);
    let at = async |url: &Url| tools.fetcher.feed(url, validators).await;
    let (fetched, asked_there) = match (&there, known) {
        (None, _) => (at(url).await?, false),
        (Some(there), Some(_)) => match at(there).await {
            Ok(fetched) => (fetched, true),
            Err(_) => (at(url).await?, false),
        },
        // The daily question goes where the settings say, so that a move is confirmed or taken back.
        (Some(there), None) => match at(url).await {
            Ok(fetched) => (fetched, false),
            Err(_) => (at(there).await?, true),
        },
    };
    match (fetched, known) {
        (Fetched::NotModified { headers }, Some(stored)) => Ok(Answer::NotModified { stored, headers }),
        (Fetched::NotModified { .. }, None) => Err(unasked_304()),
        (Fetched::Modified(response), _) => Ok(Answer::Document(Document::of_one(Part {
            asked_there,
            ..part(response)
        }))),
    }
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
