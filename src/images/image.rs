//! A picture ready to be served.

use std::fs::File;
use std::io::{self, Read as _};
use std::sync::Arc;

use bytes::Bytes;

use super::source::{Source, read_file_at};

/// A picture ready to be served.
#[derive(Clone, Debug)]
pub struct Image {
    /// The bytes, or where they are.
    pub content: Content,
    /// The type as sniffed.
    pub media_type: &'static str,
    /// A strong validator over the bytes, quotes included.
    pub etag: String,
}

/// The bytes of a picture.
#[derive(Clone, Debug)]
pub enum Content {
    Memory(Bytes),
    /// An open file and its size: it can be read to its end even if it is removed meanwhile.
    File(Arc<File>, u64),
}

impl Image {
    /// A picture that is all in memory.
    #[must_use]
    pub fn of_bytes(body: Bytes, media_type: &'static str) -> Self {
        Self {
            etag: format!("\"{}\"", name(&body)),
            content: Content::Memory(body),
            media_type,
        }
    }
}

impl Content {
    /// Its size in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(_, length) => *length,
        }
    }

    /// All of it. Blocks.
    ///
    /// # Errors
    /// When the file cannot be read, or is shorter than it was.
    pub fn bytes(&self) -> io::Result<Bytes> {
        match self {
            Self::Memory(bytes) => Ok(bytes.clone()),
            Self::File(file, length) => {
                let source = Source::File {
                    file: file.as_ref(),
                    length: *length,
                };
                let mut bytes = Vec::new();
                source.reader().take(*length).read_to_end(&mut bytes)?;
                if bytes.len() as u64 == *length {
                    Ok(bytes.into())
                } else {
                    Err(io::ErrorKind::UnexpectedEof.into())
                }
            }
        }
    }
}

/// Reads a part of a picture's file. Blocks.
///
/// # Errors
/// When the file ends before the part does: what is served is whole or broken off, never padded.
pub fn read_part(file: &File, at: u64, length: usize) -> io::Result<Bytes> {
    let mut part = vec![0; length];
    let mut filled = 0;
    while let Some(rest) = part.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match read_file_at(file, at + filled as u64, rest) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(part.into())
}

/// The same part, if the system has it in memory. Does not block: what would have to come from a disk is left there.
#[cfg(target_os = "linux")]
#[must_use]
pub fn read_ready(file: &File, at: u64, length: usize) -> Option<Bytes> {
    use rustix::io::{ReadWriteFlags, preadv2};
    let mut part = vec![0; length];
    let into = &mut [io::IoSliceMut::new(&mut part)];
    let count = preadv2(file, into, at, ReadWriteFlags::NOWAIT).ok()?;
    (count == length).then(|| part.into())
}

/// Nothing here tells what is in memory.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn read_ready(_: &File, _: u64, _: usize) -> Option<Bytes> {
    None
}

/// Names bytes: BLAKE3, 128 bits, in hexadecimal.
pub(super) fn name(bytes: &[u8]) -> String {
    name_of(&blake3::hash(bytes))
}

/// The name that a hash gives.
pub(super) fn name_of(hash: &blake3::Hash) -> String {
    let mut name = hash.to_hex().to_string();
    name.truncate(32);
    name
}
