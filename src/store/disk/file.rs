//! The file: opened, checked, set aside when it is not ours or not whole, and opened again after the disk failed.

use std::fs::{self, OpenOptions};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

use redb::{Builder, Database, DatabaseError, Durability};

use super::table::{self, Schema, Write};
use crate::store::ceiling::{Ceiling, Held};
use crate::store::{Error, Options};

const NAME: &str = "limpid.redb";
/// How many files that were set aside are kept.
const BROKEN_KEPT: u32 = 3;
/// Up to this size every page is verified at each start; above it, each record when it is read. Readers wait for
/// the first, about half a millisecond for each megabyte.
const VERIFY_UP_TO: u64 = 16 << 20;
/// A file of this size is packed at start if two thirds of it are empty; a larger one takes too long, and its
/// empty pages are used again anyway.
const COMPACT: std::ops::RangeInclusive<u64> = 32 << 20..=512 << 20;

/// How the file is opened.
pub(super) type Opener = Box<dyn Fn(&Path) -> Result<Database, DatabaseError> + Send + Sync>;

/// The file on disk, whatever state it is in.
pub(super) struct File {
    path: PathBuf,
    opener: Opener,
    ceiling: Ceiling,
    held: Mutex<Held>,
    openings: AtomicU64,
    state: RwLock<State>,
}

enum State {
    Open(Database, Generation),
    /// To be opened again before the next write.
    Failed {
        damaged: bool,
    },
    Closed,
}

/// How often the file was opened, so that a late failure closes only the opening that it saw.
type Generation = u64;

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("File")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Opens the real file; only its owner may read it, for feeds can be private.
pub(super) fn opener(page_cache: usize) -> Opener {
    Box::new(move |path| {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let length = options.open(path)?.metadata()?.len();
        Builder::new()
            .set_cache_size(page_cache)
            .set_check_integrity_on_open((1..=VERIFY_UP_TO).contains(&length))
            .create(path)
    })
}

impl File {
    /// Opens or makes the file; also tells the largest fence in it.
    pub(super) fn open(folder: &Path, options: &Options, opener: Opener) -> Result<(Self, u64), Error> {
        fs::create_dir_all(folder).map_err(|error| Error::Io(error.kind()))?;
        let file = Self {
            path: folder.join(NAME),
            opener,
            ceiling: Ceiling {
                bytes: options.max_bytes,
                records: options.max_records,
            },
            held: Mutex::default(),
            openings: AtomicU64::new(0),
            state: RwLock::new(State::Failed { damaged: false }),
        };
        let fence = file.heal()?;
        Ok((file, fence))
    }

