//! What the next transform can use of a version, packed: some kilobytes where the pictures' addresses
//! alone would take a hundred, and no reader needs them.

use std::io::Read;

use bytes::Bytes;

use super::gzip::Part;
use super::wire::{Wire, fields};
use crate::message::Kind;
use crate::transform::convert::Cleaned;
use crate::transform::{EntryMark, Picture};

/// Fast, and addresses of one feed are much alike.
const LEVEL: i32 = 3;
/// More than any document within its limits leads to: what claims to be larger is damaged.
const LARGEST: u64 = 64 << 20;

/// The marks of a version's entries and the pictures it shows. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    packed: Bytes,
}

/// Marks, unpacked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// The id of the feed in formats that demand one, where it has none.
    pub id: Option<String>,
    /// One mark an entry; their spans point into the identity bytes.
    pub entries: Vec<EntryMark>,
    /// Every picture the version shows.
    pub pictures: Vec<Picture>,
    /// What its gzip bytes are made of.
    pub parts: Vec<Part>,
}

impl Unpacked {
    /// The document `body` whose marks these are, for a conversion.
    #[must_use]
    pub fn of<'a>(&'a self, body: &'a [u8], kind: Kind) -> Cleaned<'a> {
        Cleaned {
            body,
            kind,
            id: self.id.as_deref(),
            entries: &self.entries,
        }
    }
}

impl Marks {
    /// Packs: some hundred microseconds for a large feed.
    #[must_use]
    pub fn pack(unpacked: &Unpacked) -> Self {
        let mut plain = Vec::new();
        unpacked.write(&mut plain);
        let packed = pack(&plain).unwrap_or_default();
        Self {
            packed: Bytes::from(packed),
        }
    }

    /// Unpacks: not for the request path. What is damaged holds nothing: then everything is cleaned anew.
    #[must_use]
    pub fn unpack(&self) -> Unpacked {
        self.read().unwrap_or_default()
    }

    fn read(&self) -> Option<Unpacked> {
        let mut plain = Vec::new();
        let decoder = zstd::Decoder::new(&self.packed[..]).ok()?;
        decoder.take(LARGEST).read_to_end(&mut plain).ok()?;
        let mut plain = Bytes::from(plain);
        let unpacked = Unpacked::read(&mut plain)?;
        plain.is_empty().then_some(unpacked)
    }

    /// Bytes held.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.packed.len()
    }
}

/// With a checksum: what is taken from here for true is sent to readers (`parts`).
fn pack(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
    compressor.include_checksum(true)?;
    compressor.compress(plain)
}

impl Wire for Marks {
    fn write(&self, out: &mut Vec<u8>) {
        self.packed.write(out);
    }

    fn read(from: &mut Bytes) -> Option<Self> {
        let packed = Bytes::read(from)?;
        Some(Self { packed })
    }
}

impl Wire for Unpacked {
    fn write(&self, out: &mut Vec<u8>) {
        self.id.write(out);
        self.entries.write(out);
        self.pictures.write(out);
        self.parts.write(out);
    }

    fn read(from: &mut Bytes) -> Option<Self> {
        Some(Self {
            id: Wire::read(from)?,
            entries: Wire::read(from)?,
            pictures: Wire::read(from)?,
            // Who packed before there were parts said nothing here.
            parts: match from.is_empty() {
                true => Vec::new(),
                false => Wire::read(from)?,
            },
        })
    }
}
fields!(EntryMark {
    hash,
    context,
    id,
    span,
    pictures
});
fields!(Picture { url, alternates });

#[cfg(test)]
mod tests {
    use super::*;
    use url::Url;

    fn picture(n: usize) -> Picture {
        let url = |text: String| Url::parse(&text).expect("url");
        Picture::new(
            &url(format!("https://static.news.example/image/{n}_303.jpg")),
            &[url(format!(
                "https://images.weserv.nl/?url=static.news.example/image/{n}_303.jpg"
            ))],
        )
    }

    fn gallery() -> Unpacked {
        let pictures: Vec<_> = (0..300).map(picture).collect();
        let entries = pictures.chunks(15).map(|shown| EntryMark {
            hash: [7; 16],
            context: [8; 16],
            id: None,
            span: 3..9,
            pictures: shown.into(),
        });
        Unpacked {
            id: Some("urn:limpid:1".to_owned()),
            entries: entries.collect(),
            pictures,
            parts: vec![Part {
                plain: 3000,
                coded: 900,
            }],
        }
    }

    #[test]
    fn what_is_unpacked_is_what_was_packed_and_small_meanwhile() {
        let marks = Marks::pack(&gallery());
        assert_eq!(marks.unpack(), gallery());
        assert!(marks.weight() < 5_000, "{}", marks.weight());
        assert_eq!(Marks::default().unpack(), Unpacked::default());
    }

    #[test]
    fn marks_from_before_there_were_parts_are_still_marks() {
        let (mut old, gallery) = (Vec::new(), gallery());
        gallery.id.write(&mut old);
        gallery.entries.write(&mut old);
        gallery.pictures.write(&mut old);
        let packed = pack(&old).expect("packed").into();
        let parts = Vec::new();
        assert_eq!(Marks { packed }.unpack(), Unpacked { parts, ..gallery });
    }

    #[test]
    fn damage_costs_the_marks_and_nothing_else() {
        let whole = Marks::pack(&gallery());
        for at in 0..whole.packed.len() {
            let mut packed = whole.packed.to_vec();
            packed[at] ^= 0x55;
            let _whatever_it_says = Marks {
                packed: packed.into(),
            }
            .unpack();
            let cut = Marks {
                packed: whole.packed.slice(..at),
            };
            assert_eq!(cut.unpack(), Unpacked::default());
        }
    }
}
