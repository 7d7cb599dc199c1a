//! A little now and then, at every stage: each stage has an end.

use std::time::{Duration, Instant};

use limpid::fetch::{Error, Fetcher, Options};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::{home, refusal};

/// A server's every word.
#[derive(Clone, Copy)]
enum Says {
    /// Nothing, and the connection stays open.
    Nothing,
    /// The first at once, then the second again and again, a byte at a time.
    Drips(&'static [u8], &'static [u8]),
    /// The first at once, then the second again and again, as fast as it is taken.
    Pours(&'static [u8], &'static [u8]),
}

async fn server(scheme: &str, says: Says) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
    let address = listener.local_addr().expect("address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(say(stream, says));
        }
    });
    Url::parse(&format!("{scheme}://{address}/")).expect("url")
}

async fn say(mut stream: TcpStream, says: Says) -> std::io::Result<()> {
    let mut heard = [0; 4096];
    if stream.read(&mut heard).await? == 0 {
        return Ok(());
    }
    let (first, again, pause) = match says {
        Says::Nothing => {
            return tokio::io::copy(&mut stream, &mut tokio::io::sink())
                .await
                .map(drop);
        }
        Says::Drips(first, again) => (first, again, Some(Duration::from_millis(20))),
        Says::Pours(first, again) => (first, again, None),
    };
    stream.write_all(first).await?;
    loop {
        match pause {
            None => stream.write_all(again).await?,
            Some(pause) => {
                for byte in again {
                    stream.write_all(&[*byte]).await?;
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }
}

fn impatient() -> Options {
    let mut options = home();
    options.connect_timeout = Duration::from_millis(250);
    options.idle_timeout = Duration::from_millis(250);
    options.min_rate_over = Duration::from_millis(250);
    options.timeout = Duration::from_millis(900);
    options.max_body = 1 << 20;
    options
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_stage_of_an_answer_has_an_end() {
    const OK: &[u8] = b"HTTP/1.1 200 OK\r\n";
    const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    const LONG: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 900000\r\n\r\n";
    // The beginning of a TLS record that holds a ServerHello (RFC 8446 §5.1).
    const HELLO: &[u8] = b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03";
    let cases = [
        ("no word", "http", Says::Nothing),
        ("no word of TLS", "https", Says::Nothing),
        ("TLS by the byte", "https", Says::Drips(b"", HELLO)),
        ("a handshake without end", "https", Says::Drips(HELLO, b"\0")),
        (
            "alerts without end",
            "https",
            Says::Pours(b"", b"\x15\x03\x03\x00\x02\x01\x00"),
        ),
        (
            "a status line by the byte",
            "http",
            Says::Drips(b"", b"HTTP/1.1 200 OK and still"),
        ),
        ("headers by the byte", "http", Says::Drips(OK, b"x: y\r\n")),
        ("headers without end", "http", Says::Pours(OK, b"x: y\r\n")),
        (
            "one header without end",
            "http",
            Says::Pours(b"HTTP/1.1 200 OK\r\nx: ", b"yyyyyyyyyyyyyyyy"),
        ),
        (
            "early hints without end",
            "http",
            Says::Pours(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        ),
        (
            "continue by the byte",
            "http",
            Says::Drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        ),
        ("empty lines without end", "http", Says::Pours(b"", b"\r\n\r\n")),
        ("a body by the byte", "http", Says::Drips(LONG, b"<rss>")),
        ("chunks by the byte", "http", Says::Drips(CHUNKED, b"1\r\nx\r\n")),
        (
            "a chunk size without end",
            "http",
            Says::Pours(CHUNKED, b"00000000"),
        ),
        (
            "a chunk extension without end",
            "http",
            Says::Pours(CHUNKED, b"1;x=yyyyyyyy"),
        ),
        (
            "a chunk larger than numbers",
            "http",
            Says::Pours(CHUNKED, b"ffffffffffffffffff\r\nx"),
        ),
        (
            "trailers by the byte",
            "http",
            Says::Drips(
                b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n",
                b"x: y\r\n",
            ),
        ),
        (
            "trailers without end",
            "http",
            Says::Pours(
                b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n",
                b"x: y\r\n",
            ),
        ),
        (
            "a body without end",
            "http",
            Says::Pours(CHUNKED, b"10\r\n<rss><channel>xx\r\n"),
        ),
    ];
    let fetcher = Fetcher::new(impatient());
    let mut asking = Vec::new();
    for (name, scheme, says) in cases {
        let (fetcher, url) = (fetcher.clone(), server(scheme, says).await);
        asking.push(tokio::spawn(async move {
            let began = Instant::now();
            let error = refusal(&fetcher, &url).await;
            (name, error, began.elapsed())
        }));
    }
    for asked in asking {
        let (name, error, took) = asked.await.expect("no panic");
        assert!(took < Duration::from_secs(10), "{name} took {took:?}");
        assert!(
            matches!(
                error,
                Error::Timeout(_) | Error::Protocol(_) | Error::Tls(_) | Error::TooLarge(_)
            ),
            "{name}: {error:?}"
        );
    }
}
