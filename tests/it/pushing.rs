//! WebSub: what hubs tell us, and what we tell those who subscribe to our feeds. The scripted origin is the feed's
//! server, its hub, and our subscriber.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use limpid::app::StoreKind;
use limpid::clock::Clock;
use url::form_urlencoded;

use crate::support::origin::{Asked, Origin};
use crate::support::proxy::{Builder, PUBLIC, Proxy, proxy};

fn feed(title: &str, links: &str) -> String {
    format!(
        "<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\"><channel><title>a</title>{links}\
         <item><guid>{title}</guid><title>{title}</title></item></channel></rss>"
    )
}

fn pushing(origin: &Origin) -> Builder {
    proxy().feed("a", &origin.url("/a")).with(|options| {
        options.websub.enabled = true;
        options.websub.retry_wait = Duration::ZERO;
        options.websub.allow_private.networks = vec!["127.0.0.0/8".parse().expect("network")];
    })
}

/// Waits for what happens behind an answer.
async fn comes<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look() {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(20), looking).await;
    found.unwrap_or_else(|_| panic!("{what} never came"))
}

fn posts(origin: &Origin, path: &str) -> Vec<Asked> {
    let asked = origin.asked().into_iter();
    asked
        .filter(|asked| asked.method == "POST" && asked.target == path)
        .collect()
}

fn form(body: &[u8]) -> HashMap<String, String> {
    form_urlencoded::parse(body).into_owned().collect()
}

fn query(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(body);
    let digits: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256={digits}")
}

/// The proxy asks, and what it was given is fresh again.
async fn refreshes(proxy: &Proxy, minutes: u64) {
    proxy.advance(minutes);
    proxy.get("/feeds/a").await.has_status(200);
    proxy.refreshed("a").await;
}

#[tokio::test]
async fn a_hub_is_asked_once_verified_once_and_its_pushes_only_bring_the_refresh_forward() {
    let origin = Origin::start().await;
    let links = format!(
        "<atom:link rel=\"hub\" href=\"{}\"/><atom:link rel=\"self\" href=\"https://a.example/feed\"/>",
        origin.url("/hub")
    );
    origin.at("/a").gives(feed("one", &links));
    origin.at("/hub").status(202);
    let proxy = pushing(&origin).start().await;
    proxy.get("/feeds/a").await.has_status(200).never_says("/hub\"");
    let asked = comes("the question", || posts(&origin, "/hub").pop()).await;
    let asked = form(&asked.body);
    assert_eq!(
        (asked["hub.mode"].as_str(), asked["hub.topic"].as_str()),
        ("subscribe", "https://a.example/feed")
    );
    assert_eq!(asked["hub.lease_seconds"], "864000");
    let callback = asked["hub.callback"]
        .strip_prefix(PUBLIC)
        .expect("below our address")
        .to_owned();
    let secret = asked["hub.secret"].clone();

    // Verification of intent: for what we asked, and once.
    let verify = |callback: &str, topic: &str| {
        let pairs = [
            ("hub.mode", "subscribe"),
            ("hub.topic", topic),
            ("hub.challenge", "prove it"),
            ("hub.lease_seconds", "864000"),
        ];
        let (reader, path) = (proxy.reader.clone(), format!("{callback}?{}", query(&pairs)));
        async move { reader.get(&path).await }
    };
    verify(&callback, "https://a.example/other").await.has_status(404);
    verify("/websub/a/guessed", "https://a.example/feed")
        .await
        .has_status(404);
    verify("/websub/unknown/x", "https://a.example/feed")
        .await
        .has_status(404);
    let verified = verify(&callback, "https://a.example/feed").await.has_status(200);
    assert_eq!(
        (verified.text().as_str(), verified.header("content-type")),
        ("prove it", "text/plain; charset=utf-8")
    );
    verify(&callback, "https://a.example/feed").await.has_status(404);

    // From the next look on the origin is asked seldom; readers come back as ever.
    refreshes(&proxy, 20).await;
    let looks = origin.count("/a");
    proxy.advance(5 * 60);
    let answer = proxy.get("/feeds/a").await.has_status(200).is_cache(&["hit"]);
    let max_age = answer
        .header("cache-control")
        .split(&['=', ','][..])
        .nth(2)
        .and_then(|s| s.parse().ok());
    assert!(
        max_age.is_some_and(|seconds: u64| (1..=3600).contains(&seconds)),
        "{:?}",
        answer.headers
    );
    assert_eq!(origin.count("/a"), looks);

    // A push is believed for its signature, and not for what it says.
    origin.at("/a").gives(feed("two", &links));
    let body = feed("forged", &links).into_bytes();
    let push = |signed: Option<String>| {
        let (reader, callback, body) = (proxy.reader.clone(), callback.clone(), body.clone());
        async move {
            let signed = signed.unwrap_or_default();
            let headers = [
                ("content-type", "application/rss+xml"),
                ("x-hub-signature", &*signed),
            ];
            reader.send(&callback, &headers, &body).await
        }
    };
    push(None).await.has_status(204);
    push(Some(signature("not the secret", &body)))
        .await
        .has_status(204);
    proxy
        .reader
        .send("/websub/a/guessed", &[], &body)
        .await
        .has_status(404);
    assert_eq!(origin.count("/a"), looks, "nothing of that was worth a question");
    push(Some(signature(&secret, &body))).await.has_status(204);
    comes("the refresh", || (origin.count("/a") == looks + 1).then_some(())).await;
    for _ in 0..20 {
        push(Some(signature(&secret, &body))).await.has_status(204);
    }
    let says_two = async {
        while !proxy
            .get("/feeds/a")
            .await
            .never_says("forged")
            .text()
            .contains("two")
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), says_two)
        .await
        .expect("the news");
    assert_eq!(
        origin.count("/a"),
        looks + 1,
        "replays bring nothing forward twice"
    );

    // A third of the lease before its end it is renewed, under the same secret.
    refreshes(&proxy, 7 * 24 * 60).await;
    let again = comes("the renewal", || posts(&origin, "/hub").into_iter().nth(1)).await;
    assert_eq!(
        (
            &form(&again.body)["hub.secret"],
            &form(&again.body)["hub.callback"]
        ),
        (&secret, &asked["hub.callback"])
    );
    // And when it lapses, the origin is asked as often as ever.
    proxy.advance(4 * 24 * 60);
    refreshes(&proxy, 1).await;
    let held = proxy.app.cache.held("a").await.expect("held");
    assert_eq!(held.origin.max_age, None);
}

