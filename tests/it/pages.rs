//! The owner's door: what it shows, what it counts, and whom it does not answer.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use http::Method;
use limpid::telemetry::metrics::{FeedFigures, Metrics};
use regex::Regex;

use crate::support::client::Reader;
use crate::support::origin::Origin;
use crate::support::proxy::{PUBLIC, Proxy, proxy};

/// A feed whose every word would like to be markup.
const HOSTILE: &str = r#"<rss version="2.0"><channel><title>&lt;script&gt;alert(1)&lt;/script&gt;"'</title><link>https://a.example/</link>
<item><title>&lt;img src=x onerror=alert(1)&gt;</title><link>javascript:alert(1)</link><guid>1</guid>
<description>&lt;p style="x"&gt;Words&lt;/p&gt;&lt;script&gt;alert(2)&lt;/script&gt;&lt;iframe src="https://www.youtube.com/embed/abc"&gt;&lt;/iframe&gt;</description></item>
</channel></rss>"#;

async fn hostile() -> (Origin, Proxy, Reader) {
    let origin = Origin::start().await;
    origin.at("/feed.xml").gives(HOSTILE);
    let proxy = proxy().feed("blog", &origin.url("/feed.xml")).start().await;
    let agent = [("user-agent", "Feedbin feed-id:1 - 12 subscribers")];
    proxy.reader.get_with("/feeds/blog", &agent).await.has_status(200);
    let owner = Reader::of(proxy.owner);
    (origin, proxy, owner)
}

