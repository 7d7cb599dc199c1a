//! How origins are asked, and what is refused.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use limpid::fetch::connect::Resolver;
use limpid::fetch::{Error, Fetcher, Options};
use limpid::message::{Fetched, OriginResponse, Validators};
use tokio::io::AsyncWriteExt as _;
use url::Url;

use crate::support::origin::Origin;
use crate::support::tls;

const FEED: &str = "<rss version=\"2.0\"><channel><title>One</title></channel></rss>";

/// Options under which loopback may be dialled.
fn home() -> Options {
    let mut options = Options::default();
    options.allow_private.networks = vec!["127.0.0.0/8".parse().expect("network")];
    options
}

/// A resolver that gives `answers` for any name, one after the other, and the last one for ever.
fn resolves_to(answers: &[&[&str]]) -> Resolver {
    let answers: Vec<Vec<IpAddr>> = answers
        .iter()
        .map(|ips| ips.iter().map(|ip| ip.parse().expect("ip")).collect())
        .collect();
    let asked = AtomicUsize::new(0);
    Resolver::Custom(Arc::new(move |_| {
        let turn = asked.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
        Ok(answers[turn].clone())
    }))
}

async fn ask(options: Options, url: &Url) -> Result<Fetched, Error> {
    Fetcher::new(options).feed(url, &Validators::default()).await
}

async fn refusal(options: Options, url: &Url) -> Error {
    match ask(options, url).await {
        Ok(_) => panic!("{url} gave an answer"),
        Err(error) => error,
    }
}

async fn answer(options: Options, url: &Url) -> OriginResponse {
    match ask(options, url).await.expect("an answer") {
        Fetched::Modified(response) => response,
        Fetched::NotModified { .. } => panic!("304 to a first request"),
    }
}

#[tokio::test]
async fn a_feed_is_fetched_whole_and_the_request_says_nothing_of_any_reader() {
    let origin = Origin::start().await;
    origin.at("/feed").gives(FEED).with("set-cookie", "a=b");
    let fetcher = Fetcher::new(home());
    for _ in 0..2 {
        let fetched = fetcher
            .feed(&origin.url("/feed#top"), &Validators::default())
            .await;
        let Ok(Fetched::Modified(response)) = fetched else {
            panic!("{fetched:?}");
        };
        assert_eq!(response.body, FEED);
        assert_eq!(response.url, origin.url("/feed"));
    }
    for asked in origin.asked() {
        let mut names: Vec<&str> = asked.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "accept-encoding", "host", "user-agent"]);
        assert!(
            asked
                .header("user-agent")
                .is_some_and(|agent| agent.starts_with("limpid/"))
        );
    }
    assert_eq!(origin.connections(), 1, "the connection is used again");
}

#[tokio::test]
async fn validators_go_back_byte_for_byte_and_304_is_understood() {
    let origin = Origin::start().await;
    origin.at("/feed").gives(FEED).conditional("W/\"ä 1\"");
    let validators = Validators {
        etag: Some("W/\"ä 1\"".to_owned()),
        last_modified: Some("yesterday, I think".to_owned()),
    };
    let fetched = Fetcher::new(home()).feed(&origin.url("/feed"), &validators).await;
    assert!(matches!(fetched, Ok(Fetched::NotModified { .. })), "{fetched:?}");
    let asked = origin.last("/feed").expect("asked");
    assert_eq!(asked.header("if-modified-since"), Some("yesterday, I think"));
}

#[tokio::test]
async fn a_304_that_nobody_asked_for_is_an_error() {
    let origin = Origin::start().await;
    origin.at("/feed").status(304);
    let error = refusal(home(), &origin.url("/feed")).await;
    assert!(matches!(error, Error::Protocol(_)), "{error:?}");
}

