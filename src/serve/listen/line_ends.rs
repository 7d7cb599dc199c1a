//! Lines of a request's head end with CR LF.
//!
//! RFC 9112 §2.2 lets a server take a bare LF for the end of a line, and hyper does. A proxy before us that does
//! not would see one request where we see two (request smuggling), so nothing is taken that way.

/// What an HTTP/2 connection begins with (RFC 9113 §3.4), up to where no line of HTTP/1 can go on.
const HTTP_2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What no head may hold: hyper answers 400 and closes.
const REFUSED: u8 = 0;

/// The bytes of one connection, judged as they come.
///
/// No request here has a body that is read, so all bytes of an HTTP/1 connection are heads.
#[derive(Debug)]
pub(super) enum LineEnds {
    /// So many bytes so far, all as HTTP/2 begins.
    Beginning(usize),
    /// The byte before was a CR, or not.
    Http1 { after_cr: bool },
    /// Frames: nothing to judge.
    Http2,
}

impl Default for LineEnds {
    fn default() -> Self {
        Self::Beginning(0)
    }
}

impl LineEnds {
    /// Makes every LF without a CR before it a byte for which the request is refused.
    pub(super) fn judge(&mut self, bytes: &mut [u8]) {
        if let Self::Beginning(seen) = *self {
            let expected = HTTP_2.get(seen..).unwrap_or_default();
            let length = expected.len().min(bytes.len());
            *self = match bytes.get(..length) == expected.get(..length) {
                true if length == expected.len() => Self::Http2,
                true => Self::Beginning(seen + length),
                // What matched so far ends with a CR, or with none.
                false => Self::Http1 {
                    after_cr: seen.checked_sub(1).and_then(|last| HTTP_2.get(last)) == Some(&b'\r'),
                },
            };
        }
        let Self::Http1 { after_cr } = self else { return };
        let Some(last) = bytes.last() else { return };
        let ends_with_cr = *last == b'\r';
        if has_bare(bytes, *after_cr) {
            let mut was_cr = *after_cr;
            for byte in bytes {
                let is_bare = *byte == b'\n' && !was_cr;
                was_cr = *byte == b'\r';
                if is_bare {
                    *byte = REFUSED;
                }
            }
        }
        *after_cr = ends_with_cr;
    }
}

/// Whether an LF stands without a CR before it: there is nearly never one, so nothing is searched for, and what has
/// no way out is done many bytes at a time.
fn has_bare(bytes: &[u8], after_cr: bool) -> bool {
    let first = u8::from(bytes.first() == Some(&b'\n') && !after_cr);
    let pairs = bytes.iter().zip(bytes.get(1..).unwrap_or_default());
    let is_bare = |(&before, &byte): (&u8, &u8)| u8::from(byte == b'\n') & u8::from(before != b'\r');
    pairs.map(is_bare).fold(first, |any, one| any | one) == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of `text`, whatever pieces it comes in.
    fn judged(text: &str) -> String {
        let mut results = Vec::new();
        for size in 1..=text.len() {
            let (mut line_ends, mut bytes) = (LineEnds::default(), text.as_bytes().to_vec());
            for piece in bytes.chunks_mut(size) {
                line_ends.judge(piece);
            }
            results.push(String::from_utf8(bytes).expect("text"));
        }
        results.dedup();
        assert_eq!(results.len(), 1, "{results:?}");
        results.remove(0)
    }

    #[test]
    fn an_lf_alone_is_refused_and_cr_lf_is_not_wherever_the_pieces_end() {
        for fine in [
            "GET / HTTP/1.1\r\nhost: x\r\n\r\n",
            "\r\nGET / HTTP/1.1\r\n\r\n",
            "PRI * HTTP/1.1\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSX\r\n",
        ] {
            assert_eq!(judged(fine), fine);
        }
        assert_eq!(
            judged("GET / HTTP/1.1\nhost: x\r\n\n"),
            "GET / HTTP/1.1\0host: x\r\n\0"
        );
        assert_eq!(judged("\nGET"), "\0GET");
        assert_eq!(judged("PRI * HTTP/2.0\r\n\nSM"), "PRI * HTTP/2.0\r\n\0SM");
    }

    #[test]
    fn frames_are_left_alone() {
        let text = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\n\n\n";
        assert_eq!(judged(text), text);
    }
}