#[tokio::test]
async fn a_hub_in_the_private_network_is_never_dialled() {
    let (origin, hub) = (Origin::start().await, Origin::start().await);
    let link = format!("<{}>; rel=\"hub\"", hub.url("/hub"));
    origin.at("/a").gives(feed("one", "")).with("link", &link);
    let proxy = pushing(&origin)
        .with(|options| options.websub.allow_private.networks.clear())
        .start()
        .await;
    for _ in 0..3 {
        refreshes(&proxy, 24 * 60).await;
    }
    assert_eq!(hub.connections(), 0);
}

/// Asks our hub as a reader does.
async fn subscribe(proxy: &Proxy, pairs: &[(&str, &str)]) -> crate::support::client::Answer {
    proxy.reader.post("/sub/websub", &query(pairs)).await
}

fn wishes<'a>(mode: &'a str, topic: &'a str, callback: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("hub.mode", mode),
        ("hub.topic", topic),
        ("hub.callback", callback),
    ]
}

async fn verified(origin: &Origin, path: &str, count: usize) -> Asked {
    let asked = || {
        let mut asked = origin.asked();
        asked.retain(|asked| asked.method == "GET" && asked.target.starts_with(path));
        asked.into_iter().nth(count - 1)
    };
    comes("the verification", asked).await
}

