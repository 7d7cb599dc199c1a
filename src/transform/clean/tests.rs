mod bombs;

use super::*;
use crate::sign::{Key, KeyRing, Signer};

fn url(address: &str) -> Url {
    Url::parse(address).expect("address")
}

fn signer() -> Signer {
    let key = Key {
        id: 'k',
        secret: [7; 32],
        created: 0,
    };
    Signer::new(
        Arc::new(KeyRing::new(vec![key]).expect("key")),
        &url("https://limpid.example"),
    )
}

fn policy(images: images::Policy) -> Policy {
    Policy {
        images,
        trackers: true,
        ..Policy::default()
    }
}

fn clean_with(policy: &Policy, html: &str) -> String {
    let base = url("https://site.example/dir/article");
    let mut cleaner = Cleaner::new(policy);
    let once = cleaner.html(html, Some(&base));
    let twice = Cleaner::new(policy).html(&once, Some(&base));
    assert_eq!(twice, once, "not a fixpoint: {html}");
    once
}

/// What a picture that somebody else is asked for carries.
const NR: &str = "referrerpolicy=\"no-referrer\"";

fn clean(html: &str) -> String {
    clean_with(&policy(images::Policy::Direct), html)
}

#[test]
fn an_attribute_that_does_nothing_stays_wherever_it_stands() {
    let html = "<span align=\"left\" scope=\"row\" width=\"10\" pattern=\"[a-z]&amp;\">a</span>\
        <p bgcolor=\"#fff\" width=\"\">b</p><a href=\"https://a.example/\" charset=\"utf-8\">c</a>";
    assert_eq!(clean(html), html);
    assert_eq!(
        clean(
            "<p class=a style=b onclick=c form=d for=e background=//x.example/ name=f tabindex=1 width=javascript:x>t</p>"
        ),
        "<p>t</p>"
    );
}

#[test]
fn text_that_may_run_is_markup_whatever_its_tags_are_called() {
    let policy = Policy::default();
    for (given, shown) in [
        ("<x onclick=alert(1)>x</x>", "x"),
        ("<x title='>' ONCLICK = alert(1)>x</x>", "x"),
        ("<x/onclick=alert(1)>x", "x"),
        ("<h:img xmlns:h='http://www.w3.org/1999/xhtml' src='x'/>", ""),
        ("<s\0cript>alert(1)</s\0cript>", ""),
        ("<\u{1}img src=x onerror=alert(1)>", ""),
    ] {
        for clean in [Cleaner::text_or_html, Cleaner::text] {
            let clean = clean(&mut Cleaner::new(&policy), given, None);
            assert!(clean.starts_with(shown), "{given:?}: {clean}");
            assert!(
                !clean.to_ascii_lowercase().contains("alert"),
                "{given:?}: {clean}"
            );
        }
    }
    for text in [
        "Vec<T> = on",
        "a < n and b < m",
        "<me@example.org>, on = 1",
        "x <- y",
    ] {
        assert_eq!(Cleaner::new(&policy).text_or_html(text, None), text);
    }
}

#[test]
fn text_that_ends_inside_a_tag_swallows_nothing_of_the_page_behind_it() {
    let policy = policy(images::Policy::Direct);
    for (given, told) in [
        ("<x y=\"", "< x y=\""),
        ("a <!-- b", "a < !-- b"),
        ("x<y && n=2", "x< y && n=2"),
        ("Vec<T> for a <n and b <m", "Vec<T> for a < n and b < m"),
    ] {
        for clean in [Cleaner::text_or_html, Cleaner::text] {
            assert_eq!(clean(&mut Cleaner::new(&policy), given, None), told);
            assert_eq!(clean(&mut Cleaner::new(&policy), told, None), told);
        }
    }
}

