//! Three instances that share a Redis engine: one request to the origin, the same bytes everywhere, and no answer
//! lost when one of them or the engine goes away.

use std::time::Duration;

use limpid::app::StoreKind;
use limpid::clock::Clock;
use url::Url;

use crate::support::client::Answer;
use crate::support::engine::Engine;
use crate::support::origin::Origin;
use crate::support::proxy::{Proxy, proxy};

fn feed(title: &str) -> String {
    let text =
        format!("&lt;p&gt;{title} &lt;img src=\"https://p.example/{title}.png\"&gt;&lt;/p&gt;").repeat(30);
    format!(
        "<rss version=\"2.0\"><channel><title>a</title><link>https://a.example/</link><description/>\
         <item><guid>{title}</guid><title>{title}</title><description>{text}</description></item></channel></rss>"
    )
}

async fn instance(engine: &Engine, origin: &Origin, clock: &Clock) -> Proxy {
    proxy()
        .feed("a", &origin.url("/a"))
        .stored(StoreKind::Redis(Url::parse(&engine.url()).expect("url")))
        .with(|options| options.images.prefetch = false)
        .at(clock)
        .start()
        .await
}

async fn three(engine: &Engine, origin: &Origin, clock: &Clock) -> Vec<Proxy> {
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(instance(engine, origin, clock).await);
    }
    all
}

/// What a reader could tell two answers apart by.
fn essence(answer: &Answer) -> (Vec<u8>, String, String) {
    let header = |name| answer.header(name).to_owned();
    (answer.body.to_vec(), header("etag"), header("last-modified"))
}

/// Waits until the instance says it, for at most a few seconds.
async fn comes_to_say(proxy: &Proxy, text: &str) -> Answer {
    let waiting = async {
        loop {
            let answer = proxy.get("/feeds/a").await.has_status(200);
            if answer.text().contains(text) {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting)
        .await
        .unwrap_or_else(|_| panic!("{text} never came"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_readers_at_the_moment_of_expiry_cost_one_request_and_none_waits_though_half_hang_up() {
    let (engine, origin, clock) = (Engine::start(), Origin::start().await, Clock::system());
    origin.at("/a").gives(feed("one"));
    let all = three(&engine, &origin, &clock).await;
    let mut first = Vec::new();
    for proxy in &all {
        first.push(essence(&proxy.get("/feeds/a").await.has_status(200)));
    }
    assert!(
        first.iter().all(|one| *one == first[0]),
        "bytes, ETag and dates are the same everywhere"
    );
    assert_eq!(origin.count("/a"), 1);

    clock.advance(Duration::from_mins(20));
    let held = origin.at("/a").gives(feed("two")).held();
    let reading: Vec<_> = (0..1000)
        .map(|n| {
            let reader = all[n % 3].reader.clone();
            tokio::spawn(async move {
                if n % 2 == 0 {
                    reader.hangs_up("/feeds/a").await;
                    return None;
                }
                Some(reader.get("/feeds/a").await)
            })
        })
        .collect();
    // The origin says nothing yet, and all who stay are answered.
    for reader in reading {
        if let Some(answer) = reader.await.expect("answered") {
            assert_eq!(essence(&answer.has_status(200)), first[0]);
        }
    }
    held.arrived().await;
    held.release();
    let mut second = Vec::new();
    for proxy in &all {
        second.push(essence(&comes_to_say(proxy, "two").await));
    }
    assert!(second.iter().all(|one| *one == second[0]));
    assert_eq!(origin.count("/a"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cold_start_of_three_costs_one_request() {
    let (engine, origin, clock) = (Engine::start(), Origin::start().await, Clock::system());
    let held = origin.at("/a").gives(feed("one")).held();
    let all = three(&engine, &origin, &clock).await;
    let reading: Vec<_> = (0..300)
        .map(|n| {
            let reader = all[n % 3].reader.clone();
            tokio::spawn(async move { essence(&reader.get("/feeds/a").await.has_status(200)) })
        })
        .collect();
    held.arrived().await;
    held.release();
    let mut answers = Vec::new();
    for reader in reading {
        answers.push(reader.await.expect("answered"));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(origin.count("/a"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_killed_in_the_middle_of_a_refresh_is_succeeded() {
    let (engine, origin, clock) = (Engine::start(), Origin::start().await, Clock::system());
    origin.at("/a").gives(feed("one"));
    // Another process takes the lease and dies with it: nobody gives it back.
    let options = limpid::store::Options {
        place: limpid::store::Place::Redis(engine.url()),
        ..limpid::store::Options::default()
    };
    let dead = limpid::store::Store::open(&options).await.expect("opened");
    let lease = dead
        .lease(limpid::store::Space::Feed, "a", Duration::from_millis(1500))
        .await;
    let lease = lease.expect("asked").expect("granted");
    dead.close().await;

    let living = instance(&engine, &origin, &clock).await;
    living.get("/feeds/a").await.has_status(200).says("one");
    assert_eq!(origin.count("/a"), 1);
    drop(lease);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_engine_each_serves_from_memory_and_afterwards_all_agree_again() {
    let (mut engine, origin, clock) = (Engine::start(), Origin::start().await, Clock::system());
    origin.at("/a").gives(feed("one"));
    let all = three(&engine, &origin, &clock).await;
    for proxy in &all {
        proxy.get("/feeds/a").await.has_status(200).says("one");
    }
    engine.kill();
    for proxy in &all {
        proxy.get("/feeds/a").await.has_status(200).says("one");
    }
    // Alone, each asks the origin by itself.
    origin.at("/a").gives(feed("two"));
    clock.advance(Duration::from_mins(20));
    comes_to_say(&all[0], "two").await;

    engine.restart();
    let mut agreed = Vec::new();
    for proxy in &all {
        agreed.push(essence(&comes_to_say(proxy, "two").await).0);
    }
    assert!(agreed.iter().all(|one| *one == agreed[0]));
    // What came while the engine was away is there for an instance that starts now, with the origin down.
    origin.fails_with(503);
    clock.advance(Duration::from_secs(11));
    for proxy in &all {
        proxy.get("/feeds/a").await.has_status(200).says("two");
    }
    let late = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            clock.advance(Duration::from_secs(11));
            all[0].get("/feeds/a").await.has_status(200);
            let late = instance(&engine, &origin, &clock).await;
            if late.app.cache.held("a").await.is_some() {
                return late;
            }
        }
    });
    late.await
        .expect("the engine is filled again")
        .get("/feeds/a")
        .await
        .has_status(200)
        .says("two");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_hangs_costs_readers_a_moment_and_no_answer() {
    let (engine, origin, clock) = (Engine::start(), Origin::start().await, Clock::system());
    origin.at("/a").gives(feed("one"));
    let proxy = instance(&engine, &origin, &clock).await;
    proxy.get("/feeds/a").await.has_status(200);
    engine.hang();
    // No longer trusted, so the engine is asked, in vain.
    clock.advance(Duration::from_secs(11));
    for _ in 0..3 {
        let began = tokio::time::Instant::now();
        proxy
            .get("/feeds/a")
            .await
            .has_status(200)
            .says("one")
            .is_cache(&["hit"]);
        assert!(began.elapsed() < Duration::from_secs(1));
    }
    engine.wake();
    assert_eq!(origin.count("/a"), 1);
}
