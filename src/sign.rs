//! Signed addresses: only what we wrote ourselves is served.
//!
//! `/i/SIG/BASE64URL.EXT` (a picture) and `/clean/SIG/BASE64URL` (a feed by address). SIG is one
//! character naming the key and 22 characters of HMAC-SHA256 (RFC 2104) cut to 128 bits. The same
//! address and key give the same string for ever.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use url::Url;

/// Names of keys: one character of an address.
const KEY_IDS: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// What a signature is for: one can never be used as the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A picture, `/i/…`.
    Image,
    /// A feed by address, `/clean/…`.
    Feed,
    /// What we are called among proxies.
    Name,
}

impl Purpose {
    fn context(self) -> &'static [u8] {
        match self {
            Self::Image => b"limpid image v1\n",
            Self::Feed => b"limpid feed v1\n",
            Self::Name => b"limpid name v1\n",
        }
    }
}

/// One signing key.
#[derive(Clone)]
pub struct Key {
    /// The character that names it in addresses.
    pub id: char,
    /// 32 random bytes.
    pub secret: [u8; 32],
    /// When it was made, in seconds since 1970.
    pub created: u64,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

/// All keys that verify; the first one signs.
#[derive(Clone)]
pub struct KeyRing {
    keys: Vec<Key>,
    /// For each key what signing begins with: half of a short signature's work.
    begun: Vec<Begun>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyRing").field(&self.keys).finish()
    }
}

impl KeyRing {
    /// A ring of keys, the signing one first. `None` when there is none.
    #[must_use]
    pub fn new(keys: Vec<Key>) -> Option<Self> {
        let begun = keys.iter().map(Begun::new).collect();
        (!keys.is_empty()).then_some(Self { keys, begun })
    }

    /// The keys, the signing one first.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The next unused key id, if any is left.
    #[must_use]
    pub fn free_id(&self) -> Option<char> {
        KEY_IDS
            .iter()
            .map(|&b| char::from(b))
            .find(|id| self.keys.iter().all(|k| k.id != *id))
    }

    /// Signs `message` with the first key: the key's id and 22 characters.
    #[must_use]
    pub fn sign(&self, purpose: Purpose, message: &str) -> String {
        let mut out = String::with_capacity(SIGNATURE);
        self.push_signature(purpose, message, &mut out);
        out
    }

    fn push_signature(&self, purpose: Purpose, message: &str, out: &mut String) {
        if let Some((key, begun)) = self.keys.first().zip(self.begun.first()) {
            out.push(key.id);
            let tag = begun.mac(purpose, message).finalize().into_bytes();
            BASE64URL.encode_string(&tag[..16], out);
        }
    }

    /// What we, and all who share our keys, are called among proxies (RFC 8586 §2: a token).
    #[must_use]
    pub fn name(&self) -> String {
        format!("limpid-{}", self.sign(Purpose::Name, ""))
    }

    /// True when `signature` is ours for `message`. Takes the same time for any wrong signature.
    #[must_use]
    pub fn verify(&self, purpose: Purpose, signature: &str, message: &str) -> bool {
        let mut chars = signature.chars();
        let Some((_, begun)) = chars
            .next()
            .and_then(|id| self.keys.iter().zip(&self.begun).find(|(key, _)| key.id == id))
        else {
            return false;
        };
        let mut tag = [0_u8; 16];
        // Canonical base64 only: one signature, one spelling.
        match BASE64URL.decode_slice(chars.as_str(), &mut tag) {
            Ok(16) => begun.mac(purpose, message).verify_truncated_left(&tag).is_ok(),
            _ => false,
        }
    }
}

/// Characters of a signature: the key's and 128 bits.
const SIGNATURE: usize = 23;

/// A key's state after the purpose, for each of them.
#[derive(Clone)]
struct Begun {
    image: Hmac<Sha256>,
    feed: Hmac<Sha256>,
    name: Hmac<Sha256>,
}

impl Begun {
    fn new(key: &Key) -> Self {
        // A key shorter than the hash's block is padded with zeros (RFC 2104 §2).
        let mut block = [0_u8; 64];
        block[..32].copy_from_slice(&key.secret);
        let begin = |purpose: Purpose| {
            let mut mac = Hmac::<Sha256>::new(&block.into());
            mac.update(purpose.context());
            mac
        };
        Self {
            image: begin(Purpose::Image),
            feed: begin(Purpose::Feed),
            name: begin(Purpose::Name),
        }
    }

