//! 5 DECODE: content coding, then charset, then which kind of document it is.

mod charset;
mod pages;
mod utf32;
pub mod coding;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::report::Report;
use super::{Error, Limits, Source};

/// Undoes the content coding, then decodes the text: [`undo`], [`text`].
///
/// # Errors
/// A broken or doubled coding, or one over the limit; an empty document.
pub fn decode<'a>(source: &Source<'a>, limits: &Limits, report: &mut Report) -> Result<Cow<'a, str>, Error> {
    match undo(source, limits)? {
        Cow::Borrowed(bytes) => text(bytes, source.content_type, report),
        Cow::Owned(bytes) => Ok(Cow::Owned(
            text(&bytes, source.content_type, report)?.into_owned(),
        )),
    }
}

/// Undoes the content coding (one of gzip, deflate, br, zstd; and a gzip file inside) under `limits.decoded`.
/// It borrows when there is none.
///
/// # Errors
/// A broken or doubled coding, or one over the limit.
pub fn undo<'a>(source: &Source<'a>, limits: &Limits) -> Result<Cow<'a, [u8]>, Error> {
    coding::undo(source.bytes, source.content_encoding, limits.decoded)
}

/// Decodes text: BOM, HTTP charset, XML declaration, UTF-8, the first that fits the bytes. The result holds no
/// BOM. It borrows when they are UTF-8, and only then.
///
/// # Errors
/// An empty document.
pub fn text<'a>(
    bytes: &'a [u8],
    content_type: Option<&str>,
    report: &mut Report,
) -> Result<Cow<'a, str>, Error> {
    let (text, charset) = charset::decode(bytes, content_type);
    report.charset = charset.to_string();
    let is_blank = |c: char| c.is_whitespace() || c == '\0' || c == '\u{FEFF}';
    if text.chars().all(is_blank) {
        return Err(Error::Empty);
    }
    Ok(text)
}

/// True when the document is to be read as JSON: it begins like an object, whatever its
/// `Content-Type` says.
#[must_use]
pub fn looks_like_json(text: &str) -> bool {
    text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}')
        .starts_with('{')
}
