//! What origins do wrong, in one table: the reader of a feed that once worked keeps getting its last good bytes,
//! a first reader is told in one plain sentence, and the origin is asked again when it should be.
//!
//! Not here: entries that vanish, hang-ups and herds (`caching`), certificates, guarded addresses and ceilings
//! one by one (`fetching`), hosts in trouble and moved feeds (`background`), broken markup (`cleaning`).

use std::io::Write as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use limpid::fetch::connect::Resolver;
use limpid::sign::{Key, KeyRing};

use crate::support::origin::{At, Origin};
use crate::support::proxy::{PUBLIC, Proxy, proxy};

const MINUTE: u64 = 60_000;
const SECRET: &str = "secret of the origin";
const PAGE: &str =
    "<!doctype html><html><head><title>secret of the origin</title></head><body>Log in</body></html>";

fn feed(items: &str) -> String {
    format!(
        "<rss version=\"2.0\"><channel><title>a</title><link>https://a.example/</link><description/>{items}</channel></rss>"
    )
}

fn item(text: &str) -> String {
    format!("<item><guid>{text}</guid><title>{text}</title><description>{text}</description></item>")
}

fn good() -> String {
    feed(&item("good"))
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).expect("written");
    encoder.finish().expect("finished")
}

/// A fault, what a first reader gets, and after how many minutes the origin is asked again (from, to).
struct Fault {
    name: &'static str,
    script: fn(At<'_>),
    first: u16,
    again: (u64, u64),
}

/// About a minute: the first step of the backoff.
const SOON: (u64, u64) = (0, 2);

fn fault(name: &'static str, first: u16, again: (u64, u64), script: fn(At<'_>)) -> Fault {
    Fault {
        name,
        script,
        first,
        again,
    }
}

