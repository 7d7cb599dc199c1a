//! The one thing in Exif that changes what is seen: which way up (Exif 2.32 §4.6.4, TIFF 6.0 §2).

/// TIFF's tag for the orientation.
const ORIENTATION: u16 = 0x0112;

/// TIFF's type for 16 bits.
const SHORT: u16 = 3;

/// Exif data that says nothing but the orientation; `None` when `tiff` says none, or the upright one.
pub(super) fn orientation_only(tiff: &[u8]) -> Option<Vec<u8>> {
    match orientation(tiff)? {
        turned @ 2..=8 => Some(minimal(turned)),
        _ => None,
    }
}

/// Big-endian TIFF with one directory of one entry.
fn minimal(orientation: u16) -> Vec<u8> {
    let mut out = b"MM\0\x2A\0\0\0\x08\0\x01".to_vec();
    for word in [ORIENTATION, SHORT, 0, 1, orientation, 0] {
        out.extend_from_slice(&word.to_be_bytes());
    }
    // No further directory.
    out.extend_from_slice(&[0; 4]);
    out
}

fn orientation(tiff: &[u8]) -> Option<u16> {
    let order = match tiff.get(..4)? {
        b"MM\0\x2A" => u16::from_be_bytes,
        b"II\x2A\0" => u16::from_le_bytes,
        _ => return None,
    };
    let word = |at: usize| -> Option<u16> {
        let bytes = tiff.get(at..)?.first_chunk()?;
        Some(order(*bytes))
    };
    let big_endian = tiff.first() == Some(&b'M');
    let (high, low) = if big_endian { (4, 6) } else { (6, 4) };
    let directory = (usize::from(word(high)?) << 16) | usize::from(word(low)?);
    let entries = usize::from(word(directory)?);
    (0..entries)
        .map(|n| directory + 2 + n * 12)
        .take_while(|at| at + 12 <= tiff.len())
        .find(|at| word(*at) == Some(ORIENTATION) && word(at + 2) == Some(SHORT))
        .and_then(|at| word(at + 8))
}
