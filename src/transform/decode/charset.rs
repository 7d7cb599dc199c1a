//! Which charset a document is in (RFC 7303 §3, leniently): BOM, then the HTTP charset, then the
//! XML declaration, then UTF-8. A candidate counts only if the bytes decode in it without error.

use std::borrow::Cow;
use std::fmt;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::pages::Page;
use super::utf32;

/// How far into a document its XML declaration is looked for, in bytes: some generators print a
/// blank line or a comment first.
const DECLARATION_WINDOW: usize = 1024;

/// The byte order mark of UTF-8.
const BOM: &[u8] = &[0xEF, 0xBB, 0xBF];

/// Labels that the WHATWG table lacks and feeds use.
const ALIASES: [(&str, &str); 11] = [
    ("cp932", "shift_jis"),
    ("cp936", "gbk"),
    ("cp949", "euc-kr"),
    ("cp950", "big5"),
    ("latin-1", "latin1"),
    ("iso-latin-1", "latin1"),
    ("mac-cyrillic", "x-mac-cyrillic"),
    ("maccyrillic", "x-mac-cyrillic"),
    ("mac-roman", "macintosh"),
    ("macroman", "macintosh"),
    ("utf", "utf-8"),
];

/// A charset and why we think so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Charset {
    pub(super) name: &'static str,
    pub(super) why: Why,
}

/// What decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Bom,
    ZeroBytes,
    Header,
    Declaration,
    Default,
    LabelFailed,
    MostlyUtf8,
    MostlyAsLabelled,
    LastResort,
}

impl fmt::Display for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.why {
            Why::Bom => "from the byte order mark",
            Why::ZeroBytes => "from the zero bytes at the start",
            Why::Header => "from the Content-Type header",
            Why::Declaration => "from the XML declaration",
            Why::Default => "the default",
            Why::LabelFailed => "because the bytes are valid in it and not in what the labels say",
            Why::MostlyUtf8 => "because nearly all bytes are valid in it; the others were replaced",
            Why::MostlyAsLabelled => "as labelled; the few bytes that are not valid in it were replaced",
            Why::LastResort => "the last resort: the bytes are valid in nothing that the labels say",
        };
        write!(f, "{}, {why}", self.name)
    }
}

/// Decodes `bytes`. Never fails: in the end, windows-1252 reads anything. UTF-8 is borrowed.
pub(super) fn decode<'a>(bytes: &'a [u8], content_type: Option<&str>) -> (Cow<'a, str>, Charset) {
    if let Some((text, charset)) = by_width(bytes) {
        return (Cow::Owned(text), charset);
    }
    let without_bom = bytes.strip_prefix(BOM);
    let bytes = without_bom.unwrap_or(bytes);
    // Looked at once, and not by the standard library, which would take ten times as long to look at Chinese.
    let utf8 = UTF_8.decode_without_bom_handling_and_without_replacement(bytes);
    let candidates = if without_bom.is_some() {
        Vec::new()
    } else {
        candidates(bytes, content_type, utf8.is_some())
    };
    for (label, why) in &candidates {
        let text = if label.is_utf8() {
            utf8.clone()
        } else {
            label.decode(bytes).map(Cow::Owned)
        };
        if let Some(text) = text {
            let name = label.name();
            return (text, Charset { name, why: *why });
        }
    }
    let Some(text) = utf8 else {
        return at_any_price(bytes, &candidates);
    };
    let why = match (without_bom, candidates.is_empty()) {
        (Some(_), _) => Why::Bom,
        (None, true) => Why::Default,
        (None, false) => Why::LabelFailed,
    };
    (text, Charset { name: "UTF-8", why })
}

/// What the labels say, the weightiest first.
fn candidates(bytes: &[u8], content_type: Option<&str>, is_utf8: bool) -> Vec<(Label, Why)> {
    let declaration = declared(bytes)
        .and_then(Label::new)
        .map(|label| (label, Why::Declaration));
    // A server's default for every file on it counts less than a document that names UTF-8 and keeps its word.
    let keeps_its_word =
        declaration.is_some_and(|(label, _)| label.is_utf8()) && is_utf8 && !bytes.is_ascii();
    let header = content_type
        .and_then(charset_parameter)
        .and_then(Label::new)
        .map(|label| (label, Why::Header));
    header
        .filter(|_| !keeps_its_word)
        .into_iter()
        .chain(declaration)
        .collect()
}

/// A charset label that we can decode.
#[derive(Clone, Copy, Debug)]
enum Label {
    /// One that browsers know.
    Web {
        encoding: &'static Encoding,
        /// `us-ascii`, which WHATWG reads as windows-1252: a label that any other byte proves wrong.
        ascii_only: bool,
    },
    Page(&'static Page),
}

impl Label {
    /// `None`: unknown, or one of 16 or 32 bits, which [`by_width`] would have seen.
    fn new(label: &str) -> Option<Self> {
        let written = label.trim();
        let label = written.to_ascii_lowercase().replace('_', "-");
        let label = ALIASES
            .iter()
            .find(|(alias, _)| *alias == label)
            .map_or(label.as_str(), |(_, name)| name);
        let known = [written, label, &label.replace('-', "_")]
            .iter()
            .find_map(|spelling| Encoding::for_label_no_replacement(spelling.as_bytes()));
        let Some(encoding) = known else {
            return Page::of(label).map(Self::Page);
        };
        let ascii_only = matches!(label, "us-ascii" | "ascii" | "ansi-x3.4-1968" | "iso-ir-6");
        let is_wide = encoding == UTF_16BE || encoding == UTF_16LE;
        (!is_wide).then_some(Self::Web { encoding, ascii_only })
    }