fn faults() -> Vec<Fault> {
    vec![
        fault("4 no head", 504, SOON, |at| drop(at.says_nothing())),
        fault("5 a body that stalls", 504, SOON, |at| {
            drop(at.gives(good()).stalls_after(40));
        }),
        fault("6 an endless body", 502, SOON, |at| {
            drop(at.gives("<rss>".repeat(100)).endlessly());
        }),
        fault("7 a bomb", 502, SOON, |at| {
            drop(
                at.gives(gzip(&vec![b' '; 4 << 20]))
                    .with("content-encoding", "gzip"),
            );
        }),
        fault("7 two codings", 502, SOON, |at| {
            drop(
                at.gives(gzip(&gzip(good().as_bytes())))
                    .with("content-encoding", "gzip, gzip"),
            );
        }),
        fault("8 cut gzip", 502, SOON, |at| {
            let whole = gzip(good().as_bytes());
            drop(
                at.gives(&whole[..whole.len() / 2])
                    .with("content-encoding", "gzip"),
            );
        }),
        fault("8 a short body", 502, SOON, |at| {
            drop(at.gives(good()).short_by(9));
        }),
        fault("8 a reset", 502, SOON, |at| {
            drop(at.gives(good()).resets_after(30));
        }),
        fault("9 two lengths", 502, SOON, |at| {
            drop(at.says("HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n5\r\n<rss>\r\n0\r\n\r\n"));
        }),
        fault("10 a redirect in a circle", 502, SOON, |at| {
            drop(at.redirects(302, "?"));
        }),
        fault("11 a redirect into the private network", 403, SOON, |at| {
            drop(at.redirects(302, "http://10.0.0.1/secret"));
        }),
        fault("11 a redirect to a file", 502, SOON, |at| {
            drop(at.redirects(302, "file:///etc/passwd"));
        }),
        fault("15 304 to an unconditional request", 502, SOON, |at| {
            drop(at.status(304));
        }),
        fault("18 a page", 502, SOON, |at| drop(at.gives(PAGE))),
        fault("18 JSON that is no feed", 502, SOON, |at| {
            drop(at.gives("{\"error\": \"secret of the origin\"}"));
        }),
        fault("20 nothing", 502, SOON, |at| drop(at.gives(""))),
        fault("20 white space", 502, SOON, |at| drop(at.gives(" \r\n\t"))),
        fault("22 429 for two hours", 502, (119, 120), |at| {
            drop(at.status(429).gives(SECRET).with("retry-after", "7200"));
        }),
        fault("22 503 until a date", 502, (58, 60), |at| {
            let date = "Sun, 06 Nov 1994 08:00:00 GMT";
            let until = "Sun, 06 Nov 1994 09:00:00 GMT";
            drop(
                at.status(503)
                    .gives(SECRET)
                    .with("date", date)
                    .with("retry-after", until),
            );
        }),
        fault("22 503 for a hundred years", 502, (24 * 60 - 2, 24 * 60), |at| {
            drop(at.status(503).with("retry-after", "3155760000"));
        }),
        fault("22 429 for no time", 502, SOON, |at| {
            drop(at.status(429).with("retry-after", "0"));
        }),
        fault("23 401", 502, SOON, |at| drop(at.status(401).gives(PAGE))),
        fault("23 403", 502, SOON, |at| drop(at.status(403).gives(PAGE))),
        fault("24 404", 502, SOON, |at| drop(at.status(404).gives(PAGE))),
        fault("25 410", 502, SOON, |at| drop(at.status(410).gives(PAGE))),
        fault("26 500", 502, SOON, |at| drop(at.status(500).gives(SECRET))),
        fault("27 206", 502, SOON, |at| drop(at.status(206).gives(good()))),
        fault("27 204", 502, SOON, |at| drop(at.status(204))),
        fault("27 a redirect to nowhere", 502, SOON, |at| drop(at.status(301))),
        fault("27 an unknown status", 502, SOON, |at| {
            drop(at.status(799).gives(good()));
        }),
        fault("27 no HTTP", 502, SOON, |at| {
            drop(at.says("SSH-2.0-OpenSSH_9.9\r\n"));
        }),
        fault("28 a head too large", 502, SOON, |at| {
            drop(at.gives(good()).with("x-large", &"y".repeat(90_000)));
        }),
        fault("28 a head with NUL", 502, SOON, |at| {
            drop(at.says("HTTP/1.1 200 OK\r\nx: \0\r\ncontent-length: 0\r\n\r\n"));
        }),
    ]
}

/// Where names lead, changed by a test.
static LEADS: AtomicUsize = AtomicUsize::new(0);

fn impatient(origin: &Origin, names: &[String]) -> crate::support::proxy::Builder {
    let build = names.iter().fold(proxy(), |build, name| {
        build.feed(name, &origin.url(&format!("/{name}")))
    });
    build.with(|options| {
        options.fetch.timeout = Duration::from_millis(2500);
        options.fetch.connect_timeout = Duration::from_millis(300);
        options.fetch.idle_timeout = Duration::from_millis(700);
        options.fetch.max_body = 256 << 10;
        options.fetch.total = 64;
        options.fetch.per_host = 64;
        for endpoint in &mut options.endpoints {
            endpoint.transform.limits.decoded = 1 << 20;
        }
    })
}