#[tokio::test]
async fn a_private_address_is_never_dialled_however_it_is_written() {
    let origin = Origin::start().await;
    origin.at("/").gives(FEED);
    let port = origin.address().port();
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "[::ffff:127.0.0.1]",
        "localhost",
        "127.0.0.1.",
    ] {
        let url = Url::parse(&format!("http://{host}:{port}/")).expect("url");
        let error = refusal(Options::default(), &url).await;
        assert!(matches!(error, Error::Refused(_)), "{host}: {error:?}");
    }
    assert_eq!(origin.connections(), 0);
}

/// Options under which `feeds.example` may be asked on the origin's port, if it resolves to a public
/// address or to 127.0.0.2.
fn second_loopback_only(answers: &[&[&str]]) -> Options {
    let mut options = Options::default();
    options.allow_private.networks = vec!["127.0.0.2/32".parse().expect("network")];
    options.resolver = resolves_to(answers);
    options
}

#[tokio::test]
async fn a_name_that_resolves_to_a_private_address_is_never_dialled() {
    let origin = Origin::start().await;
    origin.at("/").gives(FEED);
    for answers in [["127.0.0.1"], ["::ffff:127.0.0.1"], ["::1"], ["64:ff9b::7f00:1"]] {
        let options = second_loopback_only(&[&answers]);
        let error = refusal(options, &origin.url_as("feeds.example", "/")).await;
        assert!(matches!(error, Error::Refused(_)), "{answers:?}: {error:?}");
    }
    assert_eq!(origin.connections(), 0);
}