    fn decode(self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Web { ascii_only: true, .. } if !bytes.is_ascii() => None,
            Self::Web { encoding, .. } => encoding
                .decode_without_bom_handling_and_without_replacement(bytes)
                .map(Cow::into_owned),
            Self::Page(page) => page.decode(bytes),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Web { encoding, .. } => encoding.name(),
            Self::Page(page) => page.name(),
        }
    }

    fn is_utf8(self) -> bool {
        matches!(self, Self::Web { encoding, .. } if encoding == UTF_8)
    }

    /// Its encoding, if a character may take several bytes and it is not UTF-8.
    fn multi_byte(self) -> Option<&'static Encoding> {
        match self {
            Self::Web { encoding, .. } if !encoding.is_single_byte() && encoding != UTF_8 => Some(encoding),
            Self::Web { .. } | Self::Page(_) => None,
        }
    }
}

/// UTF-16 and UTF-32: by BOM, or by where the zero bytes of the first character stand
/// (XML 1.0 appendix F). Labels have no say: they are wrong too often.
fn by_width(bytes: &[u8]) -> Option<(String, Charset)> {
    let (name, why, skip) = match bytes {
        [0, 0, 0xFE, 0xFF, ..] => ("UTF-32BE", Why::Bom, 4),
        [0xFF, 0xFE, 0, 0, ..] => ("UTF-32LE", Why::Bom, 4),
        [0xFE, 0xFF, ..] => ("UTF-16BE", Why::Bom, 2),
        [0xFF, 0xFE, ..] => ("UTF-16LE", Why::Bom, 2),
        [0, 0, 0, b'\t'..=b'{', ..] => ("UTF-32BE", Why::ZeroBytes, 0),
        [b'\t'..=b'{', 0, 0, 0, ..] => ("UTF-32LE", Why::ZeroBytes, 0),
        [0, b'\t'..=b'{', 0, _, ..] => ("UTF-16BE", Why::ZeroBytes, 0),
        [b'\t'..=b'{', 0, _, 0, ..] => ("UTF-16LE", Why::ZeroBytes, 0),
        _ => return None,
    };
    let body = bytes.get(skip..)?;
    let text = match name {
        "UTF-32BE" => utf32::decode(body, true)?,
        "UTF-32LE" => utf32::decode(body, false)?,
        // An unpaired surrogate or a cut last unit costs one character, not the feed.
        "UTF-16BE" => UTF_16BE.decode_without_bom_handling(body).0.into_owned(),
        _ => UTF_16LE.decode_without_bom_handling(body).0.into_owned(),
    };
    Some((text, Charset { name, why }))
}

/// For bytes that are valid in nothing: whatever loses the fewest characters.
fn at_any_price(bytes: &[u8], candidates: &[(Label, Why)]) -> (Cow<'static, str>, Charset) {
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    if good >= bad.saturating_mul(4) {
        let text = String::from_utf8_lossy(bytes).into_owned();
        return (
            Cow::Owned(text),
            Charset {
                name: "UTF-8",
                why: Why::MostlyUtf8,
            },
        );
    }
    for encoding in candidates.iter().filter_map(|(label, _)| label.multi_byte()) {
        let (text, _) = encoding.decode_without_bom_handling(bytes);
        let other = text.chars().filter(|c| !c.is_ascii()).count();
        let replaced = text.matches(char::REPLACEMENT_CHARACTER).count();
        if other >= replaced.saturating_mul(5) {
            let charset = Charset {
                name: encoding.name(),
                why: Why::MostlyAsLabelled,
            };
            return (Cow::Owned(text.into_owned()), charset);
        }
    }
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
    (
        Cow::Owned(text.into_owned()),
        Charset {
            name: "windows-1252",
            why: Why::LastResort,
        },
    )
}

/// The `charset` parameter of a `Content-Type`, however it is quoted.
fn charset_parameter(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim_matches(|c: char| c.is_whitespace() || c == '"' || c == '\''))
    })
}

/// The encoding that an XML declaration near the start names.
fn declared(bytes: &[u8]) -> Option<&str> {
    let head = bytes.get(..DECLARATION_WINDOW).unwrap_or(bytes);
    let start = memchr::memmem::find(head, b"<?xml")?;
    let head = head.get(start..)?;
    let end = memchr::memchr(b'>', head).unwrap_or(head.len());
    let head = head.get(..end)?;
    let at = memchr::memmem::find(head, b"encoding")?;
    // What stands before a byte that is no ASCII is all that a declaration can hold.
    let rest = head.get(at + b"encoding".len()..)?;
    let ascii = rest.iter().position(|b| !b.is_ascii()).unwrap_or(rest.len());
    let rest = std::str::from_utf8(rest.get(..ascii)?).ok()?;
    let value = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value.get(1..)?.split(quote).next()
}
