//! Read first: one feed, end to end.

use limpid::endpoint::Origin;
use limpid::message::Format;

use crate::support::origin::Origin as Server;
use crate::support::proxy::{PUBLIC, proxy};

/// A feed in the shape of what news sites send, wrapped pictures and an embedded video included.
const FEED: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel>
<title>Harbour Gazette</title><link>https://gazette.example/</link><description>News</description>
<atom:link rel="self" href="https://gazette.example/feed.xml"/>
<atom:link rel="hub" href="https://hub.example/"/>
<item>
<title>四天 on the water</title>
<link>https://gazette.example/a/68490761</link>
<guid isPermaLink="false">gazette 68490761</guid>
<pubDate>Tue, 14 Apr 2026 07:30:00 GMT</pubDate>
<content:encoded><![CDATA[<p style="color:red">The crane &amp; the quay.</p>
<img src="https://images.weserv.nl/?url=static.gazette.example/image/1_303.jpg" alt="The crane">
<iframe src="https://www.youtube.com/embed/Vfg4wd6DM9Q?wmode=transparent"></iframe>
<script>alert(1)</script><a href="/b">more</a>]]></content:encoded>
</item>
</channel>
</rss>"#;

#[tokio::test]
async fn a_feed_goes_through_and_loses_nothing_but_what_harms() {
    let origin = Server::start().await;
    origin
        .at("/feed.xml")
        .gives(FEED)
        .with("content-type", "text/html");
    let proxy = proxy().feed("gazette", &origin.url("/feed.xml")).start().await;

    let answer = proxy.get("/feeds/gazette").await.has_status(200);

    assert_eq!(
        answer.header("content-type"),
        "application/rss+xml; charset=utf-8"
    );
    answer
        .says("四天 on the water")
        .says("gazette 68490761")
        .says("Tue, 14 Apr 2026 07:30:00 GMT")
        .says("https://gazette.example/b")
        .says(&format!("{PUBLIC}/feeds/gazette"))
        .says(&format!("{PUBLIC}/i/k"))
        .says("Vfg4wd6DM9Q")
        .never_says("weserv")
        .never_says("<iframe")
        .never_says("<script")
        .never_says("hub.example")
        .never_says("style=");
}

#[tokio::test]
async fn a_feed_comes_in_any_format_at_its_own_address() {
    let origin = Server::start().await;
    origin.at("/feed.xml").gives(FEED);
    let proxy = proxy()
        .feed("gazette", &origin.url("/feed.xml"))
        .publishes(
            "as-atom",
            vec![Origin::Http(origin.url("/feed.xml"))],
            |endpoint| {
                endpoint.format = Format::Atom;
            },
        )
        .start()
        .await;

    let cases = [
        ("/feeds/gazette.rss", "application/rss+xml; charset=utf-8", "<rss"),
        (
            "/feeds/gazette.atom",
            "application/atom+xml; charset=utf-8",
            "http://www.w3.org/2005/Atom",
        ),
        (
            "/feeds/gazette.json",
            "application/feed+json",
            "https://jsonfeed.org/version/1.1",
        ),
        (
            "/feeds/as-atom",
            "application/atom+xml; charset=utf-8",
            "http://www.w3.org/2005/Atom",
        ),
    ];
    for (path, media_type, mark) in cases {
        let answer = proxy.get(path).await.has_status(200).says(mark).says("68490761");
        assert_eq!(answer.header("content-type"), media_type, "{path}");
    }
    proxy
        .get("/feeds/gazette.json")
        .await
        .says(&format!("{PUBLIC}/feeds/gazette.json"));
    assert_eq!(
        origin.count("/feed.xml"),
        2,
        "one request a feed, whatever its formats"
    );
}

#[tokio::test]
async fn several_origins_are_one_feed_and_one_that_fails_is_left_out() {
    let origin = Server::start().await;
    origin.at("/a").gives(FEED);
    let other = FEED.replace("68490761", "777").replace("14 Apr", "15 Apr");
    origin.at("/b").gives(other);
    let from = |paths: [&str; 2]| paths.map(|path| Origin::Http(origin.url(path))).to_vec();
    let proxy = proxy()
        .publishes("both", from(["/a", "/b"]), |_| {})
        .publishes("half", from(["/a", "/missing"]), |_| {})
        .start()
        .await;

    let both = proxy
        .get("/feeds/both")
        .await
        .has_status(200)
        .says("68490761")
        .says("gazette%20777");
    let text = both.text();
    assert!(
        text.find("gazette%20777") < text.find("gazette%2068490761"),
        "newest first"
    );
    proxy
        .get("/feeds/half")
        .await
        .has_status(200)
        .says("gazette%2068490761");
}

#[tokio::test]
async fn a_file_and_the_demo_are_origins_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("feed.xml");
    std::fs::write(&file, FEED).expect("written");
    let archive = folder.path().join("archive");
    std::fs::create_dir(&archive).expect("a folder");
    let article =
        "<!--1776151800000-->\n[Four days](https://gazette.example/a/1)\n------\n\n<p>The crane</p>\n";
    std::fs::write(archive.join("2026-04-14.txt"), article).expect("written");
    let proxy = proxy()
        .publishes("file", vec![Origin::File(file)], |_| {})
        .publishes("archive", vec![Origin::File(archive)], |_| {})
        .publishes("demo", vec![Origin::Demo], |_| {})
        .publishes("gone", vec![Origin::File(folder.path().join("none.xml"))], |_| {})
        .start()
        .await;

    proxy
        .get("/feeds/file")
        .await
        .has_status(200)
        .says("gazette 68490761");
    proxy
        .get("/feeds/archive")
        .await
        .has_status(200)
        .says("Four days")
        .says("https://gazette.example/a/1")
        .says("The crane");
    let demo = proxy.get("/feeds/demo").await.has_status(200).text();
    proxy
        .get("/feeds/gone")
        .await
        .has_status(502)
        .says("does not exist");

    let address = demo
        .split('"')
        .find_map(|part| part.strip_prefix(PUBLIC)?.strip_prefix("/i/"));
    let picture = format!("/i/{}", address.expect("a picture of ours"));
    let answer = proxy.get(&picture).await.has_status(200);
    assert_eq!(answer.header("content-type"), "image/png");
}