async fn waits(proxy: &Proxy, name: &str) -> u64 {
    let held = proxy.app.cache.held(name).await.expect("held");
    let retry_at = held.failing.as_ref().expect("failing").retry_at;
    retry_at.saturating_sub(proxy.clock.millis()) / MINUTE
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_an_origin_does_the_last_good_bytes_are_served_and_it_is_asked_again_in_time() {
    let (origin, faults) = (Origin::start().await, faults());
    let names: Vec<String> = (0..faults.len())
        .flat_map(|n| [format!("kept{n}"), format!("new{n}")])
        .collect();
    let proxy = impatient(&origin, &names).start().await;
    let mut before = Vec::new();
    for n in 0..faults.len() {
        origin.at(&format!("/kept{n}")).gives(good());
        before.push(proxy.get(&format!("/feeds/kept{n}")).await.has_status(200));
    }
    proxy.advance(20);
    for (n, fault) in faults.iter().enumerate() {
        let (kept, new) = (format!("kept{n}"), format!("new{n}"));
        (fault.script)(origin.at(&format!("/{kept}")));
        (fault.script)(origin.at(&format!("/{new}")));

        let path = format!("/feeds/{kept}");
        let answer = proxy.get(&path).await.has_status(200).says("good");
        assert_eq!(
            answer.headers.get("last-modified"),
            before[n].headers.get("last-modified"),
            "{}",
            fault.name
        );
        let failed = tokio::time::timeout(Duration::from_secs(20), proxy.failed(&kept, 1)).await;
        assert!(failed.is_ok(), "{}: it was taken for a feed", fault.name);
        let after = proxy.get(&path).await.has_status(200).says("good");
        assert_eq!(
            (&after.body, after.headers.get("etag")),
            (&answer.body, answer.headers.get("etag")),
            "{}",
            fault.name
        );
        assert!(
            after.header("cache-status").starts_with("limpid; fwd=stale; "),
            "{}",
            fault.name
        );
        let (from, to) = fault.again;
        let waits = waits(&proxy, &kept).await;
        assert!(
            (from..=to).contains(&waits),
            "{}: asked again in {waits} minutes",
            fault.name
        );

        let first = proxy.get(&format!("/feeds/{new}")).await;
        assert_eq!(first.status, fault.first, "{}: {}", fault.name, first.text());
        assert_eq!(
            first.header("content-type"),
            "application/problem+json",
            "{}",
            fault.name
        );
        first.never_says(SECRET);
    }
    // And when they come back to their senses, so do the feeds.
    for n in 0..faults.len() {
        origin.at(&format!("/kept{n}")).gives(feed(&item("better")));
    }
    proxy.advance(25 * 60);
    for n in 0..faults.len() {
        let path = format!("/feeds/kept{n}");
        proxy.get(&path).await.has_status(200);
        proxy.refreshed(&format!("kept{n}")).await;
        proxy
            .get(&path)
            .await
            .has_status(200)
            .says("better")
            .is_cache(&["hit"]);
    }
}

#[tokio::test]
async fn a_name_that_leads_nowhere_or_to_a_closed_or_private_address_costs_no_reader_anything() {
    let origin = Origin::start().await;
    // Else the connection would be used again, and no name looked up.
    origin.at("/a").gives(good()).with("connection", "close");
    let url = origin.url_as("feeds.example", "/a");
    let proxy = proxy()
        .feed("a", &url)
        .with(|options| {
            options.fetch.resolver = Resolver::Custom(Arc::new(|_| {
                let address: IpAddr = match LEADS.load(Ordering::SeqCst) {
                    0 => "127.0.0.1",
                    1 => return Err(std::io::ErrorKind::NotFound.into()),
                    2 => "127.0.0.3",
                    _ => "10.0.0.1",
                }
                .parse()
                .expect("address");
                Ok(vec![address])
            }));
        })
        .start()
        .await;
    proxy.get("/feeds/a").await.has_status(200);
    for (count, leads) in (1..).zip([1, 2, 3]) {
        LEADS.store(leads, Ordering::SeqCst);
        proxy.advance(24 * 60);
        proxy.get("/feeds/a").await.has_status(200).says("good");
        proxy.failed("a", count).await;
    }
    LEADS.store(0, Ordering::SeqCst);
    origin.at("/a").gives(feed(&item("better")));
    proxy.advance(24 * 60);
    proxy.get("/feeds/a").await.has_status(200);
    proxy.refreshed("a").await;
    proxy.get("/feeds/a").await.says("better");
}

/// What looks like a fault and is a feed all the same: what has to be in the answer, and what must not.
#[tokio::test]
async fn what_can_be_repaired_is_served() {
    type Case = (&'static str, fn(At<'_>), &'static str, &'static str);
    let cases: [Case; 12] = [
        (
            "19 a wrong type",
            |at| drop(at.gives(good()).with("content-type", "text/html")),
            "good",
            "\0",
        ),
        (
            "29 headers of the origin's",
            |at| drop(at.gives(good()).with("set-cookie", "a=b").with("refresh", "0")),
            "good",
            "\0",
        ),
        (
            "30 never to be cached",
            |at| drop(at.gives(good()).with("cache-control", "no-store, max-age=x")),
            "good",
            "\0",
        ),
        (
            "31 dates from nowhere",
            |at| {
                drop(
                    at.gives(feed(&format!(
                        "<pubDate>the 40th of May</pubDate>{}",
                        item("good")
                    )))
                    .with("last-modified", "tomorrow")
                    .with("date", "?"),
                );
            },
            "good",
            "\0",
        ),
        (
            "33 a bare & and a missing end",
            |at| {
                drop(at.gives(
                    "<rss version=\"2.0\"><channel><title>a & b</title><item><guid>1</guid><title>good",
                ));
            },
            "a &amp; b",
            "a & b",
        ),
        (
            "34 entities that grow",
            |at| {
                drop(at.gives(format!("<!DOCTYPE r [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY c SYSTEM \"file:///etc/passwd\">]>{}", feed(&item("good &b; &c;")))));
            },
            "good",
            "root:",
        ),
        (
            "35 elements nested without end",
            |at| {
                drop(at.gives(feed(&format!(
                    "{}<item><title>deep</title>{}",
                    item("good"),
                    "<a:x>".repeat(3_000)
                ))));
            },
            "good",
            "\0",
        ),
        (
            "36 markup nested without end",
            |at| drop(at.gives(feed(&item(&format!("good {}", "&lt;i x=1&gt;".repeat(3_000)))))),
            "good",
            "\0",
        ),
        (
            "38 NUL and illegal characters",
            |at| drop(at.gives(feed(&item("good\0\u{8}\u{fffe}&#8;")))),
            "good",
            "\u{8}",
        ),
        (
            "38 a wrong charset",
            |at| {
                drop(
                    at.gives(
                        feed(&item("good caf\u{e9}"))
                            .chars()
                            .map(|c| c as u8)
                            .collect::<Vec<u8>>(),
                    ),
                );
            },
            "caf\u{e9}",
            "\u{fffd}",
        ),
        (
            "40 a namespace with markup",
            |at| {
                drop(at.gives("<rss version=\"2.0\" xmlns:x='http://x.example/\"&gt;&lt;script&gt;'><channel><title>good</title><x:y>1</x:y></channel></rss>"));
            },
            "good",
            "<script",
        ),
        (
            "41 links that run",
            |at| {
                drop(at.gives(feed("<item><guid isPermaLink=\"false\">1</guid><title>good</title><link>javascript:alert(1)</link></item>")));
            },
            "good",
            "javascript:",
        ),
    ];
    let origin = Origin::start().await;
    let names: Vec<String> = (0..cases.len()).map(|n| format!("f{n}")).collect();
    let proxy = impatient(&origin, &names).start().await;
    for (n, (name, script, says, never)) in cases.into_iter().enumerate() {
        script(origin.at(&format!("/f{n}")));
        let answer = proxy.get(&format!("/feeds/f{n}")).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        assert!(answer.text().contains(says), "{name}: {}", answer.text());
        assert!(!answer.text().contains(never), "{name}: {}", answer.text());
        for header in ["set-cookie", "refresh"] {
            assert_eq!(answer.header(header), "", "{name}");
        }
        let max_age = answer.header("cache-control").to_owned();
        assert!(
            max_age.starts_with("public, max-age=9") || max_age.starts_with("public, max-age=8"),
            "{name}: {max_age}"
        );
    }
}

