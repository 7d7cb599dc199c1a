//! What a request costs that the cache answers.

use super::load::{Load, Run, run};
use super::servers::{self, Server, Setup};
use super::{Effort, Findings, Line, Plot, Table, median};

const GZIP: Option<&str> = Some("Accept-Encoding: gzip");

/// A load, and what it may cost beside nginx.
struct Case {
    title: &'static str,
    target: f64,
    load: Load,
}

fn cases() -> Vec<Case> {
    let case = |title, target, connections, header, conditional, what: &str| Case {
        title,
        target,
        load: Load {
            connections,
            header,
            conditional,
            what: what.to_owned(),
        },
    };
    vec![
        case("gzip, 64 connections", 1.10, 64, GZIP, false, "news"),
        case("identity", 1.50, 64, None, false, "news"),
        case("small feed, gzip", 0.90, 64, GZIP, false, "brief"),
        case("304", 1.05, 64, GZIP, true, "news"),
        case("gzip, 1,000 connections", 1.25, 1000, GZIP, false, "news"),
        case("picture of 100 KB", 1.15, 64, None, false, "picture"),
    ]
}

pub(super) fn measure(effort: Effort) -> Findings {
    let folder = tempfile::tempdir().expect("a folder");
    let servers = servers::start(folder.path());
    let mut table = Table::new(
        format!(
            "CPU microseconds of the server for each request, medians of {} rounds of {} s in turns; beside nginx the median of the rounds' ratios.",
            effort.rounds, effort.seconds
        ),
        &[
            "hit",
            "nginx",
            "limpid",
            "bare hyper",
            "limpid ÷ nginx",
            "hyper ÷ nginx",
            "target",
        ],
    );
    for case in cases() {
        let runs = rounds(&case.load, &servers, effort);
        let cpu = |at: usize| median(runs.iter().map(|round| round[at].cpu));
        let ratio = |at: usize| median(runs.iter().map(|round| round[at].cpu / round[0].cpu));
        table.row([
            case.title.to_owned(),
            format!("{:.1}", cpu(0)),
            format!("{:.1}", cpu(1)),
            format!("{:.1}", cpu(2)),
            format!("**{:.2}**", ratio(1)),
            format!("{:.2}", ratio(2)),
            format!("{:.2}", case.target),
        ]);
        println!("{}: {:.2} (hyper {:.2})", case.title, ratio(1), ratio(2));
    }
    let (flat, plot) = flat(effort);
    Findings {
        tables: vec![table, flat],
        plot: Some(("serving", plot)),
    }
}

/// A run of each server in turn, as often as asked.
fn rounds(load: &Load, servers: &[Server], effort: Effort) -> Vec<Vec<Run>> {
    let round = || -> Vec<Run> {
        let servers = servers.iter();
        servers.map(|server| run(load, server, effort.seconds)).collect()
    };
    (0..effort.rounds).map(|_| round()).collect()
}

/// The same hit, by the number of feeds held.
fn flat(effort: Effort) -> (Table, Plot) {
    let numbers = [1, 10, 100, 1000];
    let folders: Vec<_> = numbers
        .iter()
        .map(|_| tempfile::tempdir().expect("a folder"))
        .collect();
    let servers: Vec<Server> = numbers
        .iter()
        .zip(&folders)
        .map(|(&feeds, folder)| {
            let setup = Setup {
                feeds,
                same: true,
                ..Setup::default()
            };
            let server = servers::limpid(folder.path(), &setup);
            for n in 0..feeds {
                server.get(&servers::numbered(n), "gzip");
            }
            server
        })
        .collect();
    let load = Load {
        connections: 64,
        header: GZIP,
        conditional: false,
        what: servers::numbered(0),
    };
    let runs = rounds(&load, &servers, effort);
    let mut table = Table::new(
        "The same hit (gzip, 2 entries), by the number of feeds held.",
        &["feeds", "CPU µs a request", "beside one feed"],
    );
    let mut points = Vec::new();
    for (at, &feeds) in numbers.iter().enumerate() {
        let cpu = median(runs.iter().map(|round| round[at].cpu));
        let ratio = median(runs.iter().map(|round| round[at].cpu / round[0].cpu));
        table.row([feeds.to_string(), format!("{cpu:.1}"), format!("{ratio:.2}")]);
        #[expect(clippy::cast_precision_loss, reason = "a thousand")]
        points.push((feeds as f64, cpu));
    }
    let plot = Plot {
        title: "CPU of a hit, by the number of feeds held",
        axes: ["feeds", "µs"],
        logarithmic: true,
        lines: vec![Line {
            name: "gzip, 2 entries".to_owned(),
            points,
        }],
    };
    (table, plot)
}
