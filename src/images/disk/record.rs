//! What is written about one address.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use url::Url;

use crate::images::keep::{Held, Kept};
use crate::message::Validators;

/// A picture used again is marked as used at most this often.
const MARK_EVERY: Duration = Duration::from_hours(24);

/// What is written about one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The address.
    pub url: String,
    /// The object's name: BLAKE3, 128 bits, in hexadecimal. `None`: there was never a picture.
    pub object: Option<String>,
    /// The address that gave it: its own, or one of its alternates.
    pub from: String,
    /// When to ask again, in seconds since 1970.
    pub until: u64,
    /// Why it was not given the last time it was asked for.
    pub error: Option<String>,
    etag: Option<String>,
    last_modified: Option<String>,
}

impl Record {
    /// What is written at `path`, if it can be read.
    pub(super) fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    /// What is to be written.
    pub(super) fn of(kept: &Kept) -> Self {
        let until = kept.until.duration_since(UNIX_EPOCH);
        Self {
            url: kept.url.to_string(),
            object: kept.image.as_ref().map(|held| held.object.clone()),
            from: kept.from.to_string(),
            until: until.map_or(0, |since| since.as_secs()),
            error: kept.error.as_ref().map(ToString::to_string),
            etag: kept.validators.etag.clone(),
            last_modified: kept.validators.last_modified.clone(),
        }
    }

    pub(super) fn text(&self) -> io::Result<Vec<u8>> {
        Ok(serde_json::to_vec(self)?)
    }

    /// What it says of a picture that is there.
    pub(super) fn kept(self, held: Held) -> Option<Kept> {
        Some(Kept {
            url: Url::parse(&self.url).ok()?,
            image: Some(held),
            error: None,
            failures: 0,
            until: UNIX_EPOCH + Duration::from_secs(self.until),
            validators: Validators {
                etag: self.etag,
                last_modified: self.last_modified,
            },
            from: Url::parse(&self.from).ok()?,
        })
    }

    /// True when the picture, or what gave it, is at `host`.
    pub(super) fn is_at(&self, host: &str) -> bool {
        [&self.url, &self.from].into_iter().any(|address| {
            Url::parse(address).is_ok_and(|url| url.host_str().is_some_and(|h| h.eq_ignore_ascii_case(host)))
        })
    }
}

/// A record's date says when its picture was last used.
pub(super) fn mark_used(path: &Path, now: SystemTime) {
    let Ok(file) = fs::File::open(path) else { return };
    let used = file.metadata().and_then(|metadata| metadata.modified());
    // A clock that a test moved is ahead of what the file system wrote.
    let recently = |used: SystemTime| now.duration_since(used).is_ok_and(|since| since < MARK_EVERY);
    if !used.is_ok_and(recently) {
        // Not being able to costs the picture its place in the queue, no more.
        let _ = file.set_modified(now);
    }
}
