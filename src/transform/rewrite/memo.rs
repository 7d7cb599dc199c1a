//! Work in proportion to change: an entry whose bytes, context and policy are as before is copied.

use std::collections::HashMap;

use crate::transform::{EntryMark, Prior};

/// The entries of the last transform, by what they were made from.
#[derive(Debug, Default)]
pub(super) struct Memo<'a> {
    body: &'a [u8],
    marks: HashMap<([u8; 16], [u8; 16]), &'a EntryMark>,
}

impl<'a> Memo<'a> {
    pub(super) fn new(prior: Option<Prior<'a>>) -> Self {
        prior.map_or_else(Self::default, |prior| Self {
            body: prior.body,
            marks: prior
                .entries
                .iter()
                .filter(|mark| prior.body.get(mark.span.clone()).is_some())
                .map(|mark| ((mark.hash, mark.context), mark))
                .collect(),
        })
    }

    /// The mark of the entry that was made from this.
    pub(super) fn find(&self, hash: [u8; 16], context: [u8; 16]) -> Option<&'a EntryMark> {
        self.marks.get(&(hash, context)).copied()
    }

    /// The clean bytes of an entry.
    pub(super) fn bytes(&self, mark: &EntryMark) -> Option<&'a [u8]> {
        self.body.get(mark.span.clone())
    }

    /// As [`Self::bytes`].
    pub(super) fn text(&self, mark: &EntryMark) -> Option<&'a str> {
        std::str::from_utf8(self.bytes(mark)?).ok()
    }
}

/// What the clean bytes of an entry depend on, beside its own bytes.
#[derive(Clone, Debug)]
pub(super) struct Context {
    parts: Vec<u8>,
    /// Bytes of them that hold for every entry.
    common: usize,
    /// The parts that were hashed last, and their hash: entries of one feed have one context, nearly always.
    last: (Vec<u8>, [u8; 16]),
}

impl Context {
    /// Begins with the policy.
    pub(super) fn new(fingerprint: &[u8; 32]) -> Self {
        Self {
            parts: fingerprint.to_vec(),
            common: fingerprint.len(),
            last: (Vec::new(), [0; 16]),
        }
    }

    /// Adds one part that holds for every entry.
    pub(super) fn part(&mut self, bytes: &[u8]) {
        self.add(bytes);
        self.common = self.parts.len();
    }

    /// Adds one part for the next hash only. Its length goes before it, so that no two lists of parts look alike.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.parts.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        self.parts.extend_from_slice(bytes);
    }

    /// 128 bits are enough: finding two contexts with one hash takes 2^64 tries.
    pub(super) fn hash(&mut self) -> [u8; 16] {
        if self.last.0 != self.parts {
            let mut hash = [0; 16];
            blake3::Hasher::new()
                .update(&self.parts)
                .finalize_xof()
                .fill(&mut hash);
            self.last = (self.parts.clone(), hash);
        }
        self.parts.truncate(self.common);
        self.last.1
    }
}
