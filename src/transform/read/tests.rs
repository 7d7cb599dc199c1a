use super::*;

fn rss(text: &str) -> Feed {
    read(text, Kind::Rss).expect("a feed")
}

fn titles(feed: &Feed) -> Vec<&str> {
    feed.entries
        .iter()
        .map(|entry| entry.title.value.as_str())
        .collect()
}

#[test]
fn an_rss_feed_is_read_with_everything_it_says() {
    let feed = rss(r#"<?xml version="1.0"?>
        <rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/">
        <channel><title>News &amp;amp; views</title><link>https://a.example/</link><description>About</description>
        <language>de</language><ttl>30</ttl><managingEditor>ed@a.example (Ed Itor)</managingEditor>
        <image><url>https://a.example/logo.png</url><title>no</title><link>https://no.example/</link></image>
        <skipHours><hour>24</hour><hours>3</hours><hour>x</hour><hour>25</hour></skipHours><skipDays><day>Sunday</day></skipDays>
        <item><title>One</title><link> https://a.example/1 </link><guid isPermaLink="false">g-1</guid>
          <description>&lt;p&gt;short&lt;/p&gt;</description><content:encoded><![CDATA[<p>long</p>]]></content:encoded>
          <pubDate>Thu, 01 Jan 2004 19:48:21 GMT</pubDate><dc:creator>Ann</dc:creator><category domain="d">News</category>
          <enclosure url="https://a.example/1.mp3" length="12" type="audio/mpeg"/><enclosure url="https://a.example/2.mp3" length="" type="audio/mpeg"/></item>
        <item><title>Two</title><guid>https://a.example/2</guid><pubDate>no date</pubDate></item>
        </channel></rss>"#);
    assert_eq!(feed.title.to_plain(), "News & views");
    assert_eq!(feed.link.as_deref(), Some("https://a.example/"));
    assert_eq!(feed.image.as_deref(), Some("https://a.example/logo.png"));
    assert_eq!(feed.language.as_deref(), Some("de"));
    assert_eq!(feed.authors[0].email.as_deref(), Some("ed@a.example"));
    assert_eq!(feed.authors[0].name.as_deref(), Some("Ed Itor"));
    assert_eq!(feed.hints.ttl, Some(1800));
    assert_eq!(feed.hints.skip_hours, [0, 3]);
    assert_eq!(feed.hints.skip_days, [6]);
    assert_eq!(feed.hints.entries, 2);
    assert_eq!(titles(&feed), ["One", "Two"]);
    let [one, two] = feed.entries.as_slice() else {
        panic!("two entries")
    };
    assert_eq!(one.id.as_deref(), Some("g-1"));
    assert!(!one.id_is_permalink);
    assert_eq!(one.link.as_deref(), Some("https://a.example/1"));
    assert_eq!(
        (one.summary.value.as_str(), one.content.value.as_str()),
        ("<p>short</p>", "<p>long</p>")
    );
    assert_eq!(one.published_at().unwrap().timestamp(), 1_072_986_501);
    assert_eq!(one.authors[0].name.as_deref(), Some("Ann"));
    assert_eq!(one.categories[0].scheme.as_deref(), Some("d"));
    assert_eq!(
        one.enclosures.iter().map(|e| e.length).collect::<Vec<_>>(),
        [Some(12), None]
    );
    assert_eq!(
        two.link.as_deref(),
        Some("https://a.example/2"),
        "a guid that is a permalink"
    );
    assert_eq!(
        (two.published.as_deref(), two.published_at()),
        (Some("no date"), None)
    );
}

#[test]
fn the_span_of_an_entry_is_its_element() {
    let text =
        "<rss><channel><item><title>é &lt; ü</title></item>\n <item/><item a='>'>x</item ></channel></rss>";
    let spans: Vec<_> = rss(text)
        .entries
        .iter()
        .map(|entry| text.get(entry.span.clone()).unwrap())
        .collect();
    assert_eq!(
        spans,
        [
            "<item><title>é &lt; ü</title></item>",
            "<item/>",
            "<item a='>'>x</item >"
        ]
    );
}

#[test]
fn every_format_gives_the_same_entry() {
    for (format, text, kind) in [
        (
            "RSS 2.0",
            "<rss version='2.0'><channel><item><title>T</title><link>https://a.example/1</link></item></channel></rss>",
            Kind::Rss,
        ),
        (
            "prefixed RSS",
            "<r:rss xmlns:r='http://backend.userland.com/rss2'><r:channel><r:item><r:title>T</r:title><r:link>https://a.example/1</r:link></r:item></r:channel></r:rss>",
            Kind::Rss,
        ),
        (
            "item beside the channel",
            "<rss><channel/><item><title>T</title><link>https://a.example/1</link></item></rss>",
            Kind::Rss,
        ),
        (
            "RSS 1.0",
            "<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'><channel r:about='c'/><item r:about='https://a.example/1'><title>T</title><link>https://a.example/1</link></item></r:RDF>",
            Kind::Rdf,
        ),
        (
            "RSS 0.90",
            "<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://my.netscape.com/rdf/simple/0.9/'><item><title>T</title><link>https://a.example/1</link></item></r:RDF>",
            Kind::Rdf,
        ),
        (
            "RSS 1.1",
            "<Channel xmlns='http://purl.org/net/rss1.1#' xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><items rdf:parseType='Collection'><item><title>T</title><link>https://a.example/1</link></item></items></Channel>",
            Kind::Rdf,
        ),
        (
            "CDF",
            "<CHANNEL HREF='https://a.example/'><ITEM HREF='https://a.example/1'><TITLE>T</TITLE></ITEM></CHANNEL>",
            Kind::Rss,
        ),
        (
            "Atom 1.0",
            "<a:feed xmlns:a='http://www.w3.org/2005/Atom'><a:entry><a:title>T</a:title><a:link href='https://a.example/1'/></a:entry></a:feed>",
            Kind::Atom,
        ),
        (
            "Atom 0.3",
            "<feed version='0.3' xmlns='http://purl.org/atom/ns#'><entry><title mode='escaped'>T</title><link rel='alternate' href='https://a.example/1'/></entry></feed>",
            Kind::Atom,
        ),
        (
            "JSON Feed",
            r#"{"version":"https://jsonfeed.org/version/1","items":[{"id":1,"title":"T","url":"https://a.example/1"}]}"#,
            Kind::Json,
        ),
    ] {
        let feed = read(text, kind).unwrap_or_else(|| panic!("{format} is read"));
        assert_eq!(titles(&feed), ["T"], "{format}");
        assert_eq!(
            feed.entries[0].link.as_deref(),
            Some("https://a.example/1"),
            "{format}"
        );
        assert_eq!(feed.hints.entries, 1, "{format}");
    }
}

#[test]
fn the_type_of_a_text_is_known() {
    let atom = |inner: &str| {
        let text = format!("<feed xmlns='http://www.w3.org/2005/Atom'><entry>{inner}</entry></feed>");
        read(&text, Kind::Atom).unwrap().entries.remove(0)
    };
    for (content, value, html) in [
        ("<content>a &lt;b&gt; c</content>", "a <b> c", false),
        ("<content type='text'>a &lt;b&gt; c</content>", "a <b> c", false),
        ("<content type='html'>&lt;p>a</content>", "<p>a", true),
        ("<content type='text/html'>&lt;p>a</content>", "<p>a", true),
        (
            "<content type='xhtml'><x:div xmlns:x='http://www.w3.org/1999/xhtml'><x:p>a<x:br/>&lt;b&gt;</x:p></x:div></content>",
            "<p>a<br>&lt;b&gt;</p>",
            true,
        ),
        (
            "<content type='text/plain' mode='base64'>PGI+</content>",
            "<b>",
            false,
        ),
        (
            "<content type='application/octet-stream'>PHA+eDwvcD4=</content>",
            "<p>x</p>",
            true,
        ),
    ] {
        let entry = atom(content);
        assert_eq!(
            (entry.content.value.as_str(), entry.content.html),
            (value, html),
            "{content}"
        );
    }
    for (title, html) in [
        ("a &lt;b>c&lt;/b>", true),
        ("AT&amp;T", false),
        ("AT&amp;amp;T", true),
    ] {
        let feed = rss(&format!("<rss><channel><title>{title}</title></channel></rss>"));
        assert_eq!(feed.title.html, html, "{title}");
    }
}

#[test]
fn inline_markup_in_a_text_field_is_kept() {
    let feed =
        rss("<rss><channel><item><description><p>hi <b>you</b></p></description></item></channel></rss>");
    assert_eq!(feed.entries[0].summary.value, "<p>hi <b>you</b></p>");
}

#[test]
fn a_wrong_hint_is_no_hint_and_none_is_invented() {
    let sy = "xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'";
    let hint = |inner: &str| {
        rss(&format!("<rss {sy}><channel>{inner}</channel></rss>"))
            .hints
            .ttl
    };
    assert_eq!(hint(""), None);
    assert_eq!(hint("<sy:updateBase>2000-01-01</sy:updateBase>"), None);
    assert_eq!(hint("<ttl>soon</ttl>"), None);
    assert_eq!(hint("<sy:updatePeriod>hourly</sy:updatePeriod>"), Some(3600));
    assert_eq!(
        hint("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>24</sy:updateFrequency>"),
        Some(3600)
    );
    assert_eq!(
        hint("<ttl>120</ttl><sy:updatePeriod>hourly</sy:updatePeriod>"),
        Some(7200)
    );
    assert_eq!(hint("<sy:updateFrequency>0</sy:updateFrequency>"), Some(86_400));
}

#[test]
fn addresses_become_absolute_when_the_document_has_one() {
    let text = "<feed xmlns='http://www.w3.org/2005/Atom' xml:base='/blog/'><link href='./'/>
        <entry xml:base='2024/'><link href='one'/><content type='html' xml:base='img/'>x</content></entry></feed>";
    let options = Options {
        base: Some(Url::parse("https://a.example/feed").unwrap()),
        ..Options::default()
    };
    let feed = read_with(text, Kind::Atom, &options).unwrap();
    assert_eq!(feed.link.as_deref(), Some("https://a.example/blog/"));
    assert_eq!(
        feed.entries[0].link.as_deref(),
        Some("https://a.example/blog/2024/one")
    );
    assert_eq!(
        feed.entries[0].content.base.as_deref().unwrap().as_str(),
        "https://a.example/blog/2024/img/"
    );
    assert_eq!(
        read(text, Kind::Atom).unwrap().link.as_deref(),
        Some("./"),
        "else they stay as written"
    );
}

#[test]
fn entries_over_the_limit_are_counted_and_not_read() {
    let text = format!(
        "<rss><channel>{}</channel></rss>",
        "<item><title>x</title></item>".repeat(9)
    );
    let options = Options {
        entries: 4,
        ..Options::default()
    };
    let feed = read_with(&text, Kind::Rss, &options).unwrap();
    assert_eq!((feed.entries.len(), feed.hints.entries), (4, 9));
}

#[test]
fn a_document_that_breaks_off_keeps_what_was_read() {
    let feed = rss("<rss><channel><item><title>One</title></item><item><title>Two</title><x");
    assert_eq!(titles(&feed), ["One", "Two"]);
}

#[test]
fn people_are_read_as_feeds_write_them() {
    for (written, name, email) in [
        ("ann@a.example (Ann B)", Some("Ann B"), Some("ann@a.example")),
        ("Ann B <ann@a.example>", Some("Ann B"), Some("ann@a.example")),
        ("mailto:ann@a.example", None, Some("ann@a.example")),
        ("Ann B", Some("Ann B"), None),
        ("@ann", Some("@ann"), None),
    ] {
        let person = text::person(written).unwrap();
        assert_eq!(
            (person.name.as_deref(), person.email.as_deref()),
            (name, email),
            "{written}"
        );
    }
}

#[test]
fn elements_of_other_vocabularies_are_carried_when_asked_for() {
    let text = "<rss xmlns:i='http://www.itunes.com/DTDs/Podcast-1.0.dtd' xmlns:q='https://q.example/ns'><channel><item>
        <i:duration>12:00</i:duration><q:a q:x='1'><q:b>t</q:b></q:a></item></channel></rss>";
    assert!(rss(text).entries[0].extensions.is_empty());
    let options = Options {
        extensions: true,
        ..Options::default()
    };
    let feed = read_with(text, Kind::Rss, &options).unwrap();
    let [duration, other] = feed.entries[0].extensions.as_slice() else {
        panic!("two")
    };
    assert_eq!(
        (duration.name.prefix.as_str(), duration.text.as_str()),
        ("itunes", "12:00")
    );
    assert_eq!(
        (&*other.name.namespace, other.attributes[0].0.prefix.as_str()),
        ("https://q.example/ns", "q")
    );
    assert_eq!(other.children[0].text, "t");
}

#[test]
fn a_json_feed_is_read_leniently() {
    let text = r#"{"version":"1","title":"T","home_page_url":"https://a.example/","author":{"name":"Ann"},"items":[
        {"id":7,"content_html":"<p>x</p>","tags":"a, b","attachments":[{"url":"https://a.example/a.mp3","mime_type":"audio/mpeg","size_in_bytes":5}]},
        {"content_text":"1 < 2","authors":["Bob"],"date_published":"2024-04-07T12:47:03Z"}, 5]}"#;
    let feed = read(text, Kind::Json).unwrap();
    assert_eq!(feed.authors[0].name.as_deref(), Some("Ann"));
    let [one, two, three] = feed.entries.as_slice() else {
        panic!("three")
    };
    assert_eq!(
        (one.id.as_deref(), one.content.html, one.categories.len()),
        (Some("7"), true, 2)
    );
    assert_eq!(one.enclosures[0].length, Some(5));
    assert_eq!((two.content.value.as_str(), two.content.html), ("1 < 2", false));
    assert!(two.published_at().is_some());
    assert_eq!(three.span, 2..3);
    assert!(read("[1]", Kind::Json).is_none() && read("{}", Kind::Json).is_none());
}
