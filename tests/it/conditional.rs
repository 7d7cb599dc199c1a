//! 304 on both sides.

use crate::support::origin::Origin;
use crate::support::proxy::proxy;

const FEED: &str = "<rss version=\"2.0\"><channel><title>a</title><link>https://a.example/</link>\
    <description/><item><guid>1</guid><title>one</title></item></channel></rss>";

#[tokio::test]
async fn a_reader_that_has_it_gets_304_on_either_validator() {
    let origin = Origin::start().await;
    origin.at("/a").gives(FEED);
    let proxy = proxy().feed("a", &origin.url("/a")).start().await;
    let whole = proxy.get("/feeds/a").await.has_status(200);
    let (etag, modified) = (whole.header("etag"), whole.header("last-modified"));
    assert!(etag.starts_with("W/\"") && etag.ends_with('"'), "{etag}");

    let by_proxy = etag.trim_start_matches("W/").trim_end_matches('"');
    let by_proxy = format!("{by_proxy}-gzip\"");
    let has_it = [
        ("if-none-match", etag),
        ("if-none-match", by_proxy.as_str()),
        ("if-none-match", "*"),
        ("if-modified-since", modified),
    ];
    for header in has_it {
        let answer = proxy.reader.get_with("/feeds/a", &[header]).await.has_status(304);
        assert!(answer.body.is_empty());
        for kept in ["etag", "last-modified", "vary", "access-control-allow-origin"] {
            assert_eq!(answer.header(kept), whole.header(kept), "{kept}");
        }
        assert!(answer.header("cache-control").starts_with("public, max-age="));
        assert!(answer.header("cache-status").starts_with("limpid; hit"));
        assert_eq!(answer.header("content-type"), "");
    }
    let other = [("if-none-match", "\"x\""), ("if-modified-since", modified)];
    proxy.reader.get_with("/feeds/a", &other).await.has_status(200);
    assert_eq!(origin.count("/a"), 1);
}

#[tokio::test]
async fn the_second_request_to_an_origin_is_conditional_and_validators_go_back_verbatim() {
    let origin = Origin::start().await;
    let modified = "Tue, 14 Apr 2026 07:30:00 +0000";
    origin
        .at("/a")
        .gives(FEED)
        .with("last-modified", modified)
        .conditional("W/\"odd, 'tag'\"");
    let proxy = proxy().feed("a", &origin.url("/a")).start().await;
    let first = proxy.get("/feeds/a").await.has_status(200);
    assert_eq!(origin.last("/a").expect("asked").header("if-none-match"), None);

    proxy.advance(16);
    proxy.get("/feeds/a").await.has_status(200);
    proxy.refreshed("a").await;
    let asked = origin.last("/a").expect("asked");
    assert_eq!(asked.header("if-none-match"), Some("W/\"odd, 'tag'\""));
    assert_eq!(asked.header("if-modified-since"), Some(modified));
    let second = proxy.get("/feeds/a").await.is_cache(&["hit"]);
    for kept in ["etag", "last-modified"] {
        assert_eq!(second.header(kept), first.header(kept));
    }
    assert_eq!(second.header("age"), "0", "a 304 dates the copy anew");
}

#[tokio::test]
async fn an_equal_body_under_new_validators_changes_nothing_for_readers() {
    let origin = Origin::start().await;
    origin.at("/a").gives(FEED).with("etag", "\"1\"");
    let proxy = proxy().feed("a", &origin.url("/a")).start().await;
    let first = proxy.get("/feeds/a").await.has_status(200);

    origin.at("/a").gives(FEED).with("etag", "\"2\"");
    proxy.advance(16);
    proxy.get("/feeds/a").await.has_status(200);
    proxy.refreshed("a").await;
    let second = proxy.get("/feeds/a").await;
    for kept in ["etag", "last-modified"] {
        assert_eq!(second.header(kept), first.header(kept));
    }

    proxy.advance(16);
    proxy.get("/feeds/a").await.has_status(200);
    proxy.refreshed("a").await;
    assert_eq!(
        origin.last("/a").expect("asked").header("if-none-match"),
        Some("\"2\"")
    );
}

