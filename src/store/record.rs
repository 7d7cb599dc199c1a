//! A record, and how its head is sealed on disk.

use bytes::Bytes;

/// What is kept under one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Small and often rewritten: dates, validators, next due, failures.
    pub head: Bytes,
    /// Large and seldom rewritten: the bytes that are served.
    pub body: Bytes,
    /// Which lease wrote it; a larger number is later.
    pub fence: u64,
}

/// The layout of a sealed head. Another number is a miss.
const VERSION: u8 = 1;
/// Bytes of a truncated BLAKE3 hash: enough against damage, which is no adversary.
const SUM: usize = 16;
/// Version, fence, length of the body, sum of the body, sum of all this and the head.
const PREFIX: usize = 1 + 8 + 8 + SUM + SUM;

/// A head as it lies on disk: with its fence and with what tells whether head and body are whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sealed {
    pub(super) fence: u64,
    pub(super) body_length: u64,
    body_sum: [u8; SUM],
    pub(super) head: Bytes,
}

impl Sealed {
    pub(super) fn new(record: &Record) -> Self {
        Self {
            fence: record.fence,
            body_length: record.body.len() as u64,
            body_sum: sum(&[&record.body]),
            head: record.head.clone(),
        }
    }

    /// The same body under a new head.
    pub(super) fn with_head(self, head: Bytes, fence: u64) -> Self {
        Self { fence, head, ..self }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(PREFIX + self.head.len());
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.fence.to_le_bytes());
        bytes.extend_from_slice(&self.body_length.to_le_bytes());
        bytes.extend_from_slice(&self.body_sum);
        let seal = sum(&[&bytes, &self.head]);
        bytes.extend_from_slice(&seal);
        bytes.extend_from_slice(&self.head);
        bytes
    }

    /// `None` when the bytes are of another version or damaged.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (sealed, rest) = bytes.split_at_checked(PREFIX - SUM)?;
        let (seal, head) = rest.split_first_chunk::<SUM>()?;
        if sum(&[sealed, head]) != *seal {
            return None;
        }
        let (&version, rest) = sealed.split_first()?;
        let (fence, rest) = rest.split_first_chunk()?;
        let (body_length, rest) = rest.split_first_chunk()?;
        let (body_sum, _) = rest.split_first_chunk()?;
        (version == VERSION).then(|| Self {
            fence: u64::from_le_bytes(*fence),
            body_length: u64::from_le_bytes(*body_length),
            body_sum: *body_sum,
            head: Bytes::copy_from_slice(head),
        })
    }

    /// The record, if this body is the one that was sealed.
    pub(super) fn open(self, body: Bytes) -> Option<Record> {
        (body.len() as u64 == self.body_length && sum(&[&body]) == self.body_sum).then_some(Record {
            head: self.head,
            body,
            fence: self.fence,
        })
    }
}

fn sum(parts: &[&[u8]]) -> [u8; SUM] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    let mut sum = [0; SUM];
    hasher.finalize_xof().fill(&mut sum);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            head: Bytes::from_static(b"head"),
            body: Bytes::from_static(b"body"),
            fence: 7,
        }
    }

    #[test]
    fn a_sealed_head_opens_with_its_own_body_only() {
        let sealed = Sealed::from_bytes(&Sealed::new(&record()).to_bytes()).unwrap();
        assert_eq!(sealed.clone().open(Bytes::from_static(b"body")), Some(record()));
        assert_eq!(sealed.clone().open(Bytes::from_static(b"bodz")), None);
        assert_eq!(sealed.open(Bytes::from_static(b"bod")), None);
    }

    #[test]
    fn any_changed_or_missing_byte_is_a_miss() {
        let whole = Sealed::new(&record()).to_bytes();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert_eq!(Sealed::from_bytes(&changed), None, "byte {at} changed");
            assert_eq!(Sealed::from_bytes(&whole[..at]), None, "cut at {at}");
        }
    }
}
