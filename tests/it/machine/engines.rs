//! A Redis engine that is full, or comes and goes under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use limpid::app::StoreKind;
use limpid::clock::Clock;
use url::Url;

use crate::support::engine::Engine;
use crate::support::origin::Origin;
use crate::support::proxy::{Proxy, proxy};

fn feed(title: &str) -> String {
    let words = "some words of an entry, ".repeat(20);
    let items: String = (0..20)
        .map(|n| format!("<item><guid>{title} {n}</guid><title>{title}</title><description>{words}{n}</description></item>"))
        .collect();
    format!(
        "<rss version=\"2.0\"><channel><title>a</title><link>https://a.example/</link><description/>{items}</channel></rss>"
    )
}

async fn instance(engine: &Engine, origin: &Origin, clock: &Clock) -> Proxy {
    let build = (0..5).fold(proxy(), |build, n| {
        build.feed(&format!("f{n}"), &origin.url(&format!("/{n}")))
    });
    build
        .stored(StoreKind::Redis(Url::parse(&engine.url()).expect("url")))
        .with(|options| options.images.prefetch = false)
        .at(clock)
        .start()
        .await
}

fn says(origin: &Origin, title: &str) {
    for n in 0..5 {
        origin.at(&format!("/{n}")).gives(feed(title));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_is_full_costs_readers_nothing() {
    // No room for anything: every write is refused, every read is answered.
    let engine = Engine::start_with(&["--maxmemory", "1", "--maxmemory-policy", "noeviction"]);
    let (origin, clock) = (Origin::start().await, Clock::system());
    says(&origin, "one");
    let proxy = instance(&engine, &origin, &clock).await;
    for title in ["one", "two", "three"] {
        says(&origin, title);
        for n in 0..5 {
            let path = format!("/feeds/f{n}");
            proxy.get(&path).await.has_status(200);
            proxy.refreshed(&format!("f{n}")).await;
            proxy
                .get(&path)
                .await
                .has_status(200)
                .says(title)
                .is_cache(&["hit"]);
        }
        proxy.advance(30);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_comes_and_goes_under_load_costs_no_reader_an_answer() {
    let mut engine = Engine::start();
    let (origin, clock) = (Origin::start().await, Clock::system());
    says(&origin, "one");
    let all = [
        instance(&engine, &origin, &clock).await,
        instance(&engine, &origin, &clock).await,
    ];
    for proxy in &all {
        for n in 0..5 {
            proxy.get(&format!("/feeds/f{n}")).await.has_status(200);
        }
    }
    let over = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..20)
        .map(|n| {
            let (reader, over) = (all[n % 2].reader.clone(), Arc::clone(&over));
            tokio::spawn(async move {
                let mut read = 0_usize;
                while !over.load(Ordering::Relaxed) {
                    reader.get(&format!("/feeds/f{}", n % 5)).await.has_status(200);
                    read += 1;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                read
            })
        })
        .collect();
    for round in 0..6 {
        // Every copy is stale each time, so that the engine is needed.
        clock.advance(Duration::from_mins(20));
        says(&origin, &format!("round {round}"));
        if round % 2 == 0 {
            engine.kill();
            tokio::time::sleep(Duration::from_millis(100)).await;
            engine.restart();
        } else {
            engine.hang();
            tokio::time::sleep(Duration::from_millis(100)).await;
            engine.wake();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    over.store(true, Ordering::Relaxed);
    for reader in readers {
        assert!(reader.await.expect("never an error") > 10);
    }
    // And then they agree again.
    clock.advance(Duration::from_mins(20));
    says(&origin, "the end");
    let agreed = async {
        for proxy in &all {
            while !proxy
                .get("/feeds/f0")
                .await
                .has_status(200)
                .text()
                .contains("the end")
            {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), agreed)
        .await
        .expect("they agree");
    let bodies = [
        all[0].get("/feeds/f0").await.body,
        all[1].get("/feeds/f0").await.body,
    ];
    assert_eq!(bodies[0], bodies[1]);
}
