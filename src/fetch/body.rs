//! A body, whole or not at all, under its ceilings.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::timeout;

use super::budget::Share;
use super::{Error, fault};

/// Bytes that are enough to know what kind of thing a body is.
const ENOUGH_TO_TELL: usize = 1024;

/// Reserved before anything has come: an origin's claim alone costs us no more.
const FIRST_RESERVE: usize = 64 << 10;

/// What a body may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ceiling {
    /// Bytes.
    pub(super) bytes: usize,
    /// Time between two bytes.
    pub(super) idle: Duration,
    /// Whether a body that begins like this is wanted at all; asked once, early.
    pub(super) wanted: Option<fn(&[u8]) -> bool>,
}

/// Reads `body` to its end.
///
/// # Errors
/// It breaks off, pauses, is larger than the ceiling (by its own claim or as counted), or begins like
/// something that is not wanted. A partial body is never returned (RFC 9112 §8).
pub(super) async fn read(mut body: Incoming, ceiling: &Ceiling, share: &mut Share) -> Result<Bytes, Error> {
    let claimed = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if claimed > ceiling.bytes {
        return Err(Error::TooLarge(ceiling.bytes));
    }
    let mut bytes = BytesMut::with_capacity(claimed.min(FIRST_RESERVE));
    let mut wanted = ceiling.wanted;
    loop {
        let frame = timeout(ceiling.idle, body.frame())
            .await
            .map_err(|_| Error::Timeout("it stopped in the middle of its answer"))?;
        let Some(frame) = frame.transpose().map_err(fault::of_body)? else {
            break;
        };
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > ceiling.bytes {
            return Err(Error::TooLarge(ceiling.bytes));
        }
        let needed = bytes.len() + data.len();
        if needed > bytes.capacity() {
            // What the origin claims is believed once it has begun to give it; else the buffer doubles.
            let capacity = if claimed >= needed { claimed } else { needed * 2 };
            timeout(ceiling.idle, share.cover(capacity))
                .await
                .map_err(|_| Error::Timeout("too much was being read at once"))?;
            bytes.reserve(capacity - bytes.len());
        }
        bytes.extend_from_slice(&data);
        if bytes.len() >= ENOUGH_TO_TELL
            && let Some(wanted) = wanted.take()
            && !wanted(&bytes)
        {
            return Err(Error::Unwanted);
        }
    }
    match wanted {
        Some(wanted) if !wanted(&bytes) => Err(Error::Unwanted),
        _ => Ok(bytes.freeze()),
    }
}
