//! Origins that speak HTTP/2 against its rules.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use limpid::fetch::{Error, Fetcher};
use limpid::message::{Fetched, Validators};
use rustls::{ServerConnection, Stream};
use url::Url;

use super::{FEED, home};
use crate::support::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS, WINDOW_UPDATE,
    frame,
};
use crate::support::tls;

/// What the origin says once it was asked; then, after a while, nothing more.
type Said = Vec<u8>;

/// An origin that agrees on HTTP/2 and says `said` to the first request.
fn origin(said: Said) -> Url {
    let config = tls::config(&[b"h2"]);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    let address = listener.local_addr().expect("address");
    std::thread::spawn(move || {
        // A second connection gets the same: it may be tried once more.
        while let Ok((mut tcp, _)) = listener.accept() {
            let mut session = ServerConnection::new(Arc::clone(&config)).expect("connection");
            let mut stream = Stream::new(&mut session, &mut tcp);
            let mut heard: Vec<u8> = Vec::new();
            // The preface and a request are some 100 bytes and more.
            while heard.len() < 100 {
                let mut piece = [0; 4096];
                match stream.read(&mut piece) {
                    Ok(read @ 1..) => heard.extend(&piece[..read]),
                    _ => break,
                }
            }
            let _gone = stream
                .write_all(&frame(SETTINGS, 0, 0, &[]))
                .and_then(|()| stream.write_all(&said));
            let _gone = stream.flush();
            // Whoever was asked and gives nothing keeps the connection: until the other side has had enough.
            let _gone = stream.sock.set_read_timeout(Some(Duration::from_secs(5)));
            let mut rest = [0; 4096];
            while let Ok(1..) = stream.read(&mut rest) {}
        }
    });
    Url::parse(&format!("https://{address}/")).expect("url")
}

/// For those who only wait for the end.
const SOON: Duration = Duration::from_secs(3);
const AT_LEISURE: Duration = Duration::from_secs(30);

async fn ask(said: Said, time: Duration) -> Result<Fetched, Error> {
    let mut options = home();
    options.roots = tls::roots();
    options.timeout = time;
    options.connect_timeout = AT_LEISURE;
    options.idle_timeout = time;
    options.max_body = 1 << 20;
    let began = Instant::now();
    let fetched = Fetcher::new(options)
        .feed(&origin(said), &Validators::default())
        .await;
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "it took {:?}",
        began.elapsed()
    );
    fetched
}

/// `:status: 200` and nothing else (RFC 7541, appendix A).
fn ok(flags: u8) -> Said {
    frame(HEADERS, END_HEADERS | flags, 1, &[0x88])
}

/// A literal header.
fn header(name: &str, value: &str) -> Vec<u8> {
    let mut block = vec![0, u8::try_from(name.len()).expect("short")];
    block.extend(name.as_bytes());
    block.push(u8::try_from(value.len()).expect("short"));
    block.extend(value.as_bytes());
    block
}

