//! An origin that listens on all of loopback, so that each 127.0.0.0/8 address is a host of its own.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Feeds of one host.
const A_HOST: usize = 10;

#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) port: u16,
    pub(crate) asked: Arc<AtomicU64>,
}

impl Origin {
    /// Faults are made in so many of a hundred answers.
    pub(crate) async fn start(faults: u64) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))
            .await
            .expect("a port");
        let port = listener.local_addr().expect("address").port();
        let asked = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer_all(stream, Arc::clone(&count), faults));
            }
        });
        Self { port, asked }
    }

    /// The settings that publish feeds `f0`, `f1`, …
    pub(crate) fn feeds(&self, count: usize) -> String {
        (0..count)
            .map(|n| {
                let host = n / A_HOST;
                let (high, low) = (host / 250, host % 250 + 1);
                format!(
                    "[feeds.f{n}]\nurl = \"http://127.1.{high}.{low}:{}/{n}\"\n",
                    self.port
                )
            })
            .collect()
    }
}

/// The same numbers in every run.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

async fn answer_all(mut stream: TcpStream, asked: Arc<AtomicU64>, faults: u64) -> std::io::Result<()> {
    let mut head = vec![0; 4096];
    while let read @ 1.. = stream.read(&mut head).await? {
        let turn = asked.fetch_add(1, Ordering::Relaxed);
        let head = String::from_utf8_lossy(&head[..read]).into_owned();
        let path = head
            .split(' ')
            .nth(1)
            .unwrap_or("/0")
            .trim_start_matches('/')
            .to_owned();
        let chance = mixed(turn);
        // The first answer of all is a good one, so that every feed has once worked.
        let conditional = head.to_ascii_lowercase().contains("\nif-none-match:");
        if conditional && chance % 100 < faults {
            if !fault(&mut stream, chance / 100).await? {
                return Ok(());
            }
        } else if conditional && chance % 100 < faults + 30 {
            stream.write_all(b"HTTP/1.1 304 Not Modified\r\n\r\n").await?;
        } else {
            let body = document(&path, turn);
            let head = format!(
                "HTTP/1.1 200 OK\r\netag: \"{turn}\"\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(body.as_bytes()).await?;
        }
    }
    Ok(())
}

/// One of a dozen faults. True when the connection goes on.
async fn fault(stream: &mut TcpStream, which: u64) -> std::io::Result<bool> {
    let whole = |status: &str, lines: &str, body: &str| {
        format!(
            "HTTP/1.1 {status}\r\n{lines}content-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let (text, pause) = match which % 12 {
        0 => (whole("500 Oops", "", "secret"), None),
        1 => (whole("429 Slow Down", "retry-after: 1\r\n", ""), None),
        2 => (whole("404 Gone", "", "<html>"), None),
        3 => (whole("200 OK", "", "<!doctype html><title>Log in</title>"), None),
        4 => (whole("200 OK", "", ""), None),
        5 => (whole("302 Found", "location: /0?again\r\n", ""), None),
        6 => (whole("302 Found", "location: http://10.0.0.1/\r\n", ""), None),
        7 => (whole("200 OK", "content-encoding: gzip\r\n", "no gzip"), None),
        8 => (
            "HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n<rss>".to_owned(),
            Some(Duration::ZERO),
        ),
        9 => (
            "HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n<rss>".to_owned(),
            Some(Duration::from_secs(4)),
        ),
        10 => (
            format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(100_000)),
            Some(Duration::ZERO),
        ),
        _ => (
            whole("200 OK", "", &format!("<rss><channel>{}", "<a:x>".repeat(3_000))),
            None,
        ),
    };
    stream.write_all(text.as_bytes()).await?;
    if let Some(pause) = pause {
        tokio::time::sleep(pause).await;
    }
    Ok(pause.is_none())
}

/// Twenty entries of half a kilobyte, one of them new each time, with a picture that nobody asks for.
fn document(path: &str, turn: u64) -> String {
    let entry = |n: u64| {
        let text =
            format!("&lt;p&gt;Words of entry {n}, &lt;b&gt;some&lt;/b&gt; of them loud.&lt;/p&gt;").repeat(6);
        format!(
            "<item><guid>{n}</guid><title>entry {n}</title><description>{text}&lt;img src=\"http://10.0.0.1/{n}.png\"&gt;</description></item>"
        )
    };
    let entries: String = std::iter::once(turn + 1_000).chain(0..19).map(entry).collect();
    format!(
        "<rss version=\"2.0\"><channel><title>feed {path}</title><link>https://a.example/</link><description/>{entries}</channel></rss>"
    )
}
