use super::*;
use crate::transform::read::{self, Entry, read};
use std::collections::HashSet;
use std::sync::LazyLock;

use proptest::prelude::*;

const PODCAST: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://search.yahoo.com/mrss/"
  xmlns:podcast="https://podcastindex.org/namespace/1.0" xmlns:q="https://q.example/a&amp;b">
<channel><title>Talk &amp;amp; more</title><link>https://a.example/</link><description>About &lt;b&gt;it&lt;/b&gt;</description>
<language>en</language><lastBuildDate>Sun, 07 Apr 2024 12:47:03 GMT</lastBuildDate><ttl>60</ttl>
<image><url>https://a.example/logo.png</url><title>t</title><link>https://a.example/</link></image>
<itunes:category text="Arts"><itunes:category text="Books"/></itunes:category><itunes:explicit>false</itunes:explicit>
<item><title>One &amp;amp; all</title><link>https://a.example/1</link><guid isPermaLink="false">g 1</guid>
  <description>&lt;p&gt;short&lt;/p&gt;</description><content:encoded><![CDATA[<p>long ]]]]><![CDATA[> &amp; end</p>]]></content:encoded>
  <pubDate>Sat, 06 Apr 2024 10:00:00 +0200</pubDate><author>ann@a.example (Ann)</author><dc:creator>Bob</dc:creator>
  <category domain="https://a.example/tags">News &amp; notes</category><comments>https://a.example/1#c</comments>
  <enclosure url="https://a.example/1.mp3?a=1&amp;b=2" length="123" type="audio/mpeg"/>
  <enclosure url="https://a.example/1.pdf" length="" type=""/>
  <itunes:duration>1:02:03</itunes:duration><itunes:image href="https://a.example/1.jpg"/>
  <podcast:person role="host" href="https://a.example/ann">Ann</podcast:person>
  <media:group><media:content url="https://a.example/1.mp4" type="video/mp4" fileSize="9"/></media:group>
  <q:x q:y="x&quot;/&gt;&lt;content type=&quot;html&quot;&gt;&lt;script&gt;">t</q:x></item>
<item><title>Two</title><link>https://a.example/2</link><description>only</description></item>
<item><description>no title, no link</description></item>
</channel></rss>"#;

const BLOG: &str = r#"<feed xmlns="http://www.w3.org/2005/Atom" xmlns:thr="http://purl.org/syndication/thread/1.0" xml:lang="en">
<title>Blog</title><id>tag:b.example,2024:blog</id><updated>2024-04-07T12:47:03.5Z</updated><link href="https://b.example/"/>
<link rel="hub" href="https://hub.example/"/><link rel="license" href="https://b.example/cc"/><icon>https://b.example/i.png</icon>
<entry><title>Vec&lt;T&gt; and &lt;b&gt;</title><id>tag:b.example,2024:1</id><updated>2024-04-07T12:47:03Z</updated><published>2024-04-01T00:00:00Z</published>
  <link href="https://b.example/1"/><link rel="enclosure" href="https://b.example/1.ogg" type="audio/ogg" length="7" title="Talk"/>
  <author><name>Ann</name><uri>https://b.example/ann</uri></author><category term="https://b.example/t/1" label="News"/>
  <summary>1 &lt; 2 &amp; 3</summary><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>x &lt;i&gt; y</p></div></content>
  <rights>© Ann</rights><thr:total>5</thr:total></entry>
<entry><title type="html">A &amp;amp; B</title><id>two</id><content src="https://b.example/2.pdf" type="application/pdf"/></entry></feed>"#;

const JSON: &str = r#"{"version":"https://jsonfeed.org/version/1","title":"J","home_page_url":"https://j.example/","items":[
 {"id":"https://j.example/1","url":"https://j.example/1","content_html":"<p>x\u0000y</p>","image":"https://j.example/1.png","tags":["a","b"],
  "date_published":"2024-04-07T12:47:03Z","attachments":[{"url":"https://j.example/1.mp3","mime_type":"audio/mpeg","size_in_bytes":5,"duration_in_seconds":61}]},
 {"id":2,"content_text":"1 < 2 <script>","title":"<i>literal</i>"}]}"#;