#[test]
fn a_wrapped_photo_comes_through_us_and_the_video_is_one_click_away() {
    let policy = policy(images::Policy::Proxy(signer()));
    let html = "<img src=\"https://images.weserv.nl/?url=pics.example/1.jpg\" width=\"100%\"><p>Text <iframe src=\"https://www.youtube.com/embed/abc\">old</iframe></p>";
    let mut cleaner = Cleaner::new(&policy);
    let clean = cleaner.html(html, None);
    let photo = signer().image(&url("https://pics.example/1.jpg"));
    let poster = signer().image(&url("https://i.ytimg.com/vi/abc/hqdefault.jpg"));
    assert_eq!(
        clean,
        format!(
            "<img src=\"{photo}\" width=\"100%\"><p>Text <a href=\"https://www.youtube.com/watch?v=abc\">\
             <img src=\"{poster}\" alt=\"\"><br>YouTube video</a></p>"
        )
    );
    assert_eq!(cleaner.pictures.len(), 2);
    assert_eq!(clean_with(&policy, html), clean);
}

#[test]
fn what_harms_goes_and_what_is_read_stays() {
    let a = |address: &str, text: &str| format!("<a href=\"{address}\">{text}</a>");
    let img = |address: &str| format!("<img src=\"{address}\" {NR}>");
    let here = "https://site.example/dir";
    let long = "A".repeat(20_000);
    for (given, told) in [
        // nothing to do
        ("plain text, 5 > 4".to_owned(), "plain text, 5 > 4".to_owned()),
        ("a &amp; b &lt; c\u{a0}".to_owned(), "a &amp; b &lt; c&nbsp;".to_owned()),
        // scripts in all their clothes
        ("a<script>b</script>c<SCRIPT/x>d</SCRIPT >e".to_owned(), "ace".to_owned()),
        ("<p onclick=x ONLOAD=y style=z class=c data-x=1 contenteditable>t</p>".to_owned(), "<p>t</p>".to_owned()),
        ("<a href=\"jAvA&#x0A;sCrIpT&colon;x\">t</a>".to_owned(), "t".to_owned()),
        ("<a href=\" &#14; javascript:x\">t</a>".to_owned(), "t".to_owned()),
        ("<a href='data:text/html,x'>t</a><a href=vbscript:x>u</a>".to_owned(), "tu".to_owned()),
        ("<img src=x:y alt=\"1 &lt; 2\" onerror=z>".to_owned(), "1 &lt; 2".to_owned()),
        ("<img src=a.png srcset='javascript:x 1x, b.png 2x, data:image/png;base64,AA 3x'>".to_owned(),
            format!("<img src=\"{here}/a.png\" srcset=\"{here}/b.png 2x\" {NR}>")),
        ("<blockquote cite=javascript:x>q</blockquote>".to_owned(), "<blockquote>q</blockquote>".to_owned()),
        ("<form action=javascript:x><input value=i><button formaction=y>b</button><textarea><img src=x onerror=y></textarea></form>".to_owned(),
            "<div>b&lt;img src=x onerror=y&gt;</div>".to_owned()),
        ("<base href=//evil.example/><link rel=stylesheet href=x><meta http-equiv=refresh content=x>t".to_owned(), "t".to_owned()),
        // parsers set against each other
        ("<svg><p><style><g title=\"</style><img src onerror=x>\"></svg>t".to_owned(), "<p>\"&gt;t</p>".to_owned()),
        ("<svg><desc><p>in</p></desc></svg>out".to_owned(), "out".to_owned()),
        ("<math><mi>x</mi><annotation-xml encoding=text/html><style><img src=x></style></annotation-xml></math>t".to_owned(), "xt".to_owned()),
        ("<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=x&gt;\">".to_owned(), "<table></table>".to_owned()),
        ("<noscript><p title=\"</noscript><img src=x onerror=y>\">t".to_owned(), "<p title=\"&lt;/noscript&gt;&lt;img src=x onerror=y&gt;\">t</p>".to_owned()),
        ("<xmp><b>x</xmp><template><b>y</template><title>z</title>".to_owned(), "<pre>&lt;b&gt;x</pre>".to_owned()),
        ("<!--><img src=x onerror=y>--><![CDATA[<b>x]]><?php y?>z".to_owned(), format!("{}--&gt;x]]&gt;z", img(&format!("{here}/x")))),
        ("<b\0c>x</b><img\0src=y>\u{1}\u{fffe}".to_owned(), "x".to_owned()),
        ("<plaintext><b>".to_owned(), "<pre>&lt;b&gt;</pre>".to_owned()),
        ("<image src=i.png>".to_owned(), img(&format!("{here}/i.png"))),
        (format!("<img src='data:image/png;base64,{long}' alt=d><!--{long}-->t"), "dt".to_owned()),
        // embeds
        ("<iframe src=//charts.example/1 title='A chart'>old <b>browser</b></iframe>t".to_owned(),
            format!("<p>{}</p>t", a("https://charts.example/1", "charts.example: A chart"))),
        ("<object><param name=movie value=//www.youtube.com/v/abc><embed src=//www.youtube.com/v/abc></object>t".to_owned(),
            format!("<p>{}</p>t", a("https://www.youtube.com/watch?v=abc", "YouTube video"))),
        ("<iframe src=javascript:x></iframe><iframe srcdoc='<b>x'></iframe>t".to_owned(), "t".to_owned()),
        // pictures
        ("<img data-src=l.png src=data:image/gif;base64,R0 width=640 height=480px><noscript><img src=l.png></noscript>".to_owned(),
            format!("<img src=\"{here}/l.png\" width=\"640\" height=\"480px\" {NR}>")),
        ("<img src=spin.gif data-srcset='s.png 1x,l.png 2x'>".to_owned(),
            format!("<img src=\"{here}/spin.gif\" srcset=\"{here}/s.png 1x, {here}/l.png 2x\" {NR}>")),
        ("<img src=https://wsrv.nl/?url=pics.example/p>".to_owned(), img("https://pics.example/p")),
        ("<a href='https://wsrv.nl/?url=pics.example/p'>t</a>".to_owned(), a("https://pics.example/p", "t")),
        // trackers
        ("t<img src=t.gif width=1 height=1><img src=//pixel.wp.com/b.gif><img src=x.gif style='width:1px;height:1px'>".to_owned(), "t".to_owned()),
        ("<p>t <a href='http://feeds.feedburner.com/~ff/x?a=1'><img src='http://feeds.feedburner.com/~ff/x?d=1'></a></p>u".to_owned(), "<p>t </p>u".to_owned()),
        ("<a href='/x?utm_source=rss&amp;id=7#top'>t</a>".to_owned(), a("https://site.example/x?id=7#top", "t")),
        ("<a href='https://l.facebook.com/l.php?u=https%3A%2F%2Fother.example%2F%3Ffbclid%3D1&h=x'>t</a>".to_owned(), a("https://other.example/", "t")),
        // places
        ("<h2 id=s>H</h2><a href=/dir/article#s>t</a><a href='#gone'>u</a>".replace("href=/", "href=https://site.example/"),
            format!("<h2 id=\"fn-s\">H</h2><a href=\"#fn-s\">t</a>{}", a("https://site.example/dir/article#gone", "u"))),
        ("<p id=content>t</p><a name=x>u</a><a href='#x'>v</a>".to_owned(),
            "<p>t</p><span id=\"fn-x\"></span>u<a href=\"#fn-x\">v</a>".to_string()),
        // what is read
        ("<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby><kbd>K</kbd><time datetime=2026-01-02>d</time>".to_owned(),
            "<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby><kbd>K</kbd><time datetime=\"2026-01-02\">d</time>".to_owned()),
        ("<table><caption>c</caption><tr><th scope=col colspan=2>h<tr><td align=right>d</table>".to_owned(),
            "<table><caption>c</caption><tbody><tr><th scope=\"col\" colspan=\"2\">h</th></tr><tr><td align=\"right\">d</td></tr></tbody></table>".to_owned()),
        ("<table border=1 cellpadding=x width=90% bgcolor=red><tr valign=top><td abbr=n nowrap background=b.png>d</table><hr noshade><br clear=all>".to_owned(),
            "<table border=\"1\" width=\"90%\" bgcolor=\"red\"><tbody><tr valign=\"top\"><td abbr=\"n\" nowrap=\"\">d</td></tr></tbody></table><hr noshade=\"\"><br clear=\"all\">".to_owned()),
        ("<h2 align=center><font color=red size=+1 style=x>t<b>u</font>v</b></h2><meter value=3 max=5>3</meter>".to_owned(),
            "<h2 align=\"center\"><font color=\"red\" size=\"+1\">t<b>u</b></font><b>v</b></h2><meter value=\"3\" max=\"5\">3</meter>".to_owned()),
        ("<audio src=a.mp3 autoplay>old</audio>".to_owned(),
            format!("<audio src=\"{here}/a.mp3\" controls=\"\" preload=\"none\">old</audio>")),
        ("<details open><summary>s</summary>d</details><ol start=3 reversed><li value=9>x</ol>".to_owned(),
            "<details open=\"\"><summary>s</summary>d</details><ol start=\"3\" reversed=\"\"><li value=\"9\">x</li></ol>".to_owned()),
        ("<p hidden>a<p>b<span hidden>c</span>d<div hidden><div>e</div>f</div>g".to_owned(), "<p>bd</p>g".to_owned()),
    ] {
        let out = clean(&given);
        audit(&out);
        assert_eq!(out, told, "{given}");
    }
}

