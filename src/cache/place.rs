//! Where bytes lie that are held for long.
//!
//! A version lives for hours and was made among buffers that live for milliseconds. On one heap the short-lived
//! leave holes between the long-lived that nobody can give back: twice what is held. So what is large gets pages of
//! its own, which go back to the system whole, and which nothing can write to by mistake.

use std::io;

use bytes::Bytes;
use memmap2::{Mmap, MmapMut};

/// Smaller bytes stay on the heap: a page is 4 KiB, and the last one is seldom full.
const LARGE: usize = 32 << 10;

/// The same bytes, in a place no larger than they are.
#[must_use]
pub fn settled(bytes: &[u8]) -> Bytes {
    if bytes.len() >= LARGE
        && let Ok(pages) = pages(bytes)
    {
        return Bytes::from_owner(pages);
    }
    // The system gives no more pages of this kind (`vm.max_map_count`).
    Bytes::copy_from_slice(bytes)
}

fn pages(bytes: &[u8]) -> io::Result<Mmap> {
    let mut pages = MmapMut::map_anon(bytes.len())?;
    pages.copy_from_slice(bytes);
    pages.make_read_only()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_any_size_stay_what_they_are() {
        for length in [0, 1, LARGE - 1, LARGE, LARGE + 1, 3 * LARGE + 4097] {
            let bytes: Vec<u8> = (0..length).map(|n| u8::try_from(n % 251).unwrap_or(0)).collect();
            assert_eq!(settled(&bytes), bytes);
        }
    }
}