const CDF: &str = "<CHANNEL HREF='https://c.example/'><TITLE>C</TITLE><ITEM HREF='https://c.example/1'><TITLE>T</TITLE></ITEM></CHANNEL>";
const RDF: &str = "<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/' xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'>
 <channel r:about='https://r.example/feed'><title>R</title><link>https://r.example/</link><description>d</description><sy:updatePeriod>daily</sy:updatePeriod></channel>
 <item r:about='https://r.example/1'><title>T</title><link>https://r.example/1</link></item></r:RDF>";
const ATOM_03: &str = "<feed version='0.3' xmlns='http://purl.org/atom/ns#'><title>O</title><modified>2003-12-13T18:30:02Z</modified>
 <entry><title>T</title><id>tag:o.example,2003:1</id><link rel='alternate' href='https://o.example/1'/><issued>2003-12-13T08:29:29-04:00</issued></entry></feed>";
const EMPTY: &str = "<rss><channel></channel></rss>";

const SOURCES: &[(&str, &str, Kind)] = &[
    ("podcast", PODCAST, Kind::Rss),
    ("blog", BLOG, Kind::Atom),
    ("json", JSON, Kind::Json),
    ("cdf", CDF, Kind::Rss),
    ("rdf", RDF, Kind::Rdf),
    ("atom 0.3", ATOM_03, Kind::Atom),
    ("empty", EMPTY, Kind::Rss),
];

fn ours() -> Own<'static> {
    static URL: LazyLock<Url> = LazyLock::new(|| Url::parse("https://limpid.example/feeds/x").unwrap());
    Own {
        self_url: Some(&URL),
        hub: None,
    }
}

/// A document of which nothing else is known.
fn bare(text: &str, kind: Kind) -> Cleaned<'_> {
    Cleaned {
        body: text.as_bytes(),
        kind,
        id: None,
        entries: &[],
    }
}

/// Written anew even if it is in the format already.
fn written(text: &str, kind: Kind, format: Format) -> String {
    let mut feed = read_clean(text.as_bytes(), kind).unwrap();
    name(&mut feed, &bare(text, kind));
    tidy::tidy(&mut feed);
    String::from_utf8(write(&feed, kind, format, ours()).unwrap().0).unwrap()
}

fn kind_of(format: Format) -> Kind {
    match format {
        Format::Atom => Kind::Atom,
        Format::Json => Kind::Json,
        Format::Rss | Format::Source => Kind::Rss,
    }
}

fn entries(text: &str, kind: Kind) -> Vec<Entry> {
    read(text, kind).unwrap().entries
}