#[test]
fn the_policy_decides_what_becomes_of_pictures_and_embeds() {
    let html =
        "<picture><source srcset=s.webp><img src=p.png alt=Alt></picture><iframe src=//v.example/></iframe>";
    let none = Policy {
        embeds: embeds::Policy::Strip,
        ..policy(images::Policy::Strip)
    };
    assert_eq!(clean_with(&none, html), "Alt");
    let weserv = policy(images::Policy::Weserv("https://wsrv.example/?url=".to_owned()));
    let out = clean_with(&weserv, "<img src=p.png?a=1&amp;b=2>");
    assert_eq!(
        out,
        format!(
            "<img src=\"https://wsrv.example/?url=https%3A%2F%2Fsite.example%2Fdir%2Fp.png%3Fa%3D1%26b%3D2\" {NR}>"
        )
    );
    let keep = Policy::default();
    let tracked = format!(
        "<a href=\"https://a.example/?utm_source=x\">t</a><img src=\"https://a.example/t.gif\" width=\"1\" {NR}>"
    );
    assert_eq!(clean_with(&keep, &tracked), tracked);
}

#[test]
fn one_picture_is_told_once_and_again_after_the_list_was_taken() {
    let policy = policy(images::Policy::Direct);
    let mut cleaner = Cleaner::new(&policy);
    let html = "<img src=https://a.example/1><img src=https://a.example/2><img src=https://a.example/1>";
    cleaner.html(html, None);
    assert_eq!(std::mem::take(&mut cleaner.pictures).len(), 2);
    cleaner.html(html, None);
    assert_eq!(cleaner.pictures.len(), 2);
}

