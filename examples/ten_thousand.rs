//! Ten thousand feeds on a quarter-hour schedule: what the background refresh costs.
//!
//! `cargo run --release --example ten_thousand [FEEDS] [ROUNDS]`. The origin is scripted and runs in the same
//! process, so its work is counted too. Time is moved by hand: the quarter of an hour between two rounds is not
//! waited for. CPU seconds are those of the whole process (Linux).

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement that cannot go on must stop, and tells what it found"
)]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use limpid::app::{Access, App, Options, StoreKind};
use limpid::cache::freshness::Policy;
use limpid::clock::Clock;
use limpid::endpoint::{Endpoint, Origin, Reckoned};
use limpid::fetch::{self, connect::Resolver};
use limpid::message::Format;
use limpid::sign::{Key, KeyRing};
use limpid::transform;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use url::Url;

/// Of ten looks one finds a new entry; the other nine get a 304.
const NEWS: usize = 10;
const ROUND: Duration = Duration::from_mins(17);

static ASKED: AtomicUsize = AtomicUsize::new(0);

#[tokio::main(worker_threads = 2)]
async fn main() {
    let number = |at| std::env::args().nth(at).and_then(|text| text.parse().ok());
    let (feeds, rounds) = (number(1).unwrap_or(10_000), number(2).unwrap_or(3));
    let folder = std::env::temp_dir().join(format!("limpid-ten-thousand-{}", std::process::id()));
    let clock = Clock::system();
    let app = App::open(
        options(feeds, origin().await.port(), folder.clone()),
        clock.clone(),
    )
    .await;
    let driven = Arc::clone(&app);
    let driver = tokio::spawn(async move { driven.keep_fresh().await });
    for round in 0..=rounds {
        let (wall, cpu, asked) = (Instant::now(), cpu_seconds(), ASKED.load(Ordering::Relaxed));
        // Feeds of one host come one after another: time has to pass for that.
        let goal = asked + feeds;
        while ASKED.load(Ordering::Relaxed) < goal {
            clock.advance(Duration::from_millis(500));
            app.wake();
            tokio::time::sleep(Duration::from_millis(1)).await;
            if app.is_at_rest() && wall.elapsed() > Duration::from_mins(5) {
                break;
            }
        }
        let (cpu, asked) = (cpu_seconds() - cpu, ASKED.load(Ordering::Relaxed) - asked);
        println!(
            "{}: {asked} requests, {cpu:.2} s CPU, {:.0} us each, {:.1} % of one core if spread over 15 minutes, {:.1} s wall",
            if round == 0 {
                "first".to_owned()
            } else {
                format!("round {round}")
            },
            cpu * 1e6 / f64::from(u32::try_from(asked.max(1)).unwrap_or(1)),
            cpu / 900.0 * 100.0,
            wall.elapsed().as_secs_f64(),
        );
        clock.advance(ROUND);
    }
    println!("resident: {} KiB", resident_kib());
    driver.abort();
    app.close().await;
    let _left = std::fs::remove_dir_all(folder);
}

fn options(feeds: usize, port: u16, folder: std::path::PathBuf) -> Options {
    let key = Key {
        id: 'k',
        secret: [7; 32],
        created: 0,
    };
    let mut home = fetch::Options::default();
    home.allow_private.networks = vec!["127.0.0.0/8".parse().expect("network")];
    home.resolver = Resolver::Custom(Arc::new(|_| Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])));
    let template = Endpoint {
        name: String::new(),
        origins: Vec::new(),
        format: Format::Source,
        transform: transform::Policy::default(),
        freshness: Policy {
            max: Duration::from_mins(15),
            ..Policy::default()
        },
        background: Some(Duration::ZERO),
        reckoned: Reckoned::default(),
    };
    let endpoint = |n: usize| Endpoint {
        name: format!("feed-{n}"),
        // Ten feeds a host.
        origins: vec![Origin::Http(
            Url::parse(&format!("http://host-{}.example:{port}/{n}", n / 10)).expect("url"),
        )],
        ..template.clone()
    };
    Options {
        public_url: Url::parse("https://feeds.example").expect("url"),
        keys: Arc::new(KeyRing::new(vec![key]).expect("keys")),
        store: StoreKind::Disk(folder),
        store_timeout: Duration::from_secs(1),
        memory: 64 << 20,
        fetch: home.clone(),
        image_fetch: home,
        images: limpid::images::Options {
            prefetch: false,
            ..limpid::images::Options::default()
        },
        endpoints: (0..feeds).map(endpoint).collect(),
        adhoc: Access::Off,
        trusted_proxies: Vec::new(),
        websub: limpid::websub::Options::default(),
        freshness: template.freshness.clone(),
        template,
    }
}

/// An origin that gives twenty entries of about a kilobyte, and 304 nine times of ten.
async fn origin() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = vec![0_u8; 4096];
                while let Ok(read @ 1..) = stream.read(&mut head).await {
                    let count = ASKED.fetch_add(1, Ordering::Relaxed);
                    let conditional = String::from_utf8_lossy(&head[..read]).contains("if-none-match");
                    let answer = if conditional && !count.is_multiple_of(NEWS) {
                        "HTTP/1.1 304 Not Modified\r\netag: \"1\"\r\n\r\n".to_owned()
                    } else {
                        let body = document(count);
                        format!(
                            "HTTP/1.1 200 OK\r\netag: \"1\"\r\ncontent-length: {}\r\n\r\n{body}",
                            body.len()
                        )
                    };
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

fn document(newest: usize) -> String {
    let entry = |n: usize| {
        let text = format!("&lt;p&gt;Words of entry {n}, &lt;b&gt;some&lt;/b&gt; of them loud.&lt;/p&gt;")
            .repeat(12);
        format!("<item><guid>{n}</guid><title>entry {n}</title><description>{text}</description></item>")
    };
    let entries: String = std::iter::once(newest + 100).chain(0..19).map(entry).collect();
    format!("<rss version=\"2.0\"><channel><title>a</title>{entries}</channel></rss>")
}

/// User and system time of this process so far.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = text
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(11)
        .take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn resident_kib() -> String {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.unwrap_or("?").trim_end_matches("kB").trim().to_owned()
}