/// What the W3C validator calls an error in RSS 2.0.
fn assert_valid_rss(name: &str, text: &str) {
    let channel =
        ::rss::Channel::read_from(text.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
    assert!(
        !channel.title.trim().is_empty() && !channel.description.trim().is_empty(),
        "{name}"
    );
    assert!(Url::parse(&channel.link).is_ok(), "{name}: {}", channel.link);
    let mut ids = HashSet::new();
    for item in &channel.items {
        assert!(item.title.is_some() || item.description.is_some(), "{name}");
        let guid = item.guid.as_ref().expect("a guid");
        assert!(ids.insert(guid.value.clone()), "{name}: {} twice", guid.value);
        assert!(!guid.permalink || read::is_web_address(&guid.value), "{name}");
        if let Some(date) = &item.pub_date {
            assert!(
                chrono::DateTime::parse_from_rfc2822(date).is_ok(),
                "{name}: {date}"
            );
        }
        if let Some(enclosure) = &item.enclosure {
            assert!(
                Url::parse(&enclosure.url).is_ok() && enclosure.mime_type.contains('/'),
                "{name}"
            );
            assert!(enclosure.length.parse::<u64>().is_ok(), "{name}");
        }
        assert!(
            item.author.as_ref().is_none_or(|author| author.contains('@')),
            "{name}"
        );
    }
}

/// What the W3C validator calls an error in Atom 1.0.
fn assert_valid_atom(name: &str, text: &str) {
    let feed = atom_syndication::Feed::read_from(text.as_bytes())
        .unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
    assert!(
        Url::parse(&feed.id).is_ok() && !feed.title.value.is_empty(),
        "{name}: {}",
        feed.id
    );
    let mut ids = HashSet::new();
    for entry in &feed.entries {
        assert!(
            Url::parse(&entry.id).is_ok() && ids.insert(entry.id.clone()),
            "{name}: {}",
            entry.id
        );
        assert!(!feed.authors.is_empty() || !entry.authors.is_empty(), "{name}");
        assert!(
            entry.content.is_some() || entry.links.iter().any(|link| link.rel == "alternate"),
            "{name}"
        );
        let elsewhere = entry
            .content
            .as_ref()
            .is_some_and(|content| content.src.is_some());
        assert!(!elsewhere || entry.summary.is_some(), "{name}");
        assert!(
            entry.authors.iter().all(|author| !author.name.is_empty()),
            "{name}"
        );
    }
    assert_eq!(
        feed.links.iter().filter(|link| link.rel == "self").count(),
        1,
        "{name}"
    );
}

/// What the specification of JSON Feed 1.1 demands.
fn assert_valid_json(name: &str, text: &str) {
    let feed: serde_json::Value =
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(feed["version"], "https://jsonfeed.org/version/1.1", "{name}");
    assert!(feed["title"].is_string(), "{name}");
    for item in feed["items"].as_array().expect("items") {
        assert!(item["id"].is_string(), "{name}");
        assert!(
            item["content_html"].is_string() || item["content_text"].is_string(),
            "{name}"
        );
        for attachment in item["attachments"].as_array().into_iter().flatten() {
            assert!(
                attachment["url"].is_string() && attachment["mime_type"].is_string(),
                "{name}"
            );
        }
    }
}

#[test]
fn every_conversion_is_valid_and_the_same_each_time() {
    for (name, text, kind) in SOURCES {
        for format in [Format::Rss, Format::Atom, Format::Json] {
            let out = written(text, *kind, format);
            match format {
                Format::Rss => assert_valid_rss(name, &out),
                Format::Atom => assert_valid_atom(name, &out),
                Format::Json | Format::Source => assert_valid_json(name, &out),
            }
            assert_eq!(out, written(text, *kind, format), "{name}");
            assert!(
                out.contains("https://limpid.example/feeds/x"),
                "{name}: the self link"
            );
        }
    }
}

#[test]
fn ids_links_dates_and_enclosures_survive_every_conversion() {
    for (name, text, kind) in SOURCES {
        let before = entries(text, *kind);
        for format in [Format::Rss, Format::Atom, Format::Json] {
            let after = entries(&written(text, *kind, format), kind_of(format));
            assert_eq!(before.len(), after.len(), "{name}");
            for (before, after) in before.iter().zip(&after) {
                let id = ids::entry(before);
                let id = if format == Format::Atom { ids::iri(&id) } else { id };
                assert_eq!(after.id.as_deref(), Some(id.as_str()), "{name} to {format:?}");
                assert_eq!(before.link, after.link, "{name} to {format:?}");
                assert_eq!(
                    before.published_at().is_some(),
                    after.published_at().is_some(),
                    "{name}"
                );
                assert_eq!(
                    letters(&before.title),
                    letters(&after.title),
                    "{name} to {format:?}"
                );
                let urls = |entry: &Entry| entry.enclosures.iter().map(|e| e.url.clone()).collect::<Vec<_>>();
                let (mut expected, found) = (urls(before), urls(after));
                if format == Format::Rss {
                    expected.truncate(1);
                }
                assert!(
                    expected.iter().all(|url| found.contains(url)),
                    "{name} to {format:?}: {found:?}"
                );
            }
        }
    }
}

#[test]
fn of_several_pages_that_are_an_entry_one_is_its_link_and_the_others_are_related_to_it() {
    let rss = "<rss version='2.0'><channel><title>t</title><item><title>x</title><link>https://a.example/1</link>\
        <link>https://a.example/2</link><link>https://a.example/1</link></item></channel></rss>";
    let atom = "<feed xmlns='http://www.w3.org/2005/Atom'><title>t</title><entry><title>x</title>\
        <link href='https://a.example/1'/><link hreflang='de' title='Zwei' href='https://a.example/2'/>\
        <link type='application/rss+xml' href='https://a.example/comments'/></entry></feed>";
    for (text, kind) in [(rss, Kind::Rss), (atom, Kind::Atom)] {
        for format in [Format::Rss, Format::Atom] {
            let written = written(text, kind, format);
            let entry = entries(&written, kind_of(format)).remove(0);
            assert_eq!(entry.link.as_deref(), Some("https://a.example/1"), "{written}");
            let others: Vec<_> = entry.links.iter().map(|l| (&*l.rel, &*l.href)).collect();
            assert_eq!(others, [("related", "https://a.example/2")], "{written}");
            let is_told = written.contains("hreflang=\"de\"") && written.contains("title=\"Zwei\"");
            assert_eq!(is_told, kind == Kind::Atom, "{written}");
        }
    }
}

#[test]
fn what_is_no_address_becomes_no_link() {
    let json = r#"{"version":"https://jsonfeed.org/version/1.1","title":"t","items":[{"id":"1","url":1.2,"content_text":"x"}]}"#;
    let rss = "<rss><channel><title>t</title><item><guid>http://example.c[o.test/</guid><title>x</title></item></channel></rss>";
    for (text, kind) in [(json, Kind::Json), (rss, Kind::Rss)] {
        assert_eq!(entries(text, kind)[0].link, None, "{text}");
    }
}

#[test]
fn rss_gets_addresses_in_ascii_and_atom_as_they_are() {
    let atom = "<feed xmlns='http://www.w3.org/2005/Atom'><title>t</title><entry><title>x</title>\
        <link href='https://bücher.example/größe?q=ö'/><id>https://bücher.example/größe</id></entry></feed>";
    let rss = written(atom, Kind::Atom, Format::Rss);
    let link = "<link>https://xn--bcher-kva.example/gr%C3%B6%C3%9Fe?q=%C3%B6</link>";
    assert!(rss.contains(link), "{rss}");
    let guid = "<guid isPermaLink=\"false\">https://bücher.example/größe</guid>";
    assert!(rss.contains(guid), "{rss}");
    let atom = written(atom, Kind::Atom, Format::Atom);
    assert!(atom.contains("\"https://bücher.example/größe?q=ö\""), "{atom}");
}

/// The letters of a title, however they are escaped.
fn letters(title: &read::Text) -> String {
    ["&lt;", "&gt;", "&amp;", "<", ">", "&"]
        .iter()
        .fold(title.to_plain(), |text, mark| text.replace(mark, ""))
}

#[test]
fn what_a_podcast_carries_is_carried() {
    let atom = written(PODCAST, Kind::Rss, Format::Atom);
    for part in [
        "<itunes:duration>1:02:03</itunes:duration>",
        "<itunes:category text=\"Arts\"><itunes:category text=\"Books\">",
        "<podcast:person href=\"https://a.example/ann\" role=\"host\">Ann</podcast:person>",
        "href=\"https://a.example/1.mp3?a=1&amp;b=2\" rel=\"enclosure\" type=\"audio/mpeg\" length=\"123\"",
        "<link href=\"https://a.example/1#c\" rel=\"replies\" type=\"text/html\"/>",
        "<summary type=\"html\">&lt;p&gt;short&lt;/p&gt;</summary>",
        "<category term=\"News &amp; notes\" scheme=\"https://a.example/tags\"/>",
        "<email>ann@a.example</email>",
        "<logo>https://a.example/logo.png</logo>",
    ] {
        assert!(atom.contains(part), "{part}\n{atom}");
    }
    let json: serde_json::Value = serde_json::from_str(&written(PODCAST, Kind::Rss, Format::Json)).unwrap();
    let item = &json["items"][0];
    assert_eq!(item["attachments"][0]["duration_in_seconds"], 3723);
    assert_eq!(item["attachments"][1]["mime_type"], "application/pdf");
    assert_eq!(item["attachments"][2]["url"], "https://a.example/1.mp4");
    assert_eq!(item["image"], "https://a.example/1.jpg");
    assert_eq!(item["content_html"], "<p>long ]]> &amp; end</p>");
    assert_eq!(item["title"], "One & all");
    assert_eq!(item["date_published"], "2024-04-06T08:00:00Z");
    let again = written(PODCAST, Kind::Rss, Format::Rss);
    for part in [
        "<media:content type=\"application/pdf\" url=\"https://a.example/1.pdf\">",
        "<author>ann@a.example (Ann)</author>",
        "<dc:creator>Bob</dc:creator>",
        "<guid isPermaLink=\"false\">g 1</guid>",
        "<ttl>60</ttl>",
    ] {
        assert!(again.contains(part), "{part}\n{again}");
    }
}

#[test]
fn a_blog_becomes_rss_with_its_text_as_text() {
    let rss = written(BLOG, Kind::Atom, Format::Rss);
    for part in [
        "<title>Vec&amp;lt;T&amp;gt; and &amp;lt;b&amp;gt;</title>",
        "<description><![CDATA[1 &lt; 2 &amp; 3]]></description>",
        "<content:encoded><![CDATA[<p>x &lt;i&gt; y</p>]]></content:encoded>",
        "<category>News</category>",
        "<guid isPermaLink=\"false\">tag:b.example,2024:1</guid>",
        "<pubDate>Mon, 01 Apr 2024 00:00:00 +0000</pubDate>",
        "<dc:creator>Ann</dc:creator>",
        "<thr:total>5</thr:total>",
        "rel=\"license\"",
        "<enclosure url=\"https://b.example/2.pdf\" length=\"0\" type=\"application/pdf\"/>",
    ] {
        assert!(rss.contains(part), "{part}\n{rss}");
    }
    assert!(!rss.contains("hub.example"), "a hub would lead readers past us");
}

#[test]
fn no_attribute_or_namespace_can_break_out_of_its_element() {
    for format in [Format::Rss, Format::Atom] {
        let out = written(PODCAST, Kind::Rss, format);
        assert!(!out.contains("<script"), "{out}");
        assert!(out.contains("https://q.example/a&amp;b"), "{out}");
        let after = entries(&out, kind_of(format));
        assert!(
            !after[0].content.value.contains("script"),
            "{}",
            after[0].content.value
        );
    }
    // The hole itself: a namespace and a thumbnail that close their element.
    let evil = r#"<rss xmlns:media="http://search.yahoo.com/mrss/" xmlns:e="u&quot;&gt;&lt;script&gt;"><channel><item><title>t</title>
        <media:thumbnail url="x&quot;/&gt;&lt;content type=&quot;html&quot;&gt;&lt;b&gt;"/><e:a e:b="&quot;&gt;&lt;script&gt;"/></item></channel></rss>"#;
    for format in [Format::Rss, Format::Atom] {
        let out = written(evil, Kind::Rss, format);
        assert!(
            !out.contains("<script>") && !out.contains("<content type=\"html\"><b"),
            "{out}"
        );
        assert!(is_well_formed(&out), "{out}");
    }
}

/// Well-formed to the end: every tag, attribute and prefix.
fn is_well_formed(text: &str) -> bool {
    let mut reader = NsReader::from_str(text);
    loop {
        match reader.read_resolved_event() {
            Ok((ResolveResult::Unknown(_), _)) | Err(_) => return false,
            Ok((_, Event::Eof)) => return true,
            Ok((_, Event::Start(start) | Event::Empty(start))) => {
                let parse = |attribute: Result<quick_xml::events::attributes::Attribute<'_>, _>| {
                    let attribute = attribute.map_err(|_| ())?;
                    let known = !matches!(
                        reader.resolver().resolve_attribute(attribute.key).0,
                        ResolveResult::Unknown(_)
                    );
                    let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0);
                    (known && value.is_ok()).then_some(()).ok_or(())
                };
                if start.attributes().try_for_each(parse).is_err() {
                    return false;
                }
            }
            Ok(_) => {}
        }
    }
}