#[test]
fn text_that_only_looks_like_markup_is_left_alone() {
    let policy = policy(images::Policy::Direct);
    for text in [
        "Vec<T> and <me@example.org>",
        "1 < 2 & 3 > 2",
        "<3",
        "a <- b",
        "AT&T",
        "</Foo>",
        "<http://a.example/>",
    ] {
        assert!(!holds_known_tag(text), "{text}");
        assert_eq!(Cleaner::new(&policy).text_or_html(text, None), text);
    }
    for text in ["a <b>c</b>", "<IMG/src=x>", "x</p>", "<svg", "<script >"] {
        assert!(holds_known_tag(text), "{text}");
    }
    assert_eq!(
        Cleaner::new(&policy).text_or_html("<b>T</b><script>x</script>", None),
        "<b>T</b>"
    );
}

#[test]
fn an_address_is_cleaned_for_what_it_is_for() {
    let proxy = policy(images::Policy::Proxy(signer()));
    let mut cleaner = Cleaner::new(&proxy);
    let base = url("https://site.example/");
    let photo = signer().image(&url("https://pics.example/1.jpg"));
    for (address, role, told) in [
        (
            "https://wsrv.nl/?url=pics.example/1.jpg",
            Role::Image,
            Some(photo.as_str()),
        ),
        (photo.as_str(), Role::Image, Some(photo.as_str())),
        ("javascript:x", Role::Image, None),
        ("/a?utm_medium=x", Role::Link, Some("https://site.example/a")),
        ("mailto:a@b.example", Role::Link, Some("mailto:a@b.example")),
        ("vbscript:x", Role::Link, None),
        ("a.mp3", Role::Media, Some("https://site.example/a.mp3")),
        ("data:audio/mp3,x", Role::Media, None),
    ] {
        assert_eq!(
            cleaner.address(address, Some(&base), role).as_deref(),
            told,
            "{address}"
        );
    }
    assert_eq!(cleaner.pictures.len(), 1);
    assert_eq!(cleaner.report.count(Reason::Address), 3);
}

