//! What feeds show now: those pictures go last.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::Disk;
use crate::images::image::name;
use crate::images::keep::Key;

/// A feed that was not seen for so long is served no more.
const FORGET_AFTER: Duration = Duration::from_hours(60 * 24);

impl Disk {
    fn pin(&self, feed: &str) -> PathBuf {
        // The name of a feed by address is an address.
        self.folder.join("pins").join(name(feed.as_bytes()))
    }

    /// Notes which pictures a feed shows now, instead of those it showed before.
    pub(in crate::images) fn show(&self, feed: &str, keys: &[Key], now: SystemTime) {
        let bytes: Vec<u8> = keys.iter().flat_map(|key| key.bytes()).collect();
        let path = self.pin(feed);
        if fs::read(&path).is_ok_and(|before| before == bytes) {
            super::record::mark_used(&path, now);
        } else if let Err(error) = self.put(&path, &bytes) {
            let error = error.kind();
            tracing::warn!(%error, "which pictures a feed shows could not be noted on disk");
        }
    }

    /// The addresses that feeds show now.
    pub(super) fn pinned(&self, now: SystemTime) -> HashSet<[u8; 16]> {
        let mut pinned = HashSet::new();
        for file in fs::read_dir(self.folder.join("pins"))
            .into_iter()
            .flatten()
            .flatten()
        {
            let seen = file.metadata().and_then(|metadata| metadata.modified());
            let age = seen.ok().and_then(|seen| now.duration_since(seen).ok());
            if age.is_some_and(|age| age > FORGET_AFTER) {
                let _ = fs::remove_file(file.path());
                continue;
            }
            pinned.extend(keys(&fs::read(file.path()).unwrap_or_default()));
        }
        pinned
    }

    /// The addresses that `feed` shows now.
    pub(super) fn shown(&self, feed: &str) -> Vec<Key> {
        let shown = fs::read(self.pin(feed)).unwrap_or_default();
        keys(&shown).map(Key::of_bytes).collect()
    }
}

pub(super) fn keys(bytes: &[u8]) -> impl Iterator<Item = [u8; 16]> {
    bytes.as_chunks().0.iter().copied()
}
