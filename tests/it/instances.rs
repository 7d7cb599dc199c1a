//! Three instances that share a Redis engine: one request to the origin, the same bytes everywhere, and no answer
//! lost when one of them or the engine goes away.

use std::fmt::Write as _;
use std::time::Duration;

use limpid::app::StoreKind;
use limpid::clock::Clock;
use url::Url;

use crate::images::png;
use crate::support::client::{Answer, Reader};
use crate::support::engine::Engine;
use crate::support::origin::Origin;
use crate::support::program::{Home, Running};
use crate::support::proxy::{Proxy, proxy};

fn feed(title: &str) -> String {
    let text =
        format!("&lt;p&gt;{title} &lt;img src=\"https://p.example/{title}.png\"&gt;&lt;/p&gt;").repeat(30);
    format!(
        "<rss version=\"2.0\"><channel><title>a</title><link>https://a.example/</link><description/>\
         <item><guid>{title}</guid><title>{title}</title><description>{text}</description></item></channel></rss>"
    )
}

/// An engine that works is given time enough on the busiest machine.
const WORKING: Duration = Duration::from_secs(20);
/// One that does not is given up soon.
const FAILING: Duration = Duration::from_millis(200);

async fn instance(engine: &Engine, origin: &Origin, clock: &Clock, timeout: Duration) -> Proxy {
    proxy()
        .feed("a", &origin.url("/a"))
        .stored(StoreKind::Redis(Url::parse(&engine.url()).expect("url")))
        .with(|options| {
            options.images.prefetch = false;
            options.store_timeout = timeout;
        })
        .at(clock)
        .start()
        .await
}