    fn mac(&self, purpose: Purpose, message: &str) -> Hmac<Sha256> {
        let mut mac = match purpose {
            Purpose::Image => self.image.clone(),
            Purpose::Feed => self.feed.clone(),
            Purpose::Name => self.name.clone(),
        };
        mac.update(message.as_bytes());
        mac
    }
}

/// Writes and reads the addresses that this instance signs, below its public address.
#[derive(Clone, Debug)]
pub struct Signer {
    ring: Arc<KeyRing>,
    /// The public address without a trailing slash.
    public_url: Arc<str>,
}

impl Signer {
    /// A signer for addresses below `public_url`.
    #[must_use]
    pub fn new(ring: Arc<KeyRing>, public_url: &Url) -> Self {
        Self {
            ring,
            public_url: public_url.as_str().trim_end_matches('/').into(),
        }
    }

    /// Where this instance serves the picture at `origin`.
    #[must_use]
    pub fn image(&self, origin: &Url) -> String {
        self.image_at(origin.as_str())
    }

    /// As [`Signer::image`], for an address that is as a [`Url`] writes it.
    #[must_use]
    pub fn image_at(&self, origin: &str) -> String {
        let mut tail = String::with_capacity(origin.len() + origin.len() / 3 + 8);
        BASE64URL.encode_string(origin, &mut tail);
        tail.push('.');
        tail.push_str(extension(origin));
        let mut out = String::with_capacity(self.public_url.len() + SIGNATURE + tail.len() + 4);
        out.push_str(&self.public_url);
        out.push_str("/i/");
        self.ring.push_signature(Purpose::Image, &tail, &mut out);
        out.push('/');
        out.push_str(&tail);
        out
    }

    /// Where this instance serves the picture at `origin`, `width` pixels wide at most.
    #[must_use]
    pub fn image_at_most(&self, origin: &Url, width: u32) -> String {
        let tail = format!(
            "w{width}/{}.{}",
            BASE64URL.encode(origin.as_str()),
            extension(origin.as_str())
        );
        let signature = self.ring.sign(Purpose::Image, &tail);
        format!("{}/i/{signature}/{tail}", self.public_url)
    }

    /// Where this instance serves the cleaned feed at `origin`.
    #[must_use]
    pub fn feed(&self, origin: &Url) -> String {
        let tail = BASE64URL.encode(origin.as_str());
        let signature = self.ring.sign(Purpose::Feed, &tail);
        format!("{}/clean/{signature}/{tail}", self.public_url)
    }

    /// The origin of a picture, if `signature` and `tail` (the two path segments after `/i/`) are ours.
    #[must_use]
    pub fn verify_image(&self, signature: &str, tail: &str) -> Option<Url> {
        if !self.ring.verify(Purpose::Image, signature, tail) {
            return None;
        }
        decode(tail.split('.').next()?)
    }

    /// As [`Signer::verify_image`], for an address with a width: also the width.
    #[must_use]
    pub fn verify_image_at_most(&self, signature: &str, width: &str, tail: &str) -> Option<(Url, u32)> {
        if !self
            .ring
            .verify(Purpose::Image, signature, &format!("{width}/{tail}"))
        {
            return None;
        }
        let width = width.strip_prefix('w')?.parse().ok()?;
        Some((decode(tail.split('.').next()?)?, width))
    }

    /// The origin of a feed, if `signature` and `tail` (without a format's suffix) are ours.
    #[must_use]
    pub fn verify_feed(&self, signature: &str, tail: &str) -> Option<Url> {
        if !self.ring.verify(Purpose::Feed, signature, tail) {
            return None;
        }
        decode(tail)
    }

    /// True when `address` is a picture address that we signed: it must not be wrapped again.
    #[must_use]
    pub fn is_own_image(&self, address: &str) -> bool {
        address
            .strip_prefix(&*self.public_url)
            .and_then(|rest| rest.strip_prefix("/i/"))
            .and_then(|rest| rest.split_once('/'))
            .is_some_and(|(signature, tail)| self.ring.verify(Purpose::Image, signature, tail))
    }

    /// The keys.
    #[must_use]
    pub fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// The public address without a trailing slash.
    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.public_url
    }
}

