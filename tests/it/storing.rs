//! The store: what is written stays, whatever happens to the process, the file or the engine.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use limpid::store::{Change, Error, Options, Place, Record, Space, Store};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::support::engine::Engine;

const FEED: Space = Space::Feed;
const SOON: Duration = Duration::from_secs(10);
const TTL: Duration = Duration::from_secs(30);

fn record(fence: u64, length: usize) -> Record {
    let body: Vec<u8> = (0..length)
        .map(|at| (at as u64).wrapping_mul(fence + 7).to_le_bytes()[0])
        .collect();
    Record {
        head: Bytes::from(format!("head {fence}")),
        body: Bytes::from(body),
        fence,
    }
}

async fn on_disk(folder: &Path) -> Store {
    let options = Options {
        place: Place::Disk(folder.to_owned()),
        ..Options::default()
    };
    Store::open(&options).await.expect("the store opens")
}

async fn in_engine(url: String) -> Store {
    let options = Options {
        place: Place::Redis(url),
        timeout: Duration::from_millis(300),
        ..Options::default()
    };
    Store::open(&options).await.expect("the address is one")
}

/// Runs a check on each kind of store.
async fn on_each(check: impl AsyncFn(&Store)) {
    let (folder, engine) = (TempDir::new().unwrap(), Engine::start());
    check(&Store::memory(&Options::default())).await;
    check(&on_disk(folder.path()).await).await;
    check(&in_engine(engine.url()).await).await;
}

#[tokio::test]
async fn what_is_put_is_got_byte_for_byte() {
    on_each(async |store| {
        for length in [0, 1, 5000, 3_000_000] {
            let key = format!("https://a.example/feed?length={length} *");
            assert_eq!(store.get(FEED, &key).await, Ok(None));
            assert_eq!(store.put(FEED, &key, record(1, length)).await, Ok(true));
            assert_eq!(store.get(FEED, &key).await, Ok(Some(record(1, length))));
            assert_eq!(store.get(Space::Image, &key).await, Ok(None), "spaces are apart");
        }
    })
    .await;
}

#[tokio::test]
async fn a_late_writer_loses() {
    on_each(async |store| {
        assert_eq!(store.put(FEED, "a", record(5, 10)).await, Ok(true));
        assert_eq!(store.put(FEED, "a", record(4, 20)).await, Ok(false));
        assert_eq!(
            store.put_head(FEED, "a", Bytes::from_static(b"late"), 4).await,
            Ok(false)
        );
        assert_eq!(store.get(FEED, "a").await, Ok(Some(record(5, 10))));
        assert_eq!(store.put(FEED, "a", record(6, 30)).await, Ok(true));
        assert_eq!(store.get(FEED, "a").await, Ok(Some(record(6, 30))));
    })
    .await;
}

#[tokio::test]
async fn a_new_head_keeps_the_body() {
    on_each(async |store| {
        let head = Bytes::from_static(b"checked again");
        assert_eq!(
            store.put_head(FEED, "a", head.clone(), 1).await,
            Ok(false),
            "there is nothing to re-date"
        );
        assert_eq!(store.get(FEED, "a").await, Ok(None));
        store.put(FEED, "a", record(1, 10)).await.unwrap();
        assert_eq!(store.put_head(FEED, "a", head.clone(), 2).await, Ok(true));
        assert_eq!(
            store.get(FEED, "a").await,
            Ok(Some(Record {
                head,
                fence: 2,
                ..record(1, 10)
            }))
        );
    })
    .await;
}

#[tokio::test]
async fn all_heads_come_back_and_deleted_ones_do_not() {
    on_each(async |store| {
        for n in 1..=1200 {
            store.put(FEED, &format!("feed {n}"), record(n, 3)).await.unwrap();
        }
        store.put(Space::Image, "picture", record(1, 3)).await.unwrap();
        assert_eq!(store.delete(FEED, "feed 7").await, Ok(true));
        assert_eq!(store.delete(FEED, "feed 7").await, Ok(false));
        let mut heads = store.heads(FEED).await.unwrap();
        heads.sort();
        let mut expected: Vec<_> = (1..=1200)
            .filter(|n| *n != 7)
            .map(|n| (format!("feed {n}"), Bytes::from(format!("head {n}"))))
            .collect();
        expected.sort();
        assert_eq!(heads, expected);
    })
    .await;
}

#[tokio::test]
async fn fences_grow_with_each_lease() {
    on_each(async |store| {
        store.put(FEED, "a", record(20, 3)).await.unwrap();
        let mut last = 0;
        for _ in 0..30 {
            let lease = store.lease(FEED, "a", TTL).await.unwrap().expect("free");
            assert!(lease.fence > last);
            last = lease.fence;
            lease.release().await;
        }
        assert!(last >= 30);
        assert_eq!(
            store.put(FEED, "a", record(last, 3)).await,
            Ok(true),
            "the newest lease may write"
        );
    })
    .await;
}

