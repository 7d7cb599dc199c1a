//! What holds for any input.

use proptest::prelude::*;

use super::tests::assert_sound;
use super::*;
use crate::transform::work;

/// Pieces that feeds are broken into.
const PIECES: [&str; 68] = [
    "<rss>",
    "<rss version=\"2.0\">",
    "</rss>",
    "<feed xmlns='http://www.w3.org/2005/Atom'>",
    "</feed>",
    "<rdf:RDF>",
    "<channel>",
    "</channel>",
    "<item>",
    "</item>",
    "<item",
    "<entry>",
    "</entry>",
    "<title>",
    "</title>",
    "</TITLE>",
    "<link href='x'>",
    "<link/>",
    "<description>",
    "</description>",
    "<dc:date>",
    "</dc:date>",
    "<a:b:c d:e:f='g'>",
    "<x xmlns:dc='u' dc:a='1'>",
    "<x dc='1' xmlns:dc='u'>",
    "<xmlns:x xmlns:x='v' x:xmlns='u'>",
    "</x>",
    "<x xmlns='' xmlns:p=''>",
    "<y xmlns:xmlns='z' xmlns:xml='q'/>",
    "<br>",
    "<p>",
    "</p>",
    "<div>",
    "</div>",
    "<![CDATA[",
    "]]>",
    "]]",
    "<!--",
    "-->",
    "--",
    "-",
    "<?",
    "?>",
    "<?xml version='1.0'?>",
    "<?a:b ",
    "<!DOCTYPE rss [<!ENTITY a \"b\">",
    "]>",
    "<!DOCTYPE x>",
    "&",
    "&a;",
    "&nbsp;",
    "&amp;",
    "&#",
    "&#0;",
    "&#150;",
    "&#xD83D;&#xDE00;",
    ";",
    "<",
    ">",
    "\"",
    "'",
    "=",
    "/",
    " ",
    "\n",
    "\0",
    "é",
    "<1 \u{FFFE}中",
];

fn broken_feed() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => prop::sample::select(&PIECES[..]).prop_map(str::to_owned),
        1 => ".{0,4}",
        1 => "[a-z:]{1,3}",
    ];
    (any::<bool>(), prop::collection::vec(piece, 0..60)).prop_map(|(rooted, pieces)| {
        let start = if rooted { "<rss><channel>" } else { "" };
        start.to_owned() + &pieces.concat()
    })
}

fn small() -> Limits {
    Limits {
        depth: 6,
        attributes: 3,
        namespaces: 4,
        ..Limits::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn whatever_comes_in_what_goes_out_is_sound_and_stays_as_it_is(text in broken_feed(), limited in any::<bool>()) {
        // What begins like JSON has properties of its own.
        prop_assume!(!crate::transform::decode::looks_like_json(&text));
        let limits = if limited { small() } else { Limits::default() };
        if let Ok(once) = repair(&text, &limits, &mut Report::default()) {
            assert_sound(&once.text);
            let mut report = Report::default();
            let twice = repair(&once.text, &limits, &mut report).expect("a feed stays a feed");
            prop_assert_eq!(&once.text, &twice.text);
            prop_assert_eq!(once.kind, twice.kind);
            prop_assert_eq!(report.repairs, vec![]);
        }
    }
}

/// Inputs that make a careless repair look at the same bytes again and again.
const TRAPS: [(&str, &str); 37] = [
    ("<rss>", "&"),
    ("<rss>", "&a"),
    ("<rss>", "&#x"),
    ("<rss>", "&#xD83D;&#"),
    ("<rss>", "<"),
    ("<rss>", "<!"),
    ("<rss>", "<!--"),
    ("<rss>", "<!--x>"),
    ("<rss>", "<![CDATA["),
    ("<rss>", "<a><![CDATA[</a>"),
    ("<rss>", "<?"),
    ("<rss>", "<?xml >"),
    ("<rss>", "</"),
    ("<rss>", "</a"),
    ("<rss>", "<a "),
    ("<rss>", "<a b=\""),
    ("<rss>", "<a b='"),
    ("<rss>", "<a b=\"<c\" "),
    ("<rss>", "<a b=\">x"),
    ("<rss>", "<a b=\"c d=\""),
    ("<rss ", "b=\"c d=\"e"),
    ("<rss ", "b=\"c d= "),
    ("<rss>", "<a>"),
    ("<rss>", "<p>x<b>"),
    ("<rss>", "</p></b>"),
    ("<rss>", "<item><title>"),
    ("<rss>", "<item>x</rss>"),
    ("<rss ", "a='1' "),
    ("<rss ", "xmlns:a='1' "),
    ("<rss>", "<a:b>"),
    ("", "<!DOCTYPE "),
    ("", "<!DOCTYPE a \""),
    ("", "<!DOCTYPE a [ <!--"),
    ("<!DOCTYPE a [", "<!ENTITY"),
    ("<!DOCTYPE a [", "<!ENTITY a '"),
    ("<!DOCTYPE a [<!ENTITY a 'b'>]><rss>", "&a;"),
    ("", "<x>\0"),
];

#[test]
fn twice_the_input_is_at_most_twice_the_work() {
    for (start, trap) in TRAPS {
        let work = |bytes: usize| {
            let text = start.to_owned() + &trap.repeat(bytes / trap.len());
            work::of(|| {
                let _ = repair(&text, &Limits::default(), &mut Report::default());
            })
        };
        let (once, twice) = (work(16 << 10), work(32 << 10));
        assert!(twice <= once * 21 / 10 + 1_000, "{start}{trap}…: {once}, {twice}");
        // The stack, of at most 128 elements, is what most can be looked at for one byte.
        assert!(once <= 100 * (16 << 10), "{start}{trap}…: {once}");
    }
}

#[test]
fn long_names_do_not_multiply() {
    let name = "n".repeat(10_000);
    let text = format!("<{name}:rss>{}", "<item></item></rss>".repeat(1_000));
    let repaired = repair(&text, &Limits::default(), &mut Report::default()).expect("a feed");
    assert!(repaired.text.len() < text.len() * 2);
}

#[test]
fn half_a_megabyte_of_nested_elements_is_taken_apart() {
    let text = format!("<rss><channel><item>{}x", "<div>".repeat(100_000));
    let repaired = repair(&text, &Limits::default(), &mut Report::default()).expect("a feed");
    assert_eq!(
        repaired.text.matches("<div>").count(),
        Limits::default().depth - 3
    );
}
