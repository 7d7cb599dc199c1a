//! A document as an origin gave it, with what came with it: uncleaned, only to be compared and shown as text.
//!
//! The last one of each feed is remembered, compressed, in a small bounded memory. It is never stored and
//! never served: what is stored is clean.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderName;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use moka::future::Cache as Memory;
use url::Url;

use crate::cache::place::settled;
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

/// The last original of each feed, as far as the memory goes.
#[derive(Clone, Debug)]
pub struct Originals {
    memory: Memory<String, Arc<Packed>>,
}

/// An original whose body is compressed once more.
#[derive(Debug)]
pub struct Packed {
    about: Original,
    body: Bytes,
    length: usize,
}

impl Packed {
    /// Compresses: a millisecond or two a megabyte. `None`: it cannot be.
    #[must_use]
    pub fn new(source: &Source<'_>) -> Option<Self> {
        Some(Self {
            length: source.bytes.len(),
            // In its own place: the compressor hands over room for the worst case, three times that.
            body: settled(&zstd::bulk::compress(source.bytes, 1).ok()?),
            about: Original {
                body: Bytes::new(),
                content_type: source.content_type.map(str::to_owned),
                content_encoding: source.content_encoding.map(str::to_owned),
                base: source.base.cloned(),
            },
        })
    }
}

impl Originals {
    /// A memory of so many bytes.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        let memory = Memory::builder()
            .max_capacity(bytes)
            .weigher(|name: &String, packed: &Arc<Packed>| {
                u32::try_from(packed.body.len() + name.len() + 256).unwrap_or(u32::MAX)
            })
            .build();
        Self { memory }
    }

    /// Remembers the last original of `feed`.
    pub async fn keep(&self, feed: &str, packed: Packed) {
        self.memory.insert(feed.to_owned(), Arc::new(packed)).await;
    }

    /// The last original of `feed`, if it is remembered. Decompresses.
    pub async fn of(&self, feed: &str) -> Option<Original> {
        let packed = self.memory.get(feed).await?;
        let task = tokio::task::spawn_blocking(move || {
            let body = zstd::bulk::decompress(&packed.body, packed.length).ok()?;
            Some(Original {
                body: Bytes::from(body),
                ..packed.about.clone()
            })
        });
        task.await.ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_original_comes_back_as_it_was() {
        let originals = Originals::new(1 << 20);
        let first = Original::local(Bytes::from_static(b"<rss>1</rss>"), None);
        let last = Original {
            content_type: Some("text/xml".into()),
            ..Original::local(Bytes::from(vec![b'x'; 100_000]), None)
        };
        for one in [&first, &last] {
            originals.keep("blog", Packed::new(&one.source()).unwrap()).await;
        }
        assert_eq!(originals.of("blog").await, Some(last));
        assert_eq!(originals.of("other").await, None);
    }
}
