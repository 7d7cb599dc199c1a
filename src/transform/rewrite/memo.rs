//! Work in proportion to change: an entry whose bytes, context and policy are as before is copied.

use std::borrow::Cow;
use std::collections::HashMap;

use encoding_rs::UTF_8;

use crate::transform::{EntryMark, Prior};

/// The entries of the last transform, by what they were made from.
#[derive(Debug, Default)]
pub(super) struct Memo<'a> {
    body: &'a [u8],
    marks: HashMap<[u8; 16], &'a EntryMark>,
}

impl<'a> Memo<'a> {
    pub(super) fn new(prior: Option<Prior<'a>>) -> Self {
        prior.map_or_else(Self::default, |prior| Self {
            body: prior.body,
            marks: prior.entries.iter().map(|mark| (mark.hash, mark)).collect(),
        })
    }

    /// The cleaned bytes of the entry with this hash, and its mark.
    pub(super) fn find(&self, hash: &[u8; 16]) -> Option<(&'a str, &'a EntryMark)> {
        let mark = *self.marks.get(hash)?;
        let bytes = self.body.get(mark.span.clone())?;
        // The standard library would take longer to look at Chinese than all the rest of the copy.
        match UTF_8.decode_without_bom_handling_and_without_replacement(bytes)? {
            Cow::Borrowed(text) => Some((text, mark)),
            Cow::Owned(_) => None,
        }
    }
}

/// Hashes an entry with everything else its cleaned bytes depend on.
#[derive(Clone)]
pub(super) struct Hasher(blake3::Hasher);

impl Hasher {
    /// Begins with the policy.
    pub(super) fn new(fingerprint: &[u8; 32]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(fingerprint);
        Self(hasher)
    }

    /// Adds one part. Its length goes before it, so that no two lists of parts look alike.
    pub(super) fn part(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    /// 128 bits are enough: finding two entries with one hash takes 2^64 tries.
    pub(super) fn finish(&self) -> [u8; 16] {
        let mut short = [0; 16];
        for (to, from) in short.iter_mut().zip(self.0.finalize().as_bytes()) {
            *to = *from;
        }
        short
    }
}
