//! Limpid, nginx and a bare hyper server on the same bytes, in turns: CPU time and memory for each
//! request and each connection, as ratios.
//!
//! `cargo bench --bench serve [ROUNDS] [SECONDS]`; needs nginx and wrk. All traffic is on loopback.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement that cannot go on stops; its figures are what it is for; its clock is the real one"
)]

mod bare;
mod servers;

use std::process::Command;

use servers::Server;

/// One kind of request.
struct Load {
    title: &'static str,
    connections: u32,
    header: Option<&'static str>,
    /// Asked with the server's own validator.
    conditional: bool,
    /// Which of the two feeds.
    feed: &'static str,
}

/// What a run of one server gave.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    /// CPU microseconds of the server for each request.
    cpu: f64,
    rate: f64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "bare") {
        return bare::serve(&arguments[at + 1]);
    }
    let mut numbers = arguments
        .iter()
        .filter_map(|argument| argument.parse::<u32>().ok());
    let (rounds, seconds) = (numbers.next().unwrap_or(5), numbers.next().unwrap_or(4));
    let folder = tempfile::tempdir().expect("a folder");
    let servers = servers::start(folder.path());
    println!("resident after the first answers:");
    for server in &servers {
        println!("{:<10} {:>8} KB", server.name, server.resident());
    }
    let gzip = Some("Accept-Encoding: gzip");
    let loads = [
        Load {
            title: "gzip, 190 KB feed, 64 connections",
            connections: 64,
            header: gzip,
            conditional: false,
            feed: "news",
        },
        Load {
            title: "identity, 64 connections",
            connections: 64,
            header: None,
            conditional: false,
            feed: "news",
        },
        Load {
            title: "gzip, small feed, 64 connections",
            connections: 64,
            header: gzip,
            conditional: false,
            feed: "brief",
        },
        Load {
            title: "304, 64 connections",
            connections: 64,
            header: gzip,
            conditional: true,
            feed: "news",
        },
        Load {
            title: "gzip, 1000 connections",
            connections: 1000,
            header: gzip,
            conditional: false,
            feed: "news",
        },
    ];
    for load in &loads {
        table(load, &servers, rounds, seconds);
    }
    println!("\nresident after the load:");
    for server in &servers {
        println!("{:<10} {:>8} KB", server.name, server.resident());
    }
}

/// Runs a load on each server in turn, and prints the medians and the ratios to nginx.
fn table(load: &Load, servers: &[Server], rounds: u32, seconds: u32) {
    let mut runs: Vec<Vec<Run>> = vec![Vec::new(); servers.len()];
    for _ in 0..rounds {
        for (server, runs) in servers.iter().zip(&mut runs) {
            runs.push(run(load, server, seconds));
        }
    }
    println!("\n{} ({rounds} rounds of {seconds} s)", load.title);
    println!(
        "{:<10} {:>12} {:>16} {:>14}",
        "", "requests/s", "CPU µs/request", "beside nginx"
    );
    for (server, own) in servers.iter().zip(&runs) {
        let ratios = own.iter().zip(&runs[0]).map(|(own, nginx)| own.cpu / nginx.cpu);
        println!(
            "{:<10} {:>12.0} {:>16.2} {:>14.3}",
            server.name,
            median(own.iter().map(|run| run.rate)),
            median(own.iter().map(|run| run.cpu)),
            median(ratios),
        );
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn run(load: &Load, server: &Server, seconds: u32) -> Run {
    let mut wrk = Command::new("wrk");
    wrk.args([
        "-t1",
        &format!("-c{}", load.connections),
        &format!("-d{seconds}s"),
        "--timeout",
        "10s",
    ]);
    if let Some(header) = load.header {
        wrk.args(["-H", header]);
    }
    if load.conditional {
        wrk.args(["-H", &format!("If-None-Match: {}", server.etag)]);
    }
    wrk.arg(server.address(load.feed));
    let before = server.cpu();
    let output = wrk.output().expect("wrk runs");
    let spent = server.cpu() - before;
    let text = String::from_utf8_lossy(&output.stdout);
    let requests = text
        .lines()
        .find_map(|line| line.trim().split_once(" requests in ")?.0.parse::<f64>().ok())
        .unwrap_or_else(|| panic!("wrk said: {text}"));
    assert!(
        !text.contains("Socket errors") && !text.contains("Non-2xx"),
        "{text}"
    );
    Run {
        cpu: spent / requests,
        rate: requests / f64::from(seconds),
    }
}
