//! Any bytes as a feed: cleaned or refused, never a panic; what was cleaned is sound, is not changed by
//! cleaning it again, is the same when its entries are copied, and becomes any other format.

#![no_main]

use libfuzzer_sys::fuzz_target;
use limpid::message::Format;
use limpid::transform::convert::{Own, convert};
use limpid::transform::{Error, Policy, Prior, Source, Transformed, transform};
use url::Url;

fn clean(bytes: &[u8], prior: Option<&Transformed>) -> Result<Transformed, Error> {
    let base = Url::parse("https://source.example/path/feed").ok();
    let source = Source {
        bytes,
        content_type: None,
        content_encoding: None,
        base: base.as_ref(),
    };
    let prior = prior.map(|prior| Prior {
        body: &prior.body,
        entries: &prior.entries,
    });
    transform(&source, &Policy::default(), prior)
}

fuzz_target!(|bytes: &[u8]| {
    let once = match clean(bytes, None) {
        Ok(once) => once,
        Err(Error::Unsound | Error::Convert) => panic!("the output did not pass its own check"),
        Err(_) => return,
    };
    let again = clean(bytes, Some(&once)).expect("as before");
    assert_eq!(again.body, once.body, "entries that are copied are the same");
    let twice = clean(&once.body, None).expect("a clean feed is a feed");
    assert_eq!(
        String::from_utf8_lossy(&twice.body),
        String::from_utf8_lossy(&once.body),
        "cleaning twice changes nothing"
    );
    for format in [Format::Rss, Format::Atom, Format::Json] {
        let (body, _) = convert(&(&once).into(), format, Own::default()).expect("any format");
        assert!(clean(&body, None).is_ok(), "a conversion is a feed");
    }
});