#[test]
fn a_date_that_is_not_known_is_not_made_up() {
    let undated = "<rss><channel><title>t</title><item><title>a</title></item></channel></rss>";
    assert!(!written(undated, Kind::Rss, Format::Rss).contains("pubDate"));
    assert!(!written(undated, Kind::Rss, Format::Json).contains("date_"));
    let atom = written(undated, Kind::Rss, Format::Atom);
    assert!(
        atom.contains("<updated>1970-01-01T00:00:00+00:00</updated>") && !atom.contains("<published>"),
        "{atom}"
    );
    assert_eq!(
        entries(&atom, Kind::Atom)[0].date(),
        None,
        "and is read back as not known"
    );
    let dated = undated.replace(
        "<item>",
        "<lastBuildDate>Sun, 07 Apr 2024 12:47:03 GMT</lastBuildDate><item>",
    );
    let atom = written(&dated, Kind::Rss, Format::Atom);
    assert_eq!(
        atom.matches("<updated>2024-04-07T12:47:03+00:00</updated>")
            .count(),
        2,
        "{atom}"
    );
}

#[test]
fn text_never_becomes_markup() {
    let json = written(BLOG, Kind::Atom, Format::Json);
    assert!(
        json.contains("Vec&lt;T&gt; and &lt;b&gt;"),
        "a known tag stays escaped: {json}"
    );
    let page = html(JSON.as_bytes(), Kind::Json).unwrap();
    assert!(
        page.contains("1 &lt; 2 &lt;script&gt;") && !page.contains("<script"),
        "{page}"
    );
    assert!(!page.contains("<i>literal"), "{page}");
    for format in [Format::Rss, Format::Atom] {
        let after = entries(&written(JSON, Kind::Json, format), kind_of(format));
        assert!(
            !after[1].content.to_html().contains("<script"),
            "{:?}",
            after[1].content
        );
        assert!(
            !after[1].summary.to_html().contains("<script"),
            "{:?}",
            after[1].summary
        );
    }
}

