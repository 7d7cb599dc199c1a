//! A document as an origin gave it, with what came with it: uncleaned, only to be compared and shown as text.

use bytes::Bytes;
use http::HeaderName;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use url::Url;

use crate::message::OriginResponse;
use crate::transform::Source;

/// An uncleaned document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// As it came over the wire.
    pub body: Bytes,
    /// The `Content-Type` header.
    pub content_type: Option<String>,
    /// The `Content-Encoding` header.
    pub content_encoding: Option<String>,
    /// The address it came from.
    pub base: Option<Url>,
}

impl Original {
    /// A document that came without headers.
    #[must_use]
    pub fn local(body: Bytes, base: Option<Url>) -> Self {
        Self {
            body,
            content_type: None,
            content_encoding: None,
            base,
        }
    }

    /// As the transform takes it.
    #[must_use]
    pub fn source(&self) -> Source<'_> {
        Source {
            bytes: &self.body,
            content_type: self.content_type.as_deref(),
            content_encoding: self.content_encoding.as_deref(),
            base: self.base.as_ref(),
        }
    }
}

impl From<&Source<'_>> for Original {
    fn from(source: &Source<'_>) -> Self {
        Self {
            body: Bytes::copy_from_slice(source.bytes),
            content_type: source.content_type.map(str::to_owned),
            content_encoding: source.content_encoding.map(str::to_owned),
            base: source.base.cloned(),
        }
    }
}

impl From<OriginResponse> for Original {
    fn from(response: OriginResponse) -> Self {
        let text = |name: HeaderName| {
            let value = response.headers.get(name)?;
            Some(value.to_str().ok()?.to_owned())
        };
        Self {
            content_type: text(CONTENT_TYPE),
            content_encoding: text(CONTENT_ENCODING),
            base: Some(response.url),
            body: response.body,
        }
    }
}