#[tokio::test]
async fn of_mixed_answers_only_what_may_be_dialled_is() {
    let forbidden = Origin::start().await;
    forbidden.at("/").gives("forbidden");
    let options = second_loopback_only(&[&["127.0.0.1", "10.0.0.1", "127.0.0.2", "::1"]]);
    let error = refusal(options, &forbidden.url_as("feeds.example", "/")).await;
    // Nothing listens on 127.0.0.2 at this port: had the first address been dialled, it would have answered.
    assert!(matches!(error, Error::Connect(_)), "{error:?}");
    assert_eq!(forbidden.connections(), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_address_after_it_was_judged_gains_nothing() {
    let allowed = Origin::start_at("127.0.0.2".parse().expect("ip")).await;
    allowed
        .at("/")
        .redirects(302, "/again")
        .with("connection", "close");
    let options = second_loopback_only(&[&["127.0.0.2"], &["127.0.0.1"]]);
    let error = refusal(options, &allowed.url_as("feeds.example", "/")).await;
    assert!(matches!(error, Error::Refused(_)), "{error:?}");
    assert_eq!(allowed.connections(), 1);
}

#[tokio::test]
async fn a_redirect_to_a_private_address_is_never_followed() {
    let secret = Origin::start().await;
    secret.at("/").gives("secret");
    let allowed = Origin::start_at("127.0.0.2".parse().expect("ip")).await;
    let port = secret.address().port();
    for target in [
        format!("http://127.0.0.1:{port}/"),
        format!("//localhost:{port}/"),
        format!("http://[::ffff:7f00:1]:{port}/"),
        format!("http://0:{port}/"),
    ] {
        allowed.at("/").redirects(302, &target);
        let error = refusal(second_loopback_only(&[&["127.0.0.1"]]), &allowed.url("/")).await;
        assert!(matches!(error, Error::Refused(_)), "{target}: {error:?}");
        // Whoever reads the error learns nothing from the origin's word.
        assert!(error.to_string().contains("behind a redirect"), "{error}");
    }
    allowed.at("/").redirects(302, "file:///etc/passwd");
    let error = refusal(second_loopback_only(&[&["127.0.0.1"]]), &allowed.url("/")).await;
    assert!(matches!(error, Error::Address(_)), "{error:?}");
    assert_eq!(secret.connections(), 0);
}

#[tokio::test]
async fn one_host_and_port_may_be_allowed_alone() {
    let origin = Origin::start().await;
    origin.at("/").gives(FEED);
    let other = Origin::start().await;
    let mut options = Options::default();
    options.allow_private.hosts = vec![("127.0.0.1".to_owned(), origin.address().port())];
    assert_eq!(answer(options.clone(), &origin.url("/")).await.body, FEED);
    let error = refusal(options, &other.url("/")).await;
    assert!(matches!(error, Error::Refused(_)), "{error:?}");
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn redirects_are_followed_and_permanent_ones_remembered() {
    let origin = Origin::start().await;
    origin.at("/a").redirects(301, "b");
    origin.at("/b").redirects(308, "/feed");
    origin.at("/c").redirects(302, "/feed");
    origin.at("/feed").gives(FEED);
    let moved = answer(home(), &origin.url("/a")).await;
    assert_eq!((moved.url, moved.moved_permanently), (origin.url("/feed"), true));
    assert!(!answer(home(), &origin.url("/c")).await.moved_permanently);
    assert!(!answer(home(), &origin.url("/feed")).await.moved_permanently);
    assert!(
        origin
            .asked()
            .iter()
            .all(|asked| asked.header("referer").is_none())
    );
}

#[tokio::test]
async fn redirects_that_lead_nowhere_end() {
    let origin = Origin::start().await;
    origin.at("/loop").redirects(302, "/loop");
    origin.at("/none").status(302);
    for n in 0..9 {
        origin.at(&format!("/{n}")).redirects(302, &format!("/{}", n + 1));
    }
    for path in ["/loop", "/none", "/0"] {
        let error = refusal(home(), &origin.url(path)).await;
        assert!(matches!(error, Error::Redirect(_)), "{path}: {error:?}");
    }
    assert_eq!(origin.count("/5"), 1);
    assert_eq!(origin.count("/6"), 0, "five redirects are followed, not six");
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_by_its_claim_and_by_count() {
    let origin = Origin::start().await;
    let mut options = home();
    options.max_body = 1000;
    origin.at("/fits").gives("x".repeat(1000)).chunked(7);
    origin.at("/claimed").gives("x").short_by(1 << 40);
    origin.at("/counted").gives("x".repeat(1001)).chunked(100);
    origin.at("/closed").gives("x".repeat(1001)).until_close();
    origin.at("/endless").gives("x".repeat(100)).endlessly();
    assert_eq!(
        answer(options.clone(), &origin.url("/fits")).await.body.len(),
        1000
    );
    for path in ["/claimed", "/counted", "/closed", "/endless"] {
        let error = refusal(options.clone(), &origin.url(path)).await;
        assert!(matches!(error, Error::TooLarge(1000)), "{path}: {error:?}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_never_taken_for_whole() {
    let origin = Origin::start().await;
    origin.at("/short").gives(FEED).short_by(1);
    origin.at("/reset").gives(FEED).resets_after(20);
    origin
        .at("/chunk")
        .says("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n<rss>\r\n");
    origin.at("/garbage").says("what do you want?\r\n\r\n");
    origin.at("/two").says(
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n5\r\n<rss>\r\n0\r\n\r\n",
    );
    origin
        .at("/lengths")
        .says("HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 5\r\n\r\n<rss>");
    for path in ["/short", "/reset", "/chunk", "/garbage", "/two", "/lengths"] {
        let error = refusal(home(), &origin.url(path)).await;
        assert!(matches!(error, Error::Protocol(_)), "{path}: {error:?}");
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_or_has_too_many_headers_is_refused() {
    let origin = Origin::start().await;
    let many = "x: y\r\n".repeat(200);
    origin
        .at("/many")
        .says(format!("HTTP/1.1 200 OK\r\n{many}content-length: 0\r\n\r\n"));
    origin
        .at("/large")
        .gives(FEED)
        .with("x-large", &"y".repeat(100_000));
    for path in ["/many", "/large"] {
        let error = refusal(home(), &origin.url(path)).await;
        assert!(matches!(error, Error::Protocol(_)), "{path}: {error:?}");
    }
}

#[tokio::test]
async fn an_origin_that_is_silent_or_stalls_or_drips_is_given_up() {
    let origin = Origin::start().await;
    origin.at("/silent").says_nothing();
    origin.at("/stalls").gives(FEED).stalls_after(10);
    origin.at("/endless").gives("x").endlessly();
    let mut options = home();
    options.connect_timeout = Duration::from_millis(50);
    options.idle_timeout = Duration::from_millis(50);
    for path in ["/silent", "/stalls"] {
        let error = refusal(options.clone(), &origin.url(path)).await;
        assert!(matches!(error, Error::Timeout(_)), "{path}: {error:?}");
    }
    // Never idle, never done: only the deadline for the whole ends it.
    options.timeout = Duration::from_millis(200);
    options.max_body = usize::MAX;
    let error = refusal(options, &origin.url("/endless")).await;
    assert!(matches!(error, Error::Timeout("the whole answer")), "{error:?}");
}

#[tokio::test]
async fn a_closed_port_and_an_unknown_name_are_said_plainly() {
    let closed = {
        let origin = Origin::start().await;
        origin.url("/")
    };
    // The listener is closed once its task has ended.
    tokio::task::yield_now().await;
    let error = refusal(home(), &closed).await;
    assert!(matches!(error, Error::Connect(_)), "{error:?}");
    let mut options = home();
    options.resolver = Resolver::Custom(Arc::new(|_| Err(std::io::ErrorKind::NotFound.into())));
    let unknown = Url::parse("http://nobody.example/").expect("url");
    let error = refusal(options, &unknown).await;
    assert!(
        matches!(&error, Error::Resolve(name) if name == "nobody.example"),
        "{error:?}"
    );
}

#[tokio::test]
async fn any_other_status_is_an_error_with_its_retry_after() {
    let origin = Origin::start().await;
    for status in [201, 204, 206, 300, 401, 404, 410, 429, 500, 503] {
        origin.at("/feed").status(status).with("retry-after", "120");
        let error = refusal(home(), &origin.url("/feed")).await;
        let expected = (status, Some(120));
        assert!(
            matches!(error, Error::Status { status, retry_after } if (status, retry_after) == expected),
            "{status}: {error:?}"
        );
    }
}

#[tokio::test]
async fn one_host_is_asked_a_few_things_at_once_only() {
    let origin = Origin::start().await;
    let held = origin.at("/slow").gives(FEED).held();
    let fetcher = Fetcher::new(home());
    let asking: Vec<_> = (0..5)
        .map(|_| {
            let (fetcher, url) = (fetcher.clone(), origin.url("/slow"));
            tokio::spawn(async move { fetcher.feed(&url, &Validators::default()).await })
        })
        .collect();
    held.arrivals_reach(2).await;
    // All five have had their chance to go; three wait for their turn.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(origin.connections(), 2);
    held.release();
    for task in asking {
        assert!(task.await.expect("task").is_ok());
    }
    assert_eq!(origin.count("/slow"), 5);
}

#[tokio::test]
async fn a_certificate_that_nobody_signed_is_refused_and_said_plainly() {
    let address = tls::self_signed();
    let url = Url::parse(&format!("https://{address}/")).expect("url");
    let error = refusal(home(), &url).await;
    assert!(matches!(error, Error::Tls(_)), "{error:?}");
    let text = error.to_string();
    assert!(
        text.contains("certificate") && text.contains("self-signed"),
        "{text}"
    );
}

#[tokio::test]
async fn a_port_that_speaks_plain_http_is_said_plainly_when_asked_for_https() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a loopback port");
    let url = Url::parse(&format!("https://{}/", listener.local_addr().expect("address"))).expect("url");
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("connection");
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .expect("written");
        stream
    });
    let error = refusal(home(), &url).await;
    assert!(error.to_string().contains("does not speak TLS"), "{error:?}");
    drop(serving.await);
}
