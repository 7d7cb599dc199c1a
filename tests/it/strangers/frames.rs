//! HTTP/2 against its rules: the connection ends, and nobody else notices.

use std::time::Duration;

use super::{published, small};
use crate::support::client::Reader;
use crate::support::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, RST_STREAM, Rude, SETTINGS, WINDOW_UPDATE,
    frame, get,
};

/// ENHANCE_YOUR_CALM (RFC 9113 §7).
const CALM: Option<u32> = Some(11);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_and_takes_back_without_end_is_sent_away() {
    let (origin, proxy) = published().await;
    let mut rude = Rude::connect(proxy.address).await;
    let flood: Vec<u8> = (0..5_000_u32)
        .flat_map(|n| {
            let stream = 2 * n + 1;
            let mut pair = frame(HEADERS, END_HEADERS | END_STREAM, stream, &get("/feeds/a"));
            pair.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
            pair
        })
        .collect();
    rude.send(&flood).await;
    assert_eq!(rude.ends().await, CALM);
    Reader::of_h2c(proxy.address)
        .get("/feeds/a")
        .await
        .has_status(200);
    assert_eq!(origin.count("/a"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_goes_on_and_on_ends_the_connection() {
    let (_origin, proxy) = published().await;
    let empty = frame(CONTINUATION, 0, 1, &[]).repeat(20_000);
    // A literal header each, `x: yyy…`.
    let mut block = vec![0, 1, b'x', 100];
    block.extend([b'y'; 100]);
    let full = frame(CONTINUATION, 0, 1, &block.repeat(150)).repeat(300);
    for flood in [empty, full] {
        let mut rude = Rude::connect(proxy.address).await;
        rude.send(&frame(HEADERS, END_STREAM, 1, &get("/feeds/a"))).await;
        rude.send(&flood).await;
        assert!(rude.ends().await.is_some_and(|code| code != 0));
    }
    Reader::of_h2c(proxy.address)
        .get("/feeds/a")
        .await
        .has_status(200);
}

#[tokio::test]
async fn frames_that_break_the_rules_end_the_connection() {
    let (_origin, proxy) = published().await;
    let request = || frame(HEADERS, END_HEADERS | END_STREAM, 1, &get("/feeds/a"));
    let cases: [(&str, Vec<u8>); 9] = [
        ("a frame of a megabyte", frame(DATA, 0, 1, &vec![0; 1 << 20])),
        ("data of no stream", frame(DATA, 0, 0, b"x")),
        (
            "a request on a stream of ours",
            frame(HEADERS, END_HEADERS, 2, &get("/")),
        ),
        ("a window opened by nothing", frame(WINDOW_UPDATE, 0, 0, &[0; 4])),
        (
            "a window too wide",
            [0, 0]
                .map(|_| frame(WINDOW_UPDATE, 0, 0, &[0x7f, 0xff, 0xff, 0xff]))
                .concat(),
        ),
        ("settings of a stream", frame(SETTINGS, 0, 1, &[])),
        ("settings cut short", frame(SETTINGS, 0, 0, &[0; 5])),
        ("a ping of seven bytes", frame(PING, 0, 0, &[0; 7])),
        (
            "a head that cannot be decoded",
            frame(HEADERS, END_HEADERS | END_STREAM, 1, &[0xff; 40]),
        ),
    ];
    for (name, bytes) in cases {
        let mut rude = Rude::connect(proxy.address).await;
        rude.send(&bytes).await;
        let code = rude.ends().await;
        assert!(code.is_some_and(|code| code != 0), "{name}: {code:?}");
    }
    let mut polite = Rude::connect(proxy.address).await;
    polite.send(&request()).await;
    while polite.next().await.expect("an answer").stream != 1 {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_pings_and_settings_is_borne() {
    let (_origin, proxy) = published().await;
    for flood in [
        frame(PING, 0, 0, &[7; 8]).repeat(50_000),
        frame(SETTINGS, 0, 0, &[]).repeat(50_000),
    ] {
        let mut rude = Rude::connect(proxy.address).await;
        let sending = tokio::spawn(async move {
            rude.send(&flood).await;
            rude
        });
        for _ in 0..20 {
            proxy.get("/feeds/a").await.has_status(200);
        }
        drop(sending.await);
    }
}

#[tokio::test]
async fn whoever_opens_no_window_or_opens_it_by_single_bytes_is_let_go() {
    let (_origin, build) = small().await;
    let proxy = build
        .served(|options| options.header_timeout = Duration::from_millis(400))
        .start()
        .await;
    let no_window = [0, 4, 0, 0, 0, 0];
    for drips in [false, true] {
        let mut rude = Rude::connect(proxy.address).await;
        rude.send(&frame(SETTINGS, 0, 0, &no_window)).await;
        for n in 0..50 {
            rude.send(&frame(
                HEADERS,
                END_HEADERS | END_STREAM,
                2 * n + 1,
                &get("/feeds/a"),
            ))
            .await;
        }
        let mut taken = true;
        for _ in 0..if drips { 1_000 } else { 0 } {
            taken = rude.send(&frame(WINDOW_UPDATE, 0, 1, &1_u32.to_be_bytes())).await;
            if !taken {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(!drips || !taken, "a thousand single bytes were waited for");
        rude.ends().await;
    }
}
