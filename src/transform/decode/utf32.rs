//! UTF-32, which the WHATWG encodings leave out and XML does not.

/// Decodes UTF-32 without a BOM. `None` when it is cut or holds something that is no character.
pub(super) fn decode(bytes: &[u8], big_endian: bool) -> Option<String> {
    if !bytes.len().is_multiple_of(4) {
        return None;
    }
    bytes
        .chunks_exact(4)
        .map(|unit| {
            let unit = <[u8; 4]>::try_from(unit).ok()?;
            char::from_u32(if big_endian {
                u32::from_be_bytes(unit)
            } else {
                u32::from_le_bytes(unit)
            })
        })
        .collect()
}
