//! One version of a document as readers get it: its bytes in every coding, its validators.
//!
//! Held are its bytes in gzip, which nearly every reader takes, and in the codings that somebody asked
//! for; never the identity bytes, which are what gzip decodes to.

use std::io::{Read, Write as _};
use std::iter;
use std::ops::Range;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;

pub use super::coding::Coding;
use super::gzip::{Known, Part, Parts, gzip};
use super::heads::Heads;
use super::place::settled;
use crate::clock::Millis;
use crate::message::Kind;

/// Documents smaller than this are not compressed: the headers weigh more than the gain.
const SMALLEST: usize = 512;
/// While a reader waits, and when nobody does: a tenth smaller, for ten times the work.
const BROTLI_LEVEL: u32 = 5;
const BROTLI_BEST: u32 = 10;
const ZSTD_LEVEL: i32 = 3;

/// What is held of a version for as long as it lives, and what a store keeps of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// The bytes as they are: compressing them gains nothing.
    Plain(Bytes),
    /// The same, compressed.
    Gzip(Bytes),
}

/// One version of a document, ready to be sent. Made once, off the request path.
#[derive(Debug)]
pub struct Representation {
    /// What kind of document it is.
    pub kind: Kind,
    /// BLAKE3 (128 bits) of the identity bytes: what the `ETag` is made of.
    pub hash: [u8; 16],
    /// The weak validator, `W/` and quotes included. Weak, because one stands for all codings
    /// (RFC 9110 §8.8.1), and because proxies that compress keep weak ones.
    pub etag: String,
    /// When these bytes were first made; whole seconds.
    pub last_modified: Millis,
    /// Of the identity bytes.
    pub length: usize,
    /// What all its codings are made from.
    pub base: Base,
    brotli: OnceLock<Bytes>,
    zstd: OnceLock<Bytes>,
    /// The header blocks of the last answers.
    pub heads: Heads,
}

impl Representation {
    /// Compresses `body` (ten milliseconds a megabyte: not for the request path).
    ///
    /// `prior` is the version before: when the bytes are equal, its date stays; when they are not, the date is a
    /// later one, also within the same second and when the clock went back: some readers have nothing but the date
    /// to ask by.
    #[must_use]
    pub fn new(body: &[u8], kind: Kind, prior: Option<&Self>, now: Millis) -> Self {
        Self::in_parts(body, kind, prior, now, iter::empty(), None).0
    }

    /// As [`Self::new`], of a document whose entries stand at `entries`; what is `known` is not compressed again.
    /// With it the parts that its gzip bytes are made of.
    #[must_use]
    pub fn in_parts(
        body: &[u8],
        kind: Kind,
        prior: Option<&Self>,
        now: Millis,
        entries: impl Iterator<Item = Range<usize>>,
        known: Option<Known<'_>>,
    ) -> (Self, Vec<Part>) {
        let hash = hash(body);
        let second = now / 1000 * 1000;
        let last_modified = prior.map_or(second, |prior| match prior.hash == hash {
            true => prior.last_modified,
            false => second.max(prior.last_modified + 1000),
        });
        let length = body.len();
        let coded = (length >= SMALLEST).then(|| gzip(body, entries, known)).flatten();
        let (base, parts) = match coded {
            Some(Parts { bytes, parts }) if bytes.len() < length => (Base::Gzip(settled(&bytes)), parts),
            _ => (Base::Plain(settled(body)), Vec::new()),
        };
        (Self::held(base, length, kind, hash, last_modified), parts)
    }

    /// What a store kept. `None` when the bytes are not `length` bytes of that `hash`.
    #[must_use]
    pub fn of(base: Base, length: usize, kind: Kind, hash: [u8; 16], last_modified: Millis) -> Option<Self> {
        let made = Self::held(base, length, kind, hash, last_modified);
        let whole = made.identity()?;
        (whole.len() == length && self::hash(&whole) == hash).then_some(made)
    }