#[test]
fn markup_beyond_the_ceilings_becomes_its_text() {
    let deep = format!("{}<script>s</script>a &lt; b", "<div>".repeat(300));
    let overlapping: String = (0..60)
        .map(|n| format!("<i title={n}>"))
        .collect::<Vec<_>>()
        .concat()
        + &"<p>y".repeat(2_000);
    let large = format!("<p>{}</p>", "z".repeat(2_000));
    let policy = Policy {
        limits: FieldLimits {
            bytes: 20_000,
            ..FieldLimits::default()
        },
        ..Policy::default()
    };
    for (html, told) in [
        (deep, "a &lt; b".to_owned()),
        (overlapping, "y".repeat(2_000)),
        (large.repeat(11), "z".repeat(22_000)),
    ] {
        let mut cleaner = Cleaner::new(&policy);
        assert_eq!(cleaner.html(&html, None), told);
        assert_eq!(cleaner.report.count(Reason::TooDeep), 1);
    }
}

#[test]
fn a_long_article_with_missing_end_tags_is_not_too_deep() {
    let policy = Policy::default();
    for piece in [
        "<p>text",
        "<li>text",
        "<dt>a<dd>b",
        "<table><tr><td>a<td>b</table>",
        "<b>a</b><br>",
        "<ruby>a<rt>b</ruby>",
    ] {
        let mut cleaner = Cleaner::new(&policy);
        cleaner.html(&piece.repeat(1_000), None);
        assert_eq!(cleaner.report.count(Reason::TooDeep), 0, "{piece}");
    }
}

/// Each of these took a parser seconds or gigabytes once. However much of it there is, a byte costs no more
/// steps than this; `cargo bench --bench ratios` tells the time.
#[test]
fn no_markup_costs_more_than_its_length() {
    const STEPS: u64 = 600;
    let policy = policy(images::Policy::Direct);
    for bomb in bombs::all() {
        for size in [10_000, 30_000] {
            let html = bomb(size);
            let steps = work::of(|| drop(Cleaner::new(&policy).html(&html, None)));
            let name: String = html.chars().take(40).collect();
            assert!(
                steps <= STEPS * html.len() as u64,
                "{steps} for {size} bytes of {name}"
            );
        }
    }
}

