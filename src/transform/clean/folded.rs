//! A quick hash for tables that nothing hangs on: who makes addresses collide in them has his pictures
//! listed twice, and no more.

use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher};

/// Folds eight bytes at a time into one number.
#[derive(Debug, Default)]
pub(in crate::transform) struct Folded(u64);

/// For a table whose keys are [`fold`]ed.
pub(in crate::transform) type ByFold = BuildHasherDefault<Folded>;

/// The number that `text` folds to.
pub(in crate::transform) fn fold(text: &str) -> u64 {
    ByFold::new().hash_one(text)
}

impl Hasher for Folded {
    fn write(&mut self, bytes: &[u8]) {
        let (chunks, rest) = bytes.as_chunks::<8>();
        for chunk in chunks {
            self.write_u64(u64::from_le_bytes(*chunk));
        }
        for &byte in rest {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        // The fractional part of the golden ratio: every bit of a number moves many of the product's.
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        // The low bits of a product know little of the high ones.
        self.0 ^ (self.0 >> 32)
    }
}
