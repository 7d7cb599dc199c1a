//! Asking an origin for a picture: its address and the alternates, in order.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{ETAG, LAST_MODIFIED};
use url::Url;

use super::keep::{Held, Kept, Key, Place};
use super::prepare::{Prepared, prepare};
use super::{Error, Inner, sniff};
use crate::demo;
use crate::fetch::spool::Body;
use crate::fetch::{self, ImageAnswer, ImageAsk};
use crate::message::Validators;

/// What one address gave.
pub(super) enum Given {
    New { held: Held, headers: HeaderMap },
    Same { headers: HeaderMap },
}

impl Inner {
    /// Tries the address and its alternates in order; the first failure is the one that is told.
    pub(super) async fn ask(&self, key: Key, url: &Url, prior: Option<&Kept>) -> Result<(Url, Given), Error> {
        let mut first = None;
        let alternates = self.alternates.of(key, url);
        for candidate in std::iter::once(url).chain(&alternates) {
            let validators = prior
                .filter(|kept| kept.image.is_some() && kept.from == *candidate)
                .map(|kept| kept.validators.clone())
                .unwrap_or_default();
            match self.ask_one(candidate, &validators).await {
                Ok(given) => return Ok((candidate.clone(), given)),
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or(Error::Unprepared))
    }

    /// Asks one address; an origin that forbids is asked once more as if from its own page.
    async fn ask_one(&self, url: &Url, validators: &Validators) -> Result<Given, Error> {
        if let Some(picture) = demo::picture(url) {
            let body = Body::Memory(Bytes::from_static(picture));
            return self.given(body, HeaderMap::new()).await;
        }
        let disk = self.disk.clone();
        let spool = disk.as_ref().and_then(|disk| disk.spool());
        let mut ask = ImageAsk {
            validators,
            referer: None,
            max_body: self.options.max_size,
            wanted: may_be_picture,
            spool,
        };
        let home = url.join("/").ok();
        let mut answer = self.fetcher.image(url, &ask).await;
        if matches!(answer, Err(fetch::Error::Status { status: 403, .. })) && home.is_some() {
            ask.referer = home.as_ref();
            answer = self.fetcher.image(url, &ask).await;
        }
        match answer {
            Ok(ImageAnswer::NotModified { headers }) => Ok(Given::Same { headers }),
            // Until it is ready, its bytes count as being read: a rush of pictures waits in line.
            Ok(ImageAnswer::Given {
                headers,
                body,
                share: _share,
            }) => self.given(body, headers).await,
            Err(fetch::Error::Unwanted) => Err(Error::NotAPicture),
            Err(error) => Err(error.into()),
        }
    }

    async fn given(&self, body: Body, headers: HeaderMap) -> Result<Given, Error> {
        // Decoding and stripping take memory: a few at a time.
        let _turn = self.preparing.acquire().await;
        let (options, disk) = (Arc::clone(&self.options), self.disk.clone());
        let now = self.clock.now();
        // Hashing ten megabytes is too long for a thread that serves others.
        let work = move || {
            let spool = disk.as_ref().and_then(|disk| disk.spool());
            let picture = prepare(body, &headers, &options, spool)?;
            let placed = disk.map(|disk| disk.put_object(&picture, now));
            if let Some(Err(error)) = &placed {
                tracing::warn!(%error, "a picture could not be kept on disk");
            }
            let held = held(picture, placed.is_some_and(|placed| placed.is_ok()))?;
            Ok(Given::New { held, headers })
        };
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or(Err(Error::Unprepared))
    }
}

/// Where a prepared picture is kept: what is large on disk, unless there is no place for it there.
pub(super) fn held(picture: Prepared, on_disk: bool) -> Result<Held, Error> {
    let place = match picture.body {
        Body::Memory(bytes) => Place::Memory(bytes),
        Body::File(file) if on_disk => Place::Disk(file.length),
        Body::File(file) => {
            let content = super::Content::File(Arc::clone(&file.file), file.length);
            Place::Memory(content.bytes().map_err(|_| Error::Unprepared)?)
        }
    };
    Ok(Held {
        object: picture.name,
        media_type: picture.kind.media_type(),
        place,
    })
}

/// True while the first bytes may still be a picture's.
fn may_be_picture(bytes: &[u8]) -> bool {
    sniff::sniff(bytes).is_some()
}

/// The answer's validators, if they are text that a request can carry.
pub(super) fn validators(headers: &HeaderMap) -> Validators {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
    };
    Validators {
        etag: text(ETAG).map(str::to_owned),
        last_modified: text(LAST_MODIFIED).map(str::to_owned),
    }
}