#[tokio::test]
async fn every_page_is_locked_down_and_shows_no_word_of_an_origin_as_markup() {
    let (_origin, _proxy, owner) = hostile().await;
    for path in [
        "/",
        "/feeds/blog",
        "/try",
        "/try?url=%22%3E%3Cscript%3E",
        "/feeds/none",
    ] {
        let answer = owner.get(path).await;
        let policy = answer.header("content-security-policy").to_owned();
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(
            !policy.contains("unsafe") && !policy.contains("script-src"),
            "{path}: {policy}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        let html = answer.text();
        for wrong in ["<script", "<img", "<iframe", "href=\"javascript:", "style=\""] {
            assert!(!html.contains(wrong), "{wrong} is in {path}:\n{html}");
        }
    }
}

#[tokio::test]
async fn a_feeds_page_shows_before_and_after_with_reasons_and_how_to_subscribe() {
    let (_origin, _proxy, owner) = hostile().await;
    owner
        .get("/feeds/blog")
        .await
        .has_status(200)
        .says(&format!("value=\"{PUBLIC}/feeds/blog\""))
        .says("rel=\"alternate\" type=\"application/feed+json\"")
        .says("FETCHER_ALLOW_PRIVATE_NETWORKS=1")
        .says("INTERNAL_HOST_ALLOWLIST=feeds.example:443")
        .says("aria-label=\"The address as a QR code\"")
        .says("&#60;script&#62;alert(2)&#60;/script&#62;")
        .says("An embedded frame loads a stranger")
        .says("clean.embeds")
        .says("<ins>");
    let clean = owner.get("/feeds/blog/clean").await.has_status(200);
    assert!(clean.header("content-security-policy").ends_with("sandbox"));
    clean.never_says("<script").never_says("<iframe");
}

#[tokio::test]
async fn all_feeds_are_listed_with_their_readers_and_troubles() {
    let (origin, proxy, owner) = hostile().await;
    owner
        .get("/")
        .await
        .says("All is well")
        .says("<dd>12</dd>")
        .says(&format!("{PUBLIC}/feeds/blog"));
    owner
        .get("/opml")
        .await
        .says(&format!("xmlUrl=\"{PUBLIC}/feeds/blog\""));
    let quiet = proxy.get("/feeds/_status").await.has_status(200);
    origin.at("/feed.xml").status(503);
    for count in 1..=3 {
        proxy.advance(24 * 60);
        proxy.get("/feeds/blog").await.has_status(200);
        proxy.failed("blog", count).await;
    }
    owner.get("/").await.says("1 feed in trouble").says("status 503");
    let told = proxy.get("/feeds/_status").await.says("blog cannot be refreshed");
    assert_ne!(told.header("etag"), quiet.header("etag"));
    let again = proxy.get("/feeds/_status").await;
    assert_eq!(told.body, again.body, "nothing happened, nothing changed");
    let known = [("if-none-match", told.header("etag"))];
    proxy
        .reader
        .get_with("/feeds/_status", &known)
        .await
        .has_status(304);
}

#[tokio::test]
async fn what_is_in_trouble_stands_first_and_leads_to_its_explanation() {
    let origin = Origin::start().await;
    origin.at("/broken").status(503);
    let proxy = proxy()
        .publishes("a-well", vec![limpid::endpoint::Origin::Demo], |_| {})
        .feed("z-broken", &origin.url("/broken"))
        .start()
        .await;
    proxy.get("/feeds/a-well").await.has_status(200);
    proxy.get("/feeds/z-broken").await.has_status(502);
    let owner = Reader::of(proxy.owner);
    let html = owner.get("/").await.text();
    let place = |name: &str| html.find(&format!("href=\"/feeds/{name}\"")).expect(name);
    assert!(place("z-broken") < place("a-well"), "{html}");
    let asked = format!("name=\"url\" value=\"{}\"", origin.url("/broken"));
    owner
        .get("/feeds/z-broken")
        .await
        .says("action=\"/try\"")
        .says(&asked);
    owner.get("/feeds/a-well").await.never_says("action=\"/try\"");
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing_and_reads_nothing() {
    let (origin, _proxy, owner) = hostile().await;
    let asked = origin.count("/feed.xml");
    for headers in [
        [("origin", "http://evil.example")].as_slice(),
        &[("sec-fetch-site", "cross-site")],
        &[("origin", "null")],
    ] {
        for path in ["/reload", "/feeds/blog/refresh", "/feeds/blog/source", "/try"] {
            owner.ask(Method::POST, path, headers).await.has_status(403);
        }
    }
    for path in ["/", "/feeds/blog", "/opml"] {
        owner
            .get_with(path, &[("host", "evil.example")])
            .await
            .has_status(421);
    }
    owner.get("/reload").await.has_status(405);
    assert_eq!(origin.count("/feed.xml"), asked, "nobody was asked");
    owner
        .ask(Method::POST, "/feeds/blog/refresh", &[])
        .await
        .has_status(303);
    assert_eq!(origin.count("/feed.xml"), asked + 1);
}

#[tokio::test]
async fn metrics_have_their_names_and_hold_no_address() {
    let (_origin, proxy, owner) = hostile().await;
    proxy.get("/feeds/blog").await;
    let text = owner.get("/metrics").await.has_status(200).text();
    for line in [
        "limpid_http_requests_total{route=\"feed\",method=\"GET\",status=\"200\"} 2",
        "limpid_upstream_fetch_total{outcome=\"ok\",of=\"feed\"} 1",
        "limpid_cache_requests_total{cache=\"feed\",result=\"hit\"} 1",
        "limpid_sanitizer_removed_total{kind=\"embed\"} 1",
        "limpid_feed_subscribers{feed=\"blog\"} 13",
        "limpid_feed_consecutive_failures{feed=\"blog\"} 0",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("://"), "an address is a label:\n{text}");
}

#[test]
fn the_dashboard_and_the_alerts_know_only_metrics_that_there_are() {
    let metrics = Metrics::new();
    metrics.answered("feed", "GET", 200, Duration::ZERO);
    metrics.fetched("feed", "ok", Duration::ZERO);
    metrics.blocked("private");
    metrics.looked("feed", "hit");
    metrics.removed("embed", 1);
    metrics.image_bytes("out", 1);
    let feed = FeedFigures {
        last_success: Some(1.0),
        ..FeedFigures::default()
    };
    let text = metrics.text(&[feed], &[("feed", 1)]);
    let metric = Regex::new(r"limpid_[a-z0-9_]+").expect("regex");
    let known: BTreeSet<&str> = metric.find_iter(&text).map(|found| found.as_str()).collect();
    for file in ["deploy/grafana.json", "deploy/alerts.yml"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let text = std::fs::read_to_string(path).expect("a file");
        assert!(metric.is_match(&text), "{file}");
        for found in metric.find_iter(&text) {
            assert!(
                known.contains(found.as_str()),
                "{file} asks for {}",
                found.as_str()
            );
        }
    }
}

#[tokio::test]
async fn the_source_can_be_fetched_again_and_an_address_tried() {
    let (origin, _proxy, owner) = hostile().await;
    owner
        .ask(Method::POST, "/feeds/blog/source", &[])
        .await
        .has_status(303);
    assert_eq!(origin.count("/feed.xml"), 2);
    let url = origin.url("/feed.xml");
    let told = owner.post("/try", &format!("url={url}")).await.has_status(200);
    told.says("The feed is RSS with one entry")
        .says(&format!("{PUBLIC}/clean/"));
    owner
        .post("/try", "url=nonsense")
        .await
        .says("This is no address.");
}