/// Everything that a lenient source may say and a strict format may not.
const LOOSE: &str = r#"<rss xmlns:a="http://www.w3.org/2005/Atom"><channel><title>L</title><link>https://a.example/a b</link>
<language>en_US</language><ttl>0</ttl><category domain="no address">c</category><category> </category>
<a:link rel="two words" href="https://a.example/x"/><a:link rel="me" hreflang="English" type="html" href="https://a.example/m"/>
<item><title>A</title><guid>tag:a.example:1</guid><link>https://a.example/1|2</link><author>ann@localhost (Ann)</author>
  <enclosure url="magnet:?xt=urn:btih:1" length="1" type="x-bittorrent"/><enclosure url="https://a.example/1 2.mp3" length="" type="audio/mpeg/"/></item>
<item><title>B</title><guid>tag:a.example:1</guid></item>
<item><title>C</title><guid>https://a.example/{c}</guid></item></channel></rss>"#;

const SUMMARY_ALONE: &str = "<feed xmlns='http://purl.org/atom/ns#' version='0.3'><title>S</title>
<entry><title>A</title><summary>only this</summary></entry></feed>";

#[test]
fn what_is_said_loosely_is_said_as_the_format_wants_it() {
    let rss = written(LOOSE, Kind::Rss, Format::Rss);
    assert_valid_rss("loose", &rss);
    for part in [
        "<link>https://a.example/a%20b</link>",
        "<language>en-US</language>",
        "<enclosure url=\"https://a.example/1%202.mp3\" length=\"0\" type=\"audio/mpeg\"/>",
        "url=\"magnet:?xt=urn:btih:1\"",
        "<guid isPermaLink=\"false\">https://a.example/{c}</guid>",
        "<item><title>B</title><guid isPermaLink=\"false\">tag:a.example:1</guid></item>",
    ] {
        assert!(rss.contains(part), "{part}\n{rss}");
    }
    for part in ["<ttl>", "two words", "hreflang", "type=\"html\""] {
        assert!(!rss.contains(part), "{part}\n{rss}");
    }
    let atom = written(LOOSE, Kind::Rss, Format::Atom);
    for part in [
        "xml:lang=\"en-US\"",
        "<id>urn:limpid:id:tag%3Aa.example%3A1</id>",
        "<category term=\"c\"/>",
        "<name>ann@localhost (Ann)</name>",
        "href=\"https://a.example/1%7C2\"",
    ] {
        assert!(atom.contains(part), "{part}\n{atom}");
    }
    for format in [Format::Rss, Format::Atom, Format::Json] {
        let ids: HashSet<_> = entries(&written(LOOSE, Kind::Rss, format), kind_of(format))
            .into_iter()
            .map(|entry| entry.id)
            .collect();
        assert_eq!(ids.len(), 3, "{format:?}: each has one of its own: {ids:?}");
    }
    let alone = written(SUMMARY_ALONE, Kind::Atom, Format::Atom);
    assert_valid_atom("summary", &alone);
    assert!(
        alone.contains("<content type=\"text\">only this</content>"),
        "{alone}"
    );
}