    /// Runs a read; a failure closes the file until the next write opens it again.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Database) -> Result<T, redb::Error>) -> Result<T, Error> {
        let (result, generation) = match &*self.state() {
            State::Open(database, generation) => (contained(|| work(database)), *generation),
            State::Failed { damaged: true } => return Err(Error::Damaged),
            State::Failed { damaged: false } => return Err(Error::Io(io::ErrorKind::Other)),
            State::Closed => return Err(Error::Closed),
        };
        result.inspect_err(|error| self.fail(error, generation))
    }

    /// Commits all writes at once: for each whether it was done.
    pub(super) fn write(&self, writes: &[&Write], durability: Durability) -> Result<Vec<bool>, Error> {
        self.heal()?;
        let held = *self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let (done, held) =
            self.read(|database| table::apply(database, writes, held, self.ceiling, durability))?;
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = held;
        Ok(done)
    }

    /// Lets go of the file for good.
    pub(super) fn close(&self) {
        self.enter(State::Closed);
    }

    /// Opens the file if it is not open: at the start, and after a failure. Tells the largest fence found.
    fn heal(&self) -> Result<u64, Error> {
        match *self.state() {
            State::Open(..) => return Ok(0),
            State::Closed => return Err(Error::Closed),
            State::Failed { damaged: true } => self.set_aside("is damaged")?,
            State::Failed { damaged: false } => {}
        }
        let (database, held, fence) = match self.attempt()? {
            Attempt::Open(database, held, fence) => (database, held, fence),
            Attempt::Unfit(reason) => {
                self.set_aside(reason)?;
                match self.attempt()? {
                    Attempt::Open(database, held, fence) => (database, held, fence),
                    Attempt::Unfit(_) => return Err(Error::Damaged),
                }
            }
        };
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = held;
        let generation = self.openings.fetch_add(1, Ordering::Relaxed);
        self.enter(State::Open(database, generation));
        Ok(fence)
    }

    fn attempt(&self) -> Result<Attempt, Error> {
        let opened = contained(|| {
            let mut database = (self.opener)(&self.path)?;
            match table::schema(&database)? {
                Schema::Ours => {}
                Schema::Newer => return Ok(Attempt::Unfit("was written by a newer version")),
                Schema::Foreign => return Ok(Attempt::Unfit("is not a store of ours")),
            }
            let (held, fence) = table::inventory(&database)?;
            let length = fs::metadata(&self.path).map_or(0, |about| about.len());
            if COMPACT.contains(&length) && held.bytes < length / 3 {
                database.compact()?;
            }
            Ok(Attempt::Open(database, held, fence))
        });
        match opened {
            Err(Error::Damaged) => Ok(Attempt::Unfit("is damaged")),
            Err(Error::InUse(_)) => Err(Error::InUse(self.path.clone())),
            other => other,
        }
    }

    /// Renames the file, so that its owner can look at it, and forgets the oldest one set aside.
    fn set_aside(&self, reason: &str) -> Result<(), Error> {
        let name = |number: u32| self.path.with_file_name(format!("{NAME}.broken-{number}"));
        let age = |path: &PathBuf| fs::metadata(path).and_then(|about| about.modified()).ok();
        // A name that is free has no age, and none is less than any.
        let Some(aside) = (1..=BROKEN_KEPT).map(name).min_by_key(age) else {
            return Ok(());
        };
        match fs::rename(&self.path, &aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Error::Io(error.kind())),
            _ => {}
        }
        let (store, aside) = (self.path.display(), aside.display());
        tracing::warn!(%store, %aside, "the store {reason}; it was set aside and a new one begun: feeds are fetched again");
        Ok(())
    }

    fn fail(&self, error: &Error, generation: Generation) {
        let seen = |state: &State| matches!(state, State::Open(_, open) if *open == generation);
        if matches!(error, Error::Io(_) | Error::Damaged) {
            self.change(
                State::Failed {
                    damaged: *error == Error::Damaged,
                },
                seen,
            );
        }
    }

    fn enter(&self, next: State) {
        self.change(next, |state| !matches!(state, State::Closed));
    }

    /// Waits for running reads, then changes the state; closing the former file may fail as it likes.
    fn change(&self, next: State, allowed: impl FnOnce(&State) -> bool) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if allowed(&state) {
            let former = std::mem::replace(&mut *state, next);
            catch_unwind(AssertUnwindSafe(|| drop(former))).ok();
        }
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Attempt {
    Open(Database, Held, u64),
    Unfit(&'static str),
}

/// redb promises errors for what it checks and panics for what it trusts: a damaged page may be either.
fn contained<T>(work: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, Error> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| translate(&error)),
        Err(_) => Err(Error::Damaged),
    }
}

fn translate(error: &redb::Error) -> Error {
    use io::ErrorKind::{InvalidData, UnexpectedEof};
    match error {
        redb::Error::DatabaseAlreadyOpen => Error::InUse(PathBuf::new()),
        redb::Error::Io(error) if matches!(error.kind(), InvalidData | UnexpectedEof) => Error::Damaged,
        redb::Error::Io(error) => Error::Io(error.kind()),
        redb::Error::PreviousIo => Error::Io(io::ErrorKind::Other),
        _ => Error::Damaged,
    }
}
