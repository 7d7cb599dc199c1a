//! The ratios that Limpid is judged by: each stage and the whole beside `ammonia::clean` on the same
//! contents, in rounds that take turns, so that a machine that changes its speed changes both.
//!
//! `cargo bench --bench ratios [ROUNDS] [FEED…]`; FEED is a file, and then only those are measured. With `plots`, what
//! a refresh costs by size and by change is measured alone and drawn into `docs/`.

#![allow(
    clippy::expect_used,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement that cannot go on stops; its figures are what it is for; its clock is the real one"
)]

mod support;
#[path = "support/plot.rs"]
mod plot;
#[path = "../src/transform/clean/tests/bombs.rs"]
mod bombs;

use std::hint::black_box;
use std::time::{Duration, Instant};

use plot::{Line, Plot};

use limpid::cache::gzip::{self, Known};
use limpid::cache::representation::{Representation, hash};
use limpid::message::Kind;
use limpid::transform::clean::{self, Cleaner};
use limpid::transform::digest::digest;
use limpid::transform::report::Report;
use limpid::transform::{
    Error, Limits, Policy, Prior, Source, Transformed, buffers, decode, read, repair, rewrite, transform,
};

/// One thing that is measured.
struct Row<'a> {
    name: String,
    work: Box<dyn FnMut() + 'a>,
    times: Vec<Duration>,
}

fn row<'a, T>(name: &str, mut work: impl FnMut() -> T + 'a) -> Row<'a> {
    Row {
        name: name.to_owned(),
        work: Box::new(move || {
            black_box(work());
        }),
        times: Vec::new(),
    }
}

/// Runs the rows in turn; the first is what the others are compared with.
fn measure(title: &str, rounds: usize, mut rows: Vec<Row<'_>>) {
    for row in &mut rows {
        (row.work)();
    }
    for _ in 0..rounds {
        for row in &mut rows {
            let begin = Instant::now();
            (row.work)();
            row.times.push(begin.elapsed());
        }
    }
    println!("\n{title} ({rounds} rounds)");
    println!("{:<44} {:>10} {:>10} {:>8}", "", "median µs", "least µs", "ratio");
    let base = rows.first().map(|row| row.times.clone()).unwrap_or_default();
    for row in &rows {
        // The ratio of each round, and of those the median: the state of the machine cancels out.
        let mut ratios: Vec<f64> = row
            .times
            .iter()
            .zip(&base)
            .map(|(time, base)| time.as_secs_f64() / base.as_secs_f64())
            .collect();
        ratios.sort_by(f64::total_cmp);
        let mut times = row.times.clone();
        times.sort();
        println!(
            "{:<44} {:>10.1} {:>10.1} {:>8.3}",
            row.name,
            times[times.len() / 2].as_secs_f64() * 1e6,
            times[0].as_secs_f64() * 1e6,
            ratios[ratios.len() / 2],
        );
    }
}

/// The contents through `ammonia::clean`, one after the other.
fn ammonia_alone(contents: &[String]) -> usize {
    contents.iter().map(|content| ammonia::clean(content).len()).sum()
}

fn cleaned(contents: &[String], policy: &clean::Policy) -> usize {
    contents
        .iter()
        .map(|content| Cleaner::new(policy).html(content, None).len())
        .sum()
}

fn main() {
    let rounds = std::env::args()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(31);
    let feeds: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| std::path::Path::new(argument).is_file())
        .collect();
    if !feeds.is_empty() {
        for file in &feeds {
            real(rounds, file);
        }
        return;
    }
    if std::env::args().any(|argument| argument == "plots") {
        return plots(rounds.min(11));
    }
    whole(rounds);
    stages(rounds);
    refresh(rounds, 20);
    refresh(rounds, 100);
    growth(rounds.min(7));
    bombs();
}

