//! What a picture is by its first bytes (WHATWG MIME Sniffing §6.1), never by what its origin claims.
//!
//! HTML and XML are no pictures, whatever they are called; SVG is told apart so that policy can decide.

use super::source::Source;

/// The kinds of picture that are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    Jpeg,
    /// Animated or not.
    Png,
    Gif,
    Webp,
    Avif,
    Bmp,
    Ico,
    Svg,
}

impl Type {
    /// The `Content-Type` we send.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Avif => "image/avif",
            Self::Bmp => "image/bmp",
            Self::Ico => "image/x-icon",
            Self::Svg => "image/svg+xml",
        }
    }
}

/// Bytes looked at to find an `<svg` behind comments and declarations.
const SVG_PROLOG: usize = 4096;

/// Bytes that are enough to tell what a picture is.
pub const ENOUGH: usize = 8 << 10;

/// The type of a picture by its first bytes; `None`: not a picture.
#[must_use]
pub fn sniff(bytes: &[u8]) -> Option<Type> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some(Type::Jpeg),
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Some(Type::Png),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Type::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Type::Webp),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => is_avif(bytes).then_some(Type::Avif),
        // An icon with no entry shows nothing; the fifth byte is the count's low one.
        [0, 0, 1, 0, low, high, ..] if (*low, *high) != (0, 0) => Some(Type::Ico),
        [b'B', b'M', ..] => is_bmp(bytes).then_some(Type::Bmp),
        _ => is_svg(bytes).then_some(Type::Svg),
    }
}

/// True when the file type box names AVIF as its brand or among the compatible ones (ISO 14496-12 §4.3).
fn is_avif(bytes: &[u8]) -> bool {
    let size = bytes.first_chunk().map_or(0, |size| u32::from_be_bytes(*size));
    let end = usize::try_from(size).unwrap_or(usize::MAX).clamp(8, 256);
    let brands = bytes.get(8..end.min(bytes.len())).unwrap_or_default();
    brands
        .chunks_exact(4)
        .enumerate()
        // The second word is the brand's version, not a brand.
        .any(|(n, brand)| n != 1 && matches!(brand, b"avif" | b"avis"))
}

/// Two letters prove nothing: the header's own size must be one of those that exist.
fn is_bmp(bytes: &[u8]) -> bool {
    matches!(
        bytes.get(14..18),
        Some([12 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0])
    )
}

/// True when the first element of an XML document is `svg`.
fn is_svg(bytes: &[u8]) -> bool {
    let prolog = bytes.get(..SVG_PROLOG).unwrap_or(bytes);
    let mut rest = prolog.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(prolog);
    loop {
        rest = rest.trim_ascii_start();
        let end: &[u8] = match rest {
            [b'<', b'?', ..] => b"?>",
            [b'<', b'!', b'-', b'-', ..] => b"-->",
            // A document type may hold declarations of its own in brackets.
            [b'<', b'!', ..] if !names_svg(rest) => return false,
            [b'<', b'!', ..] if doctype_has_subset(rest) => b"]",
            [b'<', b'!', ..] | [b'>', ..] => b">",
            [b'<', b's', b'v', b'g', next, ..] => {
                return matches!(next, b' ' | b'\t' | b'\r' | b'\n' | b'>' | b'/');
            }
            _ => return false,
        };
        let Some(after) = find(rest, end).and_then(|at| rest.get(at + end.len()..)) else {
            return false;
        };
        rest = after;
    }
}

/// True for `<!DOCTYPE svg`: a page that begins with an inline picture is a page.
fn names_svg(doctype: &[u8]) -> bool {
    let mut words = doctype.split(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'['));
    words
        .next()
        .is_some_and(|word| word.eq_ignore_ascii_case(b"<!DOCTYPE"))
        && words.find(|word| !word.is_empty()) == Some(b"svg")
}

fn doctype_has_subset(rest: &[u8]) -> bool {
    match (find(rest, b"["), find(rest, b">")) {
        (Some(bracket), Some(end)) => bracket < end,
        (bracket, _) => bracket.is_some(),
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(haystack, needle)
}

/// Width and height from the header alone; nothing is decoded. `None` for SVG and for broken headers.
#[must_use]
pub(super) fn dimensions(kind: Type, source: Source<'_>) -> Option<(u64, u64)> {
    if kind == Type::Svg {
        return None;
    }
    let size = imagesize::reader_size(source.reader()).ok()?;
    let (width, height) = (size.width as u64, size.height as u64);
    // A bitmap from top to bottom has a negative height.
    let height = match (kind, u32::try_from(height)) {
        (Type::Bmp, Ok(height)) => u64::from(height.cast_signed().unsigned_abs()),
        _ => height,
    };
    Some((width, height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_known_by_their_first_bytes() {
        for (bytes, expected) in [
            (&b"\xFF\xD8\xFF\xE0"[..], Type::Jpeg),
            (b"\x89PNG\r\n\x1a\n", Type::Png),
            (b"GIF89a", Type::Gif),
            (b"GIF87a", Type::Gif),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Type::Webp),
            (b"\0\0\0\x1cftypavif\0\0\0\0", Type::Avif),
            (b"\0\0\0\x1cftypmif1\0\0\0\0miafavif", Type::Avif),
            (b"BM\0\0\0\0\0\0\0\0\0\0\0\0\x28\0\0\0", Type::Bmp),
            (b"\0\0\x01\0\x01\0\x10\x10", Type::Ico),
            (b"<svg xmlns='x'/>", Type::Svg),
            (
                b"\xEF\xBB\xBF <?xml version='1.0'?>\n<!-- <html> -->\n<svg>",
                Type::Svg,
            ),
            (b"<!DOCTYPE svg PUBLIC 'x' 'y'><svg\n>", Type::Svg),
            (b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg>", Type::Svg),
        ] {
            assert_eq!(sniff(bytes), Some(expected), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn pages_and_other_files_are_no_pictures() {
        for bytes in [
            &b""[..],
            b"GIF",
            b"<html><svg>",
            b"<!doctype html><svg>",
            b"<!-- x --><html>",
            b"<?xml version='1.0'?><rss><svg>",
            b"<svgx>",
            b"BMW builds cars and bicycles",
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
            b"\0\0\0\x18ftypisom\0\0\0\0avc1mp41",
            b"\0\0\x02\0\x01\0",
            b"%PDF-1.7",
            b"{\"error\":1}",
            b"RIFF\x10\0\0\0WAVEfmt ",
            b"<!--",
            b"<!DOCTYPE [",
        ] {
            assert_eq!(sniff(bytes), None, "{}", bytes.escape_ascii());
        }
    }
}
