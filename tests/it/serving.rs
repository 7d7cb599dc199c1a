//! The readers' door: codings, HEAD, addresses, refusals, limits.

use std::time::Duration;

use http::Method;
use limpid::app::Access;
use limpid::serve::Listen;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use url::Url;

use crate::support::client::{Reader, connect};
use crate::support::origin::Origin;
use crate::support::proxy::{PUBLIC, Proxy, proxy};

fn feed() -> String {
    let items: String = (0..40).fold(String::new(), |items, n| {
        items + &format!("<item><guid>{n}</guid><title>Entry {n} of the day</title></item>")
    });
    format!(
        "<rss version=\"2.0\"><channel><title>a</title><link>https://a.example/</link><description/>{items}</channel></rss>"
    )
}

async fn published() -> (Origin, Proxy) {
    let origin = Origin::start().await;
    origin.at("/a").gives(feed());
    let proxy = proxy().feed("a", &origin.url("/a")).start().await;
    (origin, proxy)
}

#[tokio::test]
async fn each_coding_says_the_same_and_is_named() {
    let (_origin, proxy) = published().await;
    let plain = proxy.get("/feeds/a").await.has_status(200);
    assert_eq!(plain.header("content-encoding"), "");
    for coding in ["gzip", "br", "zstd"] {
        let coded = proxy
            .reader
            .get_with("/feeds/a", &[("accept-encoding", coding)])
            .await
            .has_status(200);
        assert_eq!(coded.header("content-encoding"), coding);
        assert_eq!(coded.header("vary"), "accept-encoding");
        assert_eq!(coded.header("etag"), plain.header("etag"));
        assert_eq!(coded.header("content-length"), coded.body.len().to_string());
        let mut text = Vec::new();
        let mut body = &coded.body[..];
        match coding {
            "gzip" => std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(body), &mut text),
            "br" => std::io::Read::read_to_end(&mut brotli::Decompressor::new(body, 4096), &mut text),
            _ => std::io::Read::read_to_end(&mut zstd::Decoder::new(&mut body).expect("zstd"), &mut text),
        }
        .expect("decompressed");
        assert_eq!(text, plain.body, "{coding}");
    }
    let refused = [("accept-encoding", "gzip;q=0, br;q=0, *;q=0")];
    let answer = proxy.reader.get_with("/feeds/a", &refused).await.has_status(200);
    assert_eq!(answer.header("content-encoding"), "");
}

