//! Any address: what comes out of a wrapper is an address of the web and no wrapper itself.

#![no_main]

use libfuzzer_sys::fuzz_target;
use limpid::transform::clean::images::unwrap::unwrap;
use url::Url;

fuzz_target!(|text: &str| {
    let Ok(url) = Url::parse(text) else { return };
    if let Some(found) = unwrap(&url) {
        assert!(matches!(found.url.scheme(), "http" | "https"), "{}", found.url);
        assert!(unwrap(&found.url).is_none(), "{}", found.url);
    }
});
