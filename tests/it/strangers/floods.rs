//! Floods: each costs what it costs, and nobody else pays.

use std::time::Duration;

use limpid::app::Access;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{feed, published};
use crate::support::client::{Reader, connect};
use crate::support::origin::Origin;
use crate::support::proxy::{PUBLIC, Proxy, proxy};

/// The statuses of `count` requests said at once on one connection, in their order.
async fn pipelined(
    proxy: &Proxy,
    count: usize,
    lines: &str,
    target: impl Fn(usize) -> String,
) -> Vec<String> {
    let mut stream = connect(proxy.address).await;
    let all: String = (0..count)
        .map(|n| {
            let last = if n + 1 == count {
                "connection: close\r\n"
            } else {
                ""
            };
            format!("GET {} HTTP/1.1\r\nhost: a\r\n{lines}{last}\r\n", target(n))
        })
        .collect();
    let (mut from, mut to) = stream.split();
    let mut answers = Vec::new();
    let (said, read) = tokio::join!(to.write_all(all.as_bytes()), from.read_to_end(&mut answers));
    said.and(read).expect("answered");
    let text = String::from_utf8_lossy(&answers).into_owned();
    let heads = text.split("HTTP/1.1 ").skip(1);
    heads.map(|head| head.chars().take(3).collect()).collect()
}

/// A number among the metrics.
async fn metric(proxy: &Proxy, name: &str) -> String {
    let text = Reader::of(proxy.owner)
        .get("/metrics")
        .await
        .has_status(200)
        .text();
    let line = text.lines().find(|line| line.starts_with(name)).expect(name);
    line.to_owned()
}

#[tokio::test]
async fn requests_said_at_once_are_answered_in_their_order() {
    let (_origin, proxy) = published().await;
    let targets = ["/healthz", "/nothing", "/feeds/a", "/clean/x/y"];
    let statuses = pipelined(&proxy, 400, "", |n| targets[n % 4].to_owned()).await;
    let expected = ["200", "404", "200", "403"].repeat(100);
    assert_eq!(statuses, expected);
}

#[tokio::test]
async fn however_many_conditional_requests_come_each_is_answered_with_304() {
    let (origin, proxy) = published().await;
    let etag = proxy.get("/feeds/a").await.header("etag").to_owned();
    let lines = format!("if-none-match: {etag}\r\n");
    let statuses = pipelined(&proxy, 3_000, &lines, |_| "/feeds/a".to_owned()).await;
    assert_eq!(statuses, ["304"].repeat(3_000));
    assert_eq!(origin.count("/a"), 1);
}

#[tokio::test]
async fn made_up_names_and_queries_take_no_memory_and_ask_no_origin() {
    let (origin, proxy) = published().await;
    let before = metric(&proxy, "limpid_cache_bytes{cache=\"feed\"}").await;
    let unknown = pipelined(&proxy, 500, "", |n| format!("/feeds/made-up-{n}")).await;
    assert_eq!(unknown, ["404"].repeat(500));
    let queries = pipelined(
        &proxy,
        500,
        "cache-control: no-cache\r\npragma: no-cache\r\n",
        |n| format!("/feeds/a?cachebuster={n}&url=http://127.0.0.1/"),
    )
    .await;
    assert_eq!(queries, ["200"].repeat(500));
    assert_eq!(metric(&proxy, "limpid_cache_bytes{cache=\"feed\"}").await, before);
    assert_eq!(origin.count("/a"), 1);
}

#[tokio::test]
async fn open_addresses_in_numbers_end_at_the_guard() {
    let origin = Origin::start().await;
    let proxy = proxy().with(|options| options.adhoc = Access::Open).start().await;
    let port = origin.address().port();
    let statuses = pipelined(&proxy, 300, "", |n| {
        format!("/clean?url=http://127.0.0.1:{port}/{n}")
    })
    .await;
    assert_eq!(statuses, ["403"].repeat(300));
    assert_eq!(origin.connections(), 0);
}

