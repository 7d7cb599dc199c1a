//! Characters that XML cannot hold, found at the speed of memory.

use std::sync::LazyLock;

use memchr::memmem;

/// True when a control character stands in `bytes` that is neither a tab nor a line feed.
#[must_use]
pub(super) fn holds_control(bytes: &[u8]) -> bool {
    holds_below_space(bytes, |byte| byte == b'\t' || byte == b'\n')
}

/// True when a byte below the space stands in `bytes` that is none of the `blank` ones.
#[inline]
fn holds_below_space(bytes: &[u8], blank: impl Fn(u8) -> bool) -> bool {
    const CHUNK: usize = 128;
    // Nearly all chunks of an article hold no line end either. Without branches inside, so that the compiler takes
    // many bytes at once.
    let least = |chunk: &[u8]| chunk.iter().fold(u8::MAX, |least, byte| least.min(*byte));
    let odd = |byte: &u8| u8::from(*byte < b' ') & u8::from(!blank(*byte));
    let is_odd = |chunk: &[u8]| least(chunk) < b' ' && chunk.iter().fold(0, |all, byte| all | odd(byte)) != 0;
    bytes.chunks(CHUNK).any(is_odd)
}

/// True when U+FFFE or U+FFFF stands in the UTF-8 `bytes`.
#[must_use]
pub(super) fn holds_noncharacter(bytes: &[u8]) -> bool {
    /// How U+FFC0 to U+FFFF begin.
    static NEAR_THE_END: LazyLock<memmem::Finder<'static>> =
        LazyLock::new(|| memmem::Finder::new(b"\xEF\xBF"));
    let mut found = NEAR_THE_END.find_iter(bytes);
    found.any(|at| matches!(bytes.get(at + 2), Some(0xBE | 0xBF)))
}

/// `Char` of XML 1.0 §2.2.
#[must_use]
pub(super) fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// True when XML can hold every character of `text`.
#[must_use]
pub(super) fn all_allowed(text: &str) -> bool {
    let bytes = text.as_bytes();
    !holds_below_space(bytes, |byte| matches!(byte, b'\t' | b'\n' | b'\r')) && !holds_noncharacter(bytes)
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
