//! A quick hash to name addresses by, where nothing hangs on it: who makes two of them fold to one number has his
//! pictures listed twice, and no more. A table of such numbers hashes them with a secret, as any does: numbers that fall
//! into one place of it are as easily made, and would make it slow.

use std::hash::Hasher;

/// Folds eight bytes at a time into one number.
#[derive(Debug, Default)]
struct Folded(u64);

/// The number that `text` folds to.
pub(in crate::transform) fn fold(text: &str) -> u64 {
    let mut folded = Folded::default();
    folded.write(text.as_bytes());
    folded.finish()
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
