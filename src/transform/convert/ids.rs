//! Ids for entries and feeds that have none, or none that the target format allows. Made from what
//! the source says and nothing else, so they stay the same for ever.

use url::Url;

use crate::transform::read::{Entry, Feed};

/// The id of an entry: its own; else its address; else a hash of what it says.
#[must_use]
pub fn entry(entry: &Entry) -> String {
    let own = entry.id.clone().or_else(|| entry.link.clone());
    own.unwrap_or_else(|| {
        hashed(&[
            &entry.title.value,
            entry.published.as_deref().unwrap_or_default(),
            entry.enclosures.first().map_or("", |enclosure| &enclosure.url),
            &entry.body().value,
        ])
    })
}

/// The id of a feed: its own; else its page; else a hash of its title.
#[must_use]
pub fn feed(feed: &Feed) -> String {
    let own = feed.id.clone().or_else(|| feed.link.clone());
    own.unwrap_or_else(|| hashed(&["feed", &feed.title.value]))
}

/// `id` as the absolute IRI that Atom wants (RFC 4287 §4.2.6). One that is none is kept inside a URN.
#[must_use]
pub fn iri(id: &str) -> String {
    if Url::parse(id).is_ok() && !id.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return id.to_owned();
    }
    if id.len() > 256 {
        return hashed(&[id]);
    }
    let mut urn = String::from("urn:limpid:id:");
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') {
            urn.push(char::from(byte));
        } else {
            urn.push('%');
            urn.push(hex_digit(byte >> 4));
            urn.push(hex_digit(byte & 15));
        }
    }
    urn
}

fn hex_digit(value: u8) -> char {
    char::from_digit(u32::from(value), 16)
        .unwrap_or('0')
        .to_ascii_uppercase()
}

/// A URN over `parts`: 128 bits of BLAKE3.
fn hashed(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&part.len().to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let hex = hasher.finalize().to_hex();
    format!("urn:limpid:{}", hex.get(..32).unwrap_or_default())
}

/// Whether `id` is an http(s) address.
#[must_use]
pub fn is_web_address(id: &str) -> bool {
    Url::parse(id).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_is_no_iri_is_kept_inside_one() {
        assert_eq!(iri("https://a.example/1"), "https://a.example/1");
        assert_eq!(iri("tag:a.example,2024:1"), "tag:a.example,2024:1");
        assert_eq!(iri("post 12/ä"), "urn:limpid:id:post%2012%2F%C3%A4");
        assert_eq!(iri(&"x".repeat(300)).len(), "urn:limpid:".len() + 32);
    }

    #[test]
    fn an_entry_without_id_is_known_by_its_address_else_by_what_it_says() {
        let mut one = Entry {
            link: Some("https://a.example/1".to_owned()),
            ..Entry::default()
        };
        assert_eq!(entry(&one), "https://a.example/1");
        one.link = None;
        one.title.value = "A".to_owned();
        let minted = entry(&one);
        assert!(minted.starts_with("urn:limpid:"));
        assert_eq!(minted, entry(&one.clone()));
        one.title.value = "B".to_owned();
        assert_ne!(minted, entry(&one));
    }
}
