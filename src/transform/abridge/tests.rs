use proptest::prelude::*;
use url::Url;

use super::*;
use crate::transform::{EntryMark, Error, Policy, Source, Transformed, transform, work};

fn cleaned(document: &str, prior: Option<&Transformed>, policy: &Policy) -> Result<Transformed, Error> {
    let base = Url::parse("https://origin.example/feed.xml").expect("an address");
    let source = Source {
        bytes: document.as_bytes(),
        content_type: None,
        content_encoding: None,
        base: Some(&base),
    };
    let prior = prior.map(|prior| Prior {
        body: &prior.body,
        entries: &prior.entries,
    });
    transform(&source, policy, prior)
}

fn policy() -> Policy {
    Policy {
        self_url: Url::parse("https://feeds.example/feeds/x").ok(),
        ..Policy::default()
    }
}

/// That a document comes out the same whether or not the last one is known.
fn assert_same(document: &str, prior: &Transformed, policy: &Policy) {
    let (with, without) = (
        cleaned(document, Some(prior), policy),
        cleaned(document, None, policy),
    );
    match (with, without) {
        (Ok(with), Ok(without)) => {
            let text = |made: &Transformed| String::from_utf8(made.body.clone()).expect("UTF-8");
            assert_eq!(text(&with), text(&without), "{document}");
            assert_eq!(with.entries, without.entries, "{document}");
            assert_eq!(with.pictures, without.pictures, "{document}");
            assert_eq!(with.hints, without.hints, "{document}");
            assert_eq!((with.id, with.kind), (without.id, without.kind), "{document}");
            assert_eq!(with.report.repairs, without.report.repairs, "{document}");
        }
        (Err(with), Err(without)) => assert_eq!(with.to_string(), without.to_string(), "{document}"),
        (with, without) => panic!("{document}: {with:?} {without:?}"),
    }
}

/// Heads and ends of feeds.
const ROOTS: [(&str, &str); 7] = [
    (
        "<?xml version='1.0' encoding='utf-8'?><rss xmlns:x='urn:x'><channel><title>t</title>",
        "</channel></rss>",
    ),
    (
        "\u{feff}<rss xmlns:x='urn:x'><channel><title>\u{e9}</title>",
        "</channel></rss>",
    ),
    (
        "<rss xmlns:x='urn:y' xml:base='/other/'><channel><title>t</title>",
        "</channel></rss>\n",
    ),
    (
        "<rss><channel><link>https://b.example/</link>",
        "</channel></rss>",
    ),
    (
        "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:x='urn:x'>",
        "</feed>",
    ),
    (
        "<rdf:RDF xmlns='http://purl.org/rss/1.0/' xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><channel/>",
        "</rdf:RDF>",
    ),
    (
        "<!DOCTYPE rss [<!ENTITY e \"f\">]><rss><channel>",
        "</channel></rss>",
    ),
];

/// Entries.
const ENTRIES: [&str; 16] = [
    "<item><guid>1</guid><title>one</title><description>&lt;p onclick=x&gt;a&lt;img src=a.png&gt;</description></item>",
    "<item><guid>1</guid><title>one</title><description>&lt;p onclick=x&gt;a&lt;img src=a.png&gt;</description></item>\n",
    "<item><guid>2</guid><description><![CDATA[<b>\u{4e2d}<img src='/b.png'><iframe src=//y.example/></b>]]></description></item>",
    "<item><guid>3</guid><x:y>1</x:y></item>",
    "<item><guid>4</guid><link>/four</link><content:encoded>a</content:encoded></item>",
    "<item><guid>5</guid><title>&e; &nbsp;</title></item>",
    "<item rdf:about='6'><title>six</title></item>",
    "<item><title>no id</title></item>",
    "<item><guid>8</guid><title>open</item>",
    "<item><guid>9</guid><![CDATA[</item>]]></item>",
    "<item/>",
    "<item><guid>10</guid></item ><item><guid>11</guid></item>",
    "<entry><id>1</id><title type='html'>&lt;i&gt;x&lt;/i&gt;</title><content src='c'/></entry>",
    "<entry xml:base='/sub/'><id>2</id><link href='l'/><summary>a</summary></entry>",
    "<entry xmlns='http://www.w3.org/2005/Atom'><id>3</id><content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>d<img src='e'/></p></div></content></entry>",
    "<entry/>",
];

/// What makes something else of an entry.
const AROUND: [&str; 14] = [
    "<!-- ",
    " -->",
    "<![CDATA[",
    "]]>",
    "<?x ",
    "?>",
    "<x:wrap>",
    "</x:wrap>",
    "<description>",
    "</description>",
    "<x:a b='",
    "'/>",
    " \u{c}\u{e9}",
    "text &amp; ",
];

