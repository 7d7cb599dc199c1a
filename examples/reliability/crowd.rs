//! Connections that do nothing, or next to nothing, beside a reader who wants an answer.

use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::origin::Origin;
use super::reader::Reader;
use super::server::Server;

const READS: usize = 500;

pub(crate) async fn run(connections: usize) -> bool {
    let origin = Origin::start(0).await;
    let server = Server::start(&format!(
        "[server]\nmax_connections = {}\nheader_timeout = \"30s\"\n[fetch]\nallow_private = [\"127.0.0.0/8\"]\n[images]\nprefetch = false\n{}",
        connections + 100,
        origin.feeds(1)
    ));
    let mut reader = Reader::of(&server.readers);
    assert_eq!(
        reader.read(0).await.map(|(status, _)| status),
        Some(200),
        "the feed is there"
    );
    let (alone, before) = (times(&mut reader).await, server.kib("VmRSS"));
    let began = Instant::now();
    let mut crowd = Vec::with_capacity(connections);
    for n in 0..connections {
        let mut stream = TcpStream::connect(&server.readers)
            .await
            .expect("descriptors for the crowd (ulimit -n)");
        // A third says nothing, a third half a head, a third asked once.
        let said: &[u8] = match n % 3 {
            0 => b"",
            1 => b"GET /feeds/f0 HTTP/1.1\r\nhost:",
            _ => b"HEAD /feeds/f0 HTTP/1.1\r\nhost: x\r\n\r\n",
        };
        stream.write_all(said).await.expect("sent");
        crowd.push(stream);
    }
    let came = began.elapsed();
    let mut late = Reader::of(&server.readers);
    let crowded = times(&mut late).await;
    let (open, after) = (server.descriptors(), server.kib("VmRSS"));
    println!(
        "{connections} connections within {:.1} s; {open} descriptors",
        came.as_secs_f64()
    );
    println!(
        "memory: {before} KiB alone, {after} KiB with them: {:.1} KiB each",
        after.saturating_sub(before) as f64 / connections as f64
    );
    println!(
        "a reader beside them: {} (alone: {})",
        shown(&crowded),
        shown(&alone)
    );
    // Each is let go after its 30 seconds, at the latest 30 more.
    let until = Instant::now() + Duration::from_secs(90);
    while server.descriptors() > 200 && Instant::now() < until {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    println!(
        "let go: {} descriptors, {:.0} s after the first came",
        server.descriptors(),
        began.elapsed().as_secs_f64()
    );
    drop(crowd);
    open > connections * 9 / 10 && crowded.len() == READS && server.descriptors() < 200
}

async fn times(reader: &mut Reader) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..READS {
        if let Some((200 | 304, took)) = reader.read(0).await {
            times.push(took);
        }
    }
    times.sort();
    times
}

fn shown(times: &[Duration]) -> String {
    let at = |part: usize| times.get(times.len() * part / 100).map_or(0, Duration::as_micros);
    format!(
        "{} of {READS} answered, median {} us, p99 {} us",
        times.len(),
        at(50),
        at(99)
    )
}
