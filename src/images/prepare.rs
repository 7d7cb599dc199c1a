//! From an origin's answer to a picture that may be served: decode the content coding, sniff, measure,
//! strip, name. What came in a file stays in files; nothing large is in memory.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use super::image::{name, name_of};
use super::sniff::{self, Type};
use super::source::Source;
use super::{Error, Options, Svg, strip};
use crate::fetch;
use crate::fetch::spool::{Body, Spool, Spooled};
use crate::transform;
use crate::transform::decode::coding;

/// A picture that may be served.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) kind: Type,
    /// The name of its bytes.
    pub(super) name: String,
    pub(super) body: Body,
}

/// Makes a picture of an answer's body. Blocks.
///
/// # Errors
/// It is no picture, one that policy blocks, or one with too many pixels.
pub(super) fn prepare(
    body: Body,
    headers: &HeaderMap,
    options: &Options,
    spool: Option<&Spool>,
) -> Result<Prepared, Error> {
    let body = decoded(body, headers, options.max_size)?;
    let source = source(&body);
    let begin = source.first(sniff::ENOUGH).map_err(unprepared)?;
    let kind = sniff::sniff(&begin).ok_or(Error::NotAPicture)?;
    match (kind, options.svg) {
        (Type::Svg, Svg::Block) => return Err(Error::SvgBlocked),
        (Type::Svg, Svg::Sandbox) => {}
        _ => measure(kind, source, options)?,
    }
    let body = match body {
        _ if !options.strip_metadata => body,
        Body::Memory(bytes) => Body::Memory(strip::strip(kind, bytes)),
        Body::File(file) => stripped(kind, file, spool).map_err(unprepared)?,
    };
    placed(kind, body, spool).map_err(unprepared)
}

/// The body without metadata, in another file.
fn stripped(kind: Type, file: Spooled, spool: Option<&Spool>) -> io::Result<Body> {
    let source = of_file(&file);
    let (Some(pieces), Some(spool)) = (strip::plan(kind, source), spool) else {
        return Ok(Body::File(file));
    };
    let mut clean = Spooled::create(&spool.folder)?;
    pieces.write(source, &mut |piece| clean.append(piece))?;
    let same = strip::same_picture(kind, source, of_file(&clean));
    Ok(Body::File(if same { clean } else { file }))
}

/// What is large goes to a file if there is a place for it; all is named by its bytes.
fn placed(kind: Type, body: Body, spool: Option<&Spool>) -> io::Result<Prepared> {
    let body = match (body, spool) {
        (Body::Memory(bytes), Some(spool)) if bytes.len() > spool.memory => {
            let mut file = Spooled::create(&spool.folder)?;
            file.append(&bytes)?;
            Body::File(file)
        }
        // It lost so much that it is small now.
        (Body::File(file), Some(spool)) if file.length <= spool.memory as u64 => {
            let mut bytes = Vec::new();
            io::Read::read_to_end(&mut of_file(&file).reader(), &mut bytes)?;
            Body::Memory(bytes.into())
        }
        (body, _) => body,
    };
    let name = match &body {
        Body::Memory(bytes) => name(bytes),
        Body::File(file) => name_of_file(&file.file, file.length)?,
    };
    Ok(Prepared { kind, name, body })
}

/// The name of a file's bytes. Blocks.
pub(super) fn name_of_file(file: &Arc<File>, length: u64) -> io::Result<String> {
    let source = Source::File {
        file: file.as_ref(),
        length,
    };
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(source.reader())?;
    Ok(name_of(&hasher.finalize()))
}

fn source(body: &Body) -> Source<'_> {
    match body {
        Body::Memory(bytes) => Source::Memory(bytes),
        Body::File(file) => of_file(file),
    }
}

fn of_file(file: &Spooled) -> Source<'_> {
    Source::File {
        file: file.file.as_ref(),
        length: file.length,
    }
}

/// Refuses a picture that would take too much memory wherever it is shown, by its header alone.
fn measure(kind: Type, source: Source<'_>, options: &Options) -> Result<(), Error> {
    let (width, height) = sniff::dimensions(kind, source).ok_or(Error::NotAPicture)?;
    let too_long = width.max(height) > options.max_side;
    if too_long || width.saturating_mul(height) > options.max_pixels {
        return Err(Error::TooManyPixels);
    }
    Ok(())
}

/// The bytes without their content coding: some origins compress though we ask them not to.
fn decoded(body: Body, headers: &HeaderMap, limit: usize) -> Result<Body, Error> {
    let Some(coding) = headers.get(CONTENT_ENCODING) else {
        return Ok(body);
    };
    let coding = coding.to_str().map_err(|_| Error::NotAPicture)?;
    let bytes: Bytes = match body {
        Body::Memory(bytes) => bytes,
        Body::File(file) => {
            let mut bytes = Vec::new();
            io::Read::read_to_end(&mut of_file(&file).reader(), &mut bytes).map_err(unprepared)?;
            bytes.into()
        }
    };
    match coding::undo(&bytes, Some(coding), limit) {
        Ok(Cow::Owned(decoded)) => Ok(Body::Memory(decoded.into())),
        Ok(Cow::Borrowed(_)) => Ok(Body::Memory(bytes.clone())),
        Err(transform::Error::TooLarge(_)) => Err(fetch::Error::TooLarge(limit).into()),
        Err(_) => Err(Error::NotAPicture),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn unprepared(error: io::Error) -> Error {
    tracing::warn!(%error, "a picture could not be prepared");
    Error::Unprepared
}
