//! Traces, in a build that has them: `cargo test --features otel --test otel`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on must stop"
)]
#![allow(dead_code, reason = "of what tests share, this one uses a part")]

#[path = "it/support/program.rs"]
mod program;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use program::{Home, Running};

const FEED: &str = "<rss version=\"2.0\"><channel><title>a</title><link>https://a.example/</link><description/>\
    <item><guid>1</guid><title>one</title></item></channel></rss>";

/// A server that gives a feed, and takes traces. Where it is, and what it took.
fn server() -> (String, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address").to_string();
    let (took, taken) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.expect("a connection"));
            let mut first = String::new();
            stream.read_line(&mut first).expect("a request");
            let mut length = 0;
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).expect("a header");
                let line = line.trim().to_ascii_lowercase();
                if let Some(said) = line.strip_prefix("content-length:") {
                    length = said.trim().parse().expect("a number");
                }
                if line.is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).expect("a body");
            let answer = if first.starts_with("POST /v1/traces ") {
                let _nobody = took.send(body);
                ""
            } else {
                FEED
            };
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/rss+xml\r\nconnection: close\r\n";
            let length = answer.len();
            write!(stream.get_mut(), "{head}content-length: {length}\r\n\r\n{answer}").expect("answered");
        }
    });
    (address, taken)
}

/// The fields of a protobuf message that hold bytes, in their order.
fn fields(mut bytes: &[u8]) -> Vec<(u64, &[u8])> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let (first, rest) = bytes.split_first().expect("more");
            *bytes = rest;
            value |= u64::from(first & 0x7f) << shift;
            shift += 7;
            if first & 0x80 == 0 {
                return value;
            }
        }
    }
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let length = match tag & 7 {
            0 => {
                varint(&mut bytes);
                continue;
            }
            1 => 8,
            5 => 4,
            _ => usize::try_from(varint(&mut bytes)).expect("a length"),
        };
        let (value, rest) = bytes.split_at(length);
        bytes = rest;
        if tag & 7 == 2 {
            found.push((tag >> 3, value));
        }
    }
    found
}

fn all(message: &[u8], number: u64) -> impl Iterator<Item = &[u8]> {
    let fields = fields(message).into_iter();
    fields.filter_map(move |(found, value)| (found == number).then_some(value))
}

/// A span as `trace.proto` has it.
#[derive(Debug)]
struct Span {
    name: String,
    id: Vec<u8>,
    parent: Vec<u8>,
    attributes: Vec<String>,
}

fn spans(request: &[u8]) -> Vec<Span> {
    let resources = all(request, 1);
    let scopes = resources.flat_map(|resource| all(resource, 2));
    let spans = scopes.flat_map(|scope| all(scope, 2));
    let bytes = |span: &[u8], number| all(span, number).next().unwrap_or_default().to_vec();
    spans
        .map(|span| Span {
            name: String::from_utf8(bytes(span, 5)).expect("UTF-8"),
            id: bytes(span, 2),
            parent: bytes(span, 4),
            attributes: all(span, 9)
                .map(|attribute| String::from_utf8_lossy(attribute).into_owned())
                .collect(),
        })
        .collect()
}

fn home(origin: &str) -> Home {
    Home::with_settings(&format!(
        "[fetch]\nallow_private = [\"127.0.0.0/8\"]\n[refresh]\nbackground = false\n\
         [feeds.blog]\nurl = \"http://{origin}/secret-token/feed\"\n"
    ))
    .variable("OTEL_BSP_SCHEDULE_DELAY", "50")
}

#[test]
fn a_collector_gets_requests_and_refreshes_with_their_stages_and_no_address() {
    let (server, taken) = server();
    let home = home(&server)
        .variable("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{server}"))
        .variable("OTEL_SERVICE_NAME", "my-feeds");
    let mut program = Running::start(&home, &[]);
    let readers = program.said("readers");
    assert!(
        Running::get(&format!("{readers}/feeds/blog"))
            .0
            .starts_with("HTTP/1.1 200")
    );
    let mut seen: BTreeMap<String, Span> = BTreeMap::new();
    while ["request", "refresh", "fetch", "transform", "keep"]
        .iter()
        .any(|name| !seen.contains_key(*name))
    {
        let request = taken.recv_timeout(Duration::from_secs(30)).expect("spans");
        let text = String::from_utf8_lossy(&request);
        assert!(
            text.contains("my-feeds") && !text.contains("secret-token"),
            "{text}"
        );
        seen.extend(spans(&request).into_iter().map(|span| (span.name.clone(), span)));
    }
    let refresh = &seen["refresh"];
    assert!(
        refresh.parent.is_empty(),
        "it serves all who wait for it: {refresh:?}"
    );
    for name in ["fetch", "transform", "keep"] {
        assert_eq!(seen[name].parent, refresh.id, "{name}");
    }
    let says = |name: &str, key: &str, value: &str| {
        let attributes = &seen[name].attributes;
        let found = attributes
            .iter()
            .any(|attribute| attribute.contains(key) && attribute.contains(value));
        assert!(found, "{name}: {attributes:?}");
    };
    says("request", "http.route", "feed");
    says("request", "http.response.status_code", "");
    says("refresh", "feed", "blog");
    says("fetch", "server.address", "127.0.0.1");
    assert!(
        !seen.keys().any(|name| name == "POST"),
        "what is sent is not traced itself"
    );
}

#[test]
fn a_collector_that_is_away_is_told_once_and_costs_no_reader() {
    let (server, _taken) = server();
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port");
    let gone = nobody.local_addr().expect("its address");
    drop(nobody);
    let home = home(&server).variable("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{gone}"));
    let mut program = Running::start(&home, &[]);
    let readers = program.said("readers");
    let mut log = program.log();
    for _ in 0..3 {
        assert!(
            Running::get(&format!("{readers}/feeds/blog"))
                .0
                .starts_with("HTTP/1.1 200")
        );
    }
    assert!(log.any(|line| line.contains("the collector of traces cannot be reached")));
    program.signal("TERM");
    let again = log.filter(|line| line.contains("collector")).count();
    assert_eq!(again, 0);
    assert!(program.child.wait().expect("its end").success());
}
