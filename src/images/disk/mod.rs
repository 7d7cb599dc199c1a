//! Pictures on disk: they outlive a restart, and their origins.
//!
//! `objects/ab/cdef…` is named by the hash of what it holds, so mirrors share one file and a torn file
//! is noticed; `records/ab/cdef…` is named by the address and says which object it is and when to ask
//! again; `pins/…` is named by a feed and says which addresses it shows now. All are written aside and
//! renamed: what is there is whole. Nothing here fails a reader: what cannot be read is fetched again,
//! what cannot be written is served from memory. Everything here blocks.

mod purges;
mod sweep;
mod pins;
mod record;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::keep::{Held, Kept, Key, Place};
use super::prepare::{Prepared, name_of_file};
use super::source::Source;
use super::{Options, Svg, sniff};
use crate::fetch::spool::{Body, Spool, Spooled};
use purges::Purges;
pub use purges::Which;
pub use record::Record;

/// What one record takes on a disk, roughly.
const RECORD: u64 = 4 << 10;

/// A folder of pictures, bounded in bytes; those used longest ago go first, those that a feed shows last.
#[derive(Debug)]
pub(super) struct Disk {
    folder: PathBuf,
    quota: u64,
    free: u64,
    svg: Svg,
    spool: Spool,
    /// Bytes of all objects and records; `None` until they have been counted.
    held: Mutex<Option<u64>>,
    /// Says when somebody purged, perhaps another process.
    purges: Purges,
}

impl Disk {
    /// The disk of these options, if they name one that can be used.
    pub(super) fn open(options: &Options) -> Option<Self> {
        let folder = options.folder.clone()?;
        let disk = Self {
            quota: options.disk,
            free: options.disk_free,
            svg: options.svg,
            spool: Spool {
                folder: folder.join("aside"),
                memory: options.memory_each,
            },
            purges: Purges::of(&folder),
            folder,
            held: Mutex::new(None),
        };
        match disk.create() {
            Ok(()) => Some(disk),
            Err(error) => {
                tracing::warn!(%error, "the folder for pictures cannot be used: they are kept in memory only");
                None
            }
        }
    }

    fn create(&self) -> io::Result<()> {
        for part in ["objects", "records", "pins", "aside"] {
            private_folder(&self.folder.join(part))?;
        }
        Ok(())
    }

    /// Removes what was being written when we last stopped.
    pub(super) fn tidy(&self) {
        for file in fs::read_dir(&self.spool.folder).into_iter().flatten().flatten() {
            let ours = format!("{}-", std::process::id());
            if !file.file_name().to_string_lossy().starts_with(&ours) {
                let _ = fs::remove_file(file.path());
            }
        }
    }

    /// Where a picture goes on its way in; nowhere when the disk is too full.
    pub(super) fn spool(&self) -> Option<&Spool> {
        self.has_room().then_some(&self.spool)
    }

    /// True unless the disk is fuller than the owner wants.
    fn has_room(&self) -> bool {
        self.lacking() == 0
    }

    /// Bytes that should be free on this disk and are not.
    fn lacking(&self) -> u64 {
        match rustix::fs::statvfs(&self.folder) {
            Ok(disk) => self
                .free
                .saturating_sub(disk.f_bavail.saturating_mul(disk.f_frsize)),
            // What cannot be told is no reason to stop.
            Err(_) => 0,
        }
    }

    fn place(&self, part: &str, name: &str) -> PathBuf {
        let (shelf, rest) = name.split_at_checked(2).unwrap_or(("", name));
        self.folder.join(part).join(shelf).join(rest)
    }

    /// What is kept of one address.
    pub(super) fn load(&self, key: Key, now: SystemTime) -> Option<Kept> {
        let path = self.place("records", &key.hex());
        let record = Record::read(&path)?;
        let name = record.object.clone()?;
        let object = self.place("objects", &name);
        let file = Arc::new(File::open(&object).ok()?);
        let length = file.metadata().ok()?.len();
        if name_of_file(&file, length).ok()? != name {
            let _ = fs::remove_file(&object);
            return None;
        }
        let source = Source::File {
            file: file.as_ref(),
            length,
        };
        let kind = sniff::sniff(&source.first(sniff::ENOUGH).ok()?)?;
        if kind == sniff::Type::Svg && self.svg == Svg::Block {
            return None;
        }
        record::mark_used(&path, now);
        let place = if length <= self.spool.memory as u64 {
            let length = usize::try_from(length).ok()?;
            Place::Memory(source.first(length).ok()?.into())
        } else {
            Place::Disk(length)
        };
        let held = Held {
            object: name,
            media_type: kind.media_type(),
            place,
        };
        record.kept(held)
    }

    /// An object, if it is still there.
    pub(super) fn object(&self, name: &str, length: u64) -> Option<File> {
        let file = File::open(self.place("objects", name)).ok()?;
        (file.metadata().ok()?.len() == length).then_some(file)
    }

    /// Gives a new picture its place on disk, if it is not there yet, and makes room.
    pub(super) fn put_object(&self, picture: &Prepared, now: SystemTime) -> io::Result<()> {
        let path = self.place("objects", &picture.name);
        if path.exists() {
            return Ok(());
        }
        let length = match &picture.body {
            Body::Memory(bytes) => bytes.len() as u64,
            Body::File(file) => file.length,
        };
        if length > self.quota || !self.make_room(length, now) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        match &picture.body {
            Body::Memory(bytes) => self.put(&path, bytes),
            Body::File(file) => {
                if let Some(shelf) = path.parent() {
                    private_folder(shelf)?;
                }
                file.rename(&path)
            }
        }
    }

    /// Keeps what is known about one address, whose object is there.
    pub(super) fn put_record(&self, key: Key, kept: &Kept, now: SystemTime) {
        let path = self.place("records", &key.hex());
        if !path.exists() && !self.make_room(RECORD, now) {
            return;
        }
        let put = Record::of(kept).text().and_then(|text| self.put(&path, &text));
        match put {
            Ok(()) => record::mark_used(&path, now),
            Err(error) => tracing::warn!(%error, "a picture could not be kept on disk"),
        }
    }

    /// Writes a file aside and renames it into its place.
    fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        if let Some(shelf) = path.parent() {
            private_folder(shelf)?;
        }
        let mut aside = Spooled::create(&self.spool.folder)?;
        aside.append(bytes)?;
        aside.rename(path)
    }

    /// Counts `new` bytes, and makes room for them when there is none. False when there is none to be made.
    fn make_room(&self, new: u64, now: SystemTime) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match *held {
            Some(before) => before,
            None => sweep::count(&self.folder),
        };
        let over = (before + new).saturating_sub(self.quota).max(self.lacking());
        let after = if over == 0 {
            before
        } else {
            // So much below that not every picture needs a sweep.
            let wanted = before.saturating_sub(over).saturating_sub(self.quota / 10);
            sweep::sweep(self, before, wanted, now)
        };
        let fits = after + new <= self.quota && self.has_room();
        *held = Some(if fits { after + new } else { after });
        fits
    }

    /// Something was taken away: to be counted again.
    fn recount(&self) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = None;
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

/// The files two levels below `folder`.
fn files(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
    entries(folder).flat_map(move |shelf| entries(&shelf.path()).map(|file| file.path()))
}