#[test]
fn a_document_in_the_format_already_comes_back_as_it_is() {
    for (text, kind, format, same) in [
        (PODCAST, Kind::Rss, Format::Rss, true),
        (PODCAST, Kind::Rss, Format::Source, true),
        (BLOG, Kind::Atom, Format::Atom, true),
        (JSON, Kind::Json, Format::Json, true),
        (ATOM_03, Kind::Atom, Format::Atom, false),
        (CDF, Kind::Rss, Format::Rss, false),
        (RDF, Kind::Rdf, Format::Rss, false),
        (RDF, Kind::Rdf, Format::Source, true),
    ] {
        let (out, kind_out) = convert(&bare(text, kind), format, ours()).unwrap();
        assert_eq!(out == text.as_bytes(), same, "{kind:?} {format:?}");
        assert!(!same || kind_out == kind);
    }
    let garbled = Cleaned {
        body: b"\xff",
        ..bare("", Kind::Rss)
    };
    assert!(convert(&garbled, Format::Atom, Own::default()).is_err());
    assert!(convert(&bare("", Kind::Rss), Format::Atom, Own::default()).is_err());
}

#[test]
fn a_page_loads_nothing_from_elsewhere_and_runs_nothing() {
    let page = html(PODCAST.as_bytes(), Kind::Rss).unwrap();
    assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">"));
    assert!(page.contains("<p>long ]]> &amp; end</p>"));
    assert!(
        page.contains("<a href=\"https://a.example/1\" rel=\"noreferrer noopener\">One &amp; all</a>"),
        "{page}"
    );
    assert!(page.contains("default-src 'none'") && !page.contains("<link") && !page.contains("@import"));
}

