//! Resident memory: at rest, for each feed, for each connection.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use super::servers::{self, Server, Setup};
use super::{Effort, Findings, Line, Plot, Table};

/// Feeds held.
const FEEDS: usize = 1000;
/// Connections open.
const CONNECTIONS: u32 = 2000;

pub(super) fn measure(_: Effort) -> Findings {
    let mut table = Table::new(
        format!(
            "Resident memory. Feeds: {FEEDS} different ones of 20 entries, about 190 KB, on disk and in memory."
        ),
        &["what", "figure", "target"],
    );
    let idle = idle(&mut table);
    for (codings, target) in [(&["gzip"][..], 1.3), (&["gzip", "br", "zstd", "identity"], 3.6)] {
        let (each, bytes) = feeds(FEEDS, codings, idle);
        table.row([
            format!("a cached feed, asked for in {}", codings.join(", ")),
            format!(
                "**{:.2}** × its gzip bytes ({:.1} KB of {:.1} KB)",
                each / bytes,
                each / 1024.0,
                bytes / 1024.0
            ),
            format!("{target:.1} ×"),
        ]);
    }
    connections(&mut table);
    table.into()
}

/// Resident bytes without feeds.
fn idle(table: &mut Table) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let server = servers::limpid(folder.path(), &Setup::default());
    settle();
    let idle = server.resident();
    let bare = servers::bare_alone(folder.path());
    settle();
    table.row([
        "idle, no feeds".to_owned(),
        format!(
            "**{:.1} MB** (bare hyper {:.1} MB)",
            idle / 1e6,
            bare.resident() / 1e6
        ),
        "10 MB".to_owned(),
    ]);
    idle
}

/// Resident bytes beyond `idle` for each of so many feeds asked for in `codings`, settings and all; and what a
/// feed has in gzip.
fn feeds(number: usize, codings: &[&str], idle: f64) -> (f64, f64) {
    let folder = tempfile::tempdir().expect("a folder");
    let setup = Setup {
        feeds: number,
        disk: true,
        // As much as they need, and no room for what is only held because there is room.
        memory_kib: number * if codings.len() == 1 { 110 } else { 270 },
        ..Setup::default()
    };
    let server = servers::limpid(folder.path(), &setup);
    let mut gzip = 0;
    for n in 0..number {
        for &coding in codings {
            let (_, body) = server.get(&servers::numbered(n), coding);
            gzip += if coding == "gzip" { body.len() } else { 0 };
        }
    }
    settle();
    #[expect(clippy::cast_precision_loss, reason = "some millions")]
    let (number, gzip) = (number as f64, gzip as f64);
    ((server.resident() - idle) / number, gzip / number)
}

/// What an open connection takes between two requests.
fn connections(table: &mut Table) {
    let folder = tempfile::tempdir().expect("a folder");
    let setup = Setup {
        feeds: 1,
        ..Setup::default()
    };
    let limpid = servers::limpid(folder.path(), &setup);
    let path = servers::numbered(0);
    let (_, body) = limpid.get(&path, "gzip");
    std::fs::write(folder.path().join("news.xml.gz"), &body).expect("written");
    let bare = servers::bare_alone(folder.path());
    let each = [(&limpid, path.as_str()), (&bare, "news")].map(|(server, what)| {
        let before = server.resident();
        let open: Vec<TcpStream> = (0..CONNECTIONS).map(|_| asked(server, what)).collect();
        settle();
        let each = (server.resident() - before) / f64::from(CONNECTIONS);
        drop(open);
        each / 1024.0
    });
    table.row([
        format!("an open connection ({CONNECTIONS} of them, each after one answer)"),
        format!("**{:.1} KB** (bare hyper {:.1} KB)", each[0], each[1]),
        "16 KB".to_owned(),
    ]);
}

/// A connection that has had one answer and stays open.
fn asked(server: &Server, what: &str) -> TcpStream {
    let address = server.address(what);
    let path = address.splitn(4, '/').nth(3).unwrap_or_default();
    let mut stream = server.connect();
    write!(
        stream,
        "GET /{path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n"
    )
    .expect("sent");
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("a head");
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())
        .expect("a length");
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("a body");
    stream
}

/// Memory by the number of feeds and of readers.
pub(super) fn growth(_: Effort) -> Findings {
    let mut table = Table::new(
        "Resident memory by feeds held (20 entries each, asked for in gzip, with a store on disk) and readers connected.",
        &[
            "feeds",
            "no reader",
            "500 readers",
            "2,000 readers",
            "each feed beyond the row before",
        ],
    );
    // Feeds and what they took, of the row before.
    let mut before = (0.0, 0.0);
    let mut lines = ["no reader", "500 readers", "2,000 readers"].map(|name| Line {
        name: name.to_owned(),
        points: Vec::new(),
    });
    for feeds in [0, 100, 400, 1000] {
        let folder = tempfile::tempdir().expect("a folder");
        let setup = Setup {
            feeds,
            disk: true,
            memory_kib: (feeds * 110).max(1 << 16),
            ..Setup::default()
        };
        let server = servers::limpid(folder.path(), &setup);
        let gzip: usize = (0..feeds)
            .map(|n| server.get(&servers::numbered(n), "gzip").1.len())
            .sum();
        let mut cells = vec![feeds.to_string()];
        let mut open = Vec::new();
        for (line, readers) in lines.iter_mut().zip([0, 500, 2000]) {
            while open.len() < readers {
                open.push(asked(&server, &servers::numbered(open.len() % feeds.max(1))));
            }
            settle();
            let megabytes = server.resident() / 1e6;
            cells.push(format!("{megabytes:.1} MB"));
            #[expect(clippy::cast_precision_loss, reason = "a thousand")]
            line.points.push((feeds as f64, megabytes));
        }
        let now = lines[0].points.last().copied().unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "some millions")]
        let share = (now.1 - before.1) * 1e6 / (now.0 - before.0) / (gzip as f64 / now.0);
        cells.push(if before == (0.0, 0.0) {
            String::new()
        } else {
            format!("{share:.2} × its gzip bytes")
        });
        before = now;
        table.row(cells);
    }
    let plot = Plot {
        title: "Resident memory, by feeds held and readers connected",
        axes: ["feeds", "MB"],
        logarithmic: false,
        lines: lines.into(),
    };
    Findings {
        tables: vec![table],
        plot: Some(("memory", plot)),
    }
}

/// Allocators give back a little later.
fn settle() {
    std::thread::sleep(Duration::from_secs(12));
}
