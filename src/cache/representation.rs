//! One version of a document as readers get it: its bytes in every coding, its validators.

use std::io::{Read, Write as _};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::HeaderMap;

use crate::clock::Millis;
use crate::message::Kind;

/// Documents smaller than this are not compressed: the headers weigh more than the gain.
const SMALLEST: usize = 512;
const GZIP_LEVEL: u32 = 6;
const BROTLI_LEVEL: u32 = 5;
const ZSTD_LEVEL: i32 = 3;

/// A content coding (RFC 9110 §8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    Identity,
    Gzip,
    Brotli,
    Zstd,
}

impl Coding {
    /// The name in `Content-Encoding`; `None` for identity, which is never named there.
    #[must_use]
    pub fn token(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
            Self::Zstd => Some("zstd"),
        }
    }
}

/// The bytes of one version as a store keeps them: the identity only where no coding says the same.
#[derive(Debug)]
pub struct Codings {
    /// Of the identity bytes.
    pub length: usize,
    pub identity: Option<Bytes>,
    pub gzip: Option<Bytes>,
    pub brotli: Option<Bytes>,
    pub zstd: Option<Bytes>,
}

impl Codings {
    /// The identity bytes: at most `length`, whatever a coding would make of itself.
    fn decoded(&self) -> Option<Bytes> {
        if let Some(identity) = &self.identity {
            return Some(identity.clone());
        }
        let mut body = Vec::new();
        let mut read = |source: &mut dyn Read| source.take(self.length as u64).read_to_end(&mut body).ok();
        // Fastest first.
        match (&self.zstd, &self.gzip, &self.brotli) {
            (Some(zstd), _, _) => read(&mut zstd::Decoder::new(&zstd[..]).ok()?),
            (_, Some(gzip), _) => read(&mut flate2::read::GzDecoder::new(&gzip[..])),
            (_, _, Some(brotli)) => read(&mut brotli::Decompressor::new(&brotli[..], 4096)),
            (None, None, None) => None,
        }?;
        Some(exact(body))
    }
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
    /// The bytes as they are.
    pub identity: Bytes,
    /// The same, compressed; `None` where that gains nothing.
    pub gzip: Option<Bytes>,
    pub brotli: Option<Bytes>,
    pub zstd: Option<Bytes>,
    /// The header block, rendered by the first answer that needs it.
    pub head: OnceLock<HeaderMap>,
}

impl Representation {
    /// Compresses `body` in every coding (tens of milliseconds a megabyte: not for the request path).
    ///
    /// `prior` is the version before: when the bytes are equal, its date stays; when they are not, the date is a
    /// later one, also within the same second and when the clock went back: some readers have nothing but the date
    /// to ask by.
    #[must_use]
    pub fn new(body: Vec<u8>, kind: Kind, prior: Option<&Self>, now: Millis) -> Self {
        let hash = hash(&body);
        let second = now / 1000 * 1000;
        let last_modified = prior.map_or(second, |prior| match prior.hash == hash {
            true => prior.last_modified,
            false => second.max(prior.last_modified + 1000),
        });
        let gain = |coded: Option<Vec<u8>>| {
            let coded = coded.filter(|coded| coded.len() < body.len())?;
            Some(exact(coded))
        };
        let (gzip, brotli, zstd) = if body.len() < SMALLEST {
            (None, None, None)
        } else {
            (gain(gzip(&body)), gain(brotli(&body)), gain(zstd(&body)))
        };
        Self {
            kind,
            hash,
            etag: etag(&hash),
            last_modified,
            gzip,
            brotli,
            zstd,
            identity: exact(body),
            head: OnceLock::new(),
        }
    }

    /// What a store kept. `None` when the bytes are not those of `hash`.
    #[must_use]
    pub fn of(codings: Codings, kind: Kind, hash: [u8; 16], last_modified: Millis) -> Option<Self> {
        let identity = codings.decoded()?;
        (self::hash(&identity) == hash).then(|| Self {
            kind,
            hash,
            etag: etag(&hash),
            last_modified,
            identity,
            gzip: codings.gzip,
            brotli: codings.brotli,
            zstd: codings.zstd,
            head: OnceLock::new(),
        })
    }

    /// The bytes in `coding`, if they exist in it.
    #[must_use]
    pub fn coded(&self, coding: Coding) -> Option<&Bytes> {
        match coding {
            Coding::Identity => Some(&self.identity),
            Coding::Gzip => self.gzip.as_ref(),
            Coding::Brotli => self.brotli.as_ref(),
            Coding::Zstd => self.zstd.as_ref(),
        }
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
        let coded = [&self.gzip, &self.brotli, &self.zstd];
        let coded: usize = coded.into_iter().flatten().map(Bytes::len).sum();
        self.identity.len() + coded + HEAD
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

/// No spare capacity is kept for as long as a version lives.
fn exact(bytes: Vec<u8>) -> Bytes {
    Bytes::from(bytes.into_boxed_slice())
}

fn gzip(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(
        Vec::with_capacity(body.len() / 3),
        flate2::Compression::new(GZIP_LEVEL),
    );
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}

fn brotli(body: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len() / 3);
    let mut encoder = brotli::CompressorWriter::new(&mut out, 4096, BROTLI_LEVEL, 20);
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
        let made = Representation::new(body.clone(), Kind::Rss, None, 0);
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(&made.gzip.as_ref().expect("gzip")[..])
            .read_to_end(&mut text)
            .expect("gunzip");
        assert_eq!(text, body);
        let mut text = Vec::new();
        brotli::Decompressor::new(&made.brotli.as_ref().expect("br")[..], 4096)
            .read_to_end(&mut text)
            .expect("unbrotli");
        assert_eq!(text, body);
        let zstd = zstd::bulk::decompress(made.zstd.as_ref().expect("zstd"), body.len()).expect("unzstd");
        assert_eq!(zstd, body);
    }

    #[test]
    fn equal_bytes_keep_their_validators_and_new_bytes_get_new_ones() {
        let first = Representation::new(document("a"), Kind::Atom, None, 5_999);
        assert_eq!(first.last_modified, 5_000);
        let same = Representation::new(document("a"), Kind::Atom, Some(&first), 90_000);
        assert_eq!((same.last_modified, &same.etag), (5_000, &first.etag));
        let other = Representation::new(document("b"), Kind::Atom, Some(&first), 90_000);
        assert_eq!(other.last_modified, 90_000);
        assert_ne!(other.etag, first.etag);
        let soon = Representation::new(document("c"), Kind::Atom, Some(&other), 90_500);
        assert_eq!(
            soon.last_modified, 91_000,
            "a reader that asks by date must see it"
        );
    }

    #[test]
    fn a_tiny_document_is_not_compressed() {
        let made = Representation::new(b"<rss/>".to_vec(), Kind::Rss, None, 0);
        assert!(made.gzip.is_none() && made.brotli.is_none() && made.zstd.is_none());
    }
}