/// Pieces that confuse parsers, spliced at random.
const PIECES: &[&str] = &[
    "<p>",
    "</p>",
    "<b>",
    "</b>",
    "<i title=x>",
    "</i>",
    "<a href=/x>",
    "</a>",
    "<a name=q>",
    "<a href=#q>",
    "<div>",
    "</div>",
    "<ul>",
    "<li>",
    "</li>",
    "</ul>",
    "<ol>",
    "<dl>",
    "<dt>",
    "<dd>",
    "</dl>",
    "<table>",
    "<tr>",
    "<td>",
    "<th>",
    "</td>",
    "</tr>",
    "</table>",
    "<tbody>",
    "<thead>",
    "</tbody>",
    "<caption>",
    "<colgroup>",
    "<col>",
    "<h1>",
    "<h6>",
    "</h1>",
    "<pre>",
    "\n",
    "</pre>",
    "<img src=a.png>",
    "<img src=javascript:x onerror=y>",
    "<image src=//h/i>",
    "<br>",
    "</br>",
    "<hr>",
    "text",
    " ",
    "&lt;",
    "&amp;#x3c;",
    "<svg>",
    "</svg>",
    "<math>",
    "<mtext>",
    "<mglyph>",
    "<style>",
    "</style>",
    "<script>",
    "</script>",
    "<title>",
    "</title>",
    "<textarea>",
    "</textarea>",
    "<noscript>",
    "</noscript>",
    "<iframe src=//v.example/1>",
    "</iframe>",
    "<iframe />",
    "<object data=//o.example>",
    "</object>",
    "<embed src=//e.example>",
    "<param name=movie value=//m.example/x>",
    "<select>",
    "<option>",
    "</select>",
    "<form>",
    "<input>",
    "<button>",
    "</button>",
    "<ruby>",
    "<rb>",
    "<rt>",
    "<rp>",
    "<rtc>",
    "</ruby>",
    "<details open>",
    "<summary>",
    "</summary>",
    "</details>",
    "<video poster=p.png>",
    "<source src=v.mp4 srcset='a 1x,b 2x'>",
    "</video>",
    "<audio src=a.mp3>",
    "</audio>",
    "<picture>",
    "</picture>",
    "<track src=t.vtt>",
    "<span id=q>",
    "</span>",
    "<sub>",
    "</sub>",
    "<p id=q>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?x",
    ">",
    "\"",
    "'",
    "<",
    "<plaintext>",
    "<xmp>",
    "</xmp>",
    "<template>",
    "</template>",
    "<font color=red>",
    "</font>",
    "<nobr>",
    "<center>",
    "</center>",
    "<annotation-xml encoding=text/html>",
    "<foreignObject>",
    "<desc>",
    "<p hidden>",
    "<section>",
    "</section>",
    "<figure>",
    "<figcaption>",
    "</figure>",
    "\u{feff}",
    "\0",
    "\r\n",
    "\u{1}",
    "\u{a0}",
    "<strong>",
    "</strong>",
    "<code>",
    "</code>",
    "<small>",
    "<blockquote>",
    "</blockquote>",
    "<a href=https://www.facebook.com/sharer.php?u=x>",
    "<img width=1 height=1 src=t.gif>",
    "<img data-src=l.png alt=l>",
    "<body>",
    "<html>",
    "<head>",
];

