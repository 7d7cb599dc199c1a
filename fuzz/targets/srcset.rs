//! Any value of `srcset`, under each image policy: no address in it stays unjudged, and cleaning twice changes nothing.

#![no_main]

use libfuzzer_sys::fuzz_target;
use limpid::transform::clean::{Cleaner, Policy, images};
use url::Url;

fuzz_target!(|value: &str| {
    let value = value.replace('&', "&amp;").replace('"', "&quot;");
    let html = format!(
        "<picture><source srcset=\"{value}\"><img src=\"https://a.example/x.png\" srcset=\"{value}\"></picture>"
    );
    let base = Url::parse("https://source.example/path/").ok();
    for images in [
        images::Policy::Direct,
        images::Policy::Strip,
        images::Policy::Weserv("https://wsrv.nl/?url=".into()),
    ] {
        let policy = Policy {
            images,
            ..Policy::default()
        };
        let once = Cleaner::new(&policy).html(&html, base.as_ref());
        // Within the path of another address it is a word.
        let lower = once.to_ascii_lowercase();
        assert!(!["\"javascript:", " javascript:"].iter().any(|begun| lower.contains(begun)), "{once}");
        let twice = Cleaner::new(&policy).html(&once, base.as_ref());
        assert_eq!(twice, once);
    }
});