fn pieces() -> impl Strategy<Value = String> {
    let entry = prop::sample::select(&ENTRIES[..]);
    let around = prop::sample::select(&AROUND[..]);
    prop::collection::vec(prop_oneof![5 => entry, 1 => around], 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn a_document_comes_out_the_same_whatever_is_known_of_the_last(
        root in prop::sample::select(&ROOTS[..]),
        other in prop::sample::select(&ROOTS[..]),
        stays in prop::bool::weighted(0.8),
        before in pieces(),
        after in pieces(),
    ) {
        let next = if stays { root } else { other };
        let policy = policy();
        if let Ok(prior) = cleaned(&format!("{}{before}{}", root.0, root.1), None, &policy) {
            let document = format!("{}{after}{before}{}", next.0, next.1);
            assert_same(&document, &prior, &policy);
            // What was copied can be copied again.
            if let Ok(second) = cleaned(&document, Some(&prior), &policy) {
                assert_same(&format!("{}{after}{}", next.0, next.1), &second, &policy);
            }
        }
    }
}

#[test]
fn what_is_known_is_cut_out_and_nothing_else() {
    let known = "<item a='b'><title>old</title></item>";
    let document = format!("<rss><items/>{known}<item>new</item> {known}</rss>");
    let entries = [EntryMark {
        hash: digest(known.as_bytes()),
        context: [0; 16],
        id: None,
        span: 0..known.len(),
        pictures: [].into(),
    }];
    let prior = Prior {
        body: known.as_bytes(),
        entries: &entries,
    };
    let abridged = abridge(document.as_bytes(), &prior).expect("something is known");
    let text = String::from_utf8(abridged.bytes).expect("UTF-8");
    assert_eq!(text, "<rss><items/><item/><item>new</item> <item/></rss>");
    for stub in abridged.stubs {
        assert!(text[text.len() - stub.from_end..].starts_with("<item/>"));
        assert_eq!(stub.hash, digest(known.as_bytes()));
    }
    assert!(abridge(b"<rss><item>new</item></rss>", &prior).is_none());
    assert!(abridge(b"<rss><item><item", &prior).is_none());
}

fn feed(ids: std::ops::Range<usize>) -> String {
    let item = |id| {
        format!(
            "<item><guid>{id}</guid><description><![CDATA[<p>{id}<img src='/{id}.png'></p>]]></description></item>\n"
        )
    };
    let items: String = ids.map(item).collect();
    format!("<rss version=\"2.0\"><channel><title>t</title>\n{items}</channel></rss>\n")
}

#[test]
fn a_refresh_looks_at_what_is_new() {
    let (before, after) = (feed(1..200), feed(0..199));
    let policy = policy();
    let prior = cleaned(&before, None, &policy).expect("a feed");
    assert_same(&after, &prior, &policy);
    let whole = work::of(|| drop(cleaned(&after, None, &policy)));
    let refresh = work::of(|| drop(cleaned(&after, Some(&prior), &policy)));
    assert!(refresh * 8 < whole, "{refresh} {whole}");
}

#[test]
fn an_entry_where_its_bytes_mean_something_else_is_no_entry() {
    let policy = policy();
    let known = "<item><guid>1</guid><title>one</title></item>";
    let feed =
        |inside: &str| format!("<rss xmlns:x='urn:x'><channel><title>t</title>{inside}</channel></rss>");
    let prior = cleaned(&feed(known), None, &policy).expect("a feed");
    for (before, after) in [
        ("<!--", "-->"),
        ("<description><![CDATA[", "]]></description>"),
        ("<?x ", "?>"),
        ("<x:y>", "</x:y>"),
        ("<item><guid>2</guid>", "</item>"),
        ("<x:y z='", "'/>"),
        ("<item/>", "<item/>"),
        ("<item xmlns='urn:x'/>", ""),
        ("<x:y xmlns='urn:x'>", "</x:y>"),
    ] {
        assert_same(&feed(&format!("{before}{known}{after}{known}")), &prior, &policy);
    }
}

#[test]
fn with_other_ceilings_all_is_cleaned_anew() {
    let deep = "<item><guid>1</guid><x:a><x:b><x:c>d</x:c></x:b></x:a></item>";
    let document = format!("<rss xmlns:x='urn:x'><channel><title>t</title>{deep}</channel></rss>");
    let prior = cleaned(&document, None, &policy()).expect("a feed");
    let mut shallow = policy();
    shallow.limits.depth = 5;
    assert_same(&document, &prior, &shallow);
    let mut few = policy();
    few.limits.entries = 1;
    let longer = document.replace("<item>", "<item><guid>0</guid></item><item>");
    assert_same(&longer, &prior, &few);
}

#[test]
fn an_entry_inside_a_field_is_not_taken_for_the_next_one() {
    let (root, end) = ROOTS[0];
    let inside =
        "<description><item><title>no id</title><description>&lt;b&gt;x</description></item></description>";
    let made = cleaned(&format!("{root}{inside}{}{end}", ENTRIES[0]), None, &policy()).expect("a feed");
    assert_eq!(made.entries.len(), 1);
    assert_eq!(made.entries[0].hash, digest(ENTRIES[0].as_bytes()));
    assert_eq!(made.entries[0].id, None);
}
