//! Many feeds in little memory.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::origin::Origin;
use super::reader::Reader;
use super::server::Server;

/// What a small machine gives.
const LIMIT_KIB: u64 = 128 * 1024;

pub(crate) async fn run(feeds: usize) -> bool {
    let origin = Origin::start(0).await;
    let server = Server::start(&format!(
        "[store]\nmemory = \"16MiB\"\n[images]\nmemory = \"8MiB\"\nprefetch = false\n[fetch]\nallow_private = [\"127.0.0.0/8\"]\n{}",
        origin.feeds(feeds)
    ));
    let began = Instant::now();
    let mut reader = Reader::of(&server.readers);
    // All are brought in by the background; then each is read three times.
    while origin.asked.load(Ordering::Relaxed) < feeds as u64 && began.elapsed() < Duration::from_mins(5) {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    println!(
        "{feeds} feeds brought in within {:.0} s: {} KiB",
        began.elapsed().as_secs_f64(),
        server.kib("VmRSS")
    );
    let mut answered = 0;
    for _ in 0..3 {
        for n in 0..feeds {
            answered += usize::from(matches!(reader.read(n).await, Some((200 | 304, _))));
        }
    }
    let (now, most) = (server.kib("VmRSS"), server.kib("VmHWM"));
    println!(
        "{answered} of {} reads answered; {now} KiB resident, {most} KiB at most",
        3 * feeds
    );
    answered == 3 * feeds && most < LIMIT_KIB
}
