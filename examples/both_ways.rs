//! Cleans made-up markup both ways, by two scans and through tokenizer and tree, and stops at the first
//! difference: in bytes, in what is reported, in pictures; or where the sanitizer would change what is
//! said to be settled.
//!
//! `cargo run --profile trial --example both_ways -- [THOUSANDS] [SEED]`

#![allow(clippy::print_stdout, reason = "its figures are what it is for")]

#[path = "../src/transform/clean/strict/tests/markup.rs"]
mod markup;

use std::process::ExitCode;
use std::sync::Arc;

use limpid::sign::{Key, KeyRing, Signer};
use limpid::transform::clean::{Cleaner, Policy, embeds, images, is_told_truly};
use markup::{Dice, markup, mutated};
use url::Url;

fn main() -> ExitCode {
    let mut numbers = std::env::args()
        .skip(1)
        .filter_map(|argument| argument.parse::<u64>().ok());
    let (thousands, seed) = (numbers.next().unwrap_or(1_000), numbers.next().unwrap_or(1));
    let policies = policies();
    let base = Url::parse("https://page.example/post").ok();
    for round in 0..thousands {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(round) | 1);
        for _ in 0..1_000 {
            let mut html = markup(&mut dice);
            if dice.below(4) == 0 {
                html = mutated(&html, &mut dice);
            }
            let [fast, long] = &policies[dice.below(policies.len())];
            let base = base.as_ref().filter(|_| dice.below(2) == 0);
            let fast_told = told(fast, &html, base);
            if fast_told != told(long, &html, base) {
                println!("the two ways differ over {html:?} under {:?}", fast.images);
                return ExitCode::FAILURE;
            }
            // What was cleaned, changed a little: nearly all of it could be handed back as it is.
            let changed = mutated(&fast_told.0, &mut dice);
            if let Some(html) = [html, changed].iter().find(|html| !is_told_truly(html)) {
                println!("the sanitizer would change {html:?}");
                return ExitCode::FAILURE;
            }
        }
        if (round + 1) % 100 == 0 {
            println!("{} thousand pieces of markup, no difference", round + 1);
        }
    }
    ExitCode::SUCCESS
}

/// Everything that a cleaning gives.
fn told(policy: &Policy, html: &str, base: Option<&Url>) -> (String, String) {
    let mut cleaner = Cleaner::new(policy);
    let clean = cleaner.html(html, base);
    let report = &cleaner.report;
    let notes = format!("{:?} {:?} {:?}", report.changes, report.counts, cleaner.pictures);
    (clean, notes)
}

/// Every policy for pictures, with the fast way and without it.
fn policies() -> Vec<[Policy; 2]> {
    let key = Key {
        id: 'k',
        secret: [3; 32],
        created: 0,
    };
    let signer = KeyRing::new(vec![key])
        .zip(Url::parse("https://home.example/sub").ok())
        .map(|(ring, url)| images::Policy::Proxy(Signer::new(Arc::new(ring), &url)));
    let others = [
        images::Policy::Direct,
        images::Policy::Weserv("https://wsrv.nl/?url=".to_owned()),
        images::Policy::Strip,
    ];
    let all = signer.into_iter().chain(others).enumerate();
    all.map(|(n, images)| {
        let policy = Policy {
            images,
            trackers: n < 2,
            embeds: [embeds::Policy::Link, embeds::Policy::Strip][usize::from(n == 3)],
            ..Policy::default()
        };
        let long = Policy {
            fast: false,
            ..policy.clone()
        };
        [policy, long]
    })
    .collect()
}
