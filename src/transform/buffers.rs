//! Large buffers, kept from one document to the next: of a new one the kernel clears page after page, which takes
//! longer than to fill it.

use std::sync::Mutex;

/// Buffers kept: a repaired document, what is checked of the clean one, and that one itself.
const MOST: usize = 3;
/// Bytes of all: one with which there would be more is given back at once.
const ROOM: usize = 3 << 20;
/// A smaller one costs nothing anew.
const LEAST: usize = 16 << 10;

static AT_REST: Mutex<AtRest> = Mutex::new(AtRest {
    buffers: Vec::new(),
    were_used: false,
});

#[derive(Debug, Default)]
struct AtRest {
    buffers: Vec<Vec<u8>>,
    /// Since it was last asked to give them back.
    were_used: bool,
}

/// An empty buffer with room for so many bytes.
pub(super) fn take(room: usize) -> Vec<u8> {
    match AT_REST.lock() {
        Ok(mut at_rest) => at_rest.take(room),
        Err(_) => Vec::with_capacity(room),
    }
}

/// As [`take`], for text.
pub(super) fn take_text(room: usize) -> String {
    // Nothing stands in it that could be anything but UTF-8.
    String::from_utf8(take(room)).unwrap_or_default()
}

/// Keeps a buffer that is done with for the next document: 3 MB of them in all, and only until nothing was made for a
/// while ([`give_back`]).
pub fn rest(buffer: Vec<u8>) {
    if let Ok(mut at_rest) = AT_REST.lock() {
        at_rest.rest(buffer);
    }
}

/// Gives back what is kept, if no document was made since the last call: for whoever looks after the house now and then.
/// True when nothing is kept any more.
pub fn give_back() -> bool {
    AT_REST.lock().map_or(true, |mut at_rest| at_rest.give_back())
}

impl AtRest {
    /// The smallest that has room, or else the largest.
    fn take(&mut self, room: usize) -> Vec<u8> {
        self.were_used = true;
        let sizes = self.buffers.iter().map(Vec::capacity).enumerate();
        let fits = sizes
            .clone()
            .filter(|(_, size)| *size >= room)
            .min_by_key(|(_, size)| *size);
        let best = fits.or_else(|| sizes.max_by_key(|(_, size)| *size));
        let mut buffer = best.map_or_else(Vec::new, |(at, _)| self.buffers.swap_remove(at));
        buffer.reserve_exact(room);
        buffer
    }

    fn rest(&mut self, mut buffer: Vec<u8>) {
        let kept: usize = self.buffers.iter().map(Vec::capacity).sum();
        let fits = (LEAST..=ROOM.saturating_sub(kept)).contains(&buffer.capacity());
        if fits && self.buffers.len() < MOST {
            buffer.clear();
            self.buffers.push(buffer);
        }
    }

    fn give_back(&mut self) -> bool {
        let are_idle = !std::mem::take(&mut self.were_used);
        if are_idle {
            self.buffers = Vec::new();
        }
        are_idle
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_empty_and_with_room() {
        let mut at_rest = AtRest::default();
        let mut buffer = at_rest.take(LEAST);
        buffer.push(1);
        let kept = buffer.as_ptr();
        at_rest.rest(buffer);
        let again = at_rest.take(9);
        assert_eq!((again.as_ptr(), again.len()), (kept, 0));
        assert!(at_rest.take(3 * LEAST).capacity() >= 3 * LEAST);
    }

    #[test]
    fn a_small_document_leaves_the_large_buffers_to_large_ones() {
        let mut at_rest = AtRest::default();
        for size in [4, 2, 3] {
            at_rest.rest(Vec::with_capacity(size * LEAST));
        }
        for (room, size) in [(9, 2), (4 * LEAST, 4), (5 * LEAST, 5)] {
            assert_eq!(at_rest.take(room).capacity(), size * LEAST);
        }
    }

    #[test]
    fn few_are_kept_and_none_that_is_large_or_small() {
        let mut at_rest = AtRest::default();
        at_rest.rest(Vec::with_capacity(ROOM + 1));
        at_rest.rest(Vec::with_capacity(LEAST - 1));
        assert!(at_rest.buffers.is_empty());
        for _ in 0..3 {
            at_rest.rest(Vec::with_capacity(ROOM / 2));
        }
        assert_eq!(at_rest.buffers.len(), 2);
        at_rest.buffers.clear();
        for _ in 0..2 * MOST {
            at_rest.rest(Vec::with_capacity(LEAST));
        }
        assert_eq!(at_rest.buffers.len(), MOST);
    }

    #[test]
    fn they_are_given_back_when_no_document_was_made_in_between() {
        let mut at_rest = AtRest::default();
        let buffer = at_rest.take(LEAST);
        at_rest.rest(buffer);
        assert!(!at_rest.give_back() && at_rest.buffers.len() == 1);
        assert!(at_rest.give_back() && at_rest.buffers.is_empty());
    }
}