#[tokio::test]
async fn head_is_get_without_the_body_over_both_versions_of_http() {
    let (_origin, proxy) = published().await;
    proxy.get("/feeds/a").await.has_status(200);
    for reader in [proxy.reader.clone(), Reader::of_h2c(proxy.address)] {
        for path in ["/feeds/a", "/feeds/a.json", "/healthz", "/robots.txt", "/nothing"] {
            let get = reader.get(path).await;
            let head = reader.ask(Method::HEAD, path, &[]).await;
            assert!(head.body.is_empty() && !get.body.is_empty(), "{path}");
            let names = |headers: &http::HeaderMap| {
                let mut names: Vec<_> = headers.keys().map(ToString::to_string).collect();
                names.sort();
                names
            };
            assert_eq!(
                (head.status, names(&head.headers)),
                (get.status, names(&get.headers)),
                "{path}"
            );
            assert_eq!(
                head.header("content-length"),
                get.body.len().to_string(),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_were_promised() {
    let (_origin, proxy) = published().await;
    let answer = proxy.get("/feeds/a").await.has_status(200);
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("access-control-allow-origin", "*"),
        ("x-robots-tag", "noindex"),
        ("content-type", "application/rss+xml; charset=utf-8"),
    ] {
        assert_eq!(answer.header(name), value);
    }
    proxy.get("/healthz").await.has_status(200).says("ok");
    proxy.get("/readyz").await.has_status(200).says("ok");
    proxy.get("/robots.txt").await.has_status(200).says("Disallow: /");
    let owner = Reader::of(proxy.owner);
    owner.get("/healthz").await.has_status(200);
    owner
        .get("/metrics")
        .await
        .has_status(200)
        .says("limpid_build_info{version=")
        .says("\nlimpid_cache_bytes{cache=\"feed\"}");
    proxy.get("/metrics").await.has_status(404);
}

#[tokio::test]
async fn a_feed_is_found_with_and_without_the_public_path() {
    let (_origin, proxy) = published().await;
    for path in [
        "/feeds/a",
        "/sub/feeds/a",
        "/feeds/a/",
        "//feeds/a",
        "/feeds/a?_=1&utm=2",
    ] {
        proxy.get(path).await.has_status(200);
    }
    for path in [
        "/feeds/b",
        "/feeds/A",
        "/feeds/a.xml",
        "/feeds/a/b",
        "/other/feeds/a",
        "/",
    ] {
        let answer = proxy.get(path).await.has_status(404);
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_private_origin_is_refused_and_never_dialled() {
    let origin = Origin::start().await;
    origin.at("/a").gives(feed());
    let port = origin.address().port();
    let mapped = Url::parse(&format!("http://[::ffff:127.0.0.1]:{port}/a")).expect("url");
    let proxy = proxy()
        .guarded()
        .feed("literal", &origin.url("/a"))
        .feed("name", &origin.url_as("localhost", "/a"))
        .feed("mapped", &mapped)
        .start()
        .await;
    for name in ["literal", "name", "mapped"] {
        proxy
            .get(&format!("/feeds/{name}"))
            .await
            .has_status(403)
            .says("not public");
    }
    assert_eq!(origin.connections(), 0);
}

#[tokio::test]
async fn only_addresses_that_we_signed_are_served() {
    let origin = Origin::start().await;
    origin.at("/a").gives(feed());
    let proxy = proxy().start().await;
    let path = |address: String| address.strip_prefix(PUBLIC).expect("ours").to_owned();
    let signed = path(proxy.app.in_force().signer.feed(&origin.url("/a")));
    proxy.get(&signed).await.has_status(200).says("Entry 7");
    proxy
        .get(&format!("{signed}.json"))
        .await
        .has_status(200)
        .says("Entry 7");

    let forged = signed.replace("/clean/k", "/clean/j");
    let picture = path(proxy.app.in_force().signer.image(&origin.url("/p.png")));
    let wrong_use = picture.replace("/i/", "/clean/").replace(".png", "");
    for path in [
        &forged,
        &wrong_use,
        &picture.replace(".png", ".gif"),
        "/i/k/aHR0cDovL2EuZXhhbXBsZS8.png",
        "/clean/x/y",
    ] {
        proxy.get(path).await.has_status(403);
    }
    proxy.get("/clean?url=http://a.example/").await.has_status(403);
    assert_eq!(origin.count("/p.png"), 0);
}

#[tokio::test]
async fn an_open_proxy_fetches_nothing_private_though_the_owner_may() {
    let origin = Origin::start().await;
    origin.at("/a").gives(feed());
    let proxy = proxy()
        .with(|options| options.adhoc = Access::Open)
        .feed("a", &origin.url("/a"))
        .start()
        .await;
    proxy.get("/feeds/a").await.has_status(200);
    let before = origin.connections();
    proxy
        .get(&format!("/clean?url={}", origin.url("/a")))
        .await
        .has_status(403);
    proxy
        .get("/clean?url=file:///etc/passwd")
        .await
        .has_status(502)
        .never_says("root:");
    proxy.get("/clean?url=nonsense").await.has_status(403);
    assert_eq!(origin.connections(), before);
}

#[tokio::test]
async fn nothing_a_reader_says_gets_into_the_bytes_or_to_an_origin() {
    let (origin, proxy) = published().await;
    let forged = [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "gopher"),
        ("x-forwarded-prefix", "/evil"),
        ("forwarded", "host=evil.example;proto=gopher"),
        ("x-original-url", "/evil"),
        ("cookie", "secret=1"),
        ("user-agent", "evil reader"),
        ("accept-language", "tlh"),
    ];
    let answer = proxy
        .reader
        .get_with("/feeds/a", &forged)
        .await
        .has_status(200)
        .never_says("evil");
    let head = "GET /feeds/a HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n";
    let by_host = proxy.reader.says(head).await;
    assert!(!by_host.contains("evil") && by_host.ends_with(&answer.text()));
    let asked = origin.asked();
    let said = format!("{asked:?}");
    assert!(
        !["evil", "secret", "tlh", "gopher"]
            .iter()
            .any(|word| said.contains(word)),
        "{said}"
    );
    assert_eq!(asked.len(), 1);
}

#[tokio::test]
async fn requests_that_break_the_rules_are_refused() {
    let (_origin, proxy) = published().await;
    let long = format!(
        "GET /{} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        "a".repeat(9_000)
    );
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "x: 1\r\n".repeat(80));
    let large = format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "a".repeat(20_000));
    let cases = [
        ("GET /feeds/a HTTP/1.1\r\n\r\n", "400"),
        ("GET /feeds/a HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", "400"),
        (
            "GET /feeds/a HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            "400",
        ),
        (
            "GET /feeds/a HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            "400",
        ),
        (
            "GET http://evil.example/feeds/a HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n",
            "400",
        ),
        (
            "GET http://127.0.0.1/feeds/a HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n",
            "400",
        ),
        (
            "GET http://feeds.example/feeds/a HTTP/1.1\r\nhost: feeds.example\r\nconnection: close\r\n\r\n",
            "200",
        ),
        (
            "GET /feeds/a HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc",
            "413",
        ),
        (
            "POST /feeds/a HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            "405",
        ),
        ("TRACE / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", "405"),
        (
            "OPTIONS * HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
            "405",
        ),
        (
            "CONNECT evil.example:443 HTTP/1.1\r\nhost: evil.example:443\r\nconnection: close\r\n\r\n",
            "405",
        ),
        ("GET /feeds/a HTTP/1.0\r\n\r\n", "200"),
        (long.as_str(), "414"),
        (many.as_str(), "431"),
        (large.as_str(), "431"),
    ];
    for (request, status) in cases {
        let answer = proxy.reader.says(request).await;
        let line = answer.lines().next().unwrap_or_default();
        assert_eq!(line.split(' ').nth(1), Some(status), "{request:.80}: {line}");
        if status == "405" {
            assert!(answer.contains("allow: GET, HEAD"), "{answer}");
        }
    }
}

#[tokio::test]
async fn connections_on_which_nothing_moves_are_closed() {
    let origin = Origin::start().await;
    origin.at("/a").gives(feed());
    let proxy = proxy()
        .feed("a", &origin.url("/a"))
        .served(|options| options.header_timeout = Duration::from_millis(100))
        .start()
        .await;
    // Nothing; half a head; something that may become HTTP/2; an HTTP/2 connection without a request.
    for beginning in [
        "",
        "GET /feeds/a HTTP/1.1\r\nho",
        "PRI * HT",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut stream = connect(proxy.address).await;
        stream.write_all(beginning.as_bytes()).await.expect("written");
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "{beginning:?} keeps a connection open");
    }
    proxy.get("/feeds/a").await.has_status(200);
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_does_not_keep_a_connection_open() {
    let proxy = proxy()
        .served(|options| options.header_timeout = Duration::from_millis(100))
        .start()
        .await;
    let mut stream = connect(proxy.address).await;
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx: ")
        .await
        .expect("written");
    let dribble = async {
        while stream.write_all(b"y").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let closed = tokio::time::timeout(Duration::from_secs(10), dribble).await;
    assert!(closed.is_ok(), "it is still open");
}

#[tokio::test]
async fn a_crowd_waits_at_the_door_and_the_owner_gets_in() {
    let origin = Origin::start().await;
    origin.at("/a").gives(feed());
    let proxy = proxy()
        .feed("a", &origin.url("/a"))
        .served(|options| options.max_connections = 1)
        .start()
        .await;
    let mut only = connect(proxy.address).await;
    only.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .expect("written");
    let mut first = [0_u8; 12];
    only.read_exact(&mut first).await.expect("answered");
    let waiting = tokio::spawn({
        let reader = proxy.reader.clone();
        async move { reader.get("/feeds/a").await }
    });
    Reader::of(proxy.owner).get("/healthz").await.has_status(200);
    assert!(!waiting.is_finished());
    drop(only);
    waiting.await.expect("answered").has_status(200);
}

#[tokio::test]
async fn a_unix_socket_serves_and_one_left_behind_is_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("limpid.sock");
    drop(tokio::net::UnixListener::bind(&path).expect("left behind"));
    let listen = vec![Listen::Unix(path.clone())];
    let mut proxy = proxy().served(|options| options.listen = listen).start().await;
    let mut stream = tokio::net::UnixStream::connect(&path)
        .await
        .expect("a connection");
    let head = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(head).await.expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("read");
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("ok\n"));
    proxy.stop().await.expect("stopped");
    assert!(!path.exists(), "the socket is removed");
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_in_plain_words() {
    let (_origin, proxy) = published().await;
    let options = limpid::serve::Options {
        listen: vec![Listen::Tcp(proxy.address)],
        ..limpid::serve::Options::default()
    };
    let error = limpid::serve::listen::Server::bind(options)
        .await
        .expect_err("taken");
    let expected = format!(
        "cannot listen on {}: another program already does; stop it",
        proxy.address
    );
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[tokio::test]
async fn whoever_says_no_more_than_the_request_gets_the_answer_and_a_beginning_may_come_in_pieces() {
    let origin = Origin::start().await;
    let held = origin.at("/a").gives(feed()).held();
    let proxy = proxy().feed("a", &origin.url("/a")).start().await;
    let mut stream = connect(proxy.address).await;
    // Begins as HTTP/2 does, and is none.
    for piece in ["P", "RI", "NT /feeds/a HTTP/1.1\r\nhost: x\r\n\r\n"] {
        stream.write_all(piece.as_bytes()).await.expect("written");
        stream.flush().await.expect("sent");
    }
    let request = "GET /feeds/a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("written");
    stream.shutdown().await.expect("said all");
    held.arrived().await;
    held.release();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.expect("answers");
    assert!(answers.starts_with("HTTP/1.1 405 "), "{answers}");
    assert!(
        answers.contains("HTTP/1.1 200 OK") && answers.contains("Entry 39 of the day"),
        "{answers}"
    );
}
