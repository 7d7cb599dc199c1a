//! Gzip (RFC 1952) in parts: what did not change is not compressed again.
//!
//! Compressing a feed whole takes longer than cleaning it, and most refreshes bring one entry. So a part begins
//! where an entry does, ends on a whole byte (an empty stored block, RFC 1951 §3.2.4), and refers to nothing
//! but itself and the 8 KiB before it. Where another document has the same bytes behind the same 8 KiB, they compress to the
//! same bytes, which are copied. It is one stream to every reader, and five to fifteen per cent larger.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Mutex;

use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use xxhash_rust::xxh3::xxh3_64;

use super::wire::fields;

const LEVEL: u32 = 6;
/// What a part may refer to before itself. All parts that begin within so much behind a change are made anew.
const WINDOW: usize = 8 << 10;
/// Small entries share a part of about this many bytes.
const USUAL: usize = 8 << 10;
/// Deflate, no name, no time, no system (RFC 1952 §2.3): equal bytes whenever and wherever they are made.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// A last block with nothing in it.
const LAST: [u8; 2] = [3, 0];
/// CRC-32 and length, four bytes each, behind the last block.
const TAIL: usize = LAST.len() + 8;

/// How long a part is, as it is and compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub plain: usize,
    pub coded: usize,
}

fields!(Part { plain, coded });

/// Compressed bytes, and the parts they are made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    pub bytes: Vec<u8>,
    pub parts: Vec<Part>,
}

/// A document whose parts may be used again.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    pub plain: &'a [u8],
    pub coded: &'a [u8],
    pub parts: &'a [Part],
}

/// Compresses `body`, whose entries stand at `entries`: about ten milliseconds a megabyte of what is not `known`.
/// `None`: the compressor failed.
#[must_use]
pub fn gzip(
    body: &[u8],
    entries: impl Iterator<Item = Range<usize>>,
    known: Option<Known<'_>>,
) -> Option<Parts> {
    let known = known.and_then(Index::of);
    let mut made = Parts {
        bytes: Vec::with_capacity(body.len() / 3 + HEAD.len() + TAIL),
        parts: Vec::new(),
    };
    let mut compress = compressor();
    made.bytes.extend(HEAD);
    for part in divided(body, entries) {
        let begin = made.bytes.len();
        match known.as_ref().and_then(|known| known.find(body, &part)) {
            Some(coded) => made.bytes.extend(coded),
            None => {
                deflate(&mut compress, body, &part, &mut made.bytes)?;
                // A fifth of a millisecond, most of the time; then readers go first, if any wait for this core.
                std::thread::yield_now();
            }
        }
        made.parts.push(Part {
            plain: part.len(),
            coded: made.bytes.len() - begin,
        });
    }
    rest(compress);
    made.bytes.extend(LAST);
    let mut crc = Crc::new();
    crc.update(body);
    made.bytes.extend(crc.sum().to_le_bytes());
    // Both count modulo 2^32.
    made.bytes.extend(crc.amount().to_le_bytes());
    Some(made)
}

/// A compressor between two documents: its tables are a third of a megabyte, and to have the kernel clear so many pages
/// takes as long as compressing an entry.
static AT_REST: Mutex<Option<Compress>> = Mutex::new(None);

/// The one at rest, or another. Nothing of what it compressed before is left in it at the next part.
fn compressor() -> Compress {
    let at_rest = AT_REST.lock().ok().and_then(|mut at_rest| at_rest.take());
    at_rest.unwrap_or_else(|| Compress::new(Compression::new(LEVEL), false))
}

fn rest(compress: Compress) {
    if let Ok(mut at_rest) = AT_REST.lock() {
        *at_rest = Some(compress);
    }
}

