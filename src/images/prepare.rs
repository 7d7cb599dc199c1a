//! From an origin's answer to a picture that may be served: decode the content coding, sniff, measure, strip. Pure.

use std::borrow::Cow;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use super::sniff::{self, Type};
use super::{Error, Image, Options, Svg, strip};
use crate::fetch;
use crate::transform;
use crate::transform::decode::coding;

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
    let stripped = if options.strip_metadata {
        strip::strip(kind, body)
    } else {
        body
    };
    Ok(image(kind, stripped))
}

/// A picture of these bytes.
pub(super) fn image(kind: Type, body: Bytes) -> Image {
    Image {
        media_type: kind.media_type(),
        etag: format!("\"{}\"", name(&body)),
        body,
    }
}

/// Names bytes: BLAKE3, 128 bits, in hexadecimal.
pub(super) fn name(bytes: &[u8]) -> String {
    let mut name = blake3::hash(bytes).to_hex().to_string();
    name.truncate(32);
    name
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
    let Some(coding) = headers.get(CONTENT_ENCODING) else {
        return Ok(body.clone());
    };
    let coding = coding.to_str().map_err(|_| Error::NotAPicture)?;
    match coding::undo(body, Some(coding), limit) {
        Ok(Cow::Borrowed(_)) => Ok(body.clone()),
        Ok(Cow::Owned(decoded)) => Ok(decoded.into()),
        Err(transform::Error::TooLarge(_)) => Err(fetch::Error::TooLarge(limit).into()),
        Err(_) => Err(Error::NotAPicture),
    }
}
