//! A clock that jumps: ahead, and back.

use std::time::Duration;

use limpid::app::StoreKind;
use limpid::clock::Clock;

use crate::support::origin::Origin;
use crate::support::proxy::proxy;

const YEAR: Duration = Duration::from_hours(365 * 24);

fn feed(title: &str) -> String {
    format!(
        "<rss version=\"2.0\"><channel><title>a</title><link>https://a.example/</link><description/>\
         <item><guid>{title}</guid><title>{title}</title></item></channel></rss>"
    )
}

#[tokio::test]
async fn a_clock_set_back_makes_no_copy_fresh_for_as_long_as_it_was_ahead() {
    let origin = Origin::start().await;
    origin.at("/a").gives(feed("one"));
    let proxy = proxy().feed("a", &origin.url("/a")).start().await;
    proxy.clock.advance(YEAR);
    proxy.get("/feeds/a").await.has_status(200);

    proxy.clock.set_back(YEAR);
    origin.at("/a").gives(feed("two"));
    let stale = proxy.get("/feeds/a").await.has_status(200).says("one");
    assert!(stale.header("cache-control").starts_with("public, max-age=60,"));
    proxy.refreshed("a").await;
    let fresh = proxy
        .get("/feeds/a")
        .await
        .has_status(200)
        .says("two")
        .is_cache(&["hit"]);
    assert!(!fresh.header("cache-control").starts_with("public, max-age=60,"));
    assert_eq!(origin.count("/a"), 2);
}

#[tokio::test]
async fn a_failure_noted_by_a_wrong_clock_is_not_waited_for() {
    let origin = Origin::start().await;
    origin.at("/a").gives(feed("one"));
    let proxy = proxy().feed("a", &origin.url("/a")).start().await;
    proxy.clock.advance(YEAR);
    proxy.get("/feeds/a").await.has_status(200);
    origin.fails_with(500);
    proxy.advance(60);
    proxy.get("/feeds/a").await.has_status(200);
    proxy.failed("a", 1).await;

    proxy.clock.set_back(YEAR);
    origin.recovers();
    origin.at("/a").gives(feed("two"));
    proxy.get("/feeds/a").await.has_status(200).says("one");
    proxy.refreshed("a").await;
    proxy.get("/feeds/a").await.has_status(200).says("two");
}

#[tokio::test]
async fn feeds_kept_fresh_go_on_being_asked_after_the_clock_was_set_back() {
    let origin = Origin::start().await;
    origin.at("/a").gives(feed("one"));
    let proxy = proxy()
        .publishes(
            "a",
            vec![limpid::endpoint::Origin::Http(origin.url("/a"))],
            |endpoint| {
                endpoint.background = Some(Duration::ZERO);
            },
        )
        .start()
        .await;
    proxy.clock.advance(YEAR);
    let app = std::sync::Arc::clone(&proxy.app);
    let background = tokio::spawn(async move { app.keep_fresh().await });
    proxy.refreshed("a").await;
    // So that the driver has seen this time.
    proxy.app.wake();
    while !proxy.app.is_at_rest() {
        tokio::task::yield_now().await;
    }
    origin.at("/a").gives(feed("two"));
    proxy.clock.set_back(YEAR);
    let asked = async {
        while origin.count("/a") < 2 {
            // Within a minute, as after any start.
            proxy.clock.advance(Duration::from_secs(1));
            proxy.app.wake();
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asked)
        .await
        .expect("it is asked again");
    proxy.refreshed("a").await;
    proxy.get("/feeds/a").await.has_status(200).says("two");
    background.abort();
}

#[tokio::test]
async fn copies_kept_by_a_machine_whose_clock_was_wrong_are_served_and_made_anew_after_a_restart() {
    let (origin, folder) = (Origin::start().await, tempfile::tempdir().expect("folder"));
    origin.at("/a").gives(feed("one"));
    let kept = || {
        proxy()
            .feed("a", &origin.url("/a"))
            .stored(StoreKind::Disk(folder.path().to_owned()))
    };
    let wrong = Clock::system();
    wrong.advance(YEAR);
    let first = kept().at(&wrong).start().await;
    first.get("/feeds/a").await.has_status(200);
    first.ends().await;

    origin.at("/a").gives(feed("two"));
    let second = kept().start().await;
    second.get("/feeds/a").await.has_status(200).says("one");
    second.refreshed("a").await;
    second.get("/feeds/a").await.has_status(200).says("two");
}
