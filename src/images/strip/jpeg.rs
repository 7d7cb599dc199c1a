//! JPEG (ITU-T T.81 annex B): segments up to the first scan, scans, and the end marker. What hangs
//! behind the end (a second picture, a film, a map) is cut off.

use std::io::{self, BufRead, Read as _};

use super::exif;
use super::pieces::Pieces;
use crate::images::source::Source;

/// What an Exif segment begins with.
pub(super) const EXIF_PREFIX: &[u8] = b"Exif\0\0";
/// What a colour profile's segment begins with.
const ICC_PREFIX: &[u8] = b"ICC_PROFILE\0";

const START: u8 = 0xD8;
const END: u8 = 0xD9;
const SCAN: u8 = 0xDA;
const COMMENT: u8 = 0xFE;

pub(super) fn walk(source: Source<'_>) -> io::Result<Option<Pieces>> {
    let mut reader = source.reader();
    let mut pieces = Pieces::default();
    let mut head = [0; 2];
    reader.read_exact(&mut head)?;
    if head != [0xFF, START] {
        return Ok(None);
    }
    pieces.keep(0..2);
    let (mut at, mut scanned) = (2, false);
    while let Some((marker, length)) = next_marker(&mut reader)? {
        let begin = at;
        at += length;
        match marker {
            END => {
                pieces.keep(begin..at);
                return Ok(pieces.bounded());
            }
            // Markers that stand alone.
            0x01 | 0xD0..=START => pieces.keep(begin..at),
            _ => {
                let mut size = [0; 2];
                reader.read_exact(&mut size)?;
                let Some(size) = u16::from_be_bytes(size).checked_sub(2) else {
                    return Ok(None);
                };
                let mut contents = vec![0; usize::from(size)];
                reader.read_exact(&mut contents)?;
                at += 2 + u64::from(size);
                match segment(marker, &contents) {
                    Kept::Whole => pieces.keep(begin..at),
                    Kept::As(bytes) => pieces.put(bytes),
                    Kept::Not => {}
                }
                if marker == SCAN {
                    scanned = true;
                    let begin = at;
                    at += skip_scan(&mut reader)?;
                    pieces.keep(begin..at);
                }
            }
        }
        if pieces.is_full() {
            return Ok(None);
        }
    }
    // A photo that was cut off still shows its upper part.
    Ok(scanned.then_some(pieces))
}

/// The next marker and the bytes it takes, fill bytes included; `None` at the end of the file.
fn next_marker(reader: &mut impl BufRead) -> io::Result<Option<(u8, u64)>> {
    let mut byte = [0];
    if reader.read(&mut byte)? == 0 {
        return Ok(None);
    }
    if byte != [0xFF] {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut length = 1;
    while byte == [0xFF] {
        length += 1;
        reader.read_exact(&mut byte)?;
    }
    let [marker] = byte;
    Ok(Some((marker, length)))
}

/// Bytes up to the next marker that does not belong to the scan: 0xFF 0x00 is a stuffed byte, 0xD0 to
/// 0xD7 are restarts (T.81 §F.1.2.3, §E.1.4).
fn skip_scan<R: io::Read + io::Seek>(reader: &mut io::BufReader<R>) -> io::Result<u64> {
    let mut skipped = 0;
    let mut after_mark = false;
    loop {
        let block = reader.fill_buf()?;
        if block.is_empty() {
            return Ok(skipped);
        }
        if after_mark {
            after_mark = false;
            match block.first() {
                Some(0x00 | 0xD0..=0xD7) => {}
                // Back to the mark.
                _ => {
                    reader.seek_relative(-1)?;
                    return Ok(skipped - 1);
                }
            }
        }
        let mut at = 0;
        let length = block.len();
        let mut found = None;
        while let Some(mark) = memchr::memchr(0xFF, block.get(at..).unwrap_or_default()) {
            let mark = at + mark;
            match block.get(mark + 1) {
                Some(0x00 | 0xD0..=0xD7) => at = mark + 2,
                Some(_) => {
                    found = Some(mark);
                    break;
                }
                None => {
                    after_mark = true;
                    break;
                }
            }
        }
        let used = found.unwrap_or(length);
        reader.consume(used);
        skipped += used as u64;
        if found.is_some() {
            return Ok(skipped);
        }
    }
}

enum Kept {
    Whole,
    As(Vec<u8>),
    Not,
}

/// Keeps JFIF (APP0), Adobe's colour transform (APP14), the colour profile, and what is no metadata.
fn segment(marker: u8, contents: &[u8]) -> Kept {
    match marker {
        0xE0 | 0xEE => Kept::Whole,
        0xE2 if contents.starts_with(ICC_PREFIX) => Kept::Whole,
        0xE1 => contents
            .strip_prefix(EXIF_PREFIX)
            .and_then(exif::orientation_only)
            .map_or(Kept::Not, |oriented| Kept::As(exif_segment(&oriented))),
        0xE2..=0xEF | COMMENT => Kept::Not,
        _ => Kept::Whole,
    }
}

fn exif_segment(tiff: &[u8]) -> Vec<u8> {
    let length = u16::try_from(2 + EXIF_PREFIX.len() + tiff.len()).unwrap_or(u16::MAX);
    [&[0xFF, 0xE1], &length.to_be_bytes()[..], EXIF_PREFIX, tiff].concat()
}
