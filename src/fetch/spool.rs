//! A body on its way in: in memory while it is small, in a file of its own once it is not.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};

/// Bytes written to a file at once.
const BLOCK: usize = 128 << 10;

/// Names files, together with the process's id.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Where large bodies go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spool {
    /// A folder that is ours alone.
    pub folder: PathBuf,
    /// Bytes of a body that are held in memory; a larger one goes to a file.
    pub memory: usize,
}

/// A whole body.
#[derive(Debug)]
pub enum Body {
    Memory(Bytes),
    File(Spooled),
}

impl Body {
    /// Its size in bytes.
    #[must_use]
    pub fn length(&self) -> usize {
        match self {
            Self::Memory(bytes) => bytes.len(),
            Self::File(file) => usize::try_from(file.length).unwrap_or(usize::MAX),
        }
    }
}

/// A body in a file of its own, which is removed when this is dropped.
#[derive(Debug)]
pub struct Spooled {
    /// Open for reading and writing.
    pub file: Arc<File>,
    /// Its size in bytes.
    pub length: u64,
    path: PathBuf,
}

impl Drop for Spooled {
    fn drop(&mut self) {
        // It may have been renamed meanwhile, which is as good.
        let _ = fs::remove_file(&self.path);
    }
}

impl Spooled {
    /// A new empty file in `folder`, readable by us alone. Blocks.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(folder: &Path) -> io::Result<Self> {
        let name = format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = folder.join(name);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self {
            file: Arc::new(options.open(&path)?),
            length: 0,
            path,
        })
    }

    /// Appends. Blocks.
    ///
    /// # Errors
    /// When the disk takes no more.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        (&*self.file).write_all(bytes)?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Gives the file its place: who opens `path` sees the whole of it. Blocks.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub fn rename(&self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)
    }
}

/// A body being gathered.
#[derive(Debug)]
pub(super) struct Gathering {
    /// What is not yet in the file.
    pub(super) held: BytesMut,
    file: Option<Spooled>,
    spool: Option<Spool>,
    length: usize,
}

impl Gathering {
    pub(super) fn new(spool: Option<Spool>) -> Self {
        Self {
            held: BytesMut::new(),
            file: None,
            spool,
            length: 0,
        }
    }

    /// Bytes so far.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Bytes that must be held in memory to take `more`.
    pub(super) fn needs(&self, more: usize) -> usize {
        self.held.len() + more
    }

    /// True when a body of `claimed` bytes stays in memory to its end.
    pub(super) fn stays_in_memory(&self, claimed: usize) -> bool {
        self.spool.as_ref().is_none_or(|spool| claimed <= spool.memory)
    }

    /// Takes a piece; may write to disk, away from the threads that serve.
    pub(super) async fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        self.length += piece.len();
        self.held.extend_from_slice(piece);
        let Some(spool) = &self.spool else { return Ok(()) };
        let limit = if self.file.is_some() { BLOCK } else { spool.memory };
        if self.held.len() > limit {
            self.write().await?;
        }
        Ok(())
    }

    async fn write(&mut self) -> io::Result<()> {
        let Some(spool) = &self.spool else { return Ok(()) };
        let (file, folder, mut held) = (
            self.file.take(),
            spool.folder.clone(),
            std::mem::take(&mut self.held),
        );
        let written = tokio::task::spawn_blocking(move || -> io::Result<_> {
            let mut file = match file {
                Some(file) => file,
                None => Spooled::create(&folder)?,
            };
            file.append(&held)?;
            held.clear();
            Ok((file, held))
        });
        let (file, held) = written.await.map_err(io::Error::other)??;
        self.file = Some(file);
        // The same buffer again.
        self.held = held;
        Ok(())
    }

    /// The whole body.
    pub(super) async fn finish(mut self) -> io::Result<Body> {
        if self.file.is_some() && !self.held.is_empty() {
            self.write().await?;
        }
        Ok(match self.file.take() {
            Some(file) => Body::File(file),
            None => Body::Memory(self.held.freeze()),
        })
    }
}