/// As a refresh does it: the buffer of what was made is there for the next one.
fn made(source: &Source<'_>, policy: &Policy, prior: Option<Prior<'_>>) -> usize {
    let made = transform(source, policy, prior).expect("a feed");
    let (length, entries) = (made.body.len(), made.entries.len());
    buffers::rest(made.body);
    length + entries
}

/// Bytes in, clean bytes out.
fn whole(rounds: usize) {
    let contents = support::articles(20, 1);
    let feed = support::rss(&contents, 1);
    let tangled: Vec<String> = (0..20).map(support::tangled).collect();
    let tangled_feed = support::rss(&tangled, 1);
    let (direct, proxied) = (Policy::default(), support::proxied());
    let mut parsed = Policy::default();
    parsed.clean.fast = false;
    let run = |feed: &str, policy: &Policy| made(&support::source(feed.as_bytes()), policy, None);
    measure(
        &format!("feed of 20 articles, {} KB", feed.len() / 1000),
        rounds,
        vec![
            row("ammonia::clean on the contents", || ammonia_alone(&contents)),
            row("clean fields alone, pictures direct", || {
                cleaned(&contents, &direct.clean)
            }),
            row("clean fields alone, pictures signed", || {
                cleaned(&contents, &proxied.clean)
            }),
            row("whole transform, pictures direct", || run(&feed, &direct)),
            row("whole transform, pictures signed", || run(&feed, &proxied)),
        ],
    );
    measure(
        &format!(
            "feed of 20 fields that are not in order, {} KB",
            tangled_feed.len() / 1000
        ),
        rounds,
        vec![
            row("ammonia::clean on the contents", || ammonia_alone(&tangled)),
            row("clean fields alone", || cleaned(&tangled, &direct.clean)),
            row("clean fields alone, all parsed", || {
                cleaned(&tangled, &parsed.clean)
            }),
            row("whole transform", || run(&tangled_feed, &direct)),
        ],
    );
}

/// A feed as somebody publishes it.
fn real(rounds: usize, file: &str) {
    let bytes = std::fs::read(file).expect("a feed");
    let (direct, proxied) = (Policy::default(), support::proxied());
    let source = Source {
        content_type: None,
        ..support::source(&bytes)
    };
    let contents = contents(&source);
    let run = |policy: &Policy| made(&source, policy, None);
    measure(
        &format!(
            "{file}, {} KB, {} fields of {} KB",
            bytes.len() / 1000,
            contents.len(),
            contents.iter().map(String::len).sum::<usize>() / 1000
        ),
        rounds,
        vec![
            row("ammonia::clean on the contents", || ammonia_alone(&contents)),
            row("clean fields alone, pictures direct", || {
                cleaned(&contents, &direct.clean)
            }),
            row("clean fields alone, pictures signed", || {
                cleaned(&contents, &proxied.clean)
            }),
            row("whole transform, pictures direct", || run(&direct)),
            row("whole transform, pictures signed", || run(&proxied)),
        ],
    );
}

/// The HTML that a feed's entries hold.
fn contents(source: &Source<'_>) -> Vec<String> {
    let text = decode::decode(source, &Limits::default(), &mut Report::default()).expect("text");
    let repaired = repair::repair(&text, &Limits::default(), &mut Report::default()).expect("a feed");
    let feed = read::read(&repaired.text, repaired.kind).expect("entries");
    let texts = feed
        .entries
        .into_iter()
        .flat_map(|entry| [entry.summary, entry.content]);
    texts
        .filter(|text| text.html && !text.value.is_empty())
        .map(|text| text.value)
        .collect()
}

