//! Pictures on disk: they outlive a restart, and their origins.
//!
//! `objects/ab/cdef…` is named by the hash of what it holds, so mirrors share one file and a torn file
//! is noticed; `records/ab/cdef…` is named by the address and says which object it is and when to ask
//! again. Both are written aside and renamed: what is there is whole. Nothing here fails a reader: what
//! cannot be read is fetched again, what cannot be written is served from memory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use url::Url;

use super::keep::{Kept, Key};
use super::{Options, Svg, prepare, sniff};
use crate::message::Validators;

/// A sweep makes this much room below the quota, so that not every picture needs one.
const ROOM: u64 = 10;

/// A picture used again is marked as used at most this often.
const MARK_EVERY: Duration = Duration::from_hours(24);

/// What is written about one address.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    /// The object's name: BLAKE3, 128 bits, in hexadecimal.
    object: String,
    /// The address that gave it.
    from: String,
    /// When to ask again, in seconds since 1970.
    until: u64,
    etag: Option<String>,
    last_modified: Option<String>,
}

/// A folder of pictures, bounded in bytes; those used longest ago go first.
#[derive(Debug)]
pub(super) struct Disk {
    folder: PathBuf,
    quota: u64,
    svg: Svg,
    /// Bytes of all objects; `None` until they have been counted.
    held: Mutex<Option<u64>>,
    /// Names files being written.
    next: AtomicU64,
}

impl Disk {
    /// The disk of these options, if they name one that can be used.
    pub(super) fn open(options: &Options) -> Option<Self> {
        let folder = options.folder.clone()?;
        let disk = Self {
            folder,
            quota: options.disk,
            svg: options.svg,
            held: Mutex::new(None),
            next: AtomicU64::new(0),
        };
        // What was being written when we last stopped is of no use.
        let _ = fs::remove_dir_all(disk.aside());
        match disk.create() {
            Ok(()) => Some(disk),
            Err(error) => {
                tracing::warn!(%error, "the folder for pictures cannot be used: they are kept in memory only");
                None
            }
        }
    }

    fn create(&self) -> io::Result<()> {
        for part in ["objects", "records", "aside"] {
            private_folder(&self.folder.join(part))?;
        }
        Ok(())
    }

    fn aside(&self) -> PathBuf {
        self.folder.join("aside")
    }

    fn place(&self, part: &str, name: &str) -> PathBuf {
        let (shelf, rest) = name.split_at_checked(2).unwrap_or(("", name));
        self.folder.join(part).join(shelf).join(rest)
    }

    /// What is kept of one address. Blocks.
    pub(super) fn load(&self, key: Key, now: SystemTime) -> Option<Kept> {
        let record = fs::read(self.place("records", &key.hex())).ok()?;
        let record: Record = serde_json::from_slice(&record).ok()?;
        let path = self.place("objects", &record.object);
        let body = fs::read(&path).ok()?;
        if prepare::name(&body) != record.object {
            let _ = fs::remove_file(&path);
            return None;
        }
        let kind = sniff::sniff(&body)?;
        if kind == sniff::Type::Svg && self.svg == Svg::Block {
            return None;
        }
        mark_used(&path, now);
        Some(Kept {
            image: Some(prepare::image(kind, Bytes::from(body))),
            error: None,
            failures: 0,
            until: UNIX_EPOCH + Duration::from_secs(record.until),
            validators: Validators {
                etag: record.etag,
                last_modified: record.last_modified,
            },
            from: Url::parse(&record.from).ok()?,
        })
    }

    /// Keeps a picture. Blocks.
    pub(super) fn save(&self, key: Key, kept: &Kept, now: SystemTime) {
        let Some(image) = &kept.image else { return };
        if image.body.len() as u64 > self.quota {
            return;
        }
        if let Err(error) = self.write(key, kept, &image.body, now) {
            tracing::warn!(%error, "a picture could not be kept on disk");
        }
    }

    fn write(&self, key: Key, kept: &Kept, body: &[u8], now: SystemTime) -> io::Result<()> {
        let record = Record {
            object: prepare::name(body),
            from: kept.from.to_string(),
            until: kept
                .until
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
            etag: kept.validators.etag.clone(),
            last_modified: kept.validators.last_modified.clone(),
        };
        let object = self.place("objects", &record.object);
        if object.exists() {
            mark_used(&object, now);
        } else {
            self.put(&object, body)?;
            self.count(body.len() as u64);
        }
        self.put(&self.place("records", &key.hex()), &serde_json::to_vec(&record)?)
    }

    /// Writes a file aside and renames it into its place.
    fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let aside = self.aside().join(format!(
            "{}-{}",
            std::process::id(),
            self.next.fetch_add(1, Ordering::Relaxed)
        ));
        if let Some(shelf) = path.parent() {
            private_folder(shelf)?;
        }
        let put = fs::write(&aside, bytes).and_then(|()| fs::rename(&aside, path));
        if put.is_err() {
            let _ = fs::remove_file(&aside);
        }
        put
    }

    /// Counts a new object, and makes room when there are too many.
    fn count(&self, new: u64) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let total = match *held {
            Some(before) => before + new,
            None => self.objects().iter().map(|object| object.bytes).sum(),
        };
        *held = Some(if total > self.quota { self.sweep() } else { total });
    }

    /// Removes what was used longest ago; returns the bytes that stay.
    fn sweep(&self) -> u64 {
        let mut objects = self.objects();
        objects.sort_by_key(|object| object.used);
        let mut total: u64 = objects.iter().map(|object| object.bytes).sum();
        let enough = self.quota - self.quota / ROOM;
        for object in objects {
            if total <= enough {
                break;
            }
            if fs::remove_file(&object.path).is_ok() {
                total -= object.bytes;
            }
        }
        self.sweep_records();
        total
    }

    /// Removes records whose object is gone.
    fn sweep_records(&self) {
        for path in files(&self.folder.join("records")) {
            let record = fs::read(&path).ok();
            let record = record.and_then(|record| serde_json::from_slice::<Record>(&record).ok());
            if !record.is_some_and(|record| self.place("objects", &record.object).exists()) {
                let _ = fs::remove_file(path);
            }
        }
    }

    fn objects(&self) -> Vec<Object> {
        files(&self.folder.join("objects"))
            .filter_map(|path| {
                let metadata = fs::metadata(&path).ok()?;
                Some(Object {
                    used: metadata.modified().ok()?,
                    bytes: metadata.len(),
                    path,
                })
            })
            .collect()
    }
}

/// One file of the folder.
struct Object {
    path: PathBuf,
    used: SystemTime,
    bytes: u64,
}

/// The files two levels below `folder`.
fn files(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
    entries(folder).flat_map(move |shelf| entries(&shelf.path()).map(|file| file.path()))
}

/// A file's date says when it was last used.
fn mark_used(path: &Path, now: SystemTime) {
    let Ok(file) = fs::File::open(path) else { return };
    let used = file.metadata().and_then(|metadata| metadata.modified());
    let recently = |used: SystemTime| now.duration_since(used).is_ok_and(|since| since < MARK_EVERY);
    if !used.is_ok_and(recently) {
        // Not being able to costs the picture its place in the queue, no more.
        let _ = file.set_modified(now);
    }
}

/// A folder that only we can look into: what people read is nobody's business.
fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
