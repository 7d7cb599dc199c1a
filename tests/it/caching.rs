//! Hits, stale copies, collapsing, and origins that fail. Asserts on `Cache-Status`.

use crate::support::client::connect;
use crate::support::origin::{At, Origin};
use crate::support::proxy::{Proxy, proxy};
use tokio::io::AsyncWriteExt as _;

/// What is said instead of a feed.
type Fault = fn(At<'_>) -> At<'_>;

const PAGE: &str = "<!doctype html><html><head><title>Log in</title></head><body>Log in</body></html>";

fn feed(title: &str) -> String {
    format!(
        "<rss version=\"2.0\"><channel><title>{title}</title><link>https://a.example/</link><description/>\
         <item><guid>1</guid><title>{title}</title></item></channel></rss>"
    )
}

async fn published(origin: &Origin) -> Proxy {
    proxy().feed("a", &origin.url("/a")).start().await
}

#[tokio::test]
async fn a_second_reader_costs_the_origin_nothing() {
    let origin = Origin::start().await;
    origin
        .at("/a")
        .gives(feed("one"))
        .with("cache-control", "max-age=3600");
    let proxy = published(&origin).await;

    let first = proxy.get("/feeds/a").await.has_status(200);
    let first = first.is_cache(&["limpid", "fwd=miss", "fwd-status=200", "stored"]);
    let second = proxy
        .get("/feeds/a?cacheBust=7")
        .await
        .has_status(200)
        .is_cache(&["limpid", "hit"]);

    assert_eq!(first.body, second.body);
    assert!(second.header("cache-status").contains("ttl=3"), "about an hour");
    let control = second.header("cache-control");
    assert!(control.starts_with("public, max-age=3"), "{control}");
    assert!(
        control.ends_with(", stale-while-revalidate=3600, stale-if-error=2592000"),
        "{control}"
    );
    assert_eq!(second.header("age"), "0");
    proxy.advance(20);
    assert_eq!(proxy.get("/feeds/a").await.header("age"), "1200");
    assert_eq!(origin.count("/a"), 1);
}

#[tokio::test]
async fn sixty_readers_at_once_cost_one_request_and_half_may_hang_up() {
    let origin = Origin::start().await;
    let held = origin.at("/a").gives(feed("one")).held();
    let proxy = published(&origin).await;

    // The first reader asks, and hangs up while the origin thinks.
    let mut first = connect(proxy.address).await;
    first
        .write_all(b"GET /feeds/a HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .expect("written");
    held.arrived().await;
    drop(first);
    let readers: Vec<_> = (0..60)
        .map(|_| {
            let reader = proxy.reader.clone();
            tokio::spawn(async move { reader.get("/feeds/a").await })
        })
        .collect();
    tokio::task::yield_now().await;
    for (number, reader) in readers.iter().enumerate() {
        if number % 2 == 0 {
            reader.abort();
        }
    }
    held.release();
    for reader in readers {
        if let Ok(answer) = reader.await {
            answer.has_status(200).says("one");
        }
    }
    assert_eq!(origin.count("/a"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_readers_at_the_moment_of_expiry_cost_one_request_and_none_waits_though_half_hang_up() {
    let origin = Origin::start().await;
    origin.at("/a").gives(feed("one"));
    let proxy = published(&origin).await;
    proxy.get("/feeds/a").await.has_status(200);
    proxy.advance(16);
    let held = origin.at("/a").gives(feed("two")).held();
    let readers: Vec<_> = (0..1000)
        .map(|n| {
            let reader = proxy.reader.clone();
            tokio::spawn(async move {
                match n % 2 {
                    0 => {
                        reader.hangs_up("/feeds/a").await;
                        None
                    }
                    _ => Some(reader.get("/feeds/a").await),
                }
            })
        })
        .collect();
    // The origin says nothing yet, and all who stay are answered.
    let mut answered = 0;
    for reader in readers {
        if let Some(answer) = reader.await.expect("nothing fails") {
            answer.has_status(200).says("one");
            answered += 1;
        }
    }
    held.arrived().await;
    assert_eq!((answered, origin.count("/a")), (500, 2));
    held.release();
    proxy.refreshed("a").await;
    proxy.get("/feeds/a").await.is_cache(&["hit"]).says("two");
    assert_eq!(origin.count("/a"), 2);
}

#[tokio::test]
async fn a_stale_copy_is_served_while_one_refresh_runs() {
    let origin = Origin::start().await;
    origin.at("/a").gives(feed("one"));
    let proxy = published(&origin).await;
    proxy.get("/feeds/a").await.has_status(200);

    proxy.advance(16);
    let held = origin.at("/a").gives(feed("two")).held();
    proxy.get("/feeds/a").await.is_cache(&["fwd=stale"]).says("one");
    for _ in 0..20 {
        proxy
            .get("/feeds/a")
            .await
            .has_status(200)
            .is_cache(&["fwd=stale", "collapsed"])
            .says("one");
    }
    held.arrived().await;
    assert_eq!(origin.count("/a"), 2);

    held.release();
    proxy.refreshed("a").await;
    proxy.get("/feeds/a").await.is_cache(&["hit"]).says("two");
    assert_eq!(origin.count("/a"), 2);
}

#[tokio::test]
async fn an_origin_that_fails_never_takes_a_feed_away() {
    let origin = Origin::start().await;
    let proxy = published(&origin).await;
    origin.at("/a").gives(feed("good"));
    let good = proxy.get("/feeds/a").await.has_status(200);

    let faults: [(&str, Fault); 9] = [
        ("503", |at| at.status(503)),
        ("404", |at| at.status(404)),
        ("cut", |at| at.gives(feed("cut")).short_by(10)),
        ("reset", |at| at.gives(feed("reset")).resets_after(20)),
        ("empty", |at| at.gives(" \n ")),
        ("a page", |at| at.gives(PAGE)),
        ("garbage", |at| at.gives([0_u8, 159, 146, 150])),
        ("no HTTP", |at| at.says("SSH-2.0-OpenSSH_9.9\r\n")),
        ("a loop", |at| at.redirects(302, "/a")),
    ];
    for (number, (name, fault)) in (1..).zip(faults) {
        fault(origin.at("/a"));
        proxy.advance(24 * 60);
        let answer = proxy.get("/feeds/a").await.has_status(200);
        assert_eq!(
            (&answer.body, answer.header("etag")),
            (&good.body, good.header("etag")),
            "{name}"
        );
        assert!(
            answer.header("cache-status").starts_with("limpid; fwd=stale"),
            "{name}"
        );
        proxy.failed("a", number).await;
    }

    origin.at("/a").gives(feed("better"));
    proxy.advance(24 * 60);
    proxy.get("/feeds/a").await.has_status(200).says("good");
    proxy.refreshed("a").await;
    proxy.get("/feeds/a").await.is_cache(&["hit"]).says("better");
}

#[tokio::test]
async fn a_failing_origin_is_named_and_left_in_peace_for_as_long_as_it_asks() {
    let origin = Origin::start().await;
    origin.at("/a").gives(feed("good"));
    let proxy = published(&origin).await;
    proxy.get("/feeds/a").await.has_status(200);

    origin.at("/a").status(503).with("retry-after", "7200");
    proxy.advance(16);
    proxy.get("/feeds/a").await.has_status(200);
    proxy.failed("a", 1).await;
    proxy.advance(100);
    let answer = proxy.get("/feeds/a").await.has_status(200);
    let answer = answer.is_cache(&["limpid", "fwd=stale", "fwd-status=503"]);
    assert!(
        answer.header("cache-control").contains("max-age=1"),
        "until the next attempt"
    );
    assert_eq!(origin.count("/a"), 2);
}

#[tokio::test]
async fn without_a_copy_the_failure_is_told_and_remembered_for_a_moment() {
    let origin = Origin::start().await;
    let proxy = published(&origin).await;
    origin.at("/a").status(500).gives("<b>secret of the origin</b>");

    for _ in 0..5 {
        let answer = proxy.get("/feeds/a").await.has_status(502).never_says("secret");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(
            answer
                .header("retry-after")
                .parse::<u64>()
                .is_ok_and(|seconds| seconds <= 60)
        );
    }
    assert_eq!(origin.count("/a"), 1);

    origin.at("/a").gives(feed("good"));
    proxy.advance(2);
    proxy.get("/feeds/a").await.has_status(200).says("good");
}

#[tokio::test]
async fn a_feed_that_lost_all_its_entries_is_not_believed_at_once() {
    let origin = Origin::start().await;
    origin.at("/a").gives(feed("full"));
    let proxy = published(&origin).await;
    proxy.get("/feeds/a").await.has_status(200);
    origin
        .at("/a")
        .gives("<rss version=\"2.0\"><channel><title>empty</title></channel></rss>");

    for _ in 0..2 {
        proxy.advance(16);
        proxy.get("/feeds/a").await.has_status(200);
        proxy.refreshed("a").await;
        proxy.get("/feeds/a").await.says("full");
    }
    proxy.advance(16);
    proxy.get("/feeds/a").await.has_status(200);
    proxy.refreshed("a").await;
    proxy.get("/feeds/a").await.says("empty");
}

#[tokio::test]
async fn readers_cannot_force_a_request_to_the_origin() {
    let origin = Origin::start().await;
    origin.at("/a").gives(feed("one"));
    let proxy = published(&origin).await;
    let only_stored = [("cache-control", "only-if-cached")];
    proxy
        .reader
        .get_with("/feeds/a", &only_stored)
        .await
        .has_status(504);
    assert_eq!(origin.count("/a"), 0);
    proxy.get("/feeds/a").await.has_status(200);
    let forces = [("cache-control", "no-cache, max-age=0"), ("pragma", "no-cache")];
    proxy
        .reader
        .get_with("/feeds/a", &forces)
        .await
        .has_status(200)
        .is_cache(&["hit"]);
    proxy
        .reader
        .get_with("/feeds/a", &only_stored)
        .await
        .has_status(200);
    assert_eq!(origin.count("/a"), 1);
}
