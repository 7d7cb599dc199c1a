//! Many feeds in little memory.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::origin::Origin;
use super::reader::Reader;
use super::server::Server;
use super::walls::Walls;

/// What a small machine gives.
const LIMIT_KIB: u64 = 128 * 1024;

/// Each keeps its connection, and reads its part of the feeds.
const READERS: usize = 100;

pub(crate) async fn run(feeds: usize) -> bool {
    let origin = Origin::start(0).await;
    let walls = Walls::of_memory(LIMIT_KIB * 1024);
    let settings = format!(
        "[store]\nmemory = \"16MiB\"\n[images]\nmemory = \"8MiB\"\nprefetch = false\n[fetch]\nallow_private = [\"127.0.0.0/8\"]\n{}",
        origin.feeds(feeds)
    );
    let mut server = Server::within(&settings, walls.as_ref());
    let began = Instant::now();
    // All are brought in by the background; then each is read three times, by a hundred readers at once.
    while origin.asked.load(Ordering::Relaxed) < feeds as u64 && began.elapsed() < Duration::from_mins(5) {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    println!(
        "{feeds} feeds brought in within {:.0} s: {} KiB",
        began.elapsed().as_secs_f64(),
        server.kib("VmRSS")
    );
    let mut answered = 0;
    let mut readers = tokio::task::JoinSet::new();
    for first in 0..READERS {
        let mut reader = Reader::of(&server.readers);
        readers.spawn(async move {
            let mut answered = 0;
            for n in (0..3).flat_map(|_| (first..feeds).step_by(READERS)) {
                answered += usize::from(matches!(reader.read(n).await, Some((200 | 304, _))));
            }
            answered
        });
    }
    while let Some(one) = readers.join_next().await {
        answered += one.expect("a reader");
    }
    let (now, most) = (server.kib("VmRSS"), server.kib("VmHWM"));
    println!(
        "{answered} of {} reads answered; {now} KiB resident, {most} KiB at most",
        3 * feeds
    );
    let ended = walls.as_ref().and_then(Walls::ended);
    match &walls {
        Some(walls) => println!(
            "within {LIMIT_KIB} KiB: {} KiB with the kernel's copies of files, ended for want of memory: {}",
            walls.most_kib().unwrap_or_default(),
            ended.unwrap_or_default()
        ),
        None => println!("no control group could be made here: nothing enforced the limit"),
    }
    answered == 3 * feeds && most < LIMIT_KIB && server.lives() && ended.unwrap_or_default() == 0
}
