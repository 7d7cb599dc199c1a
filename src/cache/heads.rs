//! Header blocks of one version, kept for the second in which they are true: readers who come in the same
//! second share them, from the second reader on. Most feeds have one now and then, and need not hold kilobytes for him.

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

/// The moment for which a block was asked, and the block if that happened twice.
type Rendered = (Moment, Option<Arc<HeaderMap>>);

/// The last block of each kind.
#[derive(Debug, Default)]
pub struct Heads {
    blocks: [Mutex<Option<Rendered>>; 5],
}

impl Heads {
    /// The block of that kind at `moment`, rendered unless the last one was for the same.
    pub fn at(&self, block: Block, moment: Moment, render: impl Fn() -> HeaderMap) -> HeaderMap {
        let [not_modified, identity, gzip, brotli, zstd] = &self.blocks;
        let place = match block {
            Block::NotModified => not_modified,
            Block::Whole(Coding::Identity) => identity,
            Block::Whole(Coding::Gzip) => gzip,
            Block::Whole(Coding::Brotli) => brotli,
            Block::Whole(Coding::Zstd) => zstd,
        };
        let mut held = place.lock().unwrap_or_else(PoisonError::into_inner);
        let (again, block) = match held.take() {
            Some((when, block)) if when == moment => (true, block),
            _ => (false, None),
        };
        let Some(block) = block.or_else(|| again.then(|| Arc::new(render()))) else {
            *held = Some((moment, None));
            drop(held);
            return render();
        };
        *held = Some((moment, Some(Arc::clone(&block))));
        drop(held);
        HeaderMap::clone(&block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderValue, header};
    use std::cell::Cell;

    #[test]
    fn a_block_is_rendered_twice_for_each_moment_and_then_held() {
        let heads = Heads::default();
        let rendered = Cell::new(0);
        let ask = |block, age| {
            let moment = Moment {
                freshness: Freshness::default(),
                age,
                ttl: 9,
            };
            let headers = heads.at(block, moment, || {
                rendered.set(rendered.get() + 1);
                HeaderMap::from_iter([(header::AGE, HeaderValue::from(age))])
            });
            assert_eq!(headers[header::AGE], age.to_string());
            rendered.get()
        };
        let whole = Block::Whole(Coding::Gzip);
        assert_eq!([1, 1, 1, 1].map(|age| ask(Block::NotModified, age)), [1, 2, 2, 2]);
        assert_eq!([1, 1].map(|age| ask(whole, age)), [3, 4]);
        assert_eq!([2, 2, 2].map(|age| ask(Block::NotModified, age)), [5, 6, 6]);
    }
}
