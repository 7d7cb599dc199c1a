use super::*;
use crate::clock::Clock;
use crate::message::Kind;
use crate::transform::Hints;
use bytes::Bytes;
use freshness::Freshness;
use freshness::rhythm::Rhythm;
use marks::Marks;
use representation::Representation;
use std::sync::atomic::{AtomicUsize, Ordering};
use stored::{Class, LastRead, OriginState, Version};
use tokio::sync::Semaphore;

const MINUTE: Duration = Duration::from_mins(1);

/// A cache whose origin answers with the number of the request, or fails, as it is told.
struct Bench {
    cache: Arc<Cache>,
    clock: Clock,
    policy: Policy,
    asked: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
}

impl Bench {
    fn new() -> Self {
        let clock = Clock::system();
        let options = Options {
            memory: 1 << 20,
            deadline: MINUTE,
            patience: Duration::from_millis(20),
        };
        Self {
            cache: Cache::new(options, clock.clone()),
            clock,
            policy: Policy::default(),
            asked: Arc::default(),
            gate: Arc::new(Semaphore::new(1000)),
        }
    }

    async fn get(&self, works: bool) -> Result<Found, Missed> {
        self.ask(works, false).await
    }

    async fn ask(&self, works: bool, only_stored: bool) -> Result<Found, Missed> {
        let (asked, gate) = (Arc::clone(&self.asked), Arc::clone(&self.gate));
        let (clock, policy) = (self.clock.clone(), self.policy.clone());
        self.cache
            .get("a", &self.policy, only_stored, || {
                move |_| async move {
                    let number = asked.fetch_add(1, Ordering::SeqCst);
                    let _pass = gate.acquire().await;
                    if works {
                        Ok(copy(number, clock.millis(), &policy))
                    } else {
                        Err(Failure {
                            status: Some(503),
                            ..Failure::new(Class::Bad, "the origin fails")
                        })
                    }
                }
            })
            .await
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn copy(number: usize, now: Millis, policy: &Policy) -> StoredResponse {
    let body = format!("<rss>{number}</rss>").into_bytes();
    StoredResponse {
        version: Arc::new(Version {
            representation: Representation::new(&body, Kind::Rss, None, now),
            marks: Marks::default(),
            contents: [0; 16],
            hints: Hints::default(),
            removed: Vec::new(),
            policy: [0; 16],
        }),
        origin: OriginState::default(),
        rhythm: Rhythm::new(now),
        last_read: LastRead::new(now),
        freshness: Freshness::new(now, policy.min, policy),
        failing: None,
    }
}

fn body(found: &Found) -> Bytes {
    let body = found.response.version.representation.identity();
    body.expect("identity")
}

#[tokio::test]
async fn a_fresh_copy_asks_nobody() {
    let bench = Bench::new();
    let first = bench.get(true).await.expect("found");
    assert_eq!(
        first.how,
        How::Refreshed {
            absent: true,
            collapsed: false
        }
    );
    assert_eq!(bench.get(true).await.expect("found").how, How::Hit);
    assert_eq!(bench.asked(), 1);
}

#[tokio::test]
async fn a_stale_copy_is_served_while_one_refresh_runs_behind() {
    let bench = Bench::new();
    bench.get(true).await.expect("found");
    bench.clock.advance(16 * MINUTE);
    let held = bench.gate.acquire_many(1000).await.expect("gate");
    for number in 0..50 {
        let found = bench.get(true).await.expect("found");
        assert_eq!(
            found.how,
            How::Stale {
                collapsed: number > 0
            }
        );
        assert_eq!(body(&found), &b"<rss>0</rss>"[..]);
    }
    drop(held);
    let landed = bench
        .cache
        .flights
        .join("a", |_| async { unreachable!() })
        .landed()
        .await;
    assert!(landed.expect("landed").is_ok());
    let found = bench.get(true).await.expect("found");
    assert_eq!(
        (found.how, body(&found)),
        (How::Hit, Bytes::from_static(b"<rss>1</rss>"))
    );
    assert_eq!(bench.asked(), 2);
}

#[tokio::test]
async fn an_old_copy_waits_a_little_for_a_new_one_and_never_fails() {
    let bench = Bench::new();
    bench.get(true).await.expect("found");
    bench.clock.advance(600 * MINUTE);
    let renewed = bench.get(true).await.expect("found");
    assert!(matches!(renewed.how, How::Refreshed { absent: false, .. }));
    bench.clock.advance(600 * MINUTE);
    let failed = bench.get(false).await.expect("found");
    assert_eq!(
        (failed.how, body(&failed)),
        (How::StaleIfError, Bytes::from_static(b"<rss>1</rss>"))
    );
    let failing = failed.response.failing.as_ref().expect("failing");
    assert_eq!((failing.count, failing.last.status), (1, Some(503)));
    // Not asked again before its time, and then not waited for.
    let asked = bench.asked();
    assert_eq!(bench.get(true).await.expect("found").how, How::StaleIfError);
    assert_eq!(bench.asked(), asked);
}

#[tokio::test]
async fn a_slow_origin_costs_the_reader_of_an_old_copy_little_patience() {
    let bench = Bench::new();
    bench.get(true).await.expect("found");
    bench.clock.advance(600 * MINUTE);
    let _held = bench.gate.acquire_many(1000).await.expect("gate");
    let found = bench.get(true).await.expect("found");
    assert_eq!(found.how, How::Stale { collapsed: false });
}

#[tokio::test]
async fn a_failure_without_a_copy_is_short_lived_and_spares_the_origin() {
    let bench = Bench::new();
    for _ in 0..10 {
        assert!(matches!(bench.get(false).await, Err(Missed::Failed(_))));
    }
    assert_eq!(bench.asked(), 1);
    bench.clock.advance(2 * MINUTE);
    assert!(bench.get(true).await.is_ok());
}

#[tokio::test]
async fn only_if_cached_never_starts_a_refresh() {
    let bench = Bench::new();
    assert!(matches!(bench.ask(true, true).await, Err(Missed::NotStored)));
    bench.get(true).await.expect("found");
    bench.clock.advance(16 * MINUTE);
    assert_eq!(
        bench.ask(true, true).await.expect("found").how,
        How::Stale { collapsed: false }
    );
    assert_eq!(bench.asked(), 1);
}

#[tokio::test]
async fn a_copy_past_every_bound_is_not_served() {
    let bench = Bench::new();
    bench.get(true).await.expect("found");
    bench.clock.advance(Duration::from_hours(40 * 24));
    assert!(matches!(bench.get(false).await, Err(Missed::Failed(_))));
}

#[tokio::test]
async fn a_refresh_that_crashes_is_a_failure_like_any_other() {
    let bench = Bench::new();
    let crashed = bench
        .cache
        .get("b", &bench.policy, false, || {
            |_| async { panic!("as a test wants it") }
        })
        .await;
    let Err(Missed::Failed(failing)) = crashed else {
        panic!("a copy from a crash")
    };
    assert_eq!(failing.last.class, Class::Defect);
}