#[test]
fn the_typed_crates_read_what_we_read() {
    for (name, text, kind) in SOURCES {
        let rss = written(text, *kind, Format::Rss);
        let theirs = ::rss::Channel::read_from(rss.as_bytes()).unwrap();
        let theirs: Vec<_> = theirs
            .items
            .iter()
            .map(|item| (item.guid.as_ref().map(|g| g.value.clone()), item.link.clone()))
            .collect();
        let ours = entries(&rss, Kind::Rss);
        let links: Vec<_> = ours
            .iter()
            .zip(&theirs)
            .map(|(ours, theirs)| {
                // We take a guid that is a permalink for the link that is missing.
                let link = if theirs.1.is_some() {
                    ours.link.clone()
                } else {
                    None
                };
                (ours.id.clone(), link)
            })
            .collect();
        assert_eq!(links, theirs, "{name}");
        let atom = written(text, *kind, Format::Atom);
        let theirs = atom_syndication::Feed::read_from(atom.as_bytes()).unwrap();
        let ours = entries(&atom, Kind::Atom);
        for (ours, theirs) in ours.iter().zip(&theirs.entries) {
            assert_eq!(ours.id.as_deref(), Some(theirs.id.as_str()), "{name}");
            assert_eq!(ours.title.value, theirs.title.value, "{name}");
            assert_eq!(
                ours.published_at(),
                theirs.published.map(|date| date.to_utc()),
                "{name}"
            );
            let content = theirs
                .content
                .as_ref()
                .and_then(|content| content.value.clone())
                .unwrap_or_default();
            assert_eq!(ours.content.value, content, "{name}");
        }
    }
}