fn whole() -> Said {
    [ok(0), frame(DATA, END_STREAM, 1, FEED.as_bytes())].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_over_http_2_is_taken_also_from_a_server_that_leaves() {
    let leaves = frame(GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 0]);
    for said in [
        whole(),
        [whole(), leaves.clone()].concat(),
        [leaves, whole()].concat(),
    ] {
        let fetched = ask(said, AT_LEISURE).await;
        assert!(
            matches!(&fetched, Ok(Fetched::Modified(response)) if response.body == FEED),
            "{fetched:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_no_whole_answer_is_none() {
    let part = || [ok(0), frame(DATA, 0, 1, &FEED.as_bytes()[..30])].concat();
    let calm = |stream| frame(GOAWAY, 0, 0, &[0, 0, 0, stream, 0, 0, 0, 11]);
    let with = |block: &[u8]| frame(HEADERS, END_HEADERS, 1, &[&[0x88][..], block].concat());
    // An entry of 4,000 bytes in the table, named ten thousand times.
    let mut table = vec![0x88, 0x40, 1, b'x', 0x7f, 0xa1, 0x1e];
    table.extend(vec![b'y'; 4000]);
    table.extend(vec![0xbe; 10_000]);
    let cases: Vec<(&str, Said)> = vec![
        ("nothing", Vec::new()),
        ("sent away at once", calm(0)),
        ("sent away while it answers", [part(), calm(1)].concat()),
        ("a reset", frame(RST_STREAM, 0, 1, &2_u32.to_be_bytes())),
        ("refused", frame(RST_STREAM, 0, 1, &7_u32.to_be_bytes())),
        (
            "a reset in the midst",
            [part(), frame(RST_STREAM, 0, 1, &0_u32.to_be_bytes())].concat(),
        ),
        ("a part", part()),
        (
            "a length that is too long",
            [
                with(&header("content-length", "99999")),
                frame(DATA, END_STREAM, 1, b"<rss>"),
            ]
            .concat(),
        ),
        (
            "a length that is too short",
            [
                with(&header("content-length", "3")),
                frame(DATA, END_STREAM, 1, b"<rss>"),
            ]
            .concat(),
        ),
        ("data without a head", frame(DATA, END_STREAM, 1, FEED.as_bytes())),
        (
            "data of a stream that is none",
            [ok(0), frame(DATA, END_STREAM, 7, FEED.as_bytes())].concat(),
        ),
        ("data of all", frame(DATA, END_STREAM, 0, b"x")),
        (
            "a frame of a megabyte",
            [ok(0), frame(DATA, END_STREAM, 1, &vec![b'x'; 1 << 20])].concat(),
        ),
        (
            "a head that cannot be decoded",
            frame(HEADERS, END_HEADERS, 1, &[0xff; 64]),
        ),
        (
            "a head without a status",
            frame(HEADERS, END_HEADERS, 1, &header("x", "y")),
        ),
        ("two statuses", with(&[0x88])),
        (
            "a status that is none",
            frame(HEADERS, END_HEADERS, 1, &header(":status", "abc")),
        ),
        ("a name in capitals", with(&header("X", "y"))),
        ("a line end in a value", with(&header("x", "a\r\nb"))),
        (
            "a head that names a large entry again and again",
            frame(HEADERS, END_HEADERS, 1, &table),
        ),
        (
            "a head that goes on and on",
            [
                frame(HEADERS, 0, 1, &[0x88]),
                frame(CONTINUATION, 0, 1, &header("x", "y").repeat(900)).repeat(300),
            ]
            .concat(),
        ),
        (
            "a head of nothing that goes on",
            [
                frame(HEADERS, 0, 1, &[0x88]),
                frame(CONTINUATION, 0, 1, &[]).repeat(9_000),
            ]
            .concat(),
        ),
        ("a promise", frame(5, END_HEADERS, 1, &[0, 0, 0, 2, 0x82])),
        (
            "hints without end",
            frame(HEADERS, END_HEADERS, 1, &header(":status", "103")).repeat(9_000),
        ),
        (
            "data of nothing without end",
            [ok(0), frame(DATA, 0, 1, &[]).repeat(60_000)].concat(),
        ),
        ("pings without end", frame(PING, 0, 0, &[7; 8]).repeat(20_000)),
        ("settings without end", frame(SETTINGS, 0, 0, &[]).repeat(20_000)),
        (
            "windows without end",
            frame(WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes()).repeat(20_000),
        ),
        (
            "a window too wide",
            frame(WINDOW_UPDATE, 0, 0, &0x7fff_ffff_u32.to_be_bytes()).repeat(2),
        ),
        (
            "settings that are wrong",
            frame(SETTINGS, 0, 0, &[0, 5, 0, 0, 0, 1]),
        ),
        (
            "too much",
            [ok(0), frame(DATA, 0, 1, &vec![b'x'; 16_384]).repeat(100)].concat(),
        ),
        (
            "no frames",
            b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec(),
        ),
    ];
    let asking: Vec<_> = cases
        .into_iter()
        .map(|(name, said)| tokio::spawn(async move { (name, ask(said, SOON).await) }))
        .collect();
    for asked in asking {
        let (name, fetched) = asked.await.expect("no panic");
        assert!(fetched.is_err(), "{name}: {fetched:?}");
    }
}
