//! A body, whole or not at all, under its ceilings.

use std::time::Duration;

use http::Version;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::time::{Instant, timeout};

use super::budget::Share;
use super::spool::{Body, Gathering, Spool};
use super::{Error, fault};

/// Bytes that are enough to know what kind of thing a body is.
const ENOUGH_TO_TELL: usize = 1024;

/// Reserved before anything has come: an origin's claim alone costs us no more.
const FIRST_RESERVE: usize = 64 << 10;

/// What a body may be.
#[derive(Clone, Debug)]
pub(super) struct Ceiling {
    /// Bytes.
    pub(super) bytes: usize,
    /// Time between two bytes.
    pub(super) idle: Duration,
    /// Bytes per second, over any [`Ceiling::pace_over`].
    pub(super) pace: usize,
    /// How long a body may be slower than that.
    pub(super) pace_over: Duration,
    /// Whether a body that begins like this is wanted at all; asked once, early.
    pub(super) wanted: Option<fn(&[u8]) -> bool>,
    /// Where it goes when it is large; nowhere but memory if there is none.
    pub(super) spool: Option<Spool>,
}

/// Reads `body` to its end.
///
/// # Errors
/// It breaks off, pauses, drips, is larger than the ceiling (by its own claim or as counted), or begins
/// like something that is not wanted. A partial body is never returned (RFC 9112 §8).
pub(super) async fn read(
    mut body: Incoming,
    version: Version,
    ceiling: Ceiling,
    share: &mut Share,
) -> Result<Body, Error> {
    let claimed = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if claimed > ceiling.bytes {
        return Err(Error::TooLarge(ceiling.bytes));
    }
    let mut gathering = Gathering::new(ceiling.spool.clone());
    gathering.held.reserve(claimed.min(FIRST_RESERVE));
    let mut pace = Pace::new(&ceiling);
    let mut wanted = ceiling.wanted;
    loop {
        let frame = timeout(ceiling.idle, body.frame())
            .await
            .map_err(|_| Error::Timeout("it stopped in the middle of its answer"))?;
        let Some(frame) = frame.transpose().map_err(fault::of_body)? else {
            // A stream that is reset with NO_ERROR in the midst of a body is over for hyper, not broken.
            if version == Version::HTTP_2 && !body.is_end_stream() {
                return Err(fault::protocol("a body over HTTP/2 without its end"));
            }
            break;
        };
        let Ok(data) = frame.into_data() else { continue };
        if gathering.length() + data.len() > ceiling.bytes {
            return Err(Error::TooLarge(ceiling.bytes));
        }
        pace.keep(data.len())?;
        let needed = gathering.needs(data.len());
        if needed > gathering.held.capacity() {
            // What the origin claims is believed once it has begun to give it; else the buffer doubles.
            let whole = claimed >= needed && gathering.stays_in_memory(claimed);
            let capacity = if whole { claimed } else { needed * 2 };
            timeout(ceiling.idle, share.cover(capacity))
                .await
                .map_err(|_| Error::Timeout("too much was being read at once"))?;
            let missing = capacity - gathering.held.len();
            gathering.held.reserve(missing);
        }
        // Only what is still in memory from its beginning is looked at: a body goes to a file later than that.
        if gathering.needs(data.len()) >= ENOUGH_TO_TELL
            && let Some(wanted) = wanted.take()
        {
            let begin = ENOUGH_TO_TELL
                .saturating_sub(gathering.held.len())
                .min(data.len());
            let mut first = gathering.held.to_vec();
            first.extend_from_slice(data.get(..begin).unwrap_or_default());
            if !wanted(&first) {
                return Err(Error::Unwanted);
            }
        }
        gathering.take(&data).await.map_err(fault::of_disk)?;
    }
    match wanted {
        Some(wanted) if !wanted(&gathering.held) => Err(Error::Unwanted),
        _ => gathering.finish().await.map_err(fault::of_disk),
    }
}

/// Sends away an origin that drips: a byte now and then would hold a place for ever.
struct Pace {
    since: Instant,
    bytes: usize,
    least: usize,
    over: Duration,
}

impl Pace {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "seconds times bytes a second: small, whole and positive enough"
    )]
    fn new(ceiling: &Ceiling) -> Self {
        let least = ceiling.pace_over.as_secs_f64() * ceiling.pace as f64;
        Self {
            since: Instant::now(),
            bytes: 0,
            least: least as usize,
            over: ceiling.pace_over,
        }
    }

    fn keep(&mut self, bytes: usize) -> Result<(), Error> {
        self.bytes += bytes;
        if self.since.elapsed() < self.over {
            return Ok(());
        }
        if self.bytes < self.least {
            return Err(Error::Timeout("it sent its answer a few bytes at a time"));
        }
        (self.since, self.bytes) = (Instant::now(), 0);
        Ok(())
    }
}
