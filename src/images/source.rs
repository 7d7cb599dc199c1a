//! A picture's bytes, in memory or in a file: both are read alike, a piece at a time.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

/// Bytes read from a file at once.
pub(super) const BLOCK: usize = 64 << 10;

/// Where the bytes are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source<'a> {
    Memory(&'a [u8]),
    File { file: &'a File, length: u64 },
}

impl<'a> Source<'a> {
    pub(super) fn length(self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File { length, .. } => length,
        }
    }

    /// Reads from its beginning.
    pub(super) fn reader(self) -> BufReader<Reader<'a>> {
        // What is in memory is not worth a second buffer of that size.
        let buffer = match self {
            Self::Memory(_) => 8 << 10,
            Self::File { .. } => BLOCK,
        };
        BufReader::with_capacity(buffer, Reader { source: self, at: 0 })
    }

    /// The first bytes, at most `count`.
    pub(super) fn first(self, count: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.reader().take(count as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn read_at(self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Memory(bytes) => {
                let at = usize::try_from(at).unwrap_or(usize::MAX);
                bytes.get(at..).unwrap_or_default().read(into)
            }
            Self::File { file, .. } => read_file_at(file, at, into),
        }
    }
}

/// Reads a file at a place; readers of the same file do not disturb each other.
///
/// # Errors
/// When it cannot be read.
#[cfg(unix)]
pub(super) fn read_file_at(file: &File, at: u64, into: &mut [u8]) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, into, at)
}

/// A [`Source`] read from front to back.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    source: Source<'a>,
    at: u64,
}

impl Read for Reader<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read_at(self.at, into)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Reader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.source.length().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
