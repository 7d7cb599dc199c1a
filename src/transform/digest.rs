//! What tells bytes apart that nobody made to be alike, at the speed of memory.

use xxhash_rust::xxh3::xxh3_128;

/// XXH3 of `bytes`, 128 bits: two different ones of a feed alike by chance are not to be expected in any lifetime.
///
/// Not for what a stranger gains by: whoever makes two alike must be able to deceive only himself, as an
/// origin that makes two of its own entries so and is shown one of them twice.
#[must_use]
pub fn digest(bytes: &[u8]) -> [u8; 16] {
    xxh3_128(bytes).to_le_bytes()
}
