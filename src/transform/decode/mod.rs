//! 5 DECODE: content coding, then charset, then which kind of document it is.

use super::report::Report;
use super::{Error, Limits, Source};
use std::borrow::Cow;

/// Undoes the content coding (one of gzip, deflate, br, zstd; and a gzip file inside) under
/// `limits.decoded`, then decodes the text (formats.md §6). The result holds no BOM.
///
/// # Errors
/// A broken or doubled coding, or one over the limit; an empty document.
pub fn decode<'a>(source: &Source<'a>, limits: &Limits, report: &mut Report) -> Result<Cow<'a, str>, Error> {
    let _ = (source, limits, report);
    Err(Error::Coding)
}
