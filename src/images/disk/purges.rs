//! Taking pictures away, by address, host or feed, while a server may be running over the same folder:
//! what was purged stands in a file, and whoever holds pictures in memory looks at its date.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use url::Url;

use super::{Disk, Record, files, pins, sweep};
use crate::images::keep::Key;

/// How long a purge by another process may go unnoticed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Bytes of purged addresses that are remembered for other processes.
const MEMORY: usize = 64 << 10;

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

/// What is known of others' purges.
#[derive(Debug)]
pub(super) struct Purges {
    file: PathBuf,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    looked: SystemTime,
    written: Option<SystemTime>,
}

impl Purges {
    pub(super) fn of(folder: &Path) -> Self {
        let file = folder.join("purged");
        let written = date(&file);
        let looked = SystemTime::UNIX_EPOCH;
        Self {
            file,
            seen: Mutex::new(Seen { looked, written }),
        }
    }
}

impl Disk {
    /// The addresses meant by `which` that are kept here.
    pub(in crate::images) fn find(&self, which: &Which) -> Vec<Key> {
        match which {
            Which::Url(url) => vec![Key::of(url)],
            Which::Feed(feed) => self.shown(feed),
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
            objects.extend(Record::read(&path).and_then(|record| record.object));
            purged += usize::from(fs::remove_file(path).is_ok());
        }
        for path in files(&self.folder.join("records")) {
            if let Some(object) = Record::read(&path).and_then(|record| record.object) {
                objects.remove(&object);
            }
        }
        for object in objects {
            let _ = fs::remove_file(self.place("objects", &object));
        }
        self.recount();
        self.tell(keys);
        purged
    }

    /// Tells other processes.
    fn tell(&self, keys: &[Key]) {
        let mut purged: Vec<u8> = keys.iter().flat_map(|key| key.bytes()).collect();
        purged.extend(fs::read(&self.purges.file).unwrap_or_default());
        // The newest stand in front.
        purged.truncate(MEMORY.max(keys.len() * 16));
        if let Err(error) = self.put(&self.purges.file, &purged) {
            tracing::warn!(%error, "a running server could not be told what was purged");
        }
    }

    /// What was purged since this was last asked; looks at most once a second.
    pub(in crate::images) fn purged(&self, now: SystemTime) -> Vec<Key> {
        // Whoever comes while another looks has no need to.
        let Ok(mut seen) = self.purges.seen.try_lock() else {
            return Vec::new();
        };
        if now
            .duration_since(seen.looked)
            .is_ok_and(|since| since < LOOK_EVERY)
        {
            return Vec::new();
        }
        seen.looked = now;
        let written = date(&self.purges.file);
        if written == seen.written {
            return Vec::new();
        }
        seen.written = written;
        let purged = fs::read(&self.purges.file).unwrap_or_default();
        pins::keys(&purged).map(Key::of_bytes).collect()
    }

    /// What is written about one address.
    pub(in crate::images) fn record(&self, key: Key) -> Option<Record> {
        Record::read(&self.place("records", &key.hex()))
    }
}

fn date(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|metadata| metadata.modified()).ok()
}
