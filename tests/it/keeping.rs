//! What outlives a restart: bytes, validators, failures, marks; and what a broken store costs.

use std::path::Path;
use std::time::Duration;

use limpid::app::StoreKind;
use limpid::clock::Clock;

use crate::support::client::Answer;
use crate::support::origin::Origin;
use crate::support::proxy::{Builder, Proxy, proxy};

fn feed(titles: &[&str]) -> String {
    let items: String = titles
        .iter()
        .map(|title| {
            format!(
                "<item><guid>{title}</guid><title>{title}</title><description>{}</description></item>",
                format!("&lt;p&gt;{title} &lt;img src=\"https://p.example/{title}.png\"&gt;&lt;/p&gt;")
                    .repeat(20)
            )
        })
        .collect();
    format!(
        "<rss version=\"2.0\"><channel><title>a</title><link>https://a.example/</link><description/>{items}</channel></rss>"
    )
}

/// A proxy that keeps its store in `folder`.
fn keeping(folder: &Path, origin: &Origin, clock: &Clock) -> Builder {
    proxy()
        .feed("a", &origin.url("/a"))
        .stored(StoreKind::Disk(folder.to_owned()))
        .with(|options| options.images.prefetch = false)
        .at(clock)
}

async fn every_coding(proxy: &Proxy) -> Vec<Answer> {
    let mut answers = Vec::new();
    for coding in ["identity", "gzip", "br", "zstd"] {
        answers.push(
            proxy
                .reader
                .get_with("/feeds/a", &[("accept-encoding", coding)])
                .await
                .has_status(200),
        );
    }
    answers
}

fn essence(answers: &[Answer]) -> Vec<(Vec<u8>, String, String, String)> {
    let header = |answer: &Answer, name| answer.header(name).to_owned();
    answers
        .iter()
        .map(|answer| {
            (
                answer.body.to_vec(),
                header(answer, "etag"),
                header(answer, "last-modified"),
                header(answer, "content-encoding"),
            )
        })
        .collect()
}

#[tokio::test]
async fn a_restart_with_the_origin_down_serves_the_same_bytes_and_validators_in_every_coding() {
    let (origin, folder, clock) = (
        Origin::start().await,
        tempfile::tempdir().expect("folder"),
        Clock::system(),
    );
    origin.at("/a").gives(feed(&["one", "two"])).conditional("\"v1\"");
    let first = keeping(folder.path(), &origin, &clock).start().await;
    let before = every_coding(&first).await;
    first.ends().await;

    origin.fails_with(503);
    clock.advance(std::time::Duration::from_hours(24));
    let second = keeping(folder.path(), &origin, &clock).start().await;
    assert_eq!(essence(&every_coding(&second).await), essence(&before));
    second.failed("a", 1).await;
    second.ends().await;

    // The failure is remembered too: the origin is left in peace.
    let asked = origin.count("/a");
    let third = keeping(folder.path(), &origin, &clock).start().await;
    third
        .get("/feeds/a")
        .await
        .has_status(200)
        .is_cache(&["fwd=stale", "fwd-status=503"]);
    assert_eq!(origin.count("/a"), asked);
}

#[tokio::test]
async fn validators_of_the_origin_outlive_a_restart() {
    let (origin, folder, clock) = (
        Origin::start().await,
        tempfile::tempdir().expect("folder"),
        Clock::system(),
    );
    origin.at("/a").gives(feed(&["one"])).conditional("W/\"v1\"");
    let first = keeping(folder.path(), &origin, &clock).start().await;
    let before = first.get("/feeds/a").await.has_status(200);
    first.ends().await;

    clock.advance(std::time::Duration::from_mins(20));
    let second = keeping(folder.path(), &origin, &clock).start().await;
    let after = second.get("/feeds/a").await.has_status(200);
    second.refreshed("a").await;
    assert_eq!(
        origin.last("/a").expect("asked").header("if-none-match"),
        Some("W/\"v1\"")
    );
    assert_eq!(
        (&after.body, after.headers.get("etag")),
        (&before.body, before.headers.get("etag"))
    );
    // And a reader who has it is told so.
    let etag = before.header("etag").to_owned();
    second
        .reader
        .get_with("/feeds/a", &[("if-none-match", &etag)])
        .await
        .has_status(304);
}