#[tokio::test]
async fn a_304_in_spite_of_news_deceives_for_a_day_at_most() {
    let origin = Origin::start().await;
    origin.at("/a").gives(good()).conditional("\"always the same\"");
    let proxy = proxy().feed("a", &origin.url("/a")).start().await;
    proxy.get("/feeds/a").await.has_status(200);
    origin
        .at("/a")
        .gives(feed(&item("news")))
        .conditional("\"always the same\"");
    proxy.advance(20);
    proxy.get("/feeds/a").await.has_status(200);
    proxy.refreshed("a").await;
    proxy.get("/feeds/a").await.says("good");
    proxy.advance(24 * 60);
    proxy.get("/feeds/a").await.has_status(200);
    proxy.refreshed("a").await;
    proxy.get("/feeds/a").await.says("news");
    assert_eq!(origin.last("/a").expect("asked").header("if-none-match"), None);
}

#[tokio::test]
async fn an_etag_that_rotates_over_equal_bytes_changes_nothing_for_readers() {
    let origin = Origin::start().await;
    let proxy = proxy().feed("a", &origin.url("/a")).start().await;
    let mut seen = std::collections::HashSet::new();
    for n in 0..4 {
        origin.at("/a").gives(good()).with("etag", &format!("\"{n}\""));
        proxy.get("/feeds/a").await.has_status(200);
        proxy.refreshed("a").await;
        let answer = proxy.get("/feeds/a").await;
        seen.insert((
            answer.header("etag").to_owned(),
            answer.header("last-modified").to_owned(),
        ));
        assert!(
            n == 0
                || origin.last("/a").expect("asked").header("if-none-match")
                    == Some(&format!("\"{}\"", n - 1))
        );
        proxy.advance(20);
    }
    assert_eq!(seen.len(), 1);
}