/// Each stage by itself.
fn stages(rounds: usize) {
    let contents = support::articles(20, 1);
    let feed = support::rss(&contents, 1);
    let policy = support::proxied();
    let source = support::source(feed.as_bytes());
    let repaired = repair::repair(&feed, &Limits::default(), &mut Report::default()).expect("a feed");
    let job = rewrite::Job::new(&repaired.text, &policy);
    let rewritten =
        rewrite::xml(&job, rewrite::outline(&repaired).expect("well-formed")).expect("well-formed");
    let body = rewritten.clone().body();
    measure(
        "stages of the same feed",
        rounds,
        vec![
            row("ammonia::clean on the contents", || ammonia_alone(&contents)),
            row("decode", || {
                decode::decode(&source, &Limits::default(), &mut Report::default()).map(|text| text.len())
            }),
            row("repair", || {
                repair::repair(&feed, &Limits::default(), &mut Report::default())
            }),
            row("read", || read::read(&repaired.text, Kind::Rss)),
            row("rewrite", || {
                let mut rewritten = rewrite::xml(&job, rewrite::outline(&repaired)?)?;
                buffers::rest(rewritten.body());
                Ok::<_, Error>(())
            }),
            row("check", || rewritten.check(Kind::Rss)),
            row("hash", || hash(&body)),
            row("codings", || Representation::new(&body, Kind::Rss, None, 0)),
        ],
    );
}

/// A feed that was seen before: since then one entry came in front and the last one went.
fn refresh(rounds: usize, entries: usize) {
    let before = support::rss(&support::articles(entries, 2), 2);
    let newer = support::articles(entries, 1);
    let after = support::rss(&newer, 1);
    let policy = support::proxied();
    let source = support::source(after.as_bytes());
    let old = transform(&support::source(before.as_bytes()), &policy, None).expect("a feed");
    let prior = Prior {
        body: &old.body,
        entries: &old.entries,
    };
    let same = transform(&source, &policy, None).expect("a feed");
    let unchanged = Prior {
        body: &same.body,
        entries: &same.entries,
    };
    let refreshed = transform(&source, &policy, Some(prior)).expect("a feed");
    assert_eq!(refreshed.body, same.body);
    let known = refreshed
        .entries
        .iter()
        .filter(|mark| old.entries.iter().any(|old| old.hash == mark.hash));
    assert_eq!(known.count(), entries - 1, "only one entry is new");
    let compress = |made: &Transformed, old: Option<Known<'_>>| {
        gzip::gzip(
            &made.body,
            made.entries.iter().map(|entry| entry.span.clone()),
            old,
        )
        .expect("gzip")
    };
    let coded = compress(&old, None);
    let compressed = Known {
        plain: &old.body,
        coded: &coded.bytes,
        parts: &coded.parts,
    };
    let one_stream = gzip::gzip(&same.body, std::iter::empty(), None).expect("gzip");
    println!(
        "\ngzip of {entries} entries: {} bytes in {} parts, {:.3} of one stream",
        compress(&same, None).bytes.len(),
        coded.parts.len(),
        compress(&same, None).bytes.len() as f64 / one_stream.bytes.len() as f64
    );
    measure(
        &format!("refresh of {entries} entries"),
        rounds,
        vec![
            row("ammonia::clean on the contents", || ammonia_alone(&newer)),
            row("whole transform, nothing known", || made(&source, &policy, None)),
            row("one entry is new", || made(&source, &policy, Some(prior))),
            row("no entry is new", || made(&source, &policy, Some(unchanged))),
            row("equal body: its hash", || digest(after.as_bytes())),
            row("gzip, one stream", || {
                gzip::gzip(&same.body, std::iter::empty(), None)
            }),
            row("gzip, in parts, nothing known", || compress(&same, None)),
            row("gzip, one entry is new", || {
                compress(&refreshed, Some(compressed))
            }),
        ],
    );
}

