//! Feeds kept fresh before anyone asks: adaptive, spread, polite, and where they were after a restart.

use std::sync::Arc;
use std::time::Duration;

use limpid::app::StoreKind;
use limpid::clock::Clock;

use crate::support::origin::Origin;
use crate::support::proxy::{Builder, Proxy, proxy};

const HOUR: u64 = 60;

fn feed(title: &str) -> String {
    format!(
        "<rss version=\"2.0\"><channel><title>a</title><link>https://a.example/</link><description/>\
         <item><guid>{title}</guid><title>{title}</title></item></channel></rss>"
    )
}

fn kept_fresh(origin: &Origin, names: &[&str], pause_after: Duration) -> Builder {
    names.iter().fold(proxy(), |proxy, name| {
        let url = origin.url(&format!("/{name}"));
        proxy.publishes(name, vec![limpid::endpoint::Origin::Http(url)], |endpoint| {
            endpoint.background = Some(pause_after);
        })
    })
}

/// Runs the background work for as long as it has something to do at this moment.
struct Background(tokio::task::JoinHandle<()>);

impl Background {
    fn of(proxy: &Proxy) -> Self {
        let app = Arc::clone(&proxy.app);
        Self(tokio::spawn(async move { app.keep_fresh().await }))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Lets `minutes` pass, one after another, and each time all that is due be done.
async fn pass(proxy: &Proxy, minutes: u64) {
    settle(proxy).await;
    for _ in 0..minutes {
        proxy.advance(1);
        proxy.app.wake();
        settle(proxy).await;
    }
}

async fn settle(proxy: &Proxy) {
    while !proxy.app.is_at_rest() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_configured_feed_is_there_before_its_first_reader_and_stays_fresh() {
    let origin = Origin::start().await;
    origin.at("/a").gives(feed("one"));
    let proxy = kept_fresh(&origin, &["a"], Duration::ZERO).start().await;
    let _background = Background::of(&proxy);
    proxy.refreshed("a").await;
    proxy.get("/feeds/a").await.has_status(200).is_cache(&["hit"]);
    for title in ["two", "three", "four"] {
        origin.at("/a").gives(feed(title));
        pass(&proxy, 18).await;
        proxy.get("/feeds/a").await.has_status(200).says(title);
    }
}

#[tokio::test]
async fn a_quiet_feed_is_asked_ever_more_seldom_and_a_day_without_news_costs_few_requests() {
    let origin = Origin::start().await;
    origin.at("/a").gives(feed("one")).conditional("\"1\"");
    let proxy = kept_fresh(&origin, &["a"], Duration::ZERO).start().await;
    let _background = Background::of(&proxy);
    proxy.refreshed("a").await;
    pass(&proxy, 24 * HOUR).await;
    let first_day = origin.count("/a");
    pass(&proxy, 24 * HOUR).await;
    let second_day = origin.count("/a") - first_day;
    assert!((18..=30).contains(&first_day), "{first_day}");
    assert!((4..=8).contains(&second_day), "{second_day}");
}

#[tokio::test]
async fn a_feed_that_nobody_reads_sleeps_until_somebody_does() {
    let origin = Origin::start().await;
    origin.at("/a").gives(feed("one"));
    let day = Duration::from_hours(24);
    let proxy = kept_fresh(&origin, &["a"], day).start().await;
    let _background = Background::of(&proxy);
    proxy.refreshed("a").await;
    pass(&proxy, 25 * HOUR).await;
    let asked = origin.count("/a");
    pass(&proxy, 10 * HOUR).await;
    assert_eq!(origin.count("/a"), asked, "it sleeps");
    origin.at("/a").gives(feed("two"));
    proxy.get("/feeds/a").await.has_status(200);
    proxy.refreshed("a").await;
    origin.at("/a").gives(feed("three"));
    pass(&proxy, 8 * HOUR).await;
    assert!(origin.count("/a") > asked + 1, "awake again");
}

#[tokio::test]
async fn after_a_restart_nothing_is_asked_before_it_is_due() {
    let (origin, folder, clock) = (
        Origin::start().await,
        tempfile::tempdir().expect("folder"),
        Clock::system(),
    );
    let names: Vec<String> = (0..4).map(|n| format!("f{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for name in &names {
        origin
            .at(&format!("/{name}"))
            .gives(feed("one"))
            .with("cache-control", "max-age=3600");
    }
    let build = || {
        kept_fresh(&origin, &names, Duration::ZERO)
            .stored(StoreKind::Disk(folder.path().to_owned()))
            .at(&clock)
    };
    let first = build().start().await;
    let background = Background::of(&first);
    // One a step: the host has time to breathe.
    pass(&first, 6).await;
    assert_eq!(origin.asked().len(), 4);
    drop(background);
    first.ends().await;

    let second = build().start().await;
    let _background = Background::of(&second);
    pass(&second, 40).await;
    assert_eq!(origin.asked().len(), 4, "all are fresh still");
    pass(&second, 35).await;
    assert_eq!(origin.asked().len(), 8, "each came once");
}

#[tokio::test]
async fn a_host_that_asks_for_peace_is_not_asked_for_its_other_feeds_either() {
    let origin = Origin::start().await;
    for name in ["a", "b", "c"] {
        origin.at(&format!("/{name}")).gives(feed("one"));
    }
    let proxy = kept_fresh(&origin, &["a", "b", "c"], Duration::ZERO)
        .start()
        .await;
    let _background = Background::of(&proxy);
    pass(&proxy, 5).await;
    assert_eq!(origin.asked().len(), 3);
    for name in ["a", "b", "c"] {
        origin
            .at(&format!("/{name}"))
            .status(503)
            .with("retry-after", "7200");
    }
    pass(&proxy, 20).await;
    let asked = origin.asked().len();
    assert!((4..=5).contains(&asked), "one is asked, or two at once: {asked}");
    pass(&proxy, 60).await;
    assert_eq!(origin.asked().len(), asked);
    for name in ["a", "b", "c"] {
        proxy
            .get(&format!("/feeds/{name}"))
            .await
            .has_status(200)
            .says("one");
    }
}

#[tokio::test]
async fn a_feed_that_moved_for_good_is_asked_at_its_new_address() {
    let origin = Origin::start().await;
    origin.at("/a").redirects(301, "/new");
    let proxy = kept_fresh(&origin, &["a"], Duration::ZERO).start().await;
    let _background = Background::of(&proxy);
    for title in ["one", "two", "three"] {
        origin.at("/new").gives(feed(title));
        pass(&proxy, 18).await;
    }
    let asked = origin.count("/a");
    pass(&proxy, 2 * HOUR).await;
    assert_eq!(origin.count("/a"), asked, "only the new address is asked");
    // The new address dies and the old one works again: nobody notices.
    origin.at("/new").status(404);
    origin.at("/a").gives(feed("back home"));
    pass(&proxy, 2 * HOUR).await;
    proxy.get("/feeds/a").await.has_status(200).says("back home");
}
