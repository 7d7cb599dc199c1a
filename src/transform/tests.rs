use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::transform::read::read;

fn policy() -> Policy {
    Policy {
        self_url: Url::parse("https://feeds.example/feeds/x").ok(),
        ..Policy::default()
    }
}

fn clean_with(text: &str, policy: &Policy, prior: Option<&Transformed>) -> Transformed {
    let base = Url::parse("https://origin.example/feed.xml").expect("an address");
    let source = Source {
        bytes: text.as_bytes(),
        content_type: None,
        content_encoding: None,
        base: Some(&base),
    };
    let prior = prior.map(|prior| Prior {
        body: &prior.body,
        entries: &prior.entries,
    });
    transform(&source, policy, prior).expect("a feed")
}

fn clean(text: &str) -> String {
    text_of(&clean_with(text, &policy(), None))
}

fn text_of(transformed: &Transformed) -> String {
    String::from_utf8(transformed.body.clone()).expect("UTF-8")
}

/// An RSS feed with a self link already ours, so that nothing but `items` can change.
fn rss(items: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\" xmlns:x=\"urn:x\"><channel><title>t</title>\
         <link>https://site.example/</link><description>d</description>\
         <atom:link rel=\"self\" href=\"https://feeds.example/feeds/x\"/>{items}</channel></rss>"
    )
}

#[test]
fn what_is_not_touched_comes_out_byte_for_byte() {
    let feed = rss(
        "<!-- c --><?keep me?><item  x:odd = 'a&gt;b'\n\tx:b=\"'\"><guid isPermaLink='false'> A b&#x20;c </guid>\r\n\
         <title><![CDATA[Vec<T> & co]]></title><x:tree><x:leaf/>tail &amp; more</x:tree><pubDate>whenever</pubDate></item>",
    );
    assert_eq!(clean(&feed), feed);
}

#[test]
fn what_a_title_embeds_goes_without_a_link_and_what_an_article_embeds_leaves_one() {
    let embed = "safe<iframe src=\"https://v.example/1\"></iframe> words";
    let escaped = embed.replace('<', "&lt;").replace('>', "&gt;");
    let item = |title: &str, text: &str| {
        rss(&format!(
            "<item><guid>1</guid><title>{title}</title><description>{text}</description></item>"
        ))
    };
    let link = "safe&lt;p&gt;&lt;a href=\"https://v.example/1\"&gt;v.example&lt;/a&gt;&lt;/p&gt; words";
    assert_eq!(clean(&item(&escaped, &escaped)), item("safe words", link));
    assert_eq!(
        clean(&item(embed, &escaped)),
        item("safe words", link),
        "with elements in it"
    );
    let json = |title: &str, text: &str| {
        serde_json::json!({"version": "https://jsonfeed.org/version/1.1", "title": title,
            "items": [{"id": "1", "title": title, "content_html": text}]})
        .to_string()
    };
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
    let cleaned = read(&clean(&json(embed, embed)));
    assert_eq!(cleaned["title"], "safe words");
    assert_eq!(cleaned["items"][0]["title"], "safe words");
    assert_eq!(
        cleaned["items"][0]["content_html"],
        "safe<p><a href=\"https://v.example/1\">v.example</a></p> words"
    );
}

#[test]
fn an_image_of_the_feed_s_own_within_a_text_stays_what_it_is() {
    let feed = rss(
        "<item><guid>1</guid><category>Words <image><url>https://site.example/i.png</url><title><![CDATA[Its title]]></title>\
         <link>https://site.example/1</link></image></category></item>",
    );
    let direct = Policy {
        clean: clean::Policy {
            images: clean::images::Policy::Direct,
            ..clean::Policy::default()
        },
        ..policy()
    };
    assert_eq!(text_of(&clean_with(&feed, &direct, None)), feed);
    let markup = feed.replace(
        "<image>",
        "<image src='https://third.example/p.gif' onerror='x()'>",
    );
    assert!(!text_of(&clean_with(&markup, &direct, None)).contains("onerror"));
}

#[test]
fn an_address_that_says_the_same_keeps_its_spelling() {
    let feed = rss(
        "<image><url>https://PICS.example/i.png</url></image><item><guid>1</guid><link>HTTPS://Site.example</link></item>",
    );
    let mut direct = policy();
    direct.clean.images = clean::images::Policy::Direct;
    assert_eq!(text_of(&clean_with(&feed, &direct, None)), feed);
}

