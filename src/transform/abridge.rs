//! Work in proportion to change: known entries are cut out of a document before anything else is done to it,
//! and a stub stands where each was. Pure.
//!
//! Where to cut needs no understanding. An entry that is known is one element, well-formed, that every stage
//! passes on as the last one did. If the abridged document needs no repair, and each stub is met where an entry
//! stands, with nothing changed around it, then the whole document would have come out as the abridged one does,
//! with the entries' clean bytes where the stubs are. In any doubt the whole document is cleaned.

use std::collections::HashSet;

use memchr::memmem;

use super::Prior;
use super::digest::digest;

/// A document without its known entries.
#[derive(Debug)]
pub(super) struct Abridged {
    pub(super) bytes: Vec<u8>,
    /// In order.
    pub(super) stubs: Vec<Stub>,
}

/// What stands for a known entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stub {
    /// Bytes from where it begins to the end of the document: before it, the XML declaration may change.
    pub(super) from_end: usize,
    /// The digest of the entry.
    pub(super) hash: [u8; 16],
}

/// How entries are written in one format.
struct Written {
    open: &'static str,
    close: &'static str,
    stub: &'static str,
}

const RSS: Written = Written {
    open: "<item",
    close: "</item>",
    stub: "<item/>",
};
const ATOM: Written = Written {
    open: "<entry",
    close: "</entry>",
    stub: "<entry/>",
};

/// Cuts out of `document` what `prior` knows; `None`: nothing can be.
pub(super) fn abridge(document: &[u8], prior: &Prior<'_>) -> Option<Abridged> {
    // An id that we made depends on what all entries say.
    if prior.entries.iter().any(|entry| entry.id.is_some()) {
        return None;
    }
    let known: HashSet<[u8; 16]> = prior.entries.iter().map(|entry| entry.hash).collect();
    let first = prior.body.get(prior.entries.first()?.span.clone())?;
    let written = [RSS, ATOM]
        .into_iter()
        .find(|written| first.starts_with(written.open.as_bytes()))?;
    let (mut bytes, mut cuts) = (Vec::new(), Vec::new());
    let mut copied = 0;
    for (begin, end) in entries(document, &written) {
        let hash = digest(document.get(begin..end)?);
        if known.contains(&hash) {
            bytes.extend_from_slice(document.get(copied..begin)?);
            cuts.push((bytes.len(), hash));
            bytes.extend_from_slice(written.stub.as_bytes());
            copied = end;
        }
    }
    bytes.extend_from_slice(document.get(copied..)?);
    let stubs: Vec<_> = cuts
        .into_iter()
        .map(|(at, hash)| Stub {
            from_end: bytes.len() - at,
            hash,
        })
        .collect();
    (!stubs.is_empty()).then_some(Abridged { bytes, stubs })
}

/// Where entries seem to stand, one after the other.
fn entries<'d>(document: &'d [u8], written: &Written) -> impl Iterator<Item = (usize, usize)> + 'd {
    let open = memmem::Finder::new(written.open);
    let close = memmem::Finder::new(written.close);
    let (name, behind) = (written.open.len(), written.close.len());
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let begin = at + open.find(document.get(at..)?)?;
            at = begin + name;
            // Not `<items`.
            if !matches!(document.get(at), Some(b'>' | b' ' | b'\t' | b'\r' | b'\n')) {
                continue;
            }
            at += close.find(document.get(at..)?)? + behind;
            return Some((begin, at));
        }
    })
}

#[cfg(test)]
mod tests;
