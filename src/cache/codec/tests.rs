use super::*;
use crate::cache::freshness::Policy;
use crate::cache::gzip::Part;
use crate::cache::marks::{Marks, Unpacked};
use crate::transform::{EntryMark, Picture};
use std::time::Duration;
use url::Url;

fn url(text: &str) -> Url {
    Url::parse(text).expect("url")
}

/// A stored response with something in every field.
fn full(body: &str) -> StoredResponse {
    let picture = Picture::new(
        &url("https://pictures.example/ä.png?x=1#y"),
        &[
            url("http://pictures.example/b.png"),
            url("https://wrapper.example/?url=b"),
        ],
    );
    let failure = Failure {
        status: Some(503),
        retry_after: Some(120),
        ..Failure::new(Class::Slow, "the origin took too long")
    };
    StoredResponse {
        version: Arc::new(Version {
            representation: Representation::new(body.as_bytes(), Kind::Atom, None, 5_000),
            marks: Marks::pack(&Unpacked {
                id: Some("urn:limpid:1".to_owned()),
                entries: vec![EntryMark {
                    hash: [7; 16],
                    context: [8; 16],
                    id: Some("urn:limpid:2".to_owned()),
                    span: 3..body.len(),
                    pictures: [picture.clone()].into(),
                }],
                pictures: vec![picture],
                parts: vec![Part {
                    plain: body.len(),
                    coded: 9,
                }],
            }),
            contents: [3; 16],
            hints: Hints {
                hub: Some("https://hub.example/".to_owned()),
                topic: None,
                ttl: Some(3600),
                skip_hours: vec![0, 23],
                skip_days: vec![6],
                entries: 1,
            },
            removed: vec![Removed {
                reason: Reason::Identity,
                count: 2,
            }],
            policy: [9; 16],
        }),
        origin: OriginState {
            hub: None,
            topic: Some("https://a.example/self".to_owned()),
            max_age: Some(900),
            validators: Validators {
                etag: Some("W/\"ä\"".to_owned()),
                last_modified: None,
            },
            url: Some("https://feeds.example/new".to_owned()),
            moved_permanently: true,
            moved: 2,
            body_hash: [1; 16],
            status: 200,
            full_at: 1 << 40,
            empty: 1,
        },
        freshness: Freshness::new(1 << 41, Duration::from_mins(15), &Policy::default()),
        failing: Some(Failing {
            gone_since: Some(3),
            ..Failing::first(failure, 1 << 41)
        }),
        rhythm: Rhythm {
            changed_at: 1,
            interval: 2,
        },
        last_read: LastRead::new(77),
    }
}

/// Everything there is, as text.
fn told(stored: &StoredResponse) -> String {
    format!("{stored:?}")
}

#[test]
fn what_is_read_is_what_was_kept() {
    for body in ["<feed/>".to_owned(), "<entry>some text</entry>\n".repeat(500)] {
        let kept = full(&body);
        let record = record(&kept, 3);
        let read = stored(&record).expect("the record is whole");
        assert_eq!(told(&read), told(&kept));
        assert_eq!(record.fence, 3);
    }
}

#[test]
fn the_bytes_are_kept_once_and_compressed() {
    let body = "<entry>some text</entry>\n".repeat(500);
    let kept = full(&body);
    let made = &kept.version.representation;
    made.make(crate::cache::representation::Coding::Brotli)
        .expect("made");
    let Base::Gzip(gzip) = &made.base else {
        panic!("not compressed")
    };
    assert!(record(&kept, 0).body.len() < gzip.len() + 500);
}

#[test]
fn a_head_of_another_version_is_a_miss() {
    let (one, other) = (full("<feed>1</feed>"), full("<feed>2</feed>"));
    let mixed = Record {
        head: head(&one),
        ..record(&other, 1)
    };
    assert!(stored(&mixed).is_none());
}

#[test]
fn any_changed_or_missing_byte_is_a_miss_or_a_value_and_never_a_crash() {
    let whole = record(&full(&"<entry>some text</entry>\n".repeat(40)), 1);
    for at in 0..whole.body.len() {
        let mut body = whole.body.to_vec();
        body[at] ^= 0x55;
        if let Some(read) = stored(&Record {
            body: body.into(),
            ..whole.clone()
        }) {
            assert_eq!(
                read.version.representation.hash,
                full(&"<entry>some text</entry>\n".repeat(40))
                    .version
                    .representation
                    .hash
            );
        }
        let cut = Record {
            body: whole.body.slice(..at),
            ..whole.clone()
        };
        assert!(stored(&cut).is_none(), "cut at {at}");
    }
    for at in 0..whole.head.len() {
        assert!(read_head(&whole.head.slice(..at)).is_none(), "cut at {at}");
    }
}

#[test]
fn another_layout_is_a_miss() {
    let whole = record(&full("<feed/>"), 1);
    let mut head = whole.head.to_vec();
    head[0] = LAYOUT + 1;
    assert!(
        stored(&Record {
            head: head.into(),
            ..whole
        })
        .is_none()
    );
}