    /// The same, of what is known to be true.
    pub(super) fn held(base: Base, length: usize, kind: Kind, hash: [u8; 16], last_modified: Millis) -> Self {
        Self {
            kind,
            hash,
            etag: etag(&hash),
            last_modified,
            length,
            base,
            brotli: OnceLock::new(),
            zstd: OnceLock::new(),
            heads: Heads::default(),
        }
    }

    /// True when these bytes can be had in `coding`: they cannot where compressing gains nothing.
    #[must_use]
    pub fn has(&self, coding: Coding) -> bool {
        coding == Coding::Identity || matches!(self.base, Base::Gzip(_))
    }

    /// The bytes in `coding`, if they are held in it now.
    #[must_use]
    pub fn ready(&self, coding: Coding) -> Option<&Bytes> {
        match (coding, &self.base) {
            (Coding::Identity, Base::Plain(bytes)) | (Coding::Gzip, Base::Gzip(bytes)) => Some(bytes),
            (Coding::Brotli, _) => self.brotli.get(),
            (Coding::Zstd, _) => self.zstd.get(),
            _ => None,
        }
    }

    /// The bytes in `coding`: held, or else made now (some milliseconds a megabyte for identity, fifty for
    /// brotli) and, but for identity, held from now on. `None` where it cannot be had.
    #[must_use]
    pub fn make(&self, coding: Coding) -> Option<Bytes> {
        self.made(coding, BROTLI_LEVEL)
    }

    /// As [`Self::make`], as small as it gets (half a second a megabyte): for when nobody waits.
    #[must_use]
    pub fn make_best(&self, coding: Coding) -> Option<Bytes> {
        self.made(coding, BROTLI_BEST)
    }

    fn made(&self, coding: Coding, level: u32) -> Option<Bytes> {
        if let Some(ready) = self.ready(coding) {
            return Some(ready.clone());
        }
        let place = match coding {
            Coding::Identity => return self.identity(),
            Coding::Gzip => return None,
            Coding::Brotli => &self.brotli,
            Coding::Zstd => &self.zstd,
        };
        if !self.has(coding) {
            return None;
        }
        let identity = self.identity()?;
        let coded = settled(&match coding {
            Coding::Brotli => brotli(&identity, level)?,
            _ => zstd(&identity)?,
        });
        Some(place.get_or_init(|| coded).clone())
    }

    /// The bytes as they are: decoded now, unless they are held so. `None`: they are damaged.
    #[must_use]
    pub fn identity(&self) -> Option<Bytes> {
        let coded = match &self.base {
            Base::Plain(bytes) => return Some(bytes.clone()),
            Base::Gzip(coded) => coded,
        };
        // No more than was said, whatever a coding would make of itself.
        let mut body = Vec::with_capacity(self.length.min(coded.len().saturating_mul(16)));
        let decoder = flate2::read::GzDecoder::new(&coded[..]);
        decoder.take(self.length as u64).read_to_end(&mut body).ok()?;
        Some(Bytes::from(body))
    }

    /// [`Self::last_modified`] as a time.
    #[must_use]
    pub fn last_modified_time(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.last_modified)
    }

    /// Bytes held.
    #[must_use]
    pub fn weight(&self) -> usize {
        const HEAD: usize = 2048;
        let (Base::Plain(base) | Base::Gzip(base)) = &self.base;
        let made = [&self.brotli, &self.zstd].into_iter().filter_map(OnceLock::get);
        base.len() + made.map(Bytes::len).sum::<usize>() + HEAD
    }
}

/// BLAKE3, 128 bits of it.
#[must_use]
pub fn hash(bytes: &[u8]) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
    short
}

fn etag(hash: &[u8; 16]) -> String {
    format!("W/\"{}\"", hex(hash))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    bytes.iter().flat_map(|&b| [digit(b >> 4), digit(b)]).collect()
}

fn brotli(body: &[u8], level: u32) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len() / 3);
    let mut encoder = brotli::CompressorWriter::new(&mut out, 4096, level, 20);
    encoder.write_all(body).ok()?;
    encoder.flush().ok()?;
    drop(encoder);
    Some(out)
}

