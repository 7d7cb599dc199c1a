//! From an origin's answer to a picture that may be served: decode the content coding, sniff, measure, strip. Pure.

use std::io::Read as _;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use super::sniff::{self, Type};
use super::{Error, Image, Options, Svg, strip};
use crate::fetch;

/// The first two bytes of every gzip file (RFC 1952 §2.3.1).
const GZIP_MAGIC: &[u8] = &[0x1F, 0x8B];

/// Makes a picture of an answer's body.
///
/// # Errors
/// It is no picture, one that policy blocks, or one with too many pixels.
pub(super) fn prepare(body: &Bytes, headers: &HeaderMap, options: &Options) -> Result<Image, Error> {
    let body = decoded(body, headers, options.max_size)?;
    let kind = sniff::sniff(&body).ok_or(Error::NotAPicture)?;
    match (kind, options.svg) {
        (Type::Svg, Svg::Block) => return Err(Error::SvgBlocked),
        (Type::Svg, Svg::Sandbox) => {}
        _ => measure(kind, &body, options)?,
    }
    let body = match options.strip_metadata {
        true => strip::strip(kind, body),
        false => body,
    };
    let hash = blake3::hash(&body).to_hex();
    Ok(Image {
        media_type: kind.media_type(),
        etag: format!("\"{}\"", hash.get(..32).unwrap_or(&hash)),
        body,
    })
}

/// Refuses a picture that would take too much memory wherever it is shown, by its header alone.
fn measure(kind: Type, body: &[u8], options: &Options) -> Result<(), Error> {
    let (width, height) = sniff::dimensions(kind, body).ok_or(Error::NotAPicture)?;
    let too_long = width.max(height) > options.max_side;
    if too_long || width.saturating_mul(height) > options.max_pixels {
        return Err(Error::TooManyPixels);
    }
    Ok(())
}

/// The bytes without their content coding: some origins compress though we ask them not to.
fn decoded(body: &Bytes, headers: &HeaderMap, limit: usize) -> Result<Bytes, Error> {
    if !headers.contains_key(CONTENT_ENCODING) || !body.starts_with(GZIP_MAGIC) {
        return Ok(body.clone());
    }
    let mut out = Vec::new();
    flate2::read::MultiGzDecoder::new(&body[..])
        .take(limit as u64 + 1)
        .read_to_end(&mut out)
        .map_err(|_| Error::NotAPicture)?;
    match out.len() > limit {
        true => Err(fetch::Error::TooLarge(limit).into()),
        false => Ok(out.into()),
    }
}
