//! One stage a run, as often as told: for counting instructions, which are the same however busy the
//! machine is. `benches/instructions/run` does that.

#![allow(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a measurement that cannot go on stops and tells what it is at"
)]

#[path = "../support/mod.rs"]
mod support;
#[path = "../../src/transform/clean/tests/bombs.rs"]
mod bombs;

use std::hint::black_box;

use limpid::message::Kind;
use limpid::transform::clean::Cleaner;
use limpid::transform::report::Report;
use limpid::transform::{Limits, Policy, Prior, Source, buffers, decode, read, repair, rewrite, transform};

/// One field of 100 KB, of one kind of markup made to be slow (by its number), cleaned once.
fn bomb(number: usize) {
    let policy = Policy::default();
    if let Some(bomb) = bombs::all().get(number) {
        let field = bomb(100_000);
        eprintln!("{number} {:?}", field.chars().take(40).collect::<String>());
        black_box(Cleaner::new(&policy.clean).html(&field, None));
    }
}

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"));
    let (Some(stage), Some(times)) = (arguments.next(), arguments.next()) else {
        return;
    };
    let times: usize = times.parse().expect("a number");
    if stage == "bomb" {
        return bomb(times);
    }
    let contents = support::articles(20, 1);
    let feed = support::rss(&contents, 1);
    let tangled: Vec<String> = (0..20).map(support::tangled).collect();
    let (direct, proxied) = (Policy::default(), support::proxied());
    let mut parsed = Policy::default();
    parsed.clean.fast = false;
    let source = support::source(feed.as_bytes());
    let repaired = repair::repair(&feed, &Limits::default(), &mut Report::default()).expect("a feed");
    let job = rewrite::Job::new(&repaired.text, &proxied);
    let rewritten =
        rewrite::xml(&job, rewrite::outline(&repaired).expect("well-formed")).expect("well-formed");
    let before = support::rss(&support::articles(20, 2), 2);
    let same = transform(&source, &proxied, None).expect("a feed");
    let older = transform(&support::source(before.as_bytes()), &proxied, None).expect("a feed");
    let prior = |of: &'static str| {
        let old = if of == "same" { &same } else { &older };
        Prior {
            body: &old.body,
            entries: &old.entries,
        }
    };
    let cleaned = |contents: &[String], policy: &Policy| -> usize {
        contents
            .iter()
            .map(|content| Cleaner::new(&policy.clean).html(content, None).len())
            .sum()
    };
    let run: Box<dyn Fn()> = match stage.as_str() {
        "ammonia" => Box::new(|| {
            for content in &contents {
                drop(black_box(sanitizer_alone(content)));
            }
        }),
        "decode" => Box::new(|| {
            black_box(decode::decode(&source, &Limits::default(), &mut Report::default()).is_ok());
        }),
        "repair" => Box::new(|| {
            black_box(repair::repair(&feed, &Limits::default(), &mut Report::default()).is_ok());
        }),
        "read" => Box::new(|| drop(black_box(read::read(&repaired.text, Kind::Rss)))),
        "rewrite" => Box::new(|| {
            let outline = rewrite::outline(&repaired).expect("well-formed");
            drop(black_box(rewrite::xml(&job, outline)));
        }),
        "check" => Box::new(|| drop(black_box(rewritten.check(Kind::Rss)))),
        "fields" => Box::new(|| {
            black_box(cleaned(&contents, &direct));
        }),
        "fields-signed" => Box::new(|| {
            black_box(cleaned(&contents, &proxied));
        }),
        "fields-tangled" => Box::new(|| {
            black_box(cleaned(&tangled, &direct));
        }),
        "fields-parsed" => Box::new(|| {
            black_box(cleaned(&tangled, &parsed));
        }),
        "ammonia-tangled" => Box::new(|| {
            for content in &tangled {
                drop(black_box(sanitizer_alone(content)));
            }
        }),
        "whole" => Box::new(|| made(&source, &direct, None)),
        "whole-signed" => Box::new(|| made(&source, &proxied, None)),
        "one-new" => Box::new(|| made(&source, &proxied, Some(prior("older")))),
        "none-new" => Box::new(|| made(&source, &proxied, Some(prior("same")))),
        _ => return,
    };
    for _ in 0..times {
        run();
    }
}

/// As a refresh does it: the buffer of what was made is there for the next one.
fn made(source: &Source<'_>, policy: &Policy, prior: Option<Prior<'_>>) {
    let made = black_box(transform(source, policy, prior)).expect("a feed");
    buffers::rest(made.body);
}

/// What others do, and do alone.
#[expect(clippy::disallowed_methods, reason = "the yardstick is ammonia itself")]
fn sanitizer_alone(content: &str) -> String {
    ammonia::clean(content)
}
