//! One run of wrk against one server.

use std::process::Command;

use super::servers::Server;

/// One kind of request.
pub(crate) struct Load {
    pub(crate) connections: u32,
    pub(crate) header: Option<&'static str>,
    /// Asked with the server's own validator.
    pub(crate) conditional: bool,
    /// The path, as [`Server::address`] takes it.
    pub(crate) what: String,
}

/// What a run of one server gave.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Run {
    /// CPU microseconds of the server for each request.
    pub(crate) cpu: f64,
    /// Milliseconds that 99 of 100 requests took at most.
    pub(crate) p99: f64,
}

pub(crate) fn run(load: &Load, server: &Server, seconds: u32) -> Run {
    let mut wrk = Command::new("wrk");
    wrk.args([
        "-t1",
        &format!("-c{}", load.connections),
        &format!("-d{seconds}s"),
        "--latency",
        "--timeout",
        "10s",
    ]);
    if let Some(header) = load.header {
        wrk.args(["-H", header]);
    }
    if load.conditional {
        wrk.args(["-H", &format!("If-None-Match: {}", server.etag)]);
    }
    wrk.arg(server.address(&load.what));
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
        "{}: {text}",
        server.name
    );
    Run {
        cpu: spent / requests,
        p99: text
            .lines()
            .find_map(|line| milliseconds(line.trim().strip_prefix("99%")?.trim()))
            .unwrap_or(f64::NAN),
    }
}

/// `1.15ms`, `870.00us`, `2.01s`.
fn milliseconds(text: &str) -> Option<f64> {
    let of = |unit: &str, factor: f64| Some(text.strip_suffix(unit)?.parse::<f64>().ok()? * factor);
    of("us", 0.001)
        .or_else(|| of("ms", 1.0))
        .or_else(|| of("s", 1000.0))
}
