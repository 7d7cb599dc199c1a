//! A disk that takes its time.

use std::time::{Duration, Instant};

use super::origin::Origin;
use super::reader::Reader;
use super::server::Server;

/// Each keeps its connection and reads all feeds in turn.
const READERS: usize = 20;

/// Feeds change every few seconds, and whoever has a copy of one may have the next a little later.
pub(crate) async fn run(feeds: usize, milliseconds: u64) -> bool {
    let quick = reads(feeds, Duration::ZERO).await;
    let slow = reads(feeds, Duration::from_millis(milliseconds)).await;
    let (Some(quick), Some(slow)) = (quick, slow) else {
        return false;
    };
    // A reader who waits for the disk waits as long as one sync takes; none may.
    slow < Duration::from_millis(milliseconds / 2) && quick < Duration::from_millis(milliseconds / 2)
}

/// The longest that a reader waits while feeds are refreshed, every sync of the disk being `late`; `None`: a read failed.
async fn reads(feeds: usize, late: Duration) -> Option<Duration> {
    let origin = Origin::start(0).await;
    let settings = format!(
        "[refresh]\nmin = \"2s\"\nmax = \"4s\"\n[images]\nprefetch = false\n[fetch]\nper_host = 16\n\
         allow_private = [\"127.0.0.0/8\"]\n{}",
        origin.feeds(feeds)
    );
    let mut server = Server::on_a_disk(&settings, late);
    let began = Instant::now();
    let mut first = Reader::of(&server.readers);
    for n in 0..feeds {
        assert!(matches!(first.read(n).await, Some((200, _))), "feed {n} is there");
    }
    println!(
        "every sync {} ms late: {feeds} feeds brought in within {:.1} s",
        late.as_millis(),
        began.elapsed().as_secs_f64()
    );
    let before = origin.asked.load(std::sync::atomic::Ordering::Relaxed);
    let end = Instant::now() + Duration::from_secs(20);
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..READERS {
        let mut reader = Reader::of(&server.readers);
        readers.spawn(async move {
            let mut waited = Vec::new();
            for n in (0..feeds).cycle() {
                if Instant::now() > end {
                    break;
                }
                match reader.read(n).await {
                    Some((200 | 304, time)) => waited.push(time),
                    other => {
                        println!("feed {n}: {other:?}");
                        return None;
                    }
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Some(waited)
        });
    }
    let mut waited = Vec::new();
    while let Some(one) = readers.join_next().await {
        waited.extend(one.expect("a reader")?);
    }
    waited.sort_unstable();
    let at = |share: usize| waited[(waited.len() * share / 1000).min(waited.len() - 1)];
    let most = at(1000);
    println!(
        "  {} reads while {} refreshes went on: median {:.2} ms, p99 {:.1} ms, at most {:.1} ms",
        waited.len(),
        origin.asked.load(std::sync::atomic::Ordering::Relaxed) - before,
        at(500).as_secs_f64() * 1e3,
        at(990).as_secs_f64() * 1e3,
        most.as_secs_f64() * 1e3
    );
    server.lives().then_some(most)
}