#[tokio::test]
async fn a_feed_is_gone_only_after_days_of_410_and_is_then_asked_once_a_day() {
    let origin = Origin::start().await;
    origin.at("/a").gives(good());
    let proxy = proxy().feed("a", &origin.url("/a")).start().await;
    proxy.get("/feeds/a").await.has_status(200);
    origin.at("/a").status(410);
    for hour in 0..(24 * 4) {
        proxy.advance(61);
        proxy.get("/feeds/a").await.has_status(200).says("good");
        if hour == 0 {
            proxy.failed("a", 1).await;
        }
        let held = proxy.app.cache.held("a").await.expect("held");
        let failing = held.failing.as_ref().expect("failing");
        assert!(!failing.is_gone() || hour >= 71, "after {hour} hours");
        tokio::time::timeout(Duration::from_secs(5), async {
            // The refresh behind this answer, if one was due.
            while proxy.app.cache.is_refreshing() {
                tokio::task::yield_now().await;
            }
        })
        .await
        .expect("it ends");
    }
    let asked = origin.count("/a");
    for _ in 0..48 {
        proxy.advance(60);
        proxy.get("/feeds/a").await.has_status(200);
        while proxy.app.cache.is_refreshing() {
            tokio::task::yield_now().await;
        }
    }
    assert!(
        (1..=3).contains(&(origin.count("/a") - asked)),
        "{}",
        origin.count("/a") - asked
    );
    origin.at("/a").gives(feed(&item("back")));
    proxy.advance(25 * 60);
    proxy.get("/feeds/a").await.has_status(200);
    proxy.refreshed("a").await;
    proxy.get("/feeds/a").await.says("back");
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_a_year_breaks_nothing() {
    let origin = Origin::start().await;
    origin.at("/a").gives(good());
    let proxy = proxy().feed("a", &origin.url("/a")).start().await;
    proxy.get("/feeds/a").await.has_status(200);
    proxy.advance(366 * 24 * 60);
    proxy.get("/feeds/a").await.has_status(200).says("good");
    assert_eq!(origin.count("/a"), 2);
}

/// 43: straight to ourselves, by a name we do not know for ours, and through another server like us.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_that_leads_back_to_us_is_refused_at_once_and_costs_no_copy() {
    let origin = Origin::start().await;
    let ours = format!("{PUBLIC}/feeds/straight").parse().expect("url");
    let asks = |name: &str| proxy().feed(name, &origin.url(&format!("/{name}")));
    let us = asks("hidden")
        .feed("straight", &ours)
        .feed("chain", &origin.url("/chain"));
    let us = us.feed("once-well", &origin.url("/once-well")).start().await;
    let other = asks("back").with(|options| {
        let secret = [8; 32];
        options.keys = Arc::new(
            KeyRing::new(vec![Key {
                id: 'o',
                secret,
                created: 0,
            }])
            .expect("keys"),
        );
    });
    let other = other.start().await;
    let leads = |from: &str, to: &Proxy, name: &str| {
        drop(
            origin
                .at(from)
                .redirects(302, &format!("http://{}/feeds/{name}", to.address)),
        );
    };
    origin.at("/once-well").gives(good());
    us.get("/feeds/once-well").await.has_status(200);
    leads("/hidden", &us, "hidden");
    leads("/chain", &other, "back");
    leads("/back", &us, "chain");
    leads("/once-well", &other, "back");

    for name in ["straight", "hidden", "chain"] {
        let answer = tokio::time::timeout(Duration::from_secs(5), us.get(&format!("/feeds/{name}"))).await;
        let answer = answer
            .unwrap_or_else(|_| panic!("{name} waits for itself"))
            .has_status(508);
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{name}"
        );
        answer.says("in a circle");
    }
    us.advance(20);
    us.get("/feeds/once-well").await.has_status(200).says("good");
    us.failed("once-well", 1).await;
    let kept = us.get("/feeds/once-well").await.has_status(200).says("good");
    kept.is_cache(&["fwd=stale", "detail=loop"]);

    // A proxy between us that says no more than `Via` is enough; strangers' names mean nothing.
    let asked = origin.last("/chain").expect("asked");
    let name = asked.header("cdn-loop").expect("our name").to_owned();
    let via = |value: String| {
        let reader = us.reader.clone();
        async move { reader.get_with("/feeds/once-well", &[("via", &value)]).await }
    };
    via(format!("1.1 cache.example, 1.1 {name}"))
        .await
        .has_status(508);
    via("1.1 cache.example".to_owned()).await.has_status(200);
    let asked = origin
        .last("/back")
        .expect("asked")
        .header("cdn-loop")
        .map(str::to_owned);
    assert!(
        asked.is_some_and(|names| names.starts_with(&format!("{name}, limpid-o"))),
        "the chain is passed on"
    );
}

