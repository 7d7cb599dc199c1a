//! What is known about pictures, in memory.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use moka::future::Cache;
use url::Url;

use super::Error;
use crate::message::Validators;
use crate::transform::Picture;

/// Bytes one record takes beside its picture, roughly.
const RECORD: usize = 512;

/// Names an address: BLAKE3, 128 bits, of the address without its fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 16]);

impl Key {
    pub(super) fn of(url: &Url) -> Self {
        Self::of_address(url.as_str())
    }

    pub(super) fn of_picture(picture: &Picture) -> Self {
        Self::of_address(picture.url.as_str())
    }

    fn of_address(address: &str) -> Self {
        Self::of_text(address.split('#').next().unwrap_or_default())
    }

    /// Names what is no address.
    pub(super) fn of_text(text: &str) -> Self {
        let mut key = [0; 16];
        blake3::Hasher::new()
            .update(text.as_bytes())
            .finalize_xof()
            .fill(&mut key);
        Self(key)
    }

    pub(super) fn hex(self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.0))
    }

    pub(super) fn bytes(self) -> [u8; 16] {
        self.0
    }

    pub(super) fn of_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

/// A picture that is kept.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// The name of its bytes.
    pub(super) object: String,
    pub(super) media_type: &'static str,
    pub(super) place: Place,
}

/// Where a picture is kept.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Memory(Bytes),
    /// On disk alone; its size in bytes.
    Disk(u64),
}

/// What is known about one address.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// The address.
    pub(super) url: Url,
    /// The picture as it was last given. It outlives its origin.
    pub(super) image: Option<Held>,
    /// Why it was not given the last time it was asked for.
    pub(super) error: Option<Error>,
    /// Failures in a row.
    pub(super) failures: u32,
    /// When to ask again.
    pub(super) until: SystemTime,
    /// What makes the next request conditional.
    pub(super) validators: Validators,
    /// The address that gave it: its own or one of its alternates.
    pub(super) from: Url,
}

impl Kept {
    fn weight(&self) -> u32 {
        let body = match &self.image {
            Some(Held {
                place: Place::Memory(bytes),
                ..
            }) => bytes.len(),
            _ => 0,
        };
        u32::try_from(body + RECORD).unwrap_or(u32::MAX)
    }
}

/// A memory of pictures, bounded in bytes; the least used go first.
pub(super) fn memory(bytes: u64) -> Cache<Key, Arc<Kept>> {
    Cache::builder()
        .max_capacity(bytes)
        .weigher(|_, kept: &Arc<Kept>| kept.weight())
        .build()
}
