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

/// The document with one entry more, before what looks like the first.
fn grown(bytes: &[u8]) -> Vec<u8> {
    let news: [(&[u8], &[u8]); 2] = [
        (b"<item", b"<item><guid>new</guid><title>a &lt;b&gt;</title></item>"),
        (b"<entry", b"<entry><id>new</id><title>a</title></entry>"),
    ];
    for (open, new) in news {
        if let Some(at) = bytes.windows(open.len()).position(|window| window == open) {
            return [&bytes[..at], new, &bytes[at..]].concat();
        }
    }
    bytes.to_vec()
}

fuzz_target!(|bytes: &[u8]| {
    let once = match clean(bytes, None) {
        Ok(once) => once,
        Err(Error::Unsound | Error::Convert) => panic!("the output did not pass its own check"),
        Err(_) => return,
    };
    let again = clean(bytes, Some(&once)).expect("as before");
    assert_eq!(again.body, once.body, "entries that are copied are the same");
    let grown = grown(bytes);
    match (clean(&grown, Some(&once)), clean(&grown, None)) {
        (Ok(known), Ok(anew)) => {
            assert_eq!(
                String::from_utf8_lossy(&known.body),
                String::from_utf8_lossy(&anew.body),
                "what is known changes nothing"
            );
            assert_eq!(known.entries, anew.entries);
        }
        (known, anew) => assert_eq!(known.is_ok(), anew.is_ok(), "what is known changes nothing"),
    }
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