#[tokio::test]
async fn an_origin_that_always_says_304_is_asked_in_full_once_a_day() {
    let origin = Origin::start().await;
    origin.at("/a").gives(FEED).conditional("\"1\"");
    let proxy = proxy().feed("a", &origin.url("/a")).start().await;
    proxy.get("/feeds/a").await.has_status(200);
    for _ in 0..2 {
        proxy.advance(12 * 60);
        proxy.get("/feeds/a").await.has_status(200);
        proxy.refreshed("a").await;
    }
    let asked: Vec<_> = origin
        .asked()
        .iter()
        .map(|asked| asked.header("if-none-match").is_some())
        .collect();
    assert_eq!(asked, [false, true, false]);
}

/// RFC 3229 with the instance manipulation "feed": what newsboat and others ask for.
#[tokio::test]
async fn who_asks_for_news_alone_gets_the_entries_it_has_not_seen_and_nobody_else_does() {
    let origin = Origin::start().await;
    let feed = |titles: &[&str]| {
        let item = |title: &&str| {
            let text = format!("{title} ").repeat(200);
            format!(
                "<item><guid>{title}</guid><title>{title}</title><description>{text}</description></item>"
            )
        };
        let items: String = titles.iter().map(item).collect();
        format!("<rss version=\"2.0\"><channel><title>a</title>{items}</channel></rss>")
    };
    let proxy = proxy().feed("a", &origin.url("/a")).start().await;
    let turn = async |titles: &[&str]| {
        origin.at("/a").gives(feed(titles));
        proxy.advance(20);
        proxy.get("/feeds/a").await.has_status(200);
        proxy.refreshed("a").await;
    };
    let ask = async |etag: &str, more: &[(&str, &str)]| {
        let headers = [&[("a-im", "feed"), ("if-none-match", etag)], more].concat();
        proxy.reader.get_with("/feeds/a", &headers).await
    };
    turn(&["one", "two"]).await;
    let first = ask("\"none\"", &[]).await.has_status(200);
    let etag = first.header("etag").to_owned();
    ask(&etag, &[]).await.has_status(304);

    turn(&["three", "one", "two"]).await;
    let news = ask(&etag, &[("accept-encoding", "identity")])
        .await
        .has_status(226);
    assert!(
        news.text().contains("three") && !news.text().contains("one "),
        "{}",
        news.text()
    );
    assert_eq!((news.header("im"), news.header("delta-base")), ("feed", &*etag));
    assert!(news.header("cache-control").starts_with("no-store, im, max-age="));
    assert_eq!(news.header("vary"), "a-im, if-none-match, accept-encoding");
    assert!(news.header("content-type").starts_with("application/rss+xml"));
    // The validators are the whole feed's, and so is what everybody else gets.
    let whole = proxy
        .get("/feeds/a")
        .await
        .has_status(200)
        .says("one ")
        .says("three ");
    for validator in ["etag", "last-modified"] {
        assert_eq!(news.header(validator), whole.header(validator));
    }
    assert_eq!(whole.header("vary"), "accept-encoding");
    let packed = ask(&etag, &[("accept-encoding", "gzip")]).await.has_status(226);
    assert_eq!(packed.header("content-encoding"), "gzip");
    let only_etag = proxy
        .reader
        .get_with("/feeds/a", &[("if-none-match", &etag)])
        .await;
    only_etag.has_status(200).says("one ");
    let head = [("a-im", "feed"), ("if-none-match", &*etag)];
    let head = proxy
        .reader
        .ask(http::Method::HEAD, "/feeds/a", &head)
        .await
        .has_status(226);
    assert!(head.body.is_empty() && head.header("content-length") == news.header("content-length"));
    // Asked with the new validator it has everything.
    ask(news.header("etag"), &[]).await.has_status(304);

    // In doubt everything is sent: all is new, a version we know nothing of, another format.
    turn(&["five", "four"]).await;
    ask(&etag, &[]).await.has_status(200).says("four ").says("five ");
    turn(&["six", "three", "one", "two"]).await;
    ask("W/\"000102030405060708090a0b0c0d0e0f\"", &[])
        .await
        .has_status(200)
        .says("one ");
    let atom = [("a-im", "feed"), ("if-none-match", &*etag)];
    proxy
        .reader
        .get_with("/feeds/a.atom", &atom)
        .await
        .has_status(200)
        .says("one ");
    let both = ask(&format!("\"x\", {etag}"), &[]).await.has_status(226);
    both.says("six ").says("three ").never_says("one ");
}
