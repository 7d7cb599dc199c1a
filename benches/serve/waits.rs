//! What a reader notices: how soon after a start there are answers, and whether refreshes are felt.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use super::load::{Load, run};
use super::servers::{self, Setup};
use super::{Effort, Findings, Table, median};

/// Feeds in the store at a start.
const STORED: usize = 1000;
/// Feeds refreshed while others are read.
const REFRESHED: usize = 100;

/// From the start of the process to the first whole answer.
pub(super) fn start(effort: Effort) -> Findings {
    let folder = tempfile::tempdir().expect("a folder");
    let setup = Setup {
        feeds: STORED,
        disk: true,
        same: true,
        ..Setup::default()
    };
    let filled = servers::limpid(folder.path(), &setup);
    for n in 0..STORED {
        filled.get(&servers::numbered(n), "gzip");
    }
    let (_, body) = filled.get(&servers::numbered(0), "gzip");
    std::fs::write(folder.path().join("news.xml.gz"), body).expect("written");
    drop(filled);
    let mut times: Vec<[f64; 2]> = Vec::new();
    for _ in 0..effort.rounds * 3 {
        let began = Instant::now();
        let limpid = servers::again(folder.path());
        let (head, _) = limpid.get(&servers::numbered(STORED - 1), "gzip");
        let own = began.elapsed();
        assert!(head.contains("limpid; hit"), "not from the store: {head}");
        drop(limpid);
        let began = Instant::now();
        let bare = servers::bare_alone(folder.path());
        bare.get("news", "gzip");
        times.push([own, began.elapsed()].map(|time| time.as_secs_f64() * 1000.0));
        drop(bare);
    }
    let mut table = Table::new(
        format!(
            "From the start of the process to the first whole answer, {STORED} feeds in the store, medians of {} turns.",
            times.len()
        ),
        &["limpid", "bare hyper", "limpid ÷ hyper", "target"],
    );
    table.row([
        format!("{:.1} ms", median(times.iter().map(|pair| pair[0]))),
        format!("{:.1} ms", median(times.iter().map(|pair| pair[1]))),
        format!("**{:.2}**", median(times.iter().map(|pair| pair[0] / pair[1]))),
        "3.00".to_owned(),
    ]);
    table.into()
}

/// p99 of hits while a hundred feeds are refreshed, beside quiet.
pub(super) fn refreshing(effort: Effort) -> Findings {
    let folder = tempfile::tempdir().expect("a folder");
    let all = effort.rounds as usize * REFRESHED;
    let setup = Setup {
        feeds: 1 + all,
        ..Setup::default()
    };
    let server = servers::limpid(folder.path(), &setup);
    let load = Load {
        connections: 16,
        header: Some("Accept-Encoding: gzip"),
        conditional: false,
        what: servers::numbered(0),
    };
    server.get(&load.what, "gzip");
    let mut pairs = Vec::new();
    for round in 0..effort.rounds as usize {
        let quiet = run(&load, &server, effort.seconds);
        let (over, refreshed) = (AtomicBool::new(false), AtomicUsize::new(0));
        let busy = std::thread::scope(|scope| {
            scope.spawn(|| {
                // A feed that nobody has asked for yet is fetched and cleaned whole: the dearest refresh.
                let first = 1 + round * REFRESHED;
                for n in first..first + REFRESHED {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    server.get(&servers::numbered(n), "gzip");
                    refreshed.fetch_add(1, Ordering::Relaxed);
                }
            });
            let busy = run(&load, &server, effort.seconds);
            over.store(true, Ordering::Relaxed);
            busy
        });
        let refreshed = refreshed.load(Ordering::Relaxed);
        println!(
            "quiet {:.2} ms, {refreshed} refreshes {:.2} ms",
            quiet.p99, busy.p99
        );
        pairs.push((quiet.p99, busy.p99));
    }
    let mut table = Table::new(
        format!(
            "p99 of hits (gzip, 16 connections) while up to {REFRESHED} feeds are fetched and cleaned whole, one after another, beside quiet; wrk, the server and the refreshes share the cores."
        ),
        &["quiet", "while feeds refresh", "ratio", "target"],
    );
    table.row([
        format!("{:.2} ms", median(pairs.iter().map(|pair| pair.0))),
        format!("{:.2} ms", median(pairs.iter().map(|pair| pair.1))),
        format!("**{:.2}**", median(pairs.iter().map(|pair| pair.1 / pair.0))),
        "1.30".to_owned(),
    ]);
    table.into()
}
