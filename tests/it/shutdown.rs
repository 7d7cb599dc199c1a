//! What happens to readers when the proxy is told to stop.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::client::connect;
use crate::support::origin::Origin;
use crate::support::proxy::proxy;

const FEED: &str = "<rss version=\"2.0\"><channel><title>a</title><link>https://a.example/</link>\
    <description/><item><guid>1</guid><title>one</title></item></channel></rss>";

#[tokio::test]
async fn requests_in_flight_end_and_no_new_ones_begin() {
    let origin = Origin::start().await;
    let held = origin.at("/a").gives(FEED).held();
    let mut proxy = proxy().feed("a", &origin.url("/a")).start().await;
    let mut idle = connect(proxy.address).await;
    let reader = proxy.reader.clone();
    let in_flight = tokio::spawn(async move { reader.get("/feeds/a").await });
    held.arrived().await;

    let stopped = proxy.stop();
    // A connection without a request is closed at once.
    let mut nothing = Vec::new();
    idle.read_to_end(&mut nothing).await.expect("closed");
    assert!(nothing.is_empty() && !stopped.is_finished());

    held.release();
    in_flight.await.expect("answered").has_status(200).says("one");
    stopped.await.expect("stopped");
    let mut late = connect_or_refused(proxy.address).await;
    assert!(late.take().is_none(), "nobody listens any more");
}

#[tokio::test]
async fn a_drain_has_an_end() {
    let origin = Origin::start().await;
    let held = origin.at("/a").gives(FEED).held();
    let mut proxy = proxy()
        .feed("a", &origin.url("/a"))
        .served(|options| options.drain_timeout = Duration::from_millis(50))
        .start()
        .await;
    let mut stuck = connect(proxy.address).await;
    stuck
        .write_all(b"GET /feeds/a HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .expect("written");
    held.arrived().await;
    proxy.stop().await.expect("stopped");
    let mut answer = Vec::new();
    let _ = stuck.read_to_end(&mut answer).await;
    assert!(answer.is_empty());
}

#[expect(clippy::disallowed_methods, reason = "a reader dials as it likes")]
async fn connect_or_refused(address: std::net::SocketAddr) -> Option<tokio::net::TcpStream> {
    tokio::net::TcpStream::connect(address).await.ok()
}