fn decode(base64: &str) -> Option<Url> {
    let bytes = BASE64URL.decode(base64).ok()?;
    Url::parse(std::str::from_utf8(&bytes).ok()?).ok()
}

/// The extension that helps readers which look at one; it never decides the type.
fn extension(origin: &str) -> &'static str {
    const KNOWN: [&str; 9] = ["jpg", "jpeg", "png", "gif", "webp", "avif", "svg", "ico", "bmp"];
    // No address is parsed for it: what stands before the query, behind the host's slash, after the last dot.
    let bytes = origin.as_bytes();
    let end = memchr::memchr2(b'?', b'#', bytes).unwrap_or(bytes.len());
    let host = memchr::memchr(b':', bytes).map_or(end, |colon| colon + "://".len());
    let path = bytes.get(host..end).unwrap_or_default();
    let dot = memchr::memrchr(b'.', path)
        .filter(|dot| memchr::memchr(b'/', path).is_some_and(|slash| slash < *dot));
    let suffix = dot.and_then(|dot| path.get(dot + 1..)).unwrap_or_default();
    KNOWN
        .into_iter()
        .find(|known| suffix.eq_ignore_ascii_case(known.as_bytes()))
        .unwrap_or("img")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(ids: &str) -> Signer {
        let keys = ids
            .chars()
            .map(|id| Key {
                id,
                secret: [id as u8; 32],
                created: 0,
            })
            .collect();
        let ring = KeyRing::new(keys).expect("keys");
        Signer::new(
            Arc::new(ring),
            &Url::parse("https://feeds.example/sub/").expect("url"),
        )
    }

    fn parts(address: &str) -> (&str, &str) {
        let mut segments = address.rsplit('/');
        let tail = segments.next().expect("tail");
        (segments.next().expect("signature"), tail)
    }

    #[test]
    fn an_address_names_its_origin_and_comes_out_the_same_every_time() {
        let origin = Url::parse("https://a.example/b/c.JPG?x=1&y=ü").expect("url");
        let address = signer("a").image(&origin);
        assert!(address.starts_with("https://feeds.example/sub/i/a") && address.ends_with(".jpg"));
        assert_eq!(address, signer("a").image(&origin));
        let (signature, tail) = parts(&address);
        assert_eq!(signer("a").verify_image(signature, tail), Some(origin));
        assert!(signer("a").is_own_image(&address));
    }

    #[test]
    fn an_extension_is_that_of_the_path() {
        for (origin, told) in [
            ("https://a.example/b/c.JPG?x=1.png", "jpg"),
            ("https://a.example/b.webp#c.gif", "webp"),
            ("https://a.jpg", "img"),
            ("https://a.jpg/", "img"),
            ("https://a.example/b.jpg/c", "img"),
            ("https://a.example/jpg", "img"),
            ("https://a.example/.png", "png"),
            ("https://a.example:80/b.c.png", "png"),
            ("https://a.example/b.", "img"),
            ("https://a.example?b=/c.png", "img"),
            ("", "img"),
        ] {
            assert_eq!(extension(origin), told, "{origin}");
        }
    }

    #[test]
    fn a_changed_address_and_a_signature_for_another_purpose_are_refused() {
        let origin = Url::parse("https://a.example/b.png").expect("url");
        let address = signer("a").image(&origin);
        let (signature, tail) = parts(&address);
        assert_eq!(
            signer("a").verify_image(signature, &tail.replace(".png", ".gif")),
            None
        );
        assert_eq!(signer("b").verify_image(signature, tail), None);
        assert_eq!(signer("a").verify_image("", tail), None);
        let feed = signer("a").feed(&origin);
        let (signature, tail) = parts(&feed);
        assert_eq!(signer("a").verify_image(signature, tail), None);
        assert_eq!(signer("a").verify_feed(signature, tail), Some(origin));
    }

    #[test]
    fn an_old_key_keeps_verifying_after_a_new_one_signs() {
        let origin = Url::parse("https://a.example/b.png").expect("url");
        let old = signer("a").image(&origin);
        let (signature, tail) = parts(&old);
        assert_eq!(signer("ba").verify_image(signature, tail), Some(origin.clone()));
        assert_ne!(signer("ba").image(&origin), old);
    }
}
