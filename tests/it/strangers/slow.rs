//! Slow ones: they are let go, and those who are only on a slow line are not.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{feed, published, small};
use crate::support::client::connect;
use crate::support::origin::Origin;
use crate::support::proxy::{Proxy, proxy};

const A_MOMENT: Duration = Duration::from_millis(400);

async fn impatient() -> (Origin, Proxy) {
    let (origin, build) = small().await;
    let proxy = build
        .served(|options| {
            options.header_timeout = A_MOMENT;
            options.write_timeout = A_MOMENT;
        })
        .start()
        .await;
    (origin, proxy)
}

/// What comes until the connection ends, which it must.
async fn to_the_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut all)).await;
    assert!(ended.is_ok(), "the connection stays open");
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_sends_a_head_byte_by_byte_is_let_go() {
    let (_origin, proxy) = impatient().await;
    let endless = format!("GET /feeds/a HTTP/1.1\r\nhost: x\r\nx: {}", "y".repeat(3_000));
    let mut stream = connect(proxy.address).await;
    let dripping = async {
        for byte in endless.as_bytes() {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("3,000 bytes were taken one by one");
    };
    dripping.await;
    proxy.get("/feeds/a").await.has_status(200);
}

#[tokio::test]
async fn whoever_stays_without_asking_again_is_let_go() {
    let (_origin, proxy) = impatient().await;
    let mut stream = connect(proxy.address).await;
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .expect("written");
    let answer = to_the_end(&mut stream).await;
    assert!(answer.starts_with(b"HTTP/1.1 200 OK") && answer.ends_with(b"ok\n"));
}

#[tokio::test]
async fn a_body_that_is_announced_is_refused_without_waiting_for_it() {
    let (_origin, proxy) = published().await;
    for announced in [
        "content-length: 1000000",
        "content-length: 5\r\nexpect: 100-continue",
    ] {
        let mut stream = connect(proxy.address).await;
        let head = format!("GET /feeds/a HTTP/1.1\r\nhost: x\r\n{announced}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.expect("written");
        let answer = to_the_end(&mut stream).await;
        assert!(
            answer.starts_with(b"HTTP/1.1 413 "),
            "{}",
            String::from_utf8_lossy(&answer)
        );
    }
}

/// A connection on which 120 answers of 100 KiB are asked for at once.
async fn greedy(proxy: &Proxy) -> TcpStream {
    let mut stream = connect(proxy.address).await;
    let all = "GET /feeds/a HTTP/1.1\r\nhost: x\r\n\r\n".repeat(119)
        + "GET /feeds/a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(all.as_bytes()).await.expect("written");
    stream
}

async fn large(edit: impl FnOnce(&mut limpid::serve::Options)) -> (Origin, Proxy) {
    let origin = Origin::start().await;
    origin.at("/a").gives(feed(100));
    let proxy = proxy().feed("a", &origin.url("/a")).served(edit).start().await;
    proxy.get("/feeds/a").await.has_status(200);
    (origin, proxy)
}

#[tokio::test]
async fn whoever_takes_nothing_of_what_he_asked_for_is_let_go() {
    let (_origin, proxy) = large(|options| {
        options.header_timeout = A_MOMENT;
        options.write_timeout = A_MOMENT;
    })
    .await;
    let mut stream = greedy(&proxy).await;
    // Nothing is read until the proxy has nobody to serve any more: its permits come back.
    tokio::time::sleep(A_MOMENT * 5).await;
    let taken = to_the_end(&mut stream).await.len();
    assert!(taken < 119 * 100 * 1024, "all {taken} bytes were held for him");
}

#[tokio::test]
async fn whoever_is_slow_to_take_a_long_answer_gets_all_of_it() {
    let (_origin, proxy) = large(|options| options.header_timeout = A_MOMENT).await;
    let whole = proxy.get("/feeds/a").await.body.len();
    let mut stream = greedy(&proxy).await;
    // Longer than anyone may idle, but not longer than an answer may wait.
    tokio::time::sleep(A_MOMENT * 6).await;
    let taken = to_the_end(&mut stream).await.len();
    assert!(taken > 120 * whole, "{taken} bytes of {}", 120 * whole);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_are_answered_while_hundreds_idle_and_the_idle_are_let_go() {
    let (_origin, build) = small().await;
    let proxy = build
        .served(|options| options.header_timeout = Duration::from_secs(1))
        .start()
        .await;
    let mut idle = Vec::new();
    for n in 0..200 {
        let mut stream = connect(proxy.address).await;
        if n % 2 == 0 {
            stream
                .write_all(b"GET /feeds/a HTTP/1.1\r\nhost:")
                .await
                .expect("written");
        }
        idle.push(stream);
    }
    for _ in 0..20 {
        proxy.get("/feeds/a").await.has_status(200).says("Entry 1");
    }
    for stream in &mut idle {
        to_the_end(stream).await;
    }
}