/// What once took parsers minutes: the slowest of all, and the time that half of it takes.
fn bombs() {
    const SIZE: usize = 100_000;
    let policy = Policy::default();
    let time = |html: &str| {
        let begin = Instant::now();
        black_box(Cleaner::new(&policy.clean).html(html, None));
        begin.elapsed()
    };
    let mut slowest: Vec<(Duration, Duration, String)> = bombs::all()
        .iter()
        .map(|bomb| {
            let (half, whole) = (bomb(SIZE / 2), bomb(SIZE));
            let least = |html: &str| (0..3).map(|_| time(html)).min().unwrap_or_default();
            (least(&whole), least(&half), whole.chars().take(32).collect())
        })
        .collect();
    slowest.sort();
    slowest.reverse();
    println!(
        "\n{} kinds of markup made to be slow, {} KB each: the slowest",
        slowest.len(),
        SIZE / 1000
    );
    println!("{:<44} {:>10} {:>10}", "", "ms", "half, ms");
    for (whole, half, begin) in slowest.iter().take(5) {
        println!(
            "{:<44} {:>10.1} {:>10.1}",
            format!("{begin:?}"),
            whole.as_secs_f64() * 1e3,
            half.as_secs_f64() * 1e3
        );
    }
}

/// Time for each byte, by size: flat when it is linear.
fn growth(rounds: usize) {
    let policy = support::proxied();
    println!("\ngrowth of the whole transform (medians of {rounds} rounds)");
    println!(
        "{:>8} {:>12} {:>12} {:>12}",
        "entries", "bytes", "µs", "ns per byte"
    );
    for entries in [1, 10, 100, 1000] {
        let feed = support::rss(&support::articles(entries, 1), 1);
        let mut times: Vec<Duration> = (0..rounds)
            .map(|_| {
                let begin = Instant::now();
                black_box(transform(&support::source(feed.as_bytes()), &policy, None).expect("a feed"));
                begin.elapsed()
            })
            .collect();
        times.sort();
        let time = times[times.len() / 2].as_secs_f64();
        println!(
            "{entries:>8} {:>12} {:>12.1} {:>12.3}",
            feed.len(),
            time * 1e6,
            time * 1e9 / feed.len() as f64
        );
    }
}

/// Draws what a refresh costs: by the size of the feed, and by how many of a hundred entries are new.
fn plots(rounds: usize) {
    let by_size = [10, 20, 50, 100].map(|entries| {
        let kilobytes = support::rss(&support::articles(entries, 1), 1).len() as f64 / 1000.0;
        [entries, 1, 0].map(|new| (kilobytes, cost(entries, new, rounds)))
    });
    let line = |name: &str, at: usize| Line {
        name: name.to_owned(),
        points: by_size.iter().map(|costs| costs[at]).collect(),
    };
    let sizes = Plot {
        title: "A refresh, by the size of the feed",
        axes: ["KB", "ms"],
        logarithmic: false,
        lines: vec![
            line("all is new", 0),
            line("one entry is new", 1),
            line("nothing is new", 2),
        ],
    };
    sizes.write("refresh-size");
    let changes = Plot {
        title: "A refresh of 100 entries, by how many are new",
        axes: ["new entries", "ms"],
        logarithmic: false,
        lines: vec![Line {
            name: "100 entries".to_owned(),
            points: [0, 1, 10, 25, 50, 75, 100]
                .map(|new| (new as f64, cost(100, new, rounds)))
                .into(),
        }],
    };
    changes.write("refresh-change");
}

/// Milliseconds that a refresh takes of which so many `entries` are new: the least of all rounds, which is what the
/// work takes when nobody else is at work.
fn cost(entries: usize, new: usize, rounds: usize) -> f64 {
    let policy = support::proxied();
    let of = |first: u64| support::rss(&support::articles(entries, first), first);
    let (before, after) = (of(1 + new as u64), of(1));
    let source = support::source(after.as_bytes());
    let old = transform(&support::source(before.as_bytes()), &policy, None).expect("a feed");
    let prior = Prior {
        body: &old.body,
        entries: &old.entries,
    };
    let time = || {
        let begin = Instant::now();
        black_box(transform(&source, &policy, Some(prior)).expect("a feed"));
        begin.elapsed().as_secs_f64() * 1000.0
    };
    (0..rounds).map(|_| time()).fold(f64::INFINITY, f64::min)
}