async fn has_subscribers(proxy: &Proxy, count: usize) {
    let websub = proxy.app.in_force().websub.clone().expect("on");
    let waiting = async {
        while websub.listeners("a").await.len() != count {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    waited.unwrap_or_else(|_| panic!("there are never {count} subscribers"));
}

#[tokio::test]
async fn who_subscribes_to_our_hub_and_means_it_is_told_of_changes_in_its_format() {
    let origin = Origin::start().await;
    origin.at("/a").gives(feed("one", ""));
    let proxy = pushing(&origin).start().await;
    let (hub, topic) = (format!("{PUBLIC}/websub"), format!("{PUBLIC}/feeds/a"));
    for path in ["/feeds/a", "/feeds/a.atom"] {
        let answer = proxy.get(path).await.has_status(200).says(&format!("\"{hub}\""));
        answer.says("rel=\"hub\"").says("rel=\"self\"");
    }
    proxy.get("/feeds/a.json").await.says("\"hubs\"").says(&hub);

    origin.at("/reader").repeats("hub.challenge");
    origin.at("/other").repeats("hub.challenge");
    origin.at("/victim").gives("what is this?");
    let (reader, other) = (
        origin.url("/reader?k=1").to_string(),
        origin.url("/other").to_string(),
    );
    let victim = origin.url("/victim").to_string();
    let mut wish = wishes("subscribe", &topic, &reader);
    wish.extend([
        ("hub.secret", "hush"),
        ("hub.lease_seconds", "999999999"),
        ("hub.verify", "sync"),
    ]);
    subscribe(&proxy, &wish).await.has_status(202);
    let asked = verified(&origin, "/reader", 1).await;
    let asked = form(asked.target.split_once('?').expect("a query").1.as_bytes());
    assert_eq!(
        (
            asked["k"].as_str(),
            asked["hub.mode"].as_str(),
            &asked["hub.topic"]
        ),
        ("1", "subscribe", &topic)
    );
    assert_eq!(
        asked["hub.lease_seconds"], "864000",
        "no longer than the owner grants"
    );
    let atom = format!("{topic}.atom");
    subscribe(&proxy, &wishes("subscribe", &atom, &other))
        .await
        .has_status(202);
    subscribe(&proxy, &wishes("subscribe", &topic, &victim))
        .await
        .has_status(202);
    verified(&origin, "/victim", 1).await;
    has_subscribers(&proxy, 2).await;
    for (mode, topic, status) in [
        ("subscribe", "https://elsewhere.example/feeds/a", 400),
        ("subscribe", &format!("{PUBLIC}/feeds/unknown"), 404),
        ("publish", &topic, 400),
    ] {
        subscribe(&proxy, &wishes(mode, topic, &reader))
            .await
            .has_status(status);
    }

    origin.at("/a").gives(feed("two", ""));
    refreshes(&proxy, 20).await;
    let told = comes("the news", || posts(&origin, "/reader?k=1").pop()).await;
    assert_eq!(
        told.header("content-type"),
        Some("application/rss+xml; charset=utf-8")
    );
    assert_eq!(
        told.header("link"),
        Some(format!("<{hub}>; rel=\"hub\", <{topic}>; rel=\"self\"").as_str())
    );
    assert_eq!(
        told.header("x-hub-signature"),
        Some(signature("hush", &told.body).as_str())
    );
    assert_eq!(
        told.body,
        proxy.get("/feeds/a").await.body,
        "the whole feed, as readers get it"
    );
    let told = comes("the news in Atom", || posts(&origin, "/other").pop()).await;
    assert_eq!(
        (told.header("x-hub-signature"), told.body.starts_with(b"<?xml")),
        (None, true)
    );
    assert!(
        String::from_utf8_lossy(&told.body).contains("<feed"),
        "in the format it subscribed to"
    );
    assert_eq!(
        posts(&origin, "/victim").len(),
        0,
        "who did not mean it hears nothing"
    );

    // Who ends it is asked too; then it is over.
    subscribe(&proxy, &wishes("unsubscribe", &topic, &reader))
        .await
        .has_status(202);
    verified(&origin, "/reader", 2).await;
    has_subscribers(&proxy, 1).await;
    origin.at("/a").gives(feed("three", ""));
    refreshes(&proxy, 20).await;
    comes("the news", || (posts(&origin, "/other").len() == 2).then_some(())).await;
    assert_eq!(posts(&origin, "/reader?k=1").len(), 1);
}

#[tokio::test]
async fn a_delivery_that_fails_is_tried_again_a_few_times_and_who_is_gone_is_forgotten() {
    let origin = Origin::start().await;
    origin.at("/a").gives(feed("0", ""));
    let proxy = pushing(&origin).start().await;
    proxy.get("/feeds/a").await.has_status(200);
    origin.at("/reader").repeats("hub.challenge");
    let (topic, reader) = (format!("{PUBLIC}/feeds/a"), origin.url("/reader").to_string());
    subscribe(&proxy, &wishes("subscribe", &topic, &reader))
        .await
        .has_status(202);
    has_subscribers(&proxy, 1).await;
    let mut told = 0;
    for (turn, (status, times)) in [
        (500, 4),
        (200, 1),
        (410, 1),
        (410, 1),
        (200, 1),
        (410, 1),
        (410, 1),
        (410, 1),
    ]
    .into_iter()
    .enumerate()
    {
        origin.at("/reader").status(status);
        origin.at("/a").gives(feed(&format!("turn {turn}"), ""));
        refreshes(&proxy, 20).await;
        told += times;
        comes("each delivery", || {
            (posts(&origin, "/reader").len() == told).then_some(())
        })
        .await;
    }
    // Once gone may be a mistake, and what came between counts; three times in a row is not.
    has_subscribers(&proxy, 0).await;
}

#[tokio::test]
async fn subscriptions_are_bounded_guarded_and_outlive_a_restart() {
    let (origin, clock) = (Origin::start().await, Clock::system());
    let folder = tempfile::tempdir().expect("folder");
    origin.at("/a").gives(feed("one", ""));
    let start = async |folder: &Path, most: usize, requests: u32| {
        let proxy = pushing(&origin)
            .stored(StoreKind::Disk(folder.to_owned()))
            .at(&clock);
        let limited = proxy.with(|options| {
            options.websub.subscribers = most;
            options.websub.requests = requests;
        });
        limited.start().await
    };
    let proxy = start(folder.path(), 1, 4).await;
    proxy.get("/feeds/a").await.has_status(200);
    for path in ["/one", "/two"] {
        origin.at(path).repeats("hub.challenge");
    }
    let topic = format!("{PUBLIC}/feeds/a");
    let (one, two) = (origin.url("/one").to_string(), origin.url("/two").to_string());
    subscribe(&proxy, &wishes("subscribe", &topic, &one))
        .await
        .has_status(202);
    has_subscribers(&proxy, 1).await;
    subscribe(&proxy, &wishes("subscribe", &topic, &two))
        .await
        .has_status(503);
    subscribe(&proxy, &wishes("subscribe", &topic, &one))
        .await
        .has_status(202);
    // Addresses that are not public are judged where they are dialled.
    subscribe(&proxy, &wishes("unsubscribe", &topic, "http://10.0.0.1/"))
        .await
        .has_status(202);
    let busy = subscribe(&proxy, &wishes("subscribe", &topic, &one))
        .await
        .has_status(429);
    assert!(!busy.header("retry-after").is_empty());
    let large = format!("hub.mode=subscribe&x={}", "y".repeat(9000));
    proxy.reader.post("/websub", &large).await.has_status(413);
    has_subscribers(&proxy, 1).await;
    proxy.ends().await;

    let proxy = start(folder.path(), 9, 9).await;
    origin.at("/a").gives(feed("two", ""));
    refreshes(&proxy, 20).await;
    comes("the news", || posts(&origin, "/one").pop()).await;
    // A lease that nobody renews lapses.
    proxy.advance(11 * 24 * 60);
    has_subscribers(&proxy, 0).await;
}

#[tokio::test]
async fn unless_it_is_wanted_there_is_no_hub_and_nobody_is_asked() {
    let origin = Origin::start().await;
    let link = format!("<{}>; rel=\"hub\"", origin.url("/hub"));
    origin.at("/a").gives(feed("one", "")).with("link", &link);
    let proxy = pushing(&origin)
        .with(|options| options.websub.enabled = false)
        .start()
        .await;
    proxy.get("/feeds/a").await.has_status(200).never_says("hub");
    subscribe(
        &proxy,
        &wishes("subscribe", &format!("{PUBLIC}/feeds/a"), "https://r.example/"),
    )
    .await
    .has_status(405);
    proxy.get("/websub/a/x?hub.mode=subscribe").await.has_status(404);
    proxy.get("/websub").await.has_status(404);
    assert_eq!(origin.count("/hub"), 0);
}
