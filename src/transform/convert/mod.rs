//! From any cleaned feed to RSS 2.0, Atom 1.0, JSON Feed 1.1, or an article archive. The input is
//! already clean: values are moved and escaped, never changed.

use super::Error;
use crate::message::{Format, Kind};
use url::Url;

/// Converts a cleaned document of `kind` to `format`; a document that is in it already comes back as it is.
///
/// # Errors
/// [`Error::Convert`] when the document cannot be read or built.
pub fn convert(
    body: &[u8],
    kind: Kind,
    format: Format,
    self_url: Option<&Url>,
) -> Result<(Vec<u8>, Kind), Error> {
    let _ = (body, kind, format, self_url);
    Err(Error::Convert)
}
