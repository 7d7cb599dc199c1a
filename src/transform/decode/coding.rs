//! Content codings (RFC 9110 §8.4), undone under a ceiling that is counted while streaming.

use std::borrow::Cow;
use std::io::{self, Read};

use flate2::bufread::GzDecoder;
use flate2::{Decompress, FlushDecompress, Status};

use crate::transform::Error;

/// The first two bytes of every gzip file (RFC 1952 §2.3.1).
const GZIP_MAGIC: &[u8] = &[0x1F, 0x8B];
/// The first four bytes of every zstd frame (RFC 8878 §3.1.1).
const ZSTD_MAGIC: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD];
/// The largest zstd window in HTTP: 2^23 bytes (RFC 9659 §3).
const ZSTD_WINDOW_LOG: u32 = 23;
/// Bytes moved at a time.
const BLOCK: usize = 16 << 10;

/// Undoes the one coding that `content_encoding` names, then a gzip file inside, if there is one.
///
/// # Errors
/// A broken, unknown or doubled coding, or more than `limit` bytes.
pub fn undo<'a>(
    bytes: &'a [u8],
    content_encoding: Option<&str>,
    limit: usize,
) -> Result<Cow<'a, [u8]>, Error> {
    let body = match coding_of(content_encoding)? {
        // Some servers name a coding that they did not apply.
        Coding::Gzip if !bytes.starts_with(GZIP_MAGIC) => Cow::Borrowed(bytes),
        Coding::Zstd if !bytes.starts_with(ZSTD_MAGIC) => Cow::Borrowed(bytes),
        Coding::Identity => Cow::Borrowed(bytes),
        Coding::Gzip => Cow::Owned(gunzip(bytes, limit)?),
        Coding::Deflate => Cow::Owned(inflate(bytes, limit)?),
        Coding::Brotli => Cow::Owned(drain(brotli::Decompressor::new(bytes, BLOCK), limit)?),
        Coding::Zstd => Cow::Owned(unzstd(bytes, limit)?),
    };
    let body = if body.starts_with(GZIP_MAGIC) {
        Cow::Owned(gunzip(&body, limit)?)
    } else {
        body
    };
    if body.len() > limit {
        return Err(too_large());
    }
    Ok(body)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Identity,
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

/// More than one coding is a bomb's trick and nobody's need: refused.
fn coding_of(content_encoding: Option<&str>) -> Result<Coding, Error> {
    let mut found = Coding::Identity;
    for name in content_encoding.unwrap_or_default().split(',') {
        let coding = match name.trim().to_ascii_lowercase().as_str() {
            "" | "identity" | "none" => continue,
            "gzip" | "x-gzip" => Coding::Gzip,
            "deflate" => Coding::Deflate,
            "br" => Coding::Brotli,
            "zstd" => Coding::Zstd,
            _ => return Err(Error::Coding),
        };
        if found != Coding::Identity {
            return Err(Error::Coding);
        }
        found = coding;
    }
    Ok(found)
}

fn too_large() -> Error {
    Error::TooLarge("decoded bytes")
}

/// Reads all of `reader`, but never more than `limit` bytes and one.
fn drain(reader: impl Read, limit: usize) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    drain_into(reader, limit, &mut out)?;
    Ok(out)
}

fn drain_into(reader: impl Read, limit: usize, out: &mut Vec<u8>) -> Result<(), Error> {
    let room = limit.saturating_sub(out.len()).saturating_add(1);
    let read: io::Result<usize> = reader.take(room as u64).read_to_end(out);
    match read {
        Ok(_) if out.len() > limit => Err(too_large()),
        Ok(_) => Ok(()),
        Err(_) => Err(Error::Coding),
    }
}

/// One gzip member after another; whatever else follows the last one is padding.
fn gunzip(mut bytes: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    while bytes.starts_with(GZIP_MAGIC) {
        let mut member = GzDecoder::new(bytes);
        match drain_into(&mut member, limit, &mut out) {
            // A member that only looks like one, behind a whole one, is padding too.
            Err(Error::Coding) if !out.is_empty() && member.header().is_none() => break,
            outcome => outcome?,
        }
        bytes = member.into_inner();
    }
    Ok(out)
}

/// `deflate` means zlib (RFC 9110 §8.4.1.2), but some servers send the raw stream.
///
/// By hand, because the streaming reader takes a cut stream for a whole one.
fn inflate(bytes: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
    let is_zlib = matches!(bytes, [cmf, flags, ..]
        if cmf & 0x0F == 8 && (u16::from(*cmf) << 8 | u16::from(*flags)) % 31 == 0);
    let mut stream = Decompress::new(is_zlib);
    let mut out = Vec::new();
    loop {
        out.reserve(BLOCK);
        let (taken, made) = (stream.total_in(), stream.total_out());
        let rest = usize::try_from(taken)
            .ok()
            .and_then(|at| bytes.get(at..))
            .unwrap_or_default();
        let status = stream
            .decompress_vec(rest, &mut out, FlushDecompress::None)
            .map_err(|_| Error::Coding)?;
        if out.len() > limit {
            return Err(too_large());
        }
        if status == Status::StreamEnd {
            return Ok(out);
        }
        if (stream.total_in(), stream.total_out()) == (taken, made) {
            return Err(Error::Coding);
        }
    }
}

fn unzstd(bytes: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
    let mut reader = zstd::stream::read::Decoder::with_buffer(bytes).map_err(|_| Error::Coding)?;
    reader
        .window_log_max(ZSTD_WINDOW_LOG)
        .map_err(|_| Error::Coding)?;
    drain(reader, limit)
}