#[tokio::test]
async fn a_record_above_the_ceiling_is_refused() {
    let store = Store::memory(&Options {
        max_record: 100,
        ..Options::default()
    });
    let refused = store.put(FEED, "a", record(1, 200)).await;
    assert!(matches!(refused, Err(Error::TooLarge { limit: 100, .. })));
}

#[tokio::test]
async fn records_heads_and_fences_outlive_a_restart() {
    let folder = TempDir::new().unwrap();
    let store = on_disk(folder.path()).await;
    store.put(FEED, "a", record(8, 70_000)).await.unwrap();
    store
        .put_head(FEED, "a", Bytes::from_static(b"re-dated"), 9)
        .await
        .unwrap();
    store.close().await;
    assert_eq!(store.get(FEED, "a").await, Err(Error::Closed));

    let store = on_disk(folder.path()).await;
    let expected = Record {
        head: Bytes::from_static(b"re-dated"),
        fence: 9,
        ..record(8, 70_000)
    };
    assert_eq!(store.get(FEED, "a").await, Ok(Some(expected)));
    assert_eq!(store.lease(FEED, "a", TTL).await.unwrap().unwrap().fence, 10);
}

const ROUNDS: u64 = 25;
const CHILD: &str = "LIMPID_TEST_STORE_FOLDER";

/// Each round a process writes and tells what is committed; it is killed in the midst of its next writes.
#[tokio::test]
async fn kill_9_at_any_moment_loses_nothing_that_was_committed() {
    let folder = TempDir::new().unwrap();
    for round in 0..ROUNDS {
        let told = write_until_killed(folder.path(), round * 7 % 23 + 1);
        let store = on_disk(folder.path()).await;
        for (key, fence) in &told {
            let found = store
                .get(FEED, key)
                .await
                .unwrap()
                .expect("what was told is there");
            assert!(
                found.fence >= *fence,
                "round {round}: {key} went back from {fence} to {}",
                found.fence
            );
            assert_eq!(
                found.body,
                record(found.fence, length(found.fence)).body,
                "round {round}: {key}"
            );
        }
        store.close().await;
    }
    assert!(
        !folder.path().join("limpid.redb.broken-1").exists(),
        "a killed process leaves a whole file"
    );
}

/// The newest fence of each key that the process told before it was killed.
fn write_until_killed(folder: &Path, lines: u64) -> std::collections::BTreeMap<String, u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "storing::writes_without_end",
            "--ignored",
            "--nocapture",
        ])
        .env(CHILD, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let told = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| {
            let (key, fence) = line.strip_prefix("committed ")?.split_once(' ')?;
            Some((key.to_owned(), fence.parse().ok()?))
        })
        .take(usize::try_from(lines).unwrap())
        .collect();
    child.kill().unwrap();
    child.wait().unwrap();
    told
}

fn length(fence: u64) -> usize {
    usize::try_from(fence * 7919 % 150_000).unwrap()
}

