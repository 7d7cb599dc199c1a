//! Characters that XML cannot hold, found at the speed of memory.

/// What `look` says of every byte and the one after it (0 after the last), all its bits together. It
/// ends early when the lowest bit is set.
///
/// Without branches inside, so that the compiler takes many bytes at once.
#[inline]
pub(super) fn look_at_pairs(bytes: &[u8], look: impl Fn(u8, u8) -> u8) -> u8 {
    const CHUNK: usize = 128;
    let next = bytes.get(1..).unwrap_or_default();
    let (mut firsts, mut seconds) = (bytes.chunks_exact(CHUNK), next.chunks_exact(CHUNK));
    let mut seen = 0;
    for (chunk, shifted) in firsts.by_ref().zip(seconds.by_ref()) {
        let of_chunk = chunk.iter().zip(shifted).map(|(&byte, &next)| look(byte, next));
        seen |= of_chunk.fold(0, |all, bits| all | bits);
        if seen & 1 != 0 {
            return seen;
        }
    }
    let rest = bytes.get(next.len() / CHUNK * CHUNK..).unwrap_or_default();
    let after = rest.iter().skip(1).copied().chain(std::iter::once(0));
    rest.iter()
        .zip(after)
        .fold(seen, |all, (&byte, next)| all | look(byte, next))
}

/// True when a control character stands in `bytes` that is neither a tab nor a line feed.
#[must_use]
pub(super) fn holds_control(bytes: &[u8]) -> bool {
    const CHUNK: usize = 128;
    // Tab and line feed are the two from 9 on.
    let control = |byte: &u8| u8::from(*byte < b' ') & u8::from(byte.wrapping_sub(b'\t') > 1);
    let any = |bytes: &[u8]| bytes.iter().fold(0, |all, byte| all | control(byte)) != 0;
    let chunks = bytes.chunks_exact(CHUNK);
    any(chunks.remainder()) || chunks.into_iter().any(any)
}

/// `Char` of XML 1.0 §2.2.
#[must_use]
pub(super) fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// True when XML can hold every character of `text`.
#[must_use]
pub(super) fn all_allowed(text: &str) -> bool {
    const CHUNK: usize = 1024;
    let bytes = text.as_bytes();
    // Nearly all chunks of an article hold no line end either, so the quick look is enough for them.
    let is_fine = |at: usize| {
        // With the first byte of the next: what forbids may stand across.
        let chunk = bytes.get(at..bytes.len().min(at + CHUNK + 1)).unwrap_or_default();
        let quick = |byte: u8, next: u8| u8::from(byte < b' ') | begins_noncharacter(byte, next);
        let exact = |byte: u8, next: u8| {
            let blank = u8::from(byte == b'\n') | u8::from(byte == b'\t') | u8::from(byte == b'\r');
            (u8::from(byte < b' ') & (blank ^ 1)) | begins_noncharacter(byte, next)
        };
        look_at_pairs(chunk, quick) == 0 || look_at_pairs(chunk, exact) == 0
    };
    (0..bytes.len()).step_by(CHUNK).all(is_fine) || text.chars().all(is_allowed)
}

/// 0xEF 0xBF begins U+FFFE and U+FFFF, and few others.
fn begins_noncharacter(byte: u8, next: u8) -> u8 {
    u8::from(byte == 0xEF) & u8::from(next == 0xBF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_character_is_found_wherever_it_stands() {
        for length in [0, 1, 127, 128, 129, 300] {
            let fill = "x".repeat(length);
            for (odd, told) in [
                ("\0", true),
                ("\r", true),
                ("\u{8}", true),
                ("\u{b}", true),
                ("\u{1f}", true),
                ("\t\n ", false),
                ("é\u{7f}", false),
            ] {
                assert_eq!(
                    holds_control(format!("{fill}{odd}{fill}").as_bytes()),
                    told,
                    "{length} {odd:?}"
                );
            }
        }
    }

    #[test]
    fn a_forbidden_character_is_found_wherever_it_stands() {
        for length in [
            0, 1, 126, 127, 128, 129, 255, 256, 300, 1021, 1022, 1023, 1024, 1025, 2049,
        ] {
            let fill = "，".repeat(length / 3) + &"x".repeat(length % 3);
            assert!(all_allowed(&fill));
            for odd in ["\0", "\u{1f}", "\u{c}", "\u{fffe}", "\u{ffff}"] {
                for text in [
                    format!("{fill}{odd}"),
                    format!("{odd}{fill}"),
                    format!("{fill}{odd}{fill}"),
                ] {
                    assert!(!all_allowed(&text), "{length} {odd:?}");
                }
            }
            for fine in ["\n", "\r\t", "\u{fffd}", "￥", "\u{7f}", "\u{10ffff}"] {
                assert!(all_allowed(&format!("{fill}{fine}{fill}")), "{length} {fine:?}");
            }
        }
    }
}
