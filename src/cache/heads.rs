//! Header blocks of one version, kept for the second in which they are true: readers who come in the same
//! second share them.

use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderMap;

use super::coding::Coding;
use super::freshness::Freshness;

/// What a block depends on but the version: equal moments, equal headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub freshness: Freshness,
    /// [`Freshness::age`], in seconds.
    pub age: u64,
    /// [`Freshness::ttl`], in seconds.
    pub ttl: i64,
}

/// Which block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    NotModified,
    Whole(Coding),
}

/// A block, and the moment it is for.
type Rendered = (Moment, Arc<HeaderMap>);

/// The last block of each kind.
#[derive(Debug, Default)]
pub struct Heads {
    blocks: [Mutex<Option<Rendered>>; 5],
}

impl Heads {
    /// The block of that kind at `moment`, rendered unless the last one was for the same.
    pub fn at(&self, block: Block, moment: Moment, render: impl FnOnce() -> HeaderMap) -> HeaderMap {
        let [not_modified, identity, gzip, brotli, zstd] = &self.blocks;
        let place = match block {
            Block::NotModified => not_modified,
            Block::Whole(Coding::Identity) => identity,
            Block::Whole(Coding::Gzip) => gzip,
            Block::Whole(Coding::Brotli) => brotli,
            Block::Whole(Coding::Zstd) => zstd,
        };
        let mut held = place.lock().unwrap_or_else(PoisonError::into_inner);
        let headers = match &*held {
            Some((when, headers)) if *when == moment => Arc::clone(headers),
            _ => {
                let headers = Arc::new(render());
                *held = Some((moment, Arc::clone(&headers)));
                headers
            }
        };
        drop(held);
        HeaderMap::clone(&headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderValue, header};

    #[test]
    fn a_block_is_rendered_once_for_each_moment() {
        let heads = Heads::default();
        let mut rendered = 0;
        for (block, age) in [
            (Block::NotModified, 1),
            (Block::NotModified, 1),
            (Block::Whole(Coding::Gzip), 1),
            (Block::NotModified, 1),
            (Block::NotModified, 2),
        ] {
            let moment = Moment {
                freshness: Freshness::default(),
                age,
                ttl: 9,
            };
            let headers = heads.at(block, moment, || {
                rendered += 1;
                HeaderMap::from_iter([(header::AGE, HeaderValue::from(age))])
            });
            assert_eq!(headers[header::AGE], age.to_string());
        }
        assert_eq!(rendered, 3);
    }
}
