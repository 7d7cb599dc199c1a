//! Metadata off, losslessly: orientation and colour profile stay.
//!
//! Where and with what a picture was taken is nobody's business. What cannot be read stays as it came:
//! a picture that shows is worth more than one that is clean.

mod exif;

use bytes::Bytes;
use img_parts::jpeg::{Jpeg, JpegSegment, markers};
use img_parts::png::{Png, PngChunk};
use img_parts::riff::{RiffChunk, RiffContent};
use img_parts::webp::{CHUNK_EXIF, CHUNK_VP8X, CHUNK_XMP, WebP};

use super::sniff::{self, Type};

/// What an Exif segment of a JPEG begins with.
const EXIF_PREFIX: &[u8] = b"Exif\0\0";

/// What a colour profile's segment of a JPEG begins with.
const ICC_PREFIX: &[u8] = b"ICC_PROFILE\0";

/// Chunks of a PNG that only tell about it.
const PNG_METADATA: [[u8; 4]; 4] = [*b"tEXt", *b"iTXt", *b"zTXt", *b"tIME"];

/// The flags of a VP8X chunk that announce Exif and XMP.
const VP8X_EXIF: u8 = 0x08;
const VP8X_XMP: u8 = 0x04;

/// `bytes` without metadata, or as they came if they have none or cannot be read.
#[must_use]
pub fn strip(kind: Type, bytes: Bytes) -> Bytes {
    let stripped = match kind {
        Type::Jpeg => jpeg(bytes.clone()),
        Type::Png => png(bytes.clone()),
        Type::Webp => webp(bytes.clone()),
        Type::Gif | Type::Avif | Type::Bmp | Type::Ico | Type::Svg => None,
    };
    match stripped {
        Some(stripped) if same_picture(kind, &bytes, &stripped) => stripped,
        _ => bytes,
    }
}

fn same_picture(kind: Type, before: &[u8], after: &[u8]) -> bool {
    sniff::sniff(after) == Some(kind) && sniff::dimensions(kind, before) == sniff::dimensions(kind, after)
}

fn jpeg(bytes: Bytes) -> Option<Bytes> {
    let mut jpeg = Jpeg::from_bytes(bytes).ok()?;
    let segments = std::mem::take(jpeg.segments_mut());
    *jpeg.segments_mut() = segments.into_iter().filter_map(jpeg_segment).collect();
    Some(jpeg.encoder().bytes())
}

/// Keeps JFIF (APP0), Adobe's colour transform (APP14), the colour profile, and what is no metadata.
fn jpeg_segment(segment: JpegSegment) -> Option<JpegSegment> {
    let contents = segment.contents();
    match segment.marker() {
        markers::APP0 | markers::APP14 => Some(segment),
        markers::APP2 if contents.starts_with(ICC_PREFIX) => Some(segment),
        markers::APP1 => {
            let oriented = exif::orientation_only(contents.strip_prefix(EXIF_PREFIX)?)?;
            let contents = [EXIF_PREFIX, &oriented].concat();
            Some(JpegSegment::new_with_contents(markers::APP1, contents.into()))
        }
        markers::APP2..=markers::APP15 | markers::COM => None,
        _ => Some(segment),
    }
}

fn png(bytes: Bytes) -> Option<Bytes> {
    let mut png = Png::from_bytes(bytes).ok()?;
    let chunks = std::mem::take(png.chunks_mut());
    *png.chunks_mut() = chunks.into_iter().filter_map(png_chunk).collect();
    Some(png.encoder().bytes())
}

fn png_chunk(chunk: PngChunk) -> Option<PngChunk> {
    match &chunk.kind() {
        b"eXIf" => Some(PngChunk::new(
            *b"eXIf",
            exif::orientation_only(chunk.contents())?.into(),
        )),
        kind if PNG_METADATA.contains(kind) => None,
        _ => Some(chunk),
    }
}

fn webp(bytes: Bytes) -> Option<Bytes> {
    let mut webp = WebP::from_bytes(bytes).ok()?;
    let chunks = std::mem::take(webp.chunks_mut());
    *webp.chunks_mut() = chunks.into_iter().filter_map(webp_chunk).collect();
    let exif = webp.has_chunk(CHUNK_EXIF);
    for chunk in webp.chunks_mut() {
        if chunk.id() == CHUNK_VP8X {
            announce(chunk, exif);
        }
    }
    Some(webp.encoder().bytes())
}

fn webp_chunk(chunk: RiffChunk) -> Option<RiffChunk> {
    match chunk.id() {
        CHUNK_XMP => None,
        CHUNK_EXIF => {
            let data = chunk.content().data()?;
            // Some writers put the JPEG prefix before it.
            let tiff = data.strip_prefix(EXIF_PREFIX).unwrap_or(data);
            let oriented = exif::orientation_only(tiff)?;
            Some(RiffChunk::new(CHUNK_EXIF, RiffContent::Data(oriented.into())))
        }
        _ => Some(chunk),
    }
}

/// Makes the flags say what is there: some decoders refuse a file that announces what it does not have.
fn announce(vp8x: &mut RiffChunk, exif: bool) {
    if let RiffContent::Data(data) = vp8x.content_mut() {
        let mut flags = data.to_vec();
        if let Some(first) = flags.first_mut() {
            *first &= !(VP8X_EXIF | VP8X_XMP);
            if exif {
                *first |= VP8X_EXIF;
            }
        }
        *data = flags.into();
    }
}

#[cfg(test)]
mod tests;
