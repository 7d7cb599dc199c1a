//! Picture origins over http, https and HTTP/2: what holds for one holds for all.

use crate::images::png;
use crate::support::client::Reader;
use crate::support::origin::Origin;
use crate::support::proxy::{PUBLIC, Proxy, proxy};
use crate::support::tls;

const LARGE: usize = 1_000_000;

async fn all() -> [(&'static str, Origin); 3] {
    [
        ("http", Origin::start().await),
        ("https", Origin::start_https().await),
        ("HTTP/2", Origin::start_http2().await),
    ]
}

/// A proxy that trusts these origins, and keeps pictures in `folder`.
async fn trusting(folder: &std::path::Path) -> Proxy {
    let folder = folder.to_owned();
    proxy()
        .with(|options| {
            options.image_fetch.roots = tls::roots();
            options.images.folder = Some(folder);
        })
        .start()
        .await
}

fn address(proxy: &Proxy, origin: &Origin, path: &str) -> String {
    let address = proxy.app.in_force().signer.image(&origin.url(path));
    address.trim_start_matches(PUBLIC).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_readers_of_a_picture_cost_one_request_that_tells_nothing_of_them() {
    for (kind, origin) in all().await {
        let folder = tempfile::tempdir().expect("folder");
        let proxy = trusting(folder.path()).await;
        let held = origin
            .at("/p.png")
            .gives(png(3, 2, &vec![7; LARGE]))
            .with("set-cookie", "id=1")
            .with("x-told", "by the origin")
            .held();
        let address = address(&proxy, &origin, "/p.png");
        let readers: Vec<_> = (0..100)
            .map(|n| {
                let (reader, address) = (Reader::of(proxy.address), address.clone());
                let (agent, cookie) = (format!("reader {n}"), format!("reader={n}"));
                tokio::spawn(async move {
                    let told = [
                        ("user-agent", agent.as_str()),
                        ("cookie", &cookie),
                        ("referer", "https://reader.example/private"),
                        ("accept-language", "de"),
                        ("x-forwarded-for", "198.51.100.7"),
                        ("authorization", "Basic cmVhZGVy"),
                    ];
                    reader.get_with(&address, &told).await.has_status(200)
                })
            })
            .collect();
        held.arrived().await;
        held.release();
        for reader in readers {
            let answer = reader.await.expect("an answer");
            assert!(answer.body.len() > LARGE, "{kind}");
            assert_eq!(answer.header("content-type"), "image/png", "{kind}");
            for passed in ["set-cookie", "x-told"] {
                assert_eq!(answer.header(passed), "", "{kind}");
            }
        }
        assert_eq!((origin.count("/p.png"), origin.connections()), (1, 1), "{kind}");
        let asked = origin.last("/p.png").expect("asked");
        let mut names: Vec<&str> = asked.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            ["accept", "accept-encoding", "cdn-loop", "host", "user-agent"],
            "{kind}"
        );
        assert!(
            asked
                .header("user-agent")
                .is_some_and(|agent| agent.starts_with("limpid/"))
        );
    }
}

#[tokio::test]
async fn a_picture_is_asked_for_anew_by_its_validator_and_outlives_its_origin() {
    for (kind, origin) in all().await {
        let folder = tempfile::tempdir().expect("folder");
        let proxy = trusting(folder.path()).await;
        origin.at("/p.png").gives(png(3, 2, b"x")).conditional("\"1\"");
        let address = address(&proxy, &origin, "/p.png");
        let first = proxy.get(&address).await.has_status(200);

        // What lands late is dated late, so that it may take another ten days until it is asked for.
        let is_asked_again = async || {
            let before = origin.asked().len();
            while origin.asked().len() == before {
                proxy.advance(60 * 24 * 10);
                let again = proxy.get(&address).await.has_status(200);
                assert_eq!(
                    (&again.body, again.header("etag")),
                    (&first.body, first.header("etag")),
                    "{kind}"
                );
            }
        };
        is_asked_again().await;
        let asked = origin.last("/p.png").expect("asked");
        assert_eq!(asked.header("if-none-match"), Some("\"1\""), "{kind}");
        for status in [503, 410] {
            origin.fails_with(status);
            is_asked_again().await;
        }
        let gone = proxy.get(&address).await.has_status(200);
        assert_eq!(gone.header("etag"), first.header("etag"), "{kind}");
    }
}

#[tokio::test]
async fn nobody_s_word_is_taken_for_a_certificate_and_http_is_not_tried_instead() {
    for origin in [Origin::start_https().await, Origin::start_http2().await] {
        origin.at("/p.png").gives(png(3, 2, b"x"));
        let distrusting = proxy().start().await;
        let address = address(&distrusting, &origin, "/p.png");
        distrusting.get(&address).await.has_status(502);
        assert_eq!((origin.asked().len(), origin.connections()), (0, 0));
    }
}