/// What the HTML tokenizer itself sees in the output.
fn audit(html: &str) {
    use html5ever::buffer_queue::BufferQueue;
    use html5ever::tokenizer::{Tag, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
    struct Auditor;
    impl TokenSink for Auditor {
        type Handle = ();
        fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
            match token {
                Token::TagToken(Tag { name, attrs, .. }) => {
                    assert!(sanitize::kept(&name).is_some(), "a tag that is not kept");
                    for attribute in attrs {
                        let (key, value) = (&*attribute.name.local, &*attribute.value);
                        assert!(
                            sanitize::keeps_attribute(&name, key) || key == "rel",
                            "{name} {key}"
                        );
                        match key {
                            "src" | "poster" => assert!(value.starts_with("http"), "{value}"),
                            "srcset" => assert!(
                                images::srcset::parse(value)
                                    .iter()
                                    .all(|c| c.address.starts_with("http"))
                            ),
                            "href" => {
                                let scheme = value.split(':').next().unwrap_or_default();
                                assert!(
                                    value.starts_with('#') || sanitize::SCHEMES.contains(&scheme),
                                    "{value}"
                                );
                            }
                            "id" => assert!(value.starts_with("fn-")),
                            _ => {}
                        }
                    }
                }
                Token::CommentToken(_) | Token::DoctypeToken(_) | Token::NullCharacterToken => {
                    panic!("{token:?}")
                }
                _ => {}
            }
            TokenSinkResult::Continue
        }
    }
    let tokenizer = Tokenizer::new(Auditor, TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(html.into());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]

    #[test]
    fn cleaning_twice_is_cleaning_once_whatever_the_markup(parts in proptest::collection::vec(0..PIECES.len(), 1..40)) {
        let html: String = parts.iter().map(|&i| PIECES[i]).collect();
        let proxy = policy(images::Policy::Proxy(signer()));
        for policy in [&proxy, &policy(images::Policy::Direct)] {
            audit(&clean_with(policy, &html));
        }
    }

    #[test]
    fn what_the_pass_writes_is_what_the_sanitizer_reads(parts in proptest::collection::vec(0..PIECES.len(), 1..40)) {
        let html: String = parts.iter().map(|&i| PIECES[i]).collect();
        let policy = policy(images::Policy::Direct);
        let base = url("https://site.example/");
        let rewritten = pass::rewrite(&html, html.len(), Some(&base), &mut Cleaner::new(&policy)).expect("not deep");
        proptest::prop_assert_eq!(sanitize::sanitize(&rewritten), rewritten);
    }
}

#[test]
fn words_that_look_like_harmless_tags_stay_in_plain_text_and_others_do_not() {
    let policy = policy(images::Policy::Direct);
    let mut cleaner = Cleaner::new(&policy);
    for kept in [
        "History of the <blink> tag",
        "if a<b>c",
        "<p>x</p>",
        "Vec<T> & <me@example.org>",
    ] {
        assert_eq!(cleaner.text(kept, None), kept);
    }
    for cleaned in [
        "<blink onclick=x>",
        "<b><script>x</script>",
        "<p><img src=x onerror=y>",
        "a <iframe> b",
        "<b",
    ] {
        assert_ne!(cleaner.text(cleaned, None), cleaned);
    }
}

#[test]
fn what_would_be_too_long_to_be_read_again_is_not_written() {
    let long = "ä".repeat(3000);
    let weserv = policy(images::Policy::Weserv("https://wsrv.nl/?url=".to_owned()));
    let proxy = policy(images::Policy::Proxy(signer()));
    let quotes = "\"".repeat(4000);
    for html in [
        format!("<img src=/a.png srcset='/{long} 1x, /b.png 2x'><a href='/{long}'>t</a>"),
        format!("<img src='/{long}' alt=t><video src='/{long}' poster='/{long}'>t</video>"),
        format!("<img src=/a.png alt='{quotes}'><p title='{quotes}'>t</p>"),
        format!(
            "<img src=/a.png srcset='{}'>",
            (1..2000)
                .map(|n| format!("/{n}.png {n}w"))
                .collect::<Vec<_>>()
                .join(", ")
        ),
        format!("<a href='#{0}'>t</a><p id='{0}'>u</p>", "x".repeat(199)),
    ] {
        for policy in [&proxy, &weserv, &Policy::default()] {
            let once = clean_with(policy, &html);
            assert!(once.contains('t') || once.contains("2.png 2w"), "{once}");
        }
    }
}

#[test]
fn an_anchor_that_says_something_stays_without_an_address() {
    assert_eq!(
        clean("<a title=\"&amp;\" onclick=x>&amp;</a>"),
        "<a title=\"&amp;\">&amp;</a>"
    );
}