#[test]
fn a_section_that_was_escaped_itself_is_no_comment() {
    let item = |text: &str| {
        rss(&format!(
            "<item><guid>1</guid><description>{text}</description></item>"
        ))
    };
    let words = "Some words &lt;b&gt;and&lt;/b&gt; more";
    assert_eq!(clean(&item(&format!("&lt;![CDATA[{words}]]&gt;"))), item(words));
    assert_eq!(
        clean(&item(&format!("&lt;![CDATA[ &lt;![CDATA[{words}]]&gt; ]]&gt;"))),
        item(words)
    );
    let title = rss("<item><guid>1</guid><title>&lt;![CDATA[A &lt;tag&gt;]]&gt;</title></item>");
    assert_eq!(clean(&title), title, "no markup, and left as it is");
}

#[test]
fn an_enclosure_that_is_not_on_the_web_stays_and_one_that_runs_goes() {
    let feed = rss(
        "<item><guid>1</guid><enclosure url=\"magnet:?xt=urn:btih:c12f&amp;tr=udp%3A%2F%2Ftracker.example\" type=\"application/x-bittorrent\" length=\"1\"/>\
         <atom:link rel=\"enclosure\" href=\"rtsp://video.example/a\"/><atom:link rel=\"x:y\" href=\"tag:site.example,2005:b\"/></item>",
    );
    assert_eq!(clean(&feed), feed);
    let harmful = feed
        .replace("magnet:?xt=urn:btih:c12f", "feed:javascript:x()")
        .replace("rtsp://video.example/a", "data:text/html,x");
    let cleaned = clean(&harmful);
    assert!(
        !cleaned.contains("javascript") && !cleaned.contains("data:"),
        "{cleaned}"
    );
}

#[test]
fn markup_that_stands_in_the_xml_stays_there() {
    let entry = |attributes: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed version=\"0.3\" xmlns=\"http://purl.org/atom/ns#\"><entry><id>1</id><content {attributes}>\
             <div xmlns=\"http://www.w3.org/1999/xhtml\"><p>Words</p></div></content></entry></feed>"
        )
    };
    for attributes in [
        "type=\"text/html\" mode=\"xml\"",
        "type=\"text/html\"",
        "type=\"application/xhtml+xml\"",
    ] {
        let cleaned = clean(&entry(attributes));
        assert!(cleaned.contains("<p>Words</p></div></content>"), "{cleaned}");
    }
    let escaped = clean(&entry("type=\"text/html\" mode=\"escaped\""));
    assert!(escaped.contains("&lt;p&gt;Words&lt;/p&gt;"), "{escaped}");
}

#[test]
fn the_base_of_a_channel_definition_is_heeded() {
    let feed = "<CHANNEL BASE=\"http://base.example/\" HREF=\"http://www.example/\"><TITLE>t</TITLE>\
        <ITEM HREF=\"/item/1\"><TITLE>i</TITLE></ITEM></CHANNEL>";
    let cleaned = clean(feed);
    assert!(
        cleaned.contains("HREF=\"http://base.example/item/1\""),
        "{cleaned}"
    );
    let rss = rss("<item base=\"http://base.example/\"><guid>1</guid><link>/1</link></item>");
    assert!(
        clean(&rss).contains("<link>https://origin.example/1</link>"),
        "of CDF alone"
    );
}

#[test]
fn words_beside_elements_are_no_address() {
    let feed =
        rss("<image>two words<url>https://site.example/i.png</url></image><item><guid>1</guid></item>");
    assert_eq!(clean(&feed), feed);
    let active = feed.replace("two words", "java&#10;script:alert(1)");
    assert!(!clean(&active).contains("alert"));
}

#[test]
fn a_relative_address_with_letters_becomes_one_of_ascii_in_rss_and_keeps_them_in_atom() {
    let item = rss("<item><guid>1</guid><link>/größe</link></item>");
    let cleaned = clean(&item);
    assert!(cleaned.contains("/gr%C3%B6%C3%9Fe</link>"), "{cleaned}");
    let whole = rss("<item><guid>1</guid><link>https://site.example/größe</link></item>");
    assert_eq!(clean(&whole), whole, "as it was written");
    let atom =
        "<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>1</id><link href='/größe'/></entry></feed>";
    let cleaned = clean(atom);
    assert!(cleaned.contains("/größe'"), "{cleaned}");
}

