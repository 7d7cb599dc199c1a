//! An hour's worth of trouble in minutes: every feed is asked each few seconds instead of each quarter of an hour,
//! a third of the answers are faults, readers read all the while, settings change, keys are rotated.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::origin::Origin;
use super::reader::Reader;
use super::server::Server;

const LOOK: Duration = Duration::from_secs(5);

#[derive(Default)]
struct Counts {
    read: AtomicU64,
    not_modified: AtomicU64,
    errors: AtomicU64,
}

pub(crate) async fn run(seconds: usize, feeds: usize, readers: usize) -> bool {
    let origin = Origin::start(30).await;
    let settings = |title: &str| {
        format!(
            "[server]\nreload_interval = \"1s\"\nmax_connections = {}\n[store]\nmemory = \"32MiB\"\n[images]\nprefetch = false\n\
             [refresh]\nmin = \"5s\"\nmax = \"20s\"\n[fetch]\nallow_private = [\"127.0.0.0/8\"]\ntimeout = \"6s\"\nidle_timeout = \"3s\"\n\
             {}title = \"{title}\"\n",
            readers + 100,
            origin.feeds(feeds)
        )
    };
    let mut server = Server::start(&settings("first"));
    let (counts, over) = (Arc::new(Counts::default()), Arc::new(AtomicBool::new(false)));
    bring_in(&server, feeds).await;
    let reading: Vec<_> = (0..readers)
        .map(|n| {
            tokio::spawn(read(
                Reader::of(&server.readers),
                n,
                feeds,
                Arc::clone(&counts),
                Arc::clone(&over),
            ))
        })
        .collect();

    // A quarter of the time to warm up; what it takes in the quarter behind that is what it may take.
    let (began, whole) = (Instant::now(), Duration::from_secs(seconds as u64));
    let (mut first, mut last, mut reloads) = (Vec::new(), Vec::new(), 0);
    while began.elapsed() < whole && server.lives() {
        tokio::time::sleep(LOOK).await;
        let at = began.elapsed();
        reloads += 1;
        server.settings(&settings(&format!("title {reloads}")));
        if reloads % 6 == 0 {
            server.rotate_key();
        }
        let look = (server.kib("VmRSS"), server.descriptors());
        match at.as_secs_f64() / whole.as_secs_f64() {
            0.25..0.5 => first.push(look),
            0.5.. => last.push(look),
            _ => {}
        }
        println!(
            "{:>4.0} s: {} KiB, {} descriptors, {} reads ({} of them 304), {} errors, origin asked {} times",
            at.as_secs_f64(),
            look.0,
            look.1,
            counts.read.load(Ordering::Relaxed),
            counts.not_modified.load(Ordering::Relaxed),
            counts.errors.load(Ordering::Relaxed),
            origin.asked.load(Ordering::Relaxed)
        );
    }
    over.store(true, Ordering::Relaxed);
    for reader in reading {
        reader.await.expect("a reader");
    }
    let mean = |looks: &[(u64, usize)]| {
        looks.iter().map(|look| look.0).sum::<u64>() as f64 / looks.len().max(1) as f64
    };
    let most = |looks: &[(u64, usize)]| looks.iter().map(|look| look.1).max().unwrap_or(0);
    let growth = (mean(&last) / mean(&first) - 1.0) * 100.0;
    println!(
        "memory: {:.0} KiB, then {:.0} KiB ({growth:+.1} %); at most {} KiB",
        mean(&first),
        mean(&last),
        server.kib("VmHWM")
    );
    println!(
        "descriptors: {} at most, then {}; {reloads} reloads, {} keys",
        most(&first),
        most(&last),
        reloads / 6 + 1
    );
    let errors = counts.errors.load(Ordering::Relaxed);
    println!("{} reads, {errors} errors", counts.read.load(Ordering::Relaxed));
    server.lives() && errors == 0 && growth < 5.0 && most(&last) <= most(&first) + 64
}

/// Until each feed has once worked.
async fn bring_in(server: &Server, feeds: usize) {
    let mut reader = Reader::of(&server.readers);
    for n in 0..feeds {
        while !matches!(reader.read(n).await, Some((200 | 304, _))) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    println!("{feeds} feeds are there: {} KiB", server.kib("VmRSS"));
}

/// Reads one feed after another, each couple of seconds.
async fn read(mut reader: Reader, number: usize, feeds: usize, counts: Arc<Counts>, over: Arc<AtomicBool>) {
    let first = number * 7 % feeds;
    let mut turn = 0;
    // Not all at once.
    tokio::time::sleep(Duration::from_millis(number as u64 % 2_000)).await;
    while !over.load(Ordering::Relaxed) {
        // A few feeds each, again and again: what they know of them is worth something.
        let n = (first + turn % 5 * (feeds / 5 + 1)) % feeds;
        turn += 1;
        counts.read.fetch_add(1, Ordering::Relaxed);
        match reader.read(n).await {
            Some((200, _)) => {}
            Some((304, _)) => {
                counts.not_modified.fetch_add(1, Ordering::Relaxed);
            }
            wrong => {
                println!("feed {n}: {wrong:?}");
                counts.errors.fetch_add(1, Ordering::Relaxed);
            }
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}
