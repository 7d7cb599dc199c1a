//! 5 DECODE: content coding, then charset, then which kind of document it is.

mod charset;
mod utf32;
pub mod coding;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::report::Report;
use super::{Error, Limits, Source};

/// Undoes the content coding (one of gzip, deflate, br, zstd; and a gzip file inside) under
/// `limits.decoded`, then decodes the text: BOM, HTTP charset, XML declaration, UTF-8, the first
/// that fits the bytes. The result holds no BOM. It borrows when nothing had to change.
///
/// # Errors
/// A broken or doubled coding, or one over the limit; an empty document.
pub fn decode<'a>(source: &Source<'a>, limits: &Limits, report: &mut Report) -> Result<Cow<'a, str>, Error> {
    let bytes = coding::undo(source.bytes, source.content_encoding, limits.decoded)?;
    let (text, charset) = charset::decode(bytes, source.content_type);
    report.charset = charset.to_string();
    if text
        .chars()
        .all(|c| c.is_whitespace() || c == '\0' || c == '\u{FEFF}')
    {
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