#[test]
fn json_that_is_cut_off_keeps_its_whole_entries() {
    let whole = r#"{"version":"https://jsonfeed.org/version/1.1","title":"J","items":[{"id":"1","content_text":"a\tb"},{"id":"2","title":"cut of"#;
    let made = clean_with(whole, &policy(), None);
    assert_eq!(made.kind, Kind::Json);
    assert_eq!(made.entries.len(), 2);
    let feed = read(&text_of(&made), Kind::Json).expect("a feed");
    assert_eq!(feed.entries[0].content.value, "a\tb");
    assert_eq!(feed.entries[1].id.as_deref(), Some("2"));
    assert!(made.report.counts.contains_key("cut document closed"));
}

#[test]
fn base64_that_holds_no_markup_stays_as_it_is() {
    let feed = "<feed xmlns='http://www.w3.org/2005/Atom'><link rel='self' href='https://feeds.example/feeds/x'/><entry><id>1</id>\
        <content type='application/octet-stream'>AAECAw==</content></entry></feed>";
    assert!(clean(feed).contains(">AAECAw==<"));
}

#[test]
fn markup_hides_in_no_base64_that_some_reader_unpacks() {
    let script = "PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0P";
    let packed = [
        format!("{script}g=="),
        format!("{script}g"),
        // Bits that say nothing; what is not in the alphabet; what stands behind the end; an element within.
        format!("{script}h=="),
        format!("{}!{}g==", &script[..8], &script[8..]),
        format!("{script}g==/w=="),
        format!("{}<x:y xmlns:x='urn:x'/>{}g==", &script[..12], &script[12..]),
    ];
    let fields = [
        "title",
        "summary",
        "content",
        "rights",
        "description",
        "body",
        "content:encoded",
        "dc:title",
    ];
    for packed in &packed {
        for says in [
            "mode='base64'",
            "type='application/octet-stream'",
            "type='text/html' MODE='base64'",
            "type=''",
        ] {
            for field in fields {
                let item = format!("<{field} {says}>{packed}</{field}>");
                let rss = rss(&format!("<item>{item}</item>")).replacen(
                    "<rss ",
                    "<rss xmlns:content='http://purl.org/rss/1.0/modules/content/' xmlns:dc='http://purl.org/dc/elements/1.1/' ",
                    1,
                );
                let atom = format!(
                    "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:dc='http://purl.org/dc/elements/1.1/'><entry>{item}</entry></feed>"
                );
                // In Atom, those of RSS are no fields.
                let is_field = !matches!(field, "description" | "body" | "content:encoded");
                for feed in [Some(rss), is_field.then_some(atom)].into_iter().flatten() {
                    let once = clean_with(&feed, &policy(), None);
                    assert!(
                        !text_of(&once).contains(&script[..12]),
                        "{feed}\n{}",
                        text_of(&once)
                    );
                    assert_eq!(text_of(&once), clean(&text_of(&once)));
                    for format in [
                        crate::message::Format::Rss,
                        crate::message::Format::Atom,
                        crate::message::Format::Json,
                    ] {
                        let (made, _) = convert::convert(&(&once).into(), format, convert::Own::default())
                            .expect("converts");
                        let made = String::from_utf8(made).expect("UTF-8");
                        assert!(
                            !made.contains("alert") && !made.contains(&script[..12]),
                            "{feed}\n{made}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn text_with_the_label_of_something_else_is_text() {
    let feed = "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title type='application/x-own'>test</title></entry></feed>";
    let made = clean_with(feed, &policy(), None);
    assert!(text_of(&made).contains(">test</title>"));
    let (rss, _) = convert::convert(
        &(&made).into(),
        crate::message::Format::Rss,
        convert::Own::default(),
    )
    .expect("RSS");
    assert!(
        String::from_utf8(rss)
            .expect("UTF-8")
            .contains("<title>test</title>")
    );
}

#[test]
fn an_id_is_minted_from_what_the_source_says_and_no_policy_changes_it() {
    let items = "<item><title>A</title><link>https://site.example/1?utm_source=rss&amp;id=1</link></item>\
        <item><title>B</title><description>&lt;img src='https://site.example/pixel.gif' width='1' height='1'&gt;b&lt;script&gt;c&lt;/script&gt;</description></item>\
        <item><title>C</title><guid> own </guid></item><item><title>D</title><enclosure url='https://site.example/d.mp3?utm_medium=x'/></item>";
    let feed = rss(items).replace("https://site.example/<", "https://site.example/?utm_source=rss<");
    let ids = |policy: &Policy, text: &str| {
        let made = clean_with(text, policy, None);
        let entries: Vec<_> = made.entries.iter().map(|mark| mark.id.clone()).collect();
        (made.id, entries)
    };
    let plain = ids(&policy(), &feed);
    assert_eq!(plain.0.as_deref(), Some("https://site.example/?utm_source=rss"));
    assert_eq!(
        plain.1[0].as_deref(),
        Some("https://site.example/1?utm_source=rss&id=1")
    );
    assert!(
        plain.1[1]
            .as_ref()
            .is_some_and(|id| id.starts_with("urn:limpid:")),
        "{plain:?}"
    );
    assert_eq!(plain.1[2], None, "it has its own");
    let mut other = Policy {
        title: Some("Mine".to_owned()),
        ..policy()
    };
    other.clean.trackers = !other.clean.trackers;
    other.clean.images = clean::images::Policy::Strip;
    assert_eq!(ids(&other, &feed), plain);
    other.select.drop = vec![select::Rule {
        title: regex::Regex::new("^[AC]$").ok(),
        ..select::Rule::default()
    }];
    let dropped = ids(&other, &feed).1;
    assert_eq!(dropped, [plain.1[1].clone(), plain.1[3].clone()]);
    // What was cleaned before and is copied has the same id.
    let first = clean_with(&feed, &policy(), None);
    let second = clean_with(&feed, &policy(), Some(&first));
    assert_eq!(second.entries, first.entries);
    // A conversion writes them.
    let (atom, _) = convert::convert(
        &(&first).into(),
        crate::message::Format::Atom,
        convert::Own::default(),
    )
    .expect("converts");
    let atom = String::from_utf8(atom).expect("UTF-8");
    for id in [&plain.1[0], &plain.1[1], &plain.1[3], &plain.0]
        .into_iter()
        .flatten()
    {
        assert!(
            atom.contains(&format!("<id>{}</id>", id.replace('&', "&amp;"))),
            "{id}\n{atom}"
        );
    }
    let json = r#"{"version":"https://jsonfeed.org/version/1.1","title":"J","items":[{"url":"https://j.example/1?utm_source=x"},{"id":5}]}"#;
    let json = ids(&policy(), json).1;
    assert_eq!(json, [Some("https://j.example/1?utm_source=x".to_owned()), None]);
}

#[test]
fn our_address_takes_the_place_of_the_first_self_link_and_the_others_go() {
    let text = rss("<item><guid>1</guid></item>").replace(
        "<atom:link rel=\"self\" href=\"https://feeds.example/feeds/x\"/>",
        "<atom:link href='https://o.example/a' title='t' rel='SELF'/>\n<atom:link rel='self' href='https://o.example/b'/><atom:link rel='self'/>",
    );
    let out = clean(&text);
    assert!(
        out.contains("<atom:link href='https://feeds.example/feeds/x' title='t' rel='SELF'/>"),
        "{out}"
    );
    assert!(!out.contains("o.example"), "{out}");
    assert_eq!(out.matches("<atom:link").count(), 1);
}

#[test]
fn a_self_link_is_added_where_there_is_none_and_the_root_declares_its_prefix() {
    let out = clean(
        "<rss version=\"2.0\"><channel>\n  <title>t</title><item><guid>1</guid></item></channel></rss>",
    );
    let link =
        "<atom:link href=\"https://feeds.example/feeds/x\" rel=\"self\" type=\"application/rss+xml\"/>";
    assert!(
        out.contains("<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\"><channel>\n  "),
        "{out}"
    );
    assert!(out.contains(link), "{out}");
    let taken = clean("<rss xmlns:atom=\"urn:mine\"><channel><atom:x/><item/></channel></rss>");
    assert!(
        taken.contains("<atom:link xmlns:atom=\"http://www.w3.org/2005/Atom\" href="),
        "{taken}"
    );
    assert!(taken.contains("<atom:x/>"), "{taken}");
}

#[test]
fn without_a_server_the_self_link_stays_and_none_is_added() {
    let feed = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><rss><channel><title>t</title></channel></rss>";
    let out = text_of(&clean_with(feed, &Policy::default(), None));
    assert!(
        out.ends_with("<rss><channel><title>t</title></channel></rss>"),
        "{out}"
    );
    let named = rss("");
    assert_eq!(text_of(&clean_with(&named, &Policy::default(), None)), named);
}

#[test]
fn what_leads_readers_past_us_goes_and_links_of_entries_stay() {
    let kept = "<item><atom:link rel=\"next\" href=\"https://o.example/2\"/><atom:link rel=\"replies\" href=\"https://o.example/c\"/></item>";
    let gone = "<atom:link rel='hub' href='https://h.example/'/><cloud domain='d'/><atom:link rel='next' href='n'/>\
                <atom:link rel='http://www.iana.org/assignments/relation/prev-archive' href='p'>x</atom:link>";
    assert_eq!(clean(&rss(&format!("{gone}{kept}"))), rss(kept));
}

#[test]
fn an_id_is_left_alone_unless_it_runs_code() {
    let odd = "<item><guid> HTTPS://A.example/%7e?a=1&amp;utm_source=x#é </guid><link>https://site.example/1</link></item>";
    assert_eq!(clean(&rss(odd)), rss(odd));
    let harmful = "<item><guid isPermaLink=\"true\">java&#10;script:alert(1)</guid></item>";
    assert_eq!(
        clean(&rss(harmful)),
        rss("<item><guid isPermaLink=\"true\"></guid></item>")
    );
}

#[test]
fn a_namespace_cannot_carry_markup_into_the_document() {
    let feed = rss(
        "<item xmlns:h='x&quot;/>&lt;/item>&lt;item>&lt;description>&lt;script>'><h:a b='&quot;>&lt;script>'/><guid>1</guid></item>",
    );
    let out = clean_with(&feed, &policy(), None);
    let read = read(&text_of(&out), out.kind).expect("a feed");
    assert_eq!(read.entries.len(), 1);
    assert!(!text_of(&out).contains("<script"));
}

#[test]
fn only_the_entries_that_changed_are_cleaned_again() {
    let old = rss("<item><guid>1</guid></item><item><guid>2</guid></item>");
    let first = clean_with(&old, &policy(), None);
    // What stands in the last output is taken as it is: that shows it was copied.
    let mut marked = first.clone();
    marked.body = text_of(&first)
        .replace("<guid>2</guid>", "<guid>Z</guid>")
        .into_bytes();
    let new = rss("<item><guid>3</guid></item><item><guid>2</guid></item>").replace("<title>t", "<title>new");
    let second = text_of(&clean_with(&new, &policy(), Some(&marked)));
    assert!(
        second.contains("<title>new</title>"),
        "what is said of the feed may change: {second}"
    );
    assert!(
        second.contains("<guid>3</guid></item><item><guid>Z</guid>"),
        "{second}"
    );
    let mut stricter = policy();
    stricter.clean.images = clean::images::Policy::Strip;
    let third = text_of(&clean_with(&new, &stricter, Some(&marked)));
    assert!(
        third.contains("<guid>2</guid>"),
        "another policy cleans anew: {third}"
    );
    let moved = new.replace("https://site.example/", "https://other.example/");
    let fourth = text_of(&clean_with(&moved, &policy(), Some(&marked)));
    assert!(
        fourth.contains("<guid>2</guid>"),
        "another base cleans anew: {fourth}"
    );
}

#[test]
fn entries_beyond_the_limit_are_left_out() {
    let mut policy = policy();
    policy.limits.entries = 1;
    let feed = rss("\n<item><guid>1</guid></item>\n<item><guid>2</guid></item>\n");
    let out = text_of(&clean_with(&feed, &policy, None));
    assert_eq!(out, rss("\n<item><guid>1</guid></item>\n"));
}

#[test]
fn the_depth_of_escaping_never_falls() {
    let feed = rss(
        "<item><title>&amp;lt;script&amp;gt; explained</title><description>&amp;lt;b&amp;gt;</description></item>",
    );
    assert_eq!(clean(&feed), feed);
}

#[test]
fn text_stays_text_when_the_elements_around_it_go() {
    for body in [
        "<noscript>&lt;img src=x onerror=alert(1)></noscript>",
        "<math><![CDATA[<img src=x onerror=alert(1)>]]></math>",
        "<xmp>&lt;script>alert(1)&lt;/script></xmp>",
    ] {
        let out = clean(&rss(&format!("<item><body>{body}</body></item>")));
        assert!(!out.contains(">&lt;img"), "{out}");
        assert!(!out.contains(">&lt;script"), "{out}");
        assert_eq!(clean(&out), out);
    }
}

#[test]
fn markup_in_a_cdata_section_of_xhtml_is_escaped() {
    let out = clean(&rss(
        "<item><body><p><![CDATA[</p><img src=x onerror=alert(1)>]]></p></body></item>",
    ));
    assert!(
        out.contains("<p>&lt;/p&gt;&lt;img src=x onerror=alert(1)&gt;</p>"),
        "{out}"
    );
    let kept = rss("<item><body><p><![CDATA[text]]></p></body></item>");
    assert_eq!(clean(&kept), kept);
}

/// Found by the browser: readers that do not look at `type` showed such a field as HTML.
#[test]
fn characters_alone_are_no_xhtml() {
    let of = |content: &str| {
        clean(&format!(
            "<feed xmlns='http://www.w3.org/2005/Atom'><title type='xhtml'>{content}</title></feed>"
        ))
    };
    for content in [
        "&lt;p onclick=\"x()\"&gt;a&lt;/p&gt;&lt;script&gt;x()&lt;/script&gt;",
        "<![CDATA[<p onclick='x()'>a</p>]]>",
    ] {
        let out = of(content);
        assert!(
            !out.contains("onclick") && !out.contains("script") && out.contains('a'),
            "{out}"
        );
    }
    for content in ["Vec&lt;T&gt;", "the &lt;blink&gt; tag", "a &lt; b"] {
        assert!(of(content).contains(content), "{content}");
    }
}

#[test]
fn an_element_in_a_text_is_markup_when_it_runs_or_loads_whatever_it_is_called() {
    for title in [
        "<x onclick='alert(1)'>x</x>",
        "<label onclick='alert(1)'>x</label>",
        "<link rel='stylesheet' href='https://evil.example/s.css'/>",
    ] {
        let out = clean(&rss(&format!("<item><title>{title}</title></item>")));
        assert!(!out.contains("onclick") && !out.contains("evil.example"), "{out}");
    }
    let kept = rss("<item><title><x on='2'>x</x></title></item>");
    assert!(clean(&kept).contains("on='2'"));
}

#[test]
fn what_is_no_candidate_of_a_srcset_goes() {
    let images = |srcset: &str| {
        rss(&format!(
            "<item><podcast:images xmlns:podcast=\"https://podcastindex.org/namespace/1.0\" srcset=\"{srcset}\"/></item>"
        ))
    };
    assert_eq!(
        clean(&images("a.png 1x, b.png onerror=alert(1)> 2x")),
        images("https://origin.example/a.png 1x")
    );
}

/// Pieces of feeds, whole and torn, that mean something to some stop.
const PIECES: &[&str] = &[
    "<item>",
    "</item>",
    "<entry>",
    "</entry>",
    "<title>",
    "</title>",
    "<title type='xhtml'>",
    "<description>",
    "</description>",
    "<content type='xhtml'>",
    "<content type='application/xml'>",
    "<content mode='base64'>",
    "</content>",
    "<link rel='self' href='x'/>",
    "<link>",
    "</link>",
    "<guid>",
    "</guid>",
    "<a:link rel='self' href='x'/>",
    "<x:y z='",
    "'>",
    "</x:y>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?pi",
    "?>",
    "&lt;",
    "&gt;",
    "&amp;",
    "&#12;",
    "&nbsp;",
    "&",
    "<",
    ">",
    "<p xmlns='http://www.w3.org/1999/xhtml'>",
    "<p>",
    "</p>",
    "<br/>",
    "<img src='a b.png'/>",
    "&lt;img src=x.png&gt;",
    "<script>",
    "</script>",
    "&lt;script&gt;",
    "javascript:x",
    "PGI+",
    "text",
    " ",
    "\n",
    "\r",
    "\u{c}",
    "é",
    "\u{fffe}",
    "<channel>",
    "</channel>",
    "<media:content xmlns:media='http://search.yahoo.com/mrss/' url='a.png'>",
    "</media:content>",
    "<xh:body xmlns:xh='http://www.w3.org/1999/xhtml'>",
    "</xh:body>",
    "xml:base='b/'",
    "<svg xmlns='http://www.w3.org/2000/svg'>",
    "</svg>",
    "<svg xmlns='http://www.w3.org/2000/svg'/>",
    "<a:link rel='hub' href='x'/>",
    "two words",
    "<image>",
    "</image>",
    "<url>",
    "</url>",
    "xmlns:q='\"&gt;&lt;item&gt;'",
];

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..40).prop_map(|pieces| pieces.concat())
}

/// The same feeds in every run, so that a run means what it says; others by `PROPTEST_RNG_SEED`.
fn the_same_every_time() -> ProptestConfig {
    let given = ProptestConfig::default();
    let rng_seed = match given.rng_seed {
        RngSeed::Random => RngSeed::Fixed(1),
        seed @ RngSeed::Fixed(_) => seed,
    };
    ProptestConfig {
        failure_persistence: None,
        rng_seed,
        ..given
    }
}

proptest! {
    #![proptest_config(the_same_every_time())]

    #[test]
    fn whatever_comes_in_a_sound_feed_goes_out_and_cleaning_it_again_changes_nothing(
        soup in soup(),
        root in prop::sample::select(vec![
            ("<rss xmlns:a='http://www.w3.org/2005/Atom'><channel>", "</channel></rss>"),
            ("<feed xmlns='http://www.w3.org/2005/Atom'>", "</feed>"),
            ("<feed>", "</feed>"),
            ("<rdf:RDF xmlns='http://purl.org/rss/1.0/' xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>", "</rdf:RDF>"),
        ]),
    ) {
        let once = clean_with(&format!("{}{soup}{}", root.0, root.1), &policy(), None);
        let twice = clean_with(&text_of(&once), &policy(), None);
        prop_assert_eq!(text_of(&once), text_of(&twice));
        prop_assert_eq!(once.entries.len(), twice.entries.len());
        let copied = clean_with(&text_of(&once), &policy(), Some(&twice));
        prop_assert_eq!(copied.body, twice.body);
    }

    #[test]
    fn ids_and_the_number_of_entries_survive_any_field(soup in soup(), field in prop::sample::select(vec![
        "title", "description", "link", "author", "x:any", "atom:content",
    ])) {
        let well_formed: String = soup.chars().filter(|c| !matches!(c, '<' | '\u{c}' | '\r' | '\u{fffe}')).collect();
        let text = well_formed.replace('&', "&amp;").replace("]]>", "");
        let feed = rss(&format!("<item><guid>a</guid><{field}>{text}</{field}></item><item><guid>b</guid></item>"));
        let out = clean_with(&feed, &policy(), None);
        let ids: Vec<_> = read(&text_of(&out), out.kind).expect("a feed").entries.into_iter().map(|e| e.id).collect();
        prop_assert_eq!(ids, vec![Some("a".to_owned()), Some("b".to_owned())]);
    }
}

#[test]
fn what_is_left_of_words_beside_elements_is_judged_as_it_would_be_alone() {
    for soup in [
        "<link>'><x:y z='<br/>",
        "<link>PGI+<x:y z='<content type='xhtml'></link>",
        "<link>a <!-- b</link>",
    ] {
        let once = clean_with(&format!("<feed>{soup}</feed>"), &policy(), None);
        let twice = clean_with(&text_of(&once), &policy(), None);
        assert_eq!(text_of(&once), text_of(&twice), "{soup}");
    }
}

/// Found by other seeds of the property above, one in some thousands.
#[test]
fn text_beside_elements_that_go_is_judged_as_if_it_had_come_without_them() {
    let gone = "<svg xmlns='http://www.w3.org/2000/svg'/>";
    let hub = "<a:link xmlns:a='http://www.w3.org/2005/Atom' rel='hub' href='https://h.example/'/>";
    for (beside, alone) in [
        (format!("<link>two words{gone}</link>"), "<link>two words</link>"),
        (
            format!("<link>{gone}two {gone}words{gone}</link>"),
            "<link>two words</link>",
        ),
        (format!("<link><!--<x>-->{gone}</link>"), "<link></link>"),
        (
            format!("<title>a &lt;x y='{hub}</title>"),
            "<title>a &lt;x y='</title>",
        ),
        (format!("<x:y>a &lt;b {gone}</x:y>"), "<x:y>a &lt;b </x:y>"),
    ] {
        let once = clean(&rss(&format!("<item>{beside}</item>")));
        assert_eq!(once, clean(&rss(&format!("<item>{alone}</item>"))), "{beside}");
        assert_eq!(once, clean(&once), "{beside}");
    }
    for soup in [
        "<link>&lt;img src=x.png&gt;<svg xmlns='http://www.w3.org/2000/svg'><item>",
        "<link><x:y z='<svg xmlns='http://www.w3.org/2000/svg'></svg><x:y z='<item>",
        "<link><!--<item>--><svg xmlns='http://www.w3.org/2000/svg'/>",
        "<item><content mode='base64'><x:y z='<a:link rel='self' href='x'/>PGI+",
        "<item><content mode='base64'><![CDATA[éPGI+<media:content xmlns:media='http://search.yahoo.com/mrss/' url='a.png'>",
    ] {
        let once = clean(&format!("<feed>{soup}</feed>"));
        assert_eq!(once, clean(&once), "{soup}");
    }
    let kept = rss("<item><link>two words<x:y/></link></item>");
    assert_eq!(clean(&kept), kept);
}

#[test]
fn what_a_reader_writes_as_it_is_stays_where_it_was_put() {
    let clean = clean(&rss(
        "<item><link>https://a.example/x\"y</link><comments>http://\"&gt;&lt;x y='</comments><title>a &lt;x y='</title>\
         <x:y>&lt;!-- b</x:y><category>c<!-- </x> <img src=\"x\"> --></category></item>",
    ));
    for told in [
        "<link>https://a.example/x%22y</link>",
        "<comments>http://%22%3E%3Cx y='</comments>",
        "<title>a &lt; x y='</title>",
        "<x:y>&lt; !-- b</x:y>",
        "<category>c</category>",
    ] {
        assert!(clean.contains(told), "{told}\n{clean}");
    }
}

#[test]
fn an_id_that_is_followed_as_a_link_stays_in_its_quotes_and_every_other_is_kept() {
    let ids = [
        (
            "http://a.example/\" onfocus=alert(1) x=\"",
            "http://a.example/%22 onfocus=alert(1) x=%22",
        ),
        ("HTTPS://a.example/'<i>", "HTTPS://a.example/'%3Ci%3E"),
        ("http://a.example/<x>", "http://a.example/%3Cx%3E"),
        ("https://a.example/?a=1&b=%20#c", "https://a.example/?a=1&b=%20#c"),
        ("an \"id\" in words", "an \"id\" in words"),
        ("tag:a.example,2026:<1>", "tag:a.example,2026:<1>"),
    ];
    for (id, told) in ids {
        let escaped = id.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let torn = escaped.replacen("//", "//<x:y/>", 1);
        let feeds = [
            rss(&format!("<item><guid>{escaped}</guid></item>")),
            rss(&format!("<item><guid isPermaLink=\"false\"><![CDATA[{id}]]></guid></item>")),
            rss(&format!("<item><guid>{torn}</guid></item>")),
            format!("<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry><id>{escaped}</id></entry></feed>"),
            serde_json::json!({ "version": "https://jsonfeed.org/version/1.1", "title": "t", "items": [{ "id": id }] })
                .to_string(),
        ];
        for feed in feeds {
            let made = clean_with(&feed, &policy(), None);
            let clean = read(&text_of(&made), made.kind).expect("a feed");
            assert_eq!(clean.entries[0].id.as_deref(), Some(told), "{feed}");
        }
    }
}

#[test]
fn an_address_that_nothing_resolves_stays_in_its_quotes() {
    let clean = |feed: &str| {
        let source = Source {
            bytes: feed.as_bytes(),
            content_type: None,
            content_encoding: None,
            base: None,
        };
        text_of(&transform(&source, &Policy::default(), None).expect("a feed"))
    };
    let json = clean(
        r#"{"version":"https://jsonfeed.org/version/1.1","title":"t","items":[{"id":"1","url":"x\"onfocus=y"}]}"#,
    );
    assert!(json.contains("x%22onfocus=y"), "{json}");
    let rss = clean("<rss><channel><title>t</title><item><link>x\"onfocus=y</link></item></channel></rss>");
    assert!(rss.contains("<link>x%22onfocus=y</link>"), "{rss}");
}

#[test]
fn an_address_in_an_element_that_nobody_knows_is_no_markup() {
    let clean = clean(&rss(
        "<item><img src=\"&lt;img alt='onload=y' src=x&gt;\" alt=\"&lt;b&gt;b&lt;/b&gt;\"/>\
         <x:a xlink:href='a\"b' x:url='java&#10;script:y' x:href='a.html'/></item>",
    ));
    for told in [
        "<img src=\"%3Cimg alt='onload=y' src=x%3E\" alt=\"&lt;b&gt;b&lt;/b&gt;\"/>",
        "xlink:href='a%22b'",
        "x:url=''",
        "x:href='a.html'",
    ] {
        assert!(clean.contains(told), "{told}\n{clean}");
    }
}

#[test]
fn no_id_is_made_from_a_link_that_was_taken_away() {
    let feed = r#"{"version":"https://jsonfeed.org/version/1.1","title":"t","home_page_url":"data:text/html,<script>alert(1)</script>",
        "items":[{"url":"javascript:alert(1)","content_text":"x"}]}"#;
    let once = clean_with(feed, &policy(), None);
    let (body, _) = convert::convert(
        &(&once).into(),
        crate::message::Format::Rss,
        convert::Own::default(),
    )
    .expect("RSS");
    let body = String::from_utf8(body).expect("UTF-8");
    assert!(!body.contains("alert"), "{body}");
}