fn zstd(body: &[u8]) -> Option<Vec<u8>> {
    zstd::bulk::compress(body, ZSTD_LEVEL).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Vec<u8> {
        text.repeat(200).into_bytes()
    }

    #[test]
    fn every_coding_says_the_same() {
        use std::io::Read as _;
        let body = document("<item>clean</item>\n");
        let made = Representation::new(&body, Kind::Rss, None, 0);
        let coded = |coding| made.make(coding).expect("made");
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(&coded(Coding::Gzip)[..])
            .read_to_end(&mut text)
            .expect("gunzip");
        assert_eq!(text, body);
        let mut text = Vec::new();
        brotli::Decompressor::new(&coded(Coding::Brotli)[..], 4096)
            .read_to_end(&mut text)
            .expect("unbrotli");
        assert_eq!(text, body);
        let zstd = zstd::bulk::decompress(&coded(Coding::Zstd), body.len()).expect("unzstd");
        assert_eq!(zstd, body);
        assert_eq!(coded(Coding::Identity), body);
    }

    #[test]
    fn what_is_made_when_nobody_waits_is_smaller_and_says_the_same() {
        use std::io::Read as _;
        let body: Vec<u8> = (0..4000)
            .flat_map(|n: u32| format!("<item>{} words {}</item>", n * n, n % 97).into_bytes())
            .collect();
        let made = || Representation::new(&body, Kind::Rss, None, 0);
        let (now, best) = (made().make(Coding::Brotli), made().make_best(Coding::Brotli));
        let best = best.expect("made");
        assert!(now.is_some_and(|now| best.len() < now.len()));
        let mut text = Vec::new();
        brotli::Decompressor::new(&best[..], 4096)
            .read_to_end(&mut text)
            .expect("unbrotli");
        assert_eq!(text, body);
    }

    #[test]
    fn what_nobody_asked_for_is_not_held() {
        let body = document("<item>clean</item>\n");
        let made = Representation::new(&body, Kind::Rss, None, 0);
        let held = made.weight();
        assert!(made.ready(Coding::Gzip).is_some() && held < body.len());
        for coding in [Coding::Identity, Coding::Brotli, Coding::Zstd] {
            assert!(made.has(coding) && made.ready(coding).is_none());
        }
        let plain = made.make(Coding::Identity).expect("decoded");
        assert_eq!((plain.len(), made.weight()), (made.length, held));
        let brotli = made.make(Coding::Brotli).expect("made");
        assert_eq!(made.ready(Coding::Brotli), Some(&brotli));
        assert_eq!(made.weight(), held + brotli.len());
    }

    #[test]
    fn equal_bytes_keep_their_validators_and_new_bytes_get_new_ones() {
        let first = Representation::new(&document("a"), Kind::Atom, None, 5_999);
        assert_eq!(first.last_modified, 5_000);
        let same = Representation::new(&document("a"), Kind::Atom, Some(&first), 90_000);
        assert_eq!((same.last_modified, &same.etag), (5_000, &first.etag));
        let other = Representation::new(&document("b"), Kind::Atom, Some(&first), 90_000);
        assert_eq!(other.last_modified, 90_000);
        assert_ne!(other.etag, first.etag);
        let soon = Representation::new(&document("c"), Kind::Atom, Some(&other), 90_500);
        assert_eq!(
            soon.last_modified, 91_000,
            "a reader that asks by date must see it"
        );
    }

    #[test]
    fn a_tiny_document_is_not_compressed() {
        let made = Representation::new(b"<rss/>", Kind::Rss, None, 0);
        assert_eq!(made.base, Base::Plain(Bytes::from_static(b"<rss/>")));
        for coding in [Coding::Gzip, Coding::Brotli, Coding::Zstd] {
            assert!(!made.has(coding) && made.make(coding).is_none());
        }
    }
}
