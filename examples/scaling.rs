//! From ten thousand to ten million feeds, on paper: what the schedule asks of origins, of memory and of a shared
//! engine, and which wall comes first. `cargo run --profile trial --example scaling [SAMPLE] [MICROS]`
//!
//! A sample of feeds lives through four weeks of simulated time under the real rules: lifetime, rhythm and due time
//! are Limpid's own functions. Everything else is multiplication with figures that are measured elsewhere and
//! named below. MICROS is what one refresh costs here, as `examples/ten_thousand.rs` tells it.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a measurement that cannot go on must stop, and tells what it found in round figures"
)]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, header};
use limpid::cache::freshness::rhythm::Rhythm;
use limpid::cache::freshness::{Freshness, Policy, lifetime};
use limpid::cache::stored::Timing;
use limpid::endpoint::{Endpoint, Origin, Reckoned};
use limpid::message::Format;
use limpid::schedule::{self, Feed, Plan, due};
use limpid::transform::{self, Hints};
use url::Url;

const HOUR: u64 = 3_600_000;
const WEEKS: u64 = 4 * 7 * 24 * HOUR;

/// Bytes of a feed as it comes, compressed by the origin (median of real feeds: reference figures in docs/scaling.md).
const WIRE: f64 = 18e3;
/// Bytes of a 304, head and TCP included.
const UNCHANGED: f64 = 600.0;
/// Bytes of a record: the feed in gzip, and marks of its entries.
const RECORD: f64 = 22e3;
/// Bytes in memory of a feed that readers ask for: 1.3 times its gzip bytes.
const HELD: f64 = 24e3;
/// How often the readers of one feed ask, in all: a few readers, each hourly or so.
const ASKS_PER_FEED_AND_HOUR: f64 = 5.0;
/// Of a reader's questions so many end with 304.
const READERS_304: f64 = 0.9;
/// Readers' questions that one core answers in a second, 304 and compressed bodies mixed.
const ANSWERS_PER_CORE: f64 = 15e3;
/// How unevenly feeds are read: the exponent of Zipf's law.
const ZIPF: f64 = 0.8;
/// The engine's commands for one refresh: lease, look, write, tell, release.
const COMMANDS: f64 = 5.0;
/// What a Valkey engine does in a second on one core, pipelining aside.
const ENGINE: f64 = 80e3;
/// An instance believes its memory for so long (`cache::shared`).
const TRUST: f64 = 10.0;
/// Of a core, what the background may take on each instance.
const BACKGROUND: f64 = 0.5;
const CORES: f64 = 4.0;

/// A random number that is the same in every run.
struct Dice(u64);

impl Dice {
    /// Between 0 and 1.
    fn roll(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A waiting time, on average `mean`.
    fn wait(&mut self, mean: f64) -> u64 {
        (-self.roll().max(1e-12).ln() * mean) as u64
    }
}

/// What the sample did.
#[derive(Default)]
struct Lived {
    asked: u64,
    changed: u64,
    whole: u64,
    /// Between a change and the look that found it, in milliseconds.
    late: f64,
}

/// One feed: how often it changes, and what its origin says about freshness.
fn live(dice: &mut Dice, key: &str, policy: &Policy, lived: &mut Lived) {
    // From half-hourly to every two months, evenly on a logarithmic scale.
    let mean = 0.5 * HOUR as f64 * (dice.roll() * (60.0_f64 * 48.0).ln()).exp();
    let conditional = dice.roll() < 0.8;
    let mut headers = HeaderMap::new();
    let stated = dice.roll();
    if stated < 0.3 {
        let value = if stated < 0.15 {
            "max-age=300"
        } else {
            "max-age=3600"
        };
        headers.insert(header::CACHE_CONTROL, value.parse().expect("value"));
    }
    let hints = Hints {
        ttl: (dice.roll() < 0.2).then_some(3600),
        ..Hints::default()
    };
    let (mut now, mut rhythm) = (dice.wait(HOUR as f64), Rhythm::new(0));
    let mut next_change = now + dice.wait(mean);
    while now < WEEKS {
        lived.asked += 1;
        let changed = next_change <= now;
        if changed {
            lived.changed += 1;
            lived.late += (now - next_change) as f64;
            while next_change <= now {
                next_change += dice.wait(mean).max(60_000);
            }
        }
        lived.whole += u64::from(changed || !conditional);
        rhythm = rhythm.after(changed, now);
        let fresh = rhythm.stretch(lifetime(&headers, &hints, policy, now), policy, now);
        let timing = Timing {
            freshness: Freshness::new(now, fresh, policy),
            retry_at: None,
            last_read: now,
        };
        now = due::due(&timing, policy, key, now).max(now + 1);
    }
}

/// Bytes of memory that one planned feed takes: its settings and its place in the plan.
fn planned_bytes() -> f64 {
    const FEEDS: usize = 50_000;
    let before = resident();
    let mut plan = Plan::new(schedule::Options {
        total: 32,
        per_host: 2,
        spacing: Duration::from_secs(1),
    });
    let mut endpoints = HashMap::new();
    let mut feeds = Vec::new();
    for n in 0..FEEDS {
        let name = format!("feed-{n}");
        let url = format!("https://host-{}.example/blog/feed-{n}.xml", n / 3);
        feeds.push(Feed {
            key: name.as_str().into(),
            host: format!("host-{}.example:443", n / 3).into(),
            due: n as u64,
        });
        let endpoint = Endpoint {
            name: name.clone(),
            origins: vec![Origin::Http(Url::parse(&url).expect("url"))],
            format: Format::Source,
            transform: transform::Policy {
                self_url: Url::parse(&format!("https://feeds.example/feeds/{name}")).ok(),
                ..transform::Policy::default()
            },
            freshness: Policy::default(),
            background: Some(Duration::ZERO),
            reckoned: Reckoned::default(),
        };
        endpoints.insert(name, Arc::new(endpoint));
    }
    plan.set(feeds);
    let bytes = (resident() - before).max(0.0) / FEEDS as f64;
    assert_eq!((plan.len(), endpoints.len()), (FEEDS, FEEDS));
    bytes
}

fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<f64>().ok());
    kib.unwrap_or(0.0) * 1024.0
}

