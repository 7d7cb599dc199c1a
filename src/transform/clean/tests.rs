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

fn clean(html: &str) -> String {
    clean_with(&policy(images::Policy::Direct), html)
}

const REL: &str = "rel=\"noopener noreferrer nofollow\"";
const NR: &str = "referrerpolicy=\"no-referrer\"";

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
            "<img src=\"{photo}\" width=\"100%\" {NR}><p>Text <a href=\"https://www.youtube.com/watch?v=abc\" {REL}>\
             <img src=\"{poster}\" alt=\"\" {NR}><br>YouTube video</a></p>"
        )
    );
    assert_eq!(cleaner.pictures.len(), 2);
    assert_eq!(clean_with(&policy, html), clean);
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
    use html5ever::tokenizer::{Tag, Token, TokenSink, TokenSinkResult, Tokenizer};
    struct Auditor;
    impl TokenSink for Auditor {
        type Handle = ();
        fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
            match token {
                Token::TagToken(Tag { name, attrs, .. }) => {
                    assert_eq!(sanitize::kept(&name), Some(&*name), "a tag that is not kept");
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
    let tokenizer = Tokenizer::new(Auditor, Default::default());
    let input = BufferQueue::default();
    input.push_back(html.into());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 2_000, ..Default::default() })]

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
        let rewritten = pass::rewrite(&html, Some(&base), &mut Cleaner::new(&policy)).expect("not deep");
        proptest::prop_assert_eq!(sanitize::sanitize(&rewritten), rewritten);
    }
}
