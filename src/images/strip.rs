//! Metadata off, losslessly: orientation and colour profile stay.
//!
//! Where and with what a picture was taken is nobody's business, and neither is what hangs behind its
//! end. Only the container is read, in pieces, so a large picture is never in memory. What cannot be
//! read stays as it came: a picture that shows is worth more than one that is clean.

mod jpeg;
mod png;
mod webp;
mod exif;
mod pieces;

use std::io;

use bytes::Bytes;

use super::sniff::{self, Type};
use super::source::Source;
pub(super) use pieces::Pieces;

/// `bytes` without metadata, or as they came if they have none or cannot be read.
#[must_use]
pub fn strip(kind: Type, bytes: Bytes) -> Bytes {
    let source = Source::Memory(&bytes);
    let Some(pieces) = plan(kind, source) else {
        return bytes;
    };
    let mut stripped = Vec::with_capacity(bytes.len());
    let written = pieces.write(source, &mut |piece| {
        stripped.extend_from_slice(piece);
        Ok(())
    });
    if written.is_ok() && same_picture(kind, source, Source::Memory(&stripped)) {
        stripped.into()
    } else {
        bytes
    }
}

/// What stays of a picture; `None` when all of it does, or when it cannot be read.
pub(super) fn plan(kind: Type, source: Source<'_>) -> Option<Pieces> {
    let walked: io::Result<Option<Pieces>> = match kind {
        Type::Jpeg => jpeg::walk(source),
        Type::Png => png::walk(source),
        Type::Webp => webp::walk(source),
        Type::Gif | Type::Avif | Type::Bmp | Type::Ico | Type::Svg => return None,
    };
    let pieces = walked.ok().flatten()?;
    (!pieces.is_whole(source.length())).then_some(pieces)
}

/// True when both are of one kind and size.
pub(super) fn same_picture(kind: Type, before: Source<'_>, after: Source<'_>) -> bool {
    let begin = after.first(sniff::ENOUGH).unwrap_or_default();
    sniff::sniff(&begin) == Some(kind) && sniff::dimensions(kind, before) == sniff::dimensions(kind, after)
}

#[cfg(test)]
mod tests;