#[tokio::test]
async fn entries_that_did_not_change_are_known_after_a_restart() {
    let (origin, folder, clock) = (
        Origin::start().await,
        tempfile::tempdir().expect("folder"),
        Clock::system(),
    );
    origin.at("/a").gives(feed(&["one", "two"]));
    let first = keeping(folder.path(), &origin, &clock).start().await;
    first.get("/feeds/a").await.has_status(200);
    let kept = first.app.cache.held("a").await.expect("kept");
    first.ends().await;

    let second = keeping(folder.path(), &origin, &clock).start().await;
    let read = second.app.cache.held("a").await.expect("kept");
    assert_eq!(read.version.marks.unpack(), kept.version.marks.unpack());
    assert_eq!(read.version.contents, kept.version.contents);
    assert_eq!(read.version.marks.unpack().entries.len(), 2);
}

#[tokio::test]
async fn a_copy_that_memory_has_no_room_for_comes_from_the_store() {
    let (origin, folder, clock) = (
        Origin::start().await,
        tempfile::tempdir().expect("folder"),
        Clock::system(),
    );
    origin.at("/a").gives(feed(&["one"]));
    let tiny = keeping(folder.path(), &origin, &clock)
        .with(|options| options.memory = 1)
        .start()
        .await;
    for _ in 0..3 {
        tiny.get("/feeds/a").await.has_status(200).says("one");
    }
    assert_eq!(origin.count("/a"), 1);
}

#[tokio::test]
async fn a_store_that_cannot_be_opened_costs_the_restart_and_not_the_service() {
    let (origin, folder, clock) = (
        Origin::start().await,
        tempfile::tempdir().expect("folder"),
        Clock::system(),
    );
    origin.at("/a").gives(feed(&["one"]));
    // A file where the folder should be.
    let blocked = folder.path().join("data");
    std::fs::write(&blocked, "not a folder").expect("written");
    let proxy = keeping(&blocked, &origin, &clock).start().await;
    proxy.get("/feeds/a").await.has_status(200).says("one");
    proxy.get("/feeds/a").await.has_status(200).is_cache(&["hit"]);
}

#[tokio::test]
async fn a_torn_store_costs_a_refetch_and_not_the_service() {
    let (origin, folder, clock) = (
        Origin::start().await,
        tempfile::tempdir().expect("folder"),
        Clock::system(),
    );
    origin.at("/a").gives(feed(&["one"]));
    let first = keeping(folder.path(), &origin, &clock).start().await;
    let before = first.get("/feeds/a").await.has_status(200);
    first.ends().await;

    let file = folder.path().join("limpid.redb");
    let whole = std::fs::read(&file).expect("the store");
    for part in [whole.len() / 2, 4096, 100, 0] {
        std::fs::write(&file, &whole[..part]).expect("torn");
        let torn = keeping(folder.path(), &origin, &clock).start().await;
        let after = torn.get("/feeds/a").await.has_status(200);
        assert_eq!(
            (&after.body, after.headers.get("etag")),
            (&before.body, before.headers.get("etag")),
            "cut at {part}"
        );
        torn.ends().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shorter_longest_time_holds_for_copies_made_before_it() {
    let (origin, clock) = (Origin::start().await, Clock::system());
    let folder = tempfile::tempdir().expect("folder");
    origin
        .at("/a")
        .gives(feed(&["one"]))
        .with("cache-control", "max-age=86400");
    let before = keeping(folder.path(), &origin, &clock).start().await;
    before.get("/feeds/a").await.has_status(200);
    before.ends().await;

    origin.at("/a").gives(feed(&["two", "one"]));
    let after = keeping(folder.path(), &origin, &clock)
        .with(|options| options.endpoints[0].freshness.max = Duration::from_mins(10))
        .start()
        .await;
    after.advance(11);
    let renewed = async {
        while !after.get("/feeds/a").await.has_status(200).text().contains("two") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), renewed)
        .await
        .expect("the copy is renewed behind");
}
