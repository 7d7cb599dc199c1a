//! Any picture: known or not; what is taken off leaves a picture of the same type, no larger.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use limpid::images::sniff::sniff;
use limpid::images::strip::strip;

fuzz_target!(|bytes: &[u8]| {
    let Some(kind) = sniff(bytes) else { return };
    let stripped = strip(kind, Bytes::copy_from_slice(bytes));
    assert!(stripped.len() <= bytes.len());
    assert!(sniff(&stripped) == Some(kind));
});
