//! What feeds show now: those pictures go last. And taking pictures away, by address, host or feed.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use url::Url;

use super::{Disk, Record, files, sweep};
use crate::images::image::name;
use crate::images::keep::Key;

/// A feed that was not seen for so long is served no more.
const FORGET_AFTER: Duration = Duration::from_hours(60 * 24);

/// Which pictures are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one at this address.
    Url(Url),
    /// All from this host.
    Host(String),
    /// All that the feed of this name shows.
    Feed(String),
}

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

    /// The addresses meant by `which` that are kept here.
    pub(in crate::images) fn find(&self, which: &Which) -> Vec<Key> {
        match which {
            Which::Url(url) => vec![Key::of(url)],
            Which::Feed(feed) => {
                let shown = fs::read(self.pin(feed)).unwrap_or_default();
                keys(&shown).map(Key::of_bytes).collect()
            }
            Which::Host(host) => files(&self.folder.join("records"))
                .filter(|path| Record::read(path).is_some_and(|record| record.is_at(host)))
                .filter_map(|path| sweep::key_of(&path))
                .map(Key::of_bytes)
                .collect(),
        }
    }

    /// Removes what is kept of these addresses, and objects that no other address needs; returns how many there were.
    pub(in crate::images) fn purge(&self, keys: &[Key]) -> usize {
        let mut objects = HashSet::new();
        let mut purged = 0;
        for key in keys {
            let path = self.place("records", &key.hex());
            objects.extend(Record::read(&path).map(|record| record.object));
            purged += usize::from(fs::remove_file(path).is_ok());
        }
        for path in files(&self.folder.join("records")) {
            if let Some(record) = Record::read(&path) {
                objects.remove(&record.object);
            }
        }
        for object in objects {
            let _ = fs::remove_file(self.place("objects", &object));
        }
        self.recount();
        purged
    }

    /// What is written about one address.
    pub(in crate::images) fn record(&self, key: Key) -> Option<Record> {
        Record::read(&self.place("records", &key.hex()))
    }
}

fn keys(bytes: &[u8]) -> impl Iterator<Item = [u8; 16]> {
    bytes.as_chunks().0.iter().copied()
}
