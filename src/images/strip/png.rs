//! PNG (third edition §5.3): chunks up to `IEND`; what hangs behind it is cut off.

use std::io::{self, Read as _};

use super::exif;
use super::pieces::Pieces;
use crate::images::source::Source;

/// Chunks that only tell about the picture.
const METADATA: [[u8; 4]; 4] = [*b"tEXt", *b"iTXt", *b"zTXt", *b"tIME"];

/// Exif larger than this is dropped unread.
const MAX_EXIF: u32 = 64 << 10;

pub(super) fn walk(source: Source<'_>) -> io::Result<Option<Pieces>> {
    let mut reader = source.reader();
    let mut pieces = Pieces::default();
    reader.seek_relative(8)?;
    pieces.keep(0..8);
    let mut at: u64 = 8;
    loop {
        let mut head = [0; 8];
        reader.read_exact(&mut head)?;
        let [l0, l1, l2, l3, kind @ ..] = head;
        let length = u32::from_be_bytes([l0, l1, l2, l3]);
        let end = at + 12 + u64::from(length);
        if end > source.length() || pieces.is_full() {
            return Ok(None);
        }
        let mut rest = i64::from(length) + 4;
        if kind == *b"eXIf" && length <= MAX_EXIF {
            let mut tiff = vec![0; length as usize];
            reader.read_exact(&mut tiff)?;
            rest = 4;
            if let Some(oriented) = exif::orientation_only(&tiff) {
                pieces.put(chunk(kind, &oriented));
            }
        } else if kind != *b"eXIf" && !METADATA.contains(&kind) {
            pieces.keep(at..end);
        }
        if kind == *b"IEND" {
            return Ok(pieces.bounded());
        }
        reader.seek_relative(rest)?;
        at = end;
    }
}

fn chunk(kind: [u8; 4], contents: &[u8]) -> Vec<u8> {
    let mut checksum = flate2::Crc::new();
    checksum.update(&kind);
    checksum.update(contents);
    let length = u32::try_from(contents.len()).unwrap_or(u32::MAX);
    [
        &length.to_be_bytes()[..],
        &kind,
        contents,
        &checksum.sum().to_be_bytes(),
    ]
    .concat()
}