/// 44: it cannot be told from a new beginning, so it is served; the owner hears of it once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_that_became_another_one_at_once_is_served_and_its_owner_is_told() {
    let origin = Origin::start().await;
    let titled = |title: &str, items: &[&str]| {
        let items: String = items.iter().map(|text| item(text)).collect();
        feed(&items).replacen("<title>a</title>", &format!("<title>{title}</title>"), 1)
    };
    let start = proxy().feed("a", &origin.url("/a")).start().await;
    let turn = async |body: String| {
        origin.at("/a").gives(body);
        start.advance(20);
        start.get("/feeds/a").await.has_status(200);
        start.refreshed("a").await;
        start.get("/feeds/a").await
    };
    turn(titled("The gardener", &["roses", "tulips"]))
        .await
        .says("roses");
    turn(titled("The gardener", &["pears", "plums"]))
        .await
        .says("pears");
    turn(titled("The new gardener", &["plums", "apples"]))
        .await
        .says("apples");
    start
        .get("/feeds/_status")
        .await
        .has_status(200)
        .never_says("another feed");

    turn(titled("Casino", &["win", "luck"])).await.says("luck");
    let told = start
        .get("/feeds/_status")
        .await
        .has_status(200)
        .says("a has become another feed");
    turn(titled("Casino 2", &["loans", "pills"])).await.says("pills");
    let again = start.get("/feeds/_status").await.has_status(200);
    assert_eq!(again.body, told.body, "once is enough");
    let page = limpid_page(&start, "/feeds/a").await;
    page.says("Is it still the same feed?");
}

async fn limpid_page(proxy: &Proxy, path: &str) -> crate::support::client::Answer {
    crate::support::client::Reader::of(proxy.owner)
        .get(path)
        .await
        .has_status(200)
}
