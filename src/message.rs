//! Nouns that several rooms share: what an origin says, and what kinds of feed there are.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use url::Url;

/// What an origin gave to make the next request conditional (RFC 9110 §8.8), verbatim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    /// The `ETag` header, byte for byte, `W/` and quotes included.
    pub etag: Option<String>,
    /// The `Last-Modified` header, byte for byte.
    pub last_modified: Option<String>,
}

/// A whole 200 answer of an origin. The content coding is not yet undone.
#[derive(Clone, Debug)]
pub struct OriginResponse {
    /// The address that answered, after redirects.
    pub url: Url,
    /// True when every redirect on the way was permanent (301, 308).
    pub moved_permanently: bool,
    /// The answer's headers.
    pub headers: HeaderMap,
    /// The answer's body as it came over the wire.
    pub body: Bytes,
}

/// What a (conditional) request to an origin brought.
#[derive(Clone, Debug)]
pub enum Fetched {
    /// 304: what we have still holds; the headers may re-date it.
    NotModified { headers: HeaderMap },
    /// 200 with a body.
    Modified(OriginResponse),
}

/// An absolute address as the WHATWG serializer writes it. It is kept as text, which costs nothing to
/// share, and parsed where it is dialled.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Address(Arc<str>);

impl Address {
    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address, parsed. `None` cannot come of what a [`Url`] wrote.
    #[must_use]
    pub fn to_url(&self) -> Option<Url> {
        Url::parse(&self.0).ok()
    }

    /// Text that is known to be what a [`Url`] would write.
    pub(crate) fn of_canonical(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<&Url> for Address {
    fn from(url: &Url) -> Self {
        Self(url.as_str().into())
    }
}

impl From<Url> for Address {
    fn from(url: Url) -> Self {
        Self(String::from(url).into())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// The family of a feed document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// RSS 0.9x and 2.0 (`<rss>`), and CDF, which is served likewise.
    Rss,
    /// RSS 0.90, 1.0 and 1.1 (RDF).
    Rdf,
    /// Atom 0.3 and 1.0.
    Atom,
    /// JSON Feed 1.0 and 1.1.
    Json,
}

impl Kind {
    /// The `Content-Type` we send.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Rss | Self::Rdf => "application/rss+xml; charset=utf-8",
            Self::Atom => "application/atom+xml; charset=utf-8",
            Self::Json => "application/feed+json",
        }
    }
}

/// The format a feed is published in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// As it came.
    #[default]
    Source,
    /// RSS 2.0.
    Rss,
    /// Atom 1.0.
    Atom,
    /// JSON Feed 1.1.
    Json,
}

impl Format {
    /// The address suffix that chooses this format: `rss`, `atom`, `json`.
    #[must_use]
    pub fn extension(self) -> Option<&'static str> {
        match self {
            Self::Source => None,
            Self::Rss => Some("rss"),
            Self::Atom => Some("atom"),
            Self::Json => Some("json"),
        }
    }

    /// The format that an address suffix chooses.
    #[must_use]
    pub fn from_extension(extension: &str) -> Option<Self> {
        match extension {
            "rss" => Some(Self::Rss),
            "atom" => Some(Self::Atom),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}
