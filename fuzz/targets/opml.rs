//! Any list of feeds: what was read and written again holds the same feeds.

#![no_main]

use libfuzzer_sys::fuzz_target;
use limpid::opml;
use limpid::transform::Limits;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let Ok(document) = opml::read(bytes, &limits) else {
        return;
    };
    let written = document.write().expect("writable");
    let again = opml::read(&written, &limits).expect("readable");
    assert_eq!(again.feeds().len(), document.feeds().len());
});