async fn three(engine: &Engine, origin: &Origin, clock: &Clock, timeout: Duration) -> Vec<Proxy> {
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(instance(engine, origin, clock, timeout).await);
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
    let all = three(&engine, &origin, &clock, WORKING).await;
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
    let all = three(&engine, &origin, &clock, WORKING).await;
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
async fn an_engine_that_is_lost_for_a_moment_at_expiry_costs_no_second_request() {
    let (engine, origin, clock) = (Engine::start(), Origin::start().await, Clock::system());
    origin.at("/a").gives(feed("one"));
    let all = three(&engine, &origin, &clock, WORKING).await;
    for proxy in &all {
        proxy.get("/feeds/a").await.has_status(200).says("one");
    }
    origin.at("/a").gives(feed("two"));
    clock.advance(Duration::from_mins(20));

    assert_eq!(engine.says(&["CLIENT", "KILL", "TYPE", "pubsub"]).await, 3);
    engine.hang();
    for proxy in &all {
        proxy.get("/feeds/a").await.has_status(200).says("one");
    }
    engine.wake();
    let mut second = Vec::new();
    for proxy in &all {
        second.push(essence(&comes_to_say(proxy, "two").await));
    }
    assert!(second.iter().all(|one| *one == second[0]));
    assert_eq!(origin.count("/a"), 2);
}

/// The program itself as one of several instances, and a reader of it.
struct Instance {
    reader: Reader,
    running: Running,
    _home: Home,
}

/// Each with a folder and keys of its own, as on machines of their own.
fn programs(engine: &Engine, origin: &Origin, paths: &[&str]) -> Vec<Instance> {
    let mut settings = format!(
        "[server]\npublic_url = \"https://feeds.example/sub\"\n\
         [store]\nkind = \"redis\"\nurl = \"{}\"\n\
         [fetch]\nallow_private = [\"127.0.0.0/8\"]\n\
         [refresh]\nmin = \"1s\"\nbackground = false\n\
         [images]\nallow_private = [\"127.0.0.0/8\"]\nprefetch = false\n",
        engine.url()
    );
    for path in paths {
        let _ = writeln!(settings, "[feeds.{}]\nurl = \"{}\"", &path[1..], origin.url(path));
    }
    let one = || {
        let home = Home::with_settings(&settings);
        let mut running = Running::start(&home, &[]);
        let address = running.said("readers").parse::<Url>().expect("an address");
        let address = address.socket_addrs(|| None).expect("an address")[0];
        Instance {
            reader: Reader::of(address),
            running,
            _home: home,
        }
    };
    tokio::task::block_in_place(|| (0..3).map(|_| one()).collect())
}

/// Waits until the instance says it, for at most a while.
async fn goes_on_to_say(instance: &Instance, text: &str) -> Answer {
    let waiting = async {
        loop {
            let answer = instance.reader.get("/feeds/a").await.has_status(200);
            if answer.text().contains(text) {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), waiting).await;
    waited.unwrap_or_else(|_| panic!("{text} never came"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_killed_while_its_origin_hangs_is_succeeded_and_no_reader_notices() {
    let (engine, origin) = (Engine::start(), Origin::start().await);
    origin
        .at("/a")
        .gives(feed("one"))
        .with("cache-control", "max-age=1");
    let mut all = programs(&engine, &origin, &["/a"]);
    let mut first = Vec::new();
    for instance in &all {
        first.push(essence(&goes_on_to_say(instance, "one").await));
    }
    assert!(first.iter().all(|one| *one == first[0]));

    // Nobody but the first is asked: the turn is its own, and the origin hangs.
    let held = origin
        .at("/a")
        .gives(feed("two"))
        .with("cache-control", "max-age=3600")
        .held();
    let asking = async {
        loop {
            all[0].reader.get("/feeds/a").await.has_status(200);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        () = held.arrived() => {}
        () = asking => {}
        () = tokio::time::sleep(Duration::from_secs(30)) => panic!("nothing was refreshed"),
    }
    let lease = "limpid:1:lease:feed:a";
    let left = engine.says(&["PTTL", lease]).await;
    assert!(
        left > 10_000,
        "the first has the turn for as long as an origin may take: {left}"
    );
    let killed = all.remove(0);
    killed.running.signal("KILL");
    drop(killed);
    let before = origin.count("/a");

    // Nobody gave the turn back: the others wait for it, their readers do not.
    for turn in 0..40 {
        let answer = all[turn % 2].reader.get("/feeds/a").await.has_status(200);
        assert_eq!(essence(&answer), first[0]);
    }
    assert_eq!(origin.count("/a"), before, "the turn is still the dead one's");
    assert!(engine.says(&["PTTL", lease]).await > 0);

    // Its time ends (here: sooner).
    held.release();
    engine.says(&["PEXPIRE", lease, "1"]).await;
    let mut second = Vec::new();
    for instance in &all {
        second.push(essence(&goes_on_to_say(instance, "two").await));
    }
    assert_eq!(second[0], second[1]);
    assert_eq!(origin.count("/a"), before + 1, "one of them asked, once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_have_one_address_on_all_instances_and_each_serves_what_another_signed() {
    let (engine, origin) = (Engine::start(), Origin::start().await);
    let picture = origin.url("/p.png");
    origin.at("/p.png").gives(png(3, 2, b"x"));
    for path in ["/a", "/b", "/c"] {
        let text = format!("&lt;p&gt;{path} &lt;img src=\"{picture}\"&gt;&lt;/p&gt;");
        origin.at(path).gives(format!(
            "<rss version=\"2.0\"><channel><title>{path}</title><item><guid>1</guid><description>{text}</description></item></channel></rss>"
        ));
    }
    let all = programs(&engine, &origin, &["/a", "/b", "/c"]);
    // Each brings in and cleans another feed that shows the same picture.
    let mut addresses = Vec::new();
    for (instance, path) in all.iter().zip(["/a", "/b", "/c"]) {
        let feed = instance
            .reader
            .get(&format!("/feeds{path}"))
            .await
            .has_status(200)
            .text();
        let address = feed
            .split("https://feeds.example/sub")
            .find(|part| part.starts_with("/i/"));
        let address = address.and_then(|part| part.split(['"', '&']).next());
        addresses.push(
            address
                .unwrap_or_else(|| panic!("no picture of ours in {feed}"))
                .to_owned(),
        );
    }
    assert!(
        addresses.iter().all(|address| *address == addresses[0]),
        "{addresses:?}"
    );
    let mut etags = Vec::new();
    for instance in &all {
        let answer = instance.reader.get(&addresses[0]).await.has_status(200);
        etags.push(answer.header("etag").to_owned());
    }
    assert!(etags.iter().all(|etag| *etag == etags[0]), "{etags:?}");
    let forged = addresses[0].replace("/i/", "/i/x");
    all[0].reader.get(&forged).await.has_status(403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_that_nobody_gives_back_ends_by_itself() {
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

    let living = instance(&engine, &origin, &clock, WORKING).await;
    living.get("/feeds/a").await.has_status(200).says("one");
    assert_eq!(origin.count("/a"), 1);
    drop(lease);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_engine_each_serves_from_memory_and_afterwards_all_agree_again() {
    let (mut engine, origin, clock) = (Engine::start(), Origin::start().await, Clock::system());
    origin.at("/a").gives(feed("one"));
    let all = three(&engine, &origin, &clock, FAILING).await;
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
            let late = instance(&engine, &origin, &clock, FAILING).await;
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
    let proxy = instance(&engine, &origin, &clock, FAILING).await;
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