/// The process that is killed; does nothing when it is not started by the test above.
#[tokio::test]
#[ignore = "started by kill_9_at_any_moment_loses_nothing_that_was_committed"]
#[expect(
    clippy::disallowed_methods,
    reason = "how the parent process tells where to write"
)]
async fn writes_without_end() {
    let Some(folder) = std::env::var_os(CHILD) else {
        return;
    };
    let store = on_disk(Path::new(&folder)).await;
    let until = Instant::now() + Duration::from_mins(1);
    let writers = (0..4).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            while Instant::now() < until {
                let key = format!("feed-{writer}");
                let fence = store.lease(FEED, &key, TTL).await.unwrap().unwrap().fence;
                if store.put(FEED, &key, record(fence, length(fence))).await.unwrap() {
                    println!("committed {key} {fence}");
                }
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}

#[tokio::test]
async fn of_a_hundred_askers_on_three_instances_one_gets_the_lease() {
    let engine = Engine::start();
    let stores = [
        in_engine(engine.url()).await,
        in_engine(engine.url()).await,
        in_engine(engine.url()).await,
    ];
    let askers = (0..100).map(|n| {
        let store = stores[n % 3].clone();
        tokio::spawn(async move { store.lease(FEED, "a", TTL).await.unwrap() })
    });
    let mut leases = Vec::new();
    for asker in askers.collect::<Vec<_>>() {
        leases.extend(asker.await.unwrap());
    }
    assert_eq!(leases.len(), 1);
    let first = leases.remove(0);
    let fence = first.fence;
    assert!(
        stores[1].lease(FEED, "b", TTL).await.unwrap().is_some(),
        "another feed is free"
    );
    first.release().await;
    assert!(stores[2].lease(FEED, "a", TTL).await.unwrap().unwrap().fence > fence);
}

#[tokio::test]
async fn a_lease_ends_with_its_holder_or_by_age_and_the_late_holder_cannot_write() {
    let engine = Engine::start();
    let (slow, quick) = (in_engine(engine.url()).await, in_engine(engine.url()).await);
    let old = slow
        .lease(FEED, "a", Duration::from_millis(20))
        .await
        .unwrap()
        .unwrap();
    let new = eventually(async || quick.lease(FEED, "a", TTL).await.unwrap()).await;
    assert_eq!(quick.put(FEED, "a", record(new.fence, 30)).await, Ok(true));
    assert_eq!(slow.put(FEED, "a", record(old.fence, 10)).await, Ok(false));
    old.release().await;
    assert!(
        slow.lease(FEED, "a", TTL).await.unwrap().is_none(),
        "the lease of another is not given back"
    );
    drop(new);
    drop(eventually(async || slow.lease(FEED, "a", TTL).await.unwrap()).await);
}

#[tokio::test]
async fn instances_hear_what_others_change_and_not_their_own_words() {
    let engine = Engine::start();
    let stores = [
        in_engine(engine.url()).await,
        in_engine(engine.url()).await,
        in_engine(engine.url()).await,
    ];
    let mut heard = stores
        .each_ref()
        .map(|store| store.changes().expect("there are others"));
    stores[0]
        .put(FEED, "https://a.example/", record(1, 10))
        .await
        .unwrap();
    stores[1]
        .put_head(FEED, "https://a.example/", Bytes::from_static(b"h"), 2)
        .await
        .unwrap();
    stores[2].delete(Space::Image, "last").await.unwrap();
    let changed = |key: &str| Change::Record(FEED, key.to_owned());
    let last = Change::Record(Space::Image, "last".to_owned());
    for (at, expected) in [
        (0, vec![changed("https://a.example/"), last.clone()]),
        (1, vec![changed("https://a.example/"), last]),
        (
            2,
            vec![changed("https://a.example/"), changed("https://a.example/")],
        ),
    ] {
        for change in expected {
            assert_eq!(
                timeout(SOON, heard[at].recv()).await.expect("soon"),
                Ok(change),
                "instance {at}"
            );
        }
    }
    assert!(Store::memory(&Options::default()).changes().is_none());
}

#[tokio::test]
async fn an_engine_that_is_killed_costs_no_time_and_is_found_again() {
    let mut engine = Engine::start();
    let store = in_engine(engine.url()).await;
    let mut changes = store.changes().unwrap();
    store.put(FEED, "a", record(9, 10)).await.unwrap();

    engine.kill();
    assert_eq!(store.get(FEED, "a").await, Err(Error::Away));
    let began = Instant::now();
    for _ in 0..1000 {
        assert_eq!(store.get(FEED, "a").await, Err(Error::Away));
        assert!(matches!(store.lease(FEED, "a", TTL).await, Err(Error::Away)));
    }
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "2000 refusals took {:?}",
        began.elapsed()
    );

    engine.restart();
    assert_eq!(
        timeout(SOON, changes.recv()).await.expect("soon"),
        Ok(Change::Unknown)
    );
    assert_eq!(store.get(FEED, "a").await, Ok(None), "it came back empty");
    let lease = store.lease(FEED, "a", TTL).await.unwrap().unwrap();
    assert_eq!(store.put(FEED, "a", record(lease.fence, 10)).await, Ok(true));
}

#[tokio::test]
async fn an_engine_that_hangs_costs_one_timeout() {
    let engine = Engine::start();
    let store = in_engine(engine.url()).await;
    let mut changes = store.changes().unwrap();
    store.put(FEED, "a", record(9, 10)).await.unwrap();

    engine.hang();
    let began = Instant::now();
    for _ in 0..100 {
        assert_eq!(store.get(FEED, "a").await, Err(Error::Away));
    }
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "a hundred refusals took {:?}",
        began.elapsed()
    );
    engine.wake();
    assert_eq!(
        timeout(SOON, changes.recv()).await.expect("soon"),
        Ok(Change::Unknown)
    );
    assert_eq!(store.get(FEED, "a").await, Ok(Some(record(9, 10))));
}

#[tokio::test]
async fn an_engine_away_at_the_start_is_no_error_and_its_address_stays_secret() {
    let mut engine = Engine::start();
    engine.kill();
    let store = in_engine(engine.url()).await;
    let mut changes = store.changes().unwrap();
    assert_eq!(store.get(FEED, "a").await, Err(Error::Away));
    engine.restart();
    assert_eq!(
        timeout(SOON, changes.recv()).await.expect("soon"),
        Ok(Change::Unknown)
    );
    assert_eq!(store.get(FEED, "a").await, Ok(None));

    let place = Place::Redis("redis://user:secret@127.0.0.1/".to_owned());
    assert!(!format!("{place:?}").contains("secret"));
    let wrong = Options {
        place: Place::Redis("http://no.example/".to_owned()),
        ..Options::default()
    };
    assert!(matches!(Store::open(&wrong).await, Err(Error::Address)));
}

/// Asks again until there is an answer, for a bounded time.
async fn eventually<T>(ask: impl AsyncFn() -> Option<T>) -> T {
    timeout(SOON, async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("an answer within seconds")
}