/// Where the parts of `body` are. Whether an entry begins one depends on itself alone, so that others may come and go
/// before and behind it: the larger it is, the likelier. What follows the last one is a part, for another may be the last.
fn divided(body: &[u8], entries: impl Iterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut last = 0;
    let mut end = 0;
    for entry in entries {
        end = end.max(entry.end);
        let begins = |bytes: &[u8]| (xxh3_64(bytes) & 0xff) as usize * USUAL < bytes.len() << 8;
        if entry.start > last && body.get(entry.clone()).is_some_and(begins) {
            parts.push(last..entry.start);
            last = entry.start;
        }
    }
    if last < end && end < body.len() {
        parts.push(last..end);
        last = end;
    }
    parts.push(last..body.len());
    parts
}

/// The bytes before a part that it may refer to.
fn window<'b>(body: &'b [u8], part: &Range<usize>) -> &'b [u8] {
    &body[part.start.saturating_sub(WINDOW)..part.start]
}

fn deflate(compress: &mut Compress, body: &[u8], part: &Range<usize>, out: &mut Vec<u8>) -> Option<()> {
    compress.reset();
    let before = window(body, part);
    if !before.is_empty() {
        compress.set_dictionary(before).ok()?;
    }
    let bytes = &body[part.clone()];
    loop {
        let done = usize::try_from(compress.total_in()).ok()?;
        out.reserve((bytes.len() - done) / 2 + 1024);
        let room = out.capacity() - out.len();
        let before = out.len();
        let status = compress
            .compress_vec(&bytes[done..], out, FlushCompress::Sync)
            .ok()?;
        let is_whole = compress.total_in() == bytes.len() as u64 && out.len() - before < room;
        match status {
            Status::Ok | Status::BufError if is_whole => return Some(()),
            Status::Ok | Status::BufError => {}
            Status::StreamEnd => return None,
        }
    }
}

/// The parts of a document by what they hold.
struct Index<'a> {
    known: Known<'a>,
    /// Where a part is, as it is and compressed, by the hash of its bytes.
    parts: HashMap<u64, (Range<usize>, Range<usize>)>,
}

impl<'a> Index<'a> {
    /// `None`: the parts are not those of the document.
    fn of(known: Known<'a>) -> Option<Self> {
        let mut parts = HashMap::with_capacity(known.parts.len());
        let (mut plain, mut coded) = (0_usize, HEAD.len());
        for part in known.parts {
            let at = (
                plain..plain.checked_add(part.plain)?,
                coded..coded.checked_add(part.coded)?,
            );
            (plain, coded) = (at.0.end, at.1.end);
            parts.insert(xxh3_64(known.plain.get(at.0.clone())?), at);
        }
        let fits = plain == known.plain.len() && coded.checked_add(TAIL)? == known.coded.len();
        fits.then_some(Self { known, parts })
    }

    /// The compressed bytes of a part of `body`, if they were made before.
    fn find(&self, body: &[u8], part: &Range<usize>) -> Option<&'a [u8]> {
        let bytes = &body[part.clone()];
        let (plain, coded) = self.parts.get(&xxh3_64(bytes))?;
        let same = self.known.plain[plain.clone()] == *bytes
            && window(self.known.plain, plain) == window(body, part);
        same.then(|| &self.known.coded[coded.clone()])
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use proptest::prelude::*;

    use super::*;

    /// A feed of entries of so many words each, and where they are.
    fn feed(entries: &[(u64, usize)]) -> (Vec<u8>, Vec<Range<usize>>) {
        let mut body = b"<rss><channel><title>a feed of some entries</title>".to_vec();
        let spans = entries
            .iter()
            .map(|(seed, words)| {
                let begin = body.len();
                body.extend(format!("<item><guid>{seed}</guid><description>").into_bytes());
                let mut state = *seed + 1;
                for _ in 0..*words {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    body.extend(format!("word{} ", state >> 54).into_bytes());
                }
                body.extend(b"</description></item>");
                begin..body.len()
            })
            .collect();
        body.extend(b"</channel></rss>");
        (body, spans)
    }

    fn made(body: &[u8], spans: &[Range<usize>], known: Option<(&[u8], &Parts)>) -> Parts {
        let known = known.map(|(plain, made)| Known {
            plain,
            coded: &made.bytes,
            parts: &made.parts,
        });
        gzip(body, spans.iter().cloned(), known).expect("compressed")
    }

