//! WebP (RFC 9649 §2): chunks within one RIFF; what hangs behind it is cut off.

use std::io::{self, Read as _};

use super::exif;
use super::jpeg::EXIF_PREFIX;
use super::pieces::Pieces;
use crate::images::source::Source;

/// The flags of a VP8X chunk that announce Exif and XMP.
pub(super) const EXIF: u8 = 0x08;
pub(super) const XMP: u8 = 0x04;

/// Exif larger than this is dropped unread.
const MAX_EXIF: u32 = 64 << 10;

/// Bytes of the RIFF header.
const HEADER: u64 = 12;

pub(super) fn walk(source: Source<'_>) -> io::Result<Option<Pieces>> {
    let mut reader = source.reader();
    let mut header = [0; 12];
    reader.read_exact(&mut header)?;
    let [.., s0, s1, s2, s3, _, _, _, _] = header;
    let end = 8 + u64::from(u32::from_le_bytes([s0, s1, s2, s3]));
    if end > source.length() {
        return Ok(None);
    }
    let (mut extended, mut oriented) = (None, None);
    let mut body = Pieces::default();
    let mut tells = false;
    let mut at = HEADER;
    while at + 8 <= end {
        let mut head = [0; 8];
        reader.read_exact(&mut head)?;
        let [k0, k1, k2, k3, length @ ..] = head;
        let length = u32::from_le_bytes(length);
        let padded = i64::from(length) + i64::from(length % 2);
        let next = at + 8 + padded.unsigned_abs();
        if next > end || body.is_full() {
            return Ok(None);
        }
        let mut rest = padded;
        match &[k0, k1, k2, k3] {
            b"XMP " => tells = true,
            b"VP8X" if length <= 64 && at == HEADER => {
                let mut chunk = vec![0; 8 + length as usize + usize::from(length % 2 == 1)];
                reader.seek_relative(-8)?;
                reader.read_exact(&mut chunk)?;
                extended = Some(chunk);
                rest = 0;
            }
            b"EXIF" if length <= MAX_EXIF => {
                tells = true;
                let mut data = vec![0; length as usize];
                reader.read_exact(&mut data)?;
                rest = padded - i64::from(length);
                // Some writers put the JPEG prefix before it.
                let tiff = data.strip_prefix(EXIF_PREFIX).unwrap_or(&data);
                oriented = oriented.or_else(|| exif::orientation_only(tiff));
            }
            b"EXIF" => tells = true,
            _ => body.keep(at..next),
        }
        reader.seek_relative(rest)?;
        at = next;
    }
    let announces = |chunk: &Vec<u8>| chunk.get(8).is_some_and(|flags| flags & (EXIF | XMP) != 0);
    if !tells && !extended.as_ref().is_some_and(announces) {
        let mut all = Pieces::default();
        all.keep(0..end);
        return Ok(Some(all));
    }
    Ok(assembled(&header, extended, oriented.as_deref(), body))
}

/// Makes size and flags say what is there: some decoders refuse a file that announces what it does not have.
fn assembled(
    header: &[u8],
    extended: Option<Vec<u8>>,
    oriented: Option<&[u8]>,
    body: Pieces,
) -> Option<Pieces> {
    let mut front = header.to_vec();
    // Without the extended header there is no place for Exif.
    let oriented = oriented.filter(|_| extended.is_some());
    if let Some(mut chunk) = extended {
        if let Some(flags) = chunk.get_mut(8) {
            *flags &= !(EXIF | XMP);
            *flags |= oriented.map_or(0, |_| EXIF);
        }
        front.append(&mut chunk);
    }
    let back = oriented.map(exif_chunk).unwrap_or_default();
    let size = front.len() as u64 + body.length() + back.len() as u64 - 8;
    let size = u32::try_from(size).ok()?;
    front.get_mut(4..8)?.copy_from_slice(&size.to_le_bytes());
    let mut pieces = Pieces::default();
    pieces.put(front);
    pieces.append(body);
    pieces.put(back);
    pieces.bounded()
}

fn exif_chunk(tiff: &[u8]) -> Vec<u8> {
    let length = u32::try_from(tiff.len()).unwrap_or(u32::MAX);
    let mut chunk = [b"EXIF", &length.to_le_bytes()[..], tiff].concat();
    chunk.resize(chunk.len().next_multiple_of(2), 0);
    chunk
}