#[tokio::test]
async fn a_signature_cannot_be_guessed_or_spelt_in_another_way() {
    let origin = Origin::start().await;
    origin.at("/a").gives(feed(1));
    let proxy = proxy().start().await;
    let signed = proxy.app.in_force().signer.feed(&origin.url("/a"));
    let signed = signed.strip_prefix(PUBLIC).expect("ours");
    let (front, tail) = signed.rsplit_once('/').expect("a tail");
    let (front, signature) = front.rsplit_once('/').expect("a signature");
    let mut guesses = Vec::new();
    for at in 0..signature.len() {
        for other in ['A', 'B', '_', '=', '.', '+'] {
            let mut guess: Vec<char> = signature.chars().collect();
            if std::mem::replace(&mut guess[at], other) != other {
                guesses.push(guess.into_iter().collect::<String>());
            }
        }
        guesses.push(signature[..at].to_owned());
    }
    guesses.extend([
        signature.to_uppercase(),
        format!("{signature}="),
        format!("{signature}A"),
        format!("%6b{}", &signature[1..]),
        signature.repeat(2),
    ]);
    let mut targets: Vec<String> = guesses
        .iter()
        .map(|guess| format!("{front}/{guess}/{tail}"))
        .collect();
    // The right signature for other addresses.
    for at in 0..tail.len() {
        targets.push(format!("{front}/{signature}/{}", &tail[..at]));
        targets.push(format!("{front}/{signature}/{tail}{}", &tail[..at]));
    }
    let statuses = pipelined(&proxy, targets.len(), "", |n| targets[n].clone()).await;
    // What is empty is the address of nothing, or the very one.
    let right = targets.iter().filter(|target| *target == signed).count();
    assert_eq!(statuses.iter().filter(|status| *status == "200").count(), right);
    assert!(
        statuses
            .iter()
            .all(|status| ["200", "403", "404"].contains(&status.as_str()))
    );
    assert_eq!(origin.connections(), right.min(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_at_a_feed_that_cannot_be_had_slows_no_other_feed() {
    let stuck = Origin::start().await;
    let held = stuck.at("/a").gives(feed(1)).held();
    for n in 0..20 {
        stuck.at(&format!("/a{n}")).gives(feed(1)).held();
    }
    let well = Origin::start_at("127.0.0.2".parse().expect("ip")).await;
    well.at("/b").gives(feed(1));
    well.at("/c").gives(feed(1));
    let build = (0..20).fold(proxy(), |build, n| {
        build.feed(&format!("a{n}"), &stuck.url(&format!("/a{n}")))
    });
    let proxy = build
        .feed("a", &stuck.url("/a"))
        .feed("b", &well.url("/b"))
        .feed("c", &well.url("/c"))
        .start()
        .await;
    proxy.get("/feeds/b").await.has_status(200);
    let crowd: Vec<_> = (0..200)
        .map(|n| {
            let reader = proxy.reader.clone();
            let path = if n % 2 == 0 {
                "/feeds/a".to_owned()
            } else {
                format!("/feeds/a{}", n % 20)
            };
            tokio::spawn(async move { reader.get(&path).await })
        })
        .collect();
    held.arrived().await;
    let others = async {
        for _ in 0..50 {
            proxy.get("/feeds/b").await.has_status(200).is_cache(&["hit"]);
        }
        // One that is not there yet, too.
        proxy.get("/feeds/c").await.has_status(200);
    };
    tokio::time::timeout(Duration::from_secs(10), others)
        .await
        .expect("the others are served");
    for reading in crowd {
        reading.abort();
    }
}

#[tokio::test]
async fn long_lists_in_headers_are_read_as_far_as_they_help() {
    let (_origin, proxy) = published().await;
    let etag = proxy.get("/feeds/a").await.header("etag").to_owned();
    let ranges = (0..1_000)
        .map(|n| format!("{n}-{n}"))
        .collect::<Vec<_>>()
        .join(",");
    for (name, value, expected) in [
        ("if-none-match", format!("{}{etag}", "\"x\", ".repeat(20)), 304),
        ("if-none-match", format!("{}{etag}", "\"x\", ".repeat(2_000)), 200),
        ("if-none-match", "\"".repeat(9_000), 200),
        (
            "if-modified-since",
            "Sun, 06 Nov 9994 08:49:37 GMT".repeat(99),
            200,
        ),
        ("accept-encoding", "gzip;q=0.001, ".repeat(600), 200),
        (
            "accept-encoding",
            "br;q=NaN, zstd;q=-1, gzip;q=1e999, *;q=".to_owned(),
            200,
        ),
        ("range", format!("bytes={ranges}"), 200),
        ("accept", "*/*, ".repeat(2_000), 200),
    ] {
        let answer = proxy.reader.get_with("/feeds/a", &[(name, &value)]).await;
        assert_eq!(answer.status, expected, "{name}: {value:.60}");
    }
}