    fn decoded(bytes: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        let read = flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain);
        read.expect("gzip");
        plain
    }

    #[test]
    fn it_decodes_to_what_it_was_made_from_and_is_little_larger_than_one_stream() {
        let (body, spans) = feed(&(0..20).map(|n| (n, 1500)).collect::<Vec<_>>());
        let parts = made(&body, &spans, None);
        assert_eq!(decoded(&parts.bytes), body);
        assert_eq!(parts.parts.len(), 22);
        let whole = made(&body, &[], None);
        assert_eq!(decoded(&whole.bytes), body);
        assert_eq!(whole.parts.len(), 1);
        assert!(
            parts.bytes.len() * 100 < whole.bytes.len() * 108,
            "{} {}",
            parts.bytes.len(),
            whole.bytes.len()
        );
    }

    #[test]
    fn of_a_feed_with_one_new_entry_the_others_are_copied() {
        let old: Vec<_> = (1..21).map(|n| (n, 1500)).collect();
        let new: Vec<_> = (0..20).map(|n| (n, 1500)).collect();
        let ((before, old), (after, new)) = (feed(&old), feed(&new));
        let known = made(&before, &old, None);
        let index = Index::of(Known {
            plain: &before,
            coded: &known.bytes,
            parts: &known.parts,
        })
        .expect("fits");
        let copied = divided(&after, new.iter().cloned())
            .iter()
            .filter(|part| index.find(&after, part).is_some())
            .count();
        assert_eq!(copied, 19, "the new one, the one behind it and the end are made");
        assert_eq!(
            made(&after, &new, Some((&before, &known))),
            made(&after, &new, None),
            "whoever made it"
        );
    }

    #[test]
    fn small_entries_share_a_part() {
        let (body, spans) = feed(&(0..200).map(|n| (n, 60)).collect::<Vec<_>>());
        let parts = made(&body, &spans, None).parts.len();
        assert!((5..30).contains(&parts), "{parts}");
    }

    #[test]
    fn parts_that_are_not_those_of_the_document_are_not_used() {
        let (body, spans) = feed(&[(1, 2000), (2, 2000)]);
        let whole = made(&body, &spans, None);
        let known = |parts: &[Part]| {
            Index::of(Known {
                plain: &body,
                coded: &whole.bytes,
                parts,
            })
            .is_some()
        };
        assert!(known(&whole.parts));
        for at in 0..whole.parts.len() {
            for (plain, coded) in [(1, 0), (0, 1), (usize::MAX, 0), (0, usize::MAX)] {
                let mut parts = whole.parts.clone();
                parts[at].plain = parts[at].plain.wrapping_add(plain);
                parts[at].coded = parts[at].coded.wrapping_add(coded);
                assert!(!known(&parts), "{at} {plain} {coded}");
            }
        }
        assert!(!known(&whole.parts[1..]) && !known(&[]));
    }

    proptest! {
        #[test]
        fn whatever_is_known_the_bytes_are_the_same_and_decode(
            before in prop::collection::vec((0..12_u64, 0..2500_usize), 0..12),
            after in prop::collection::vec((0..12_u64, 0..2500_usize), 0..12),
        ) {
            let ((old, old_spans), (new, new_spans)) = (feed(&before), feed(&after));
            let known = made(&old, &old_spans, None);
            let anew = made(&new, &new_spans, None);
            prop_assert_eq!(&made(&new, &new_spans, Some((&old, &known))), &anew);
            prop_assert_eq!(decoded(&anew.bytes), new);
        }

        #[test]
        fn places_that_are_no_entries_do_no_harm(
            body in prop::collection::vec(any::<u8>(), 0..3000),
            places in prop::collection::vec((0..4000_usize, 0..4000_usize), 0..8),
        ) {
            let spans: Vec<_> = places.into_iter().map(|(from, to)| from..to).collect();
            prop_assert_eq!(decoded(&made(&body, &spans, None).bytes), body);
        }
    }
}
