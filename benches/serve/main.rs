//! The service beside nginx and a bare hyper server on the same bytes, in turns: CPU time of a request,
//! memory, start, and what a reader notices of refreshes.
//!
//! `cargo bench --bench serve [-- [hits] [memory] [growth] [start] [waits] [ROUNDS] [SECONDS] [write]]`; needs nginx and
//! wrk. All traffic is on loopback. `write` puts the tables into `docs/performance.md`, and plots beside it.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement that cannot go on stops; its figures are what it is for; its clock is the real one"
)]

mod bare;
mod hits;
mod load;
mod memory;
mod page;
mod servers;
mod waits;

#[path = "../support/mod.rs"]
mod support;
#[path = "../support/plot.rs"]
mod plot;

use page::Table;
use plot::{Line, Plot};

/// How long is measured.
#[derive(Clone, Copy, Debug)]
struct Effort {
    rounds: u32,
    seconds: u32,
}

/// What a part of the measurements tells, and shows under a name.
#[derive(Default)]
struct Findings {
    tables: Vec<Table>,
    plot: Option<(&'static str, Plot)>,
}

impl From<Table> for Findings {
    fn from(table: Table) -> Self {
        Self {
            tables: vec![table],
            plot: None,
        }
    }
}

/// One part of the measurements.
type Measure = fn(Effort) -> Findings;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "bare") {
        return bare::serve(&arguments[at + 1]);
    }
    let mut numbers = arguments
        .iter()
        .filter_map(|argument| argument.parse::<u32>().ok());
    let effort = Effort {
        rounds: numbers.next().unwrap_or(5),
        seconds: numbers.next().unwrap_or(3),
    };
    let parts: [(&str, Measure); 5] = [
        ("hits", hits::measure),
        ("memory", memory::measure),
        ("growth", memory::growth),
        ("start", waits::start),
        ("waits", waits::refreshing),
    ];
    let asked = |name: &str| arguments.iter().any(|argument| argument == name);
    let all = !parts.iter().any(|(name, _)| asked(name));
    for (name, measure) in parts {
        if !all && !asked(name) {
            continue;
        }
        let found = measure(effort);
        for table in &found.tables {
            println!("{table}");
        }
        if asked("write") {
            page::write(name, &found.tables);
            if let Some((name, plot)) = &found.plot {
                plot.write(name);
            }
        }
    }
}

/// The middle one.
fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