/// The share of questions that go to the `held` most read of `feeds`.
fn hit_ratio(feeds: f64, held: f64) -> f64 {
    let sum = |most: f64| -> f64 {
        // The sum of n^-s up to `most`: exactly at first, then as an integral.
        let exact = most.min(10_000.0) as u64;
        let head: f64 = (1..=exact).map(|n| (n as f64).powf(-ZIPF)).sum();
        let from = exact as f64 + 0.5;
        let power = 1.0 - ZIPF;
        head + (most + 0.5 - from).max(0.0).signum() * ((most + 0.5).powf(power) - from.powf(power)).max(0.0)
            / power
    };
    (sum(held.min(feeds)) / sum(feeds)).min(1.0)
}

fn size(bytes: f64) -> String {
    let units = ["B", "KB", "MB", "GB", "TB"];
    let unit = (bytes.max(1.0).log10() / 3.0).floor().clamp(0.0, 4.0);
    format!("{:.1} {}", bytes / 1000_f64.powf(unit), units[unit as usize])
}

fn main() {
    let number = |at, default: f64| {
        std::env::args()
            .nth(at)
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let (sample, micros) = (number(1, 20_000.0) as u64, number(2, 500.0));
    let per_plan = planned_bytes();
    let policy = Policy::default();
    let (mut dice, mut lived) = (Dice(0x9e37_79b9_7f4a_7c15), Lived::default());
    for feed in 0..sample {
        live(&mut dice, &format!("feed-{feed}"), &policy, &mut lived);
    }
    let days = WEEKS as f64 / (24 * HOUR) as f64;
    let per_day = |count: u64| count as f64 / sample as f64 / days;
    let (asks, wholes) = (per_day(lived.asked), per_day(lived.whole));
    println!(
        "A feed is asked {asks:.1} times a day; {wholes:.1} of them bring the whole feed, {:.1} a change.",
        per_day(lived.changed)
    );
    println!(
        "A change is found {:.0} minutes late on average.",
        lived.late / lived.changed.max(1) as f64 / 60_000.0
    );
    println!(
        "A planned feed takes {per_plan:.0} bytes of memory; a refresh is taken to cost {micros:.0} us of one core.\n"
    );
    println!(
        "| feeds | asks/s | in, Mbit/s | refreshes, cores | readers' questions/s | answers, cores | plan in memory | records | memory for 90 % hits | instances | engine, commands/s |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for feeds in [1e4, 1e5, 1e6, 1e7] {
        let per_second = feeds * asks / 86_400.0;
        let bytes = feeds * (wholes * WIRE + (asks - wholes) * UNCHANGED) / 86_400.0;
        let refreshing = per_second * micros / 1e6;
        let questions = feeds * ASKS_PER_FEED_AND_HOUR / 3600.0;
        let answering = questions / ANSWERS_PER_CORE;
        let held = (1..=1000).map(|part| feeds * f64::from(part) / 1000.0);
        let enough = held
            .into_iter()
            .find(|held| hit_ratio(feeds, *held) >= 0.9)
            .unwrap_or(feeds);
        let instances = (refreshing / BACKGROUND).max(answering / CORES).ceil().max(1.0);
        // Each instance looks once in a while at what it holds and is asked for.
        let looks = (questions).min(instances * enough / TRUST);
        let commands = per_second * COMMANDS + looks;
        println!(
            "| {feeds:.0} | {per_second:.1} | {:.1} | {refreshing:.2} | {questions:.0} | {answering:.3} | {} | {} | {} | {instances:.0} | {commands:.0} ({:.1} %) |",
            bytes * 8.0 / 1e6,
            size(feeds * per_plan),
            size(feeds * RECORD),
            size(enough * HELD),
            commands / ENGINE * 100.0,
        );
    }
    let out = |feeds: f64| {
        feeds * ASKS_PER_FEED_AND_HOUR / 3600.0 * ((1.0 - READERS_304) * WIRE + READERS_304 * UNCHANGED)
    };
    println!("\nReaders of a million feeds take {} a second.", size(out(1e6)));
}
