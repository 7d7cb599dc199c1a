//! Text packed as base64, which Atom 0.3 (`mode`) and Atom 1.0 (RFC 4287 §4.1.3.3) allow in a feed, and which
//! lenient readers unpack wherever a field says so.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// As feeds write it: with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// As lenient decoders take it: what is left over at the end counts for nothing.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// `text` as base64.
#[must_use]
pub(super) fn pack(text: &str) -> String {
    BASE64.encode(text)
}

/// The text that `packed` holds, if it is base64 and holds text.
#[must_use]
pub(super) fn unpack(packed: &str) -> Option<String> {
    let packed: String = packed.split_ascii_whitespace().collect();
    String::from_utf8(BASE64.decode(packed).ok()?).ok()
}

/// Every text that some decoder finds in `packed`. They pass over what is not in the alphabet (Python, PHP),
/// or take that of addresses too (Node); and they stop where padding is complete (Python), or do not (PHP).
#[must_use]
pub(super) fn readings(packed: &str) -> Vec<String> {
    let addressed = packed.replace('-', "+").replace('_', "/");
    let mut found: Vec<String> = Vec::new();
    for text in [packed, addressed.as_str()] {
        for part in [text, up_to_padding(text)] {
            let read = lenient(part).filter(|text| !found.contains(text));
            found.extend(read);
        }
    }
    found
}

fn lenient(packed: &str) -> Option<String> {
    let mut letters: Vec<u8> = packed.bytes().filter(|byte| is_letter(*byte)).collect();
    if letters.len() % 4 == 1 {
        letters.pop();
    }
    String::from_utf8(LENIENT.decode(letters).ok()?).ok()
}

/// What stands before padding that fills up a group of four.
fn up_to_padding(packed: &str) -> &str {
    let (mut letters, mut padding) = (0_usize, 0_usize);
    for (at, byte) in packed.bytes().enumerate() {
        if is_letter(byte) {
            letters += 1;
            padding = 0;
        } else if byte == b'=' && letters % 4 >= 2 {
            padding += 1;
            if letters % 4 + padding >= 4 {
                return packed.get(..at).unwrap_or(packed);
            }
        }
    }
    packed
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_read_it_is_found() {
        assert_eq!(unpack(&pack("<b>ä")).as_deref(), Some("<b>ä"));
        assert_eq!(readings(&pack("<b>ä")), ["<b>ä"]);
        for packed in ["PGI+", "PG I+", "P!GI+", "PGI-", "PGI+Q"] {
            assert!(readings(packed).iter().any(|text| text == "<b>"), "{packed}");
        }
        // Bits that say nothing, and what stands behind the end.
        for packed in ["PGI+PB==", "PGI+PA==/w=="] {
            assert_eq!(unpack(packed), None);
            assert!(readings(packed).iter().any(|text| text == "<b><"), "{packed}");
        }
        assert!(readings("/w==").is_empty());
    }
}