fn any_text() -> impl Strategy<Value = read::Text> {
    ("[<>&;a-z \"'\\]\\PC]{0,20}", any::<bool>()).prop_map(|(value, html)| read::Text {
        value,
        html,
        base: None,
    })
}

fn any_extension() -> impl Strategy<Value = read::Extension> {
    let hostile = "[<>&\"' =/a-z:\\PC]{0,20}";
    (hostile, hostile, hostile, hostile).prop_map(|(uri, local, value, text)| {
        let name = |local: &str, prefix: &str| read::Name {
            namespace: uri.as_str().into(),
            prefix: prefix.to_owned(),
            local: local.to_owned(),
        };
        read::Extension {
            name: name("x", &local),
            attributes: vec![(name("y", &local), value.clone()), (name(&local, "p"), value)],
            text,
            children: vec![read::Extension {
                name: name(&local, "q"),
                attributes: Vec::new(),
                text: String::new(),
                children: Vec::new(),
            }],
        }
    })
}

proptest! {
    #[test]
    fn whatever_a_feed_says_the_conversion_is_well_formed(
        title in any_text(), summary in any_text(), content in any_text(), extension in any_extension(),
        id in proptest::option::of("[<>&\"' a-z:/\\PC]{1,20}"), link in proptest::option::of("[<>&\"'a-z:/]{1,20}"),
    ) {
        let entry = Entry { id, link: link.clone(), title: title.clone(), summary, content, extensions: vec![extension.clone()], ..Entry::default() };
        let feed = Feed { title, link, extensions: vec![extension], entries: vec![entry], ..Feed::default() };
        for format in [Format::Rss, Format::Atom, Format::Json] {
            let (out, kind) = write(&feed, Kind::Rss, format, ours()).unwrap();
            let out = String::from_utf8(out).unwrap();
            prop_assert!(format == Format::Json || is_well_formed(&out), "{}", out);
            let after = read(&out, kind).unwrap().entries;
            prop_assert_eq!(after.len(), 1, "{}", out);
        }
    }
}

#[test]
fn plain_text_never_ends_inside_a_tag() {
    let title = |value: &str| read::Text {
        value: value.to_owned(),
        html: true,
        base: None,
    };
    assert_eq!(super::literal(&title("&lt;x y='")), "< x y='");
    assert_eq!(super::literal(&title("Vec&lt;T&gt;")), "Vec<T>");
}

#[test]
fn elements_of_a_feeds_own_within_a_text_do_not_become_markup() {
    for inner in [
        "<title/>",
        "<title>x</title>",
        "<icon>x</icon>",
        "<enclosure url=\"https://a.example/\"/>",
        "<author><name>x</name></author>",
    ] {
        let feed = format!(
            "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>t</title><id>a</id><updated>2024-04-07T12:47:03Z</updated><entry>\
             <title>e</title><id>b</id><updated>2024-04-07T12:47:03Z</updated><content type=\"text/xml\">{inner}<b>y</b></content></entry></feed>"
        );
        let read = super::read_clean(feed.as_bytes(), Kind::Atom).expect("read");
        let content = &read.entries[0].content.value;
        assert!(
            content == "<b>y</b>" || content == "x<b>y</b>",
            "{inner}: {content}"
        );
    }
}
