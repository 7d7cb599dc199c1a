//! Not one dial to an address that the guard refuses, counted where dials are made.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use limpid::fetch::connect::Resolver;
use limpid::fetch::{Error, Fetcher, ImageAsk, Options};
use limpid::message::Validators;
use limpid::telemetry::metrics::Metrics;
use url::{Host, Url};

use super::{FEED, home, refusal};
use crate::support::origin::Origin;

fn denied() -> Vec<&'static str> {
    let lines = include_str!("../../../src/fetch/guard/denied.txt").lines();
    lines
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .collect()
}

fn counted(options: Options) -> (Fetcher, Arc<Metrics>) {
    let metrics = Arc::<Metrics>::default();
    (Fetcher::counted(options, Arc::clone(&metrics)), metrics)
}

/// Only 127.0.0.2 may be dialled; every name resolves to what `leads` holds.
fn second_loopback_only(leads: &Arc<Mutex<Vec<IpAddr>>>) -> Options {
    let mut options = Options::default();
    options.allow_private.networks = vec!["127.0.0.2/32".parse().expect("network")];
    let leads = Arc::clone(leads);
    options.resolver = Resolver::Custom(Arc::new(move |_| Ok(leads.lock().expect("lock").clone())));
    options
}

#[tokio::test]
async fn no_spelling_of_a_private_address_is_dialled_as_feed_or_picture_on_any_port() {
    let (fetcher, metrics) = counted(Options::default());
    let validators = Validators::default();
    let ask = ImageAsk {
        validators: &validators,
        referer: None,
        max_body: 1 << 20,
        wanted: |_| true,
        spool: None,
    };
    let mut tried = 0;
    for host in denied() {
        for address in [
            format!("http://{host}/feed"),
            format!("https://{host}/feed"),
            format!("http://{host}:8080/"),
            format!("http://{host}:22/"),
        ] {
            let url = Url::parse(&address).expect(&address);
            let error = refusal(&fetcher, &url).await;
            assert!(matches!(error, Error::Refused(_)), "{address}: {error:?}");
            assert!(fetcher.image(&url, &ask).await.is_err(), "{address}");
            tried += 2;
        }
    }
    assert!(tried > 1_000, "{tried}");
    assert_eq!(metrics.dials(), 0);
}

#[tokio::test]
async fn no_redirect_leads_to_one_of_them() {
    let origin = Origin::start_at("127.0.0.2".parse().expect("ip")).await;
    let (fetcher, metrics) = counted(second_loopback_only(&Arc::default()));
    for host in denied() {
        for target in [format!("http://{host}/"), format!("//{host}:8080/x")] {
            origin.at("/").redirects(302, &target);
            let error = refusal(&fetcher, &origin.url("/")).await;
            assert!(
                matches!(error, Error::Refused(_) | Error::Redirect(_)),
                "{target}: {error:?}"
            );
        }
    }
    assert_eq!(metrics.dials(), u64::try_from(origin.connections()).expect("few"));
}

#[tokio::test]
async fn no_name_leads_to_one_of_them() {
    let leads = Arc::new(Mutex::new(Vec::new()));
    let (fetcher, metrics) = counted(second_loopback_only(&leads));
    let url = Url::parse("http://feeds.example/").expect("url");
    let public: IpAddr = "::ffff:10.0.0.1".parse().expect("ip");
    for host in denied() {
        let ip = match Url::parse(&format!("http://{host}/")).expect(host).host() {
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
            other => panic!("{host} is {other:?}"),
        };
        *leads.lock().expect("lock") = vec![ip, public, ip];
        let error = refusal(&fetcher, &url).await;
        assert!(matches!(error, Error::Refused(_)), "{host}: {error:?}");
    }
    assert_eq!(metrics.dials(), 0);
}

#[tokio::test]
async fn of_many_answers_a_few_are_tried_and_only_those_that_may_be() {
    let origin = Origin::start_at("127.0.0.2".parse().expect("ip")).await;
    origin.at("/").gives(FEED);
    let ips = |texts: &[&str]| {
        texts
            .iter()
            .map(|ip| ip.parse().expect("ip"))
            .collect::<Vec<IpAddr>>()
    };
    let leads = Arc::new(Mutex::new(ips(&[
        "10.0.0.1",
        "::1",
        "169.254.169.254",
        "127.0.0.2",
        "fd00::1",
        "64:ff9b::a00:1",
    ])));
    let (fetcher, metrics) = counted(second_loopback_only(&leads));
    let url = origin.url_as("feeds.example", "/");
    assert!(fetcher.feed(&url, &Validators::default()).await.is_ok());
    assert_eq!((metrics.dials(), origin.connections()), (1, 1));

    // A thousand addresses cost eight dials, within the time for one connection.
    let closed = Url::parse("http://feeds.example:9/").expect("url");
    *leads.lock().expect("lock") = vec!["127.0.0.2".parse().expect("ip"); 1_000];
    let error = refusal(&fetcher, &closed).await;
    assert!(
        matches!(error, Error::Connect(_) | Error::Address(_)),
        "{error:?}"
    );
    assert!(metrics.dials() <= 9, "{}", metrics.dials());
}

#[tokio::test]
async fn a_redirect_to_another_scheme_is_not_followed() {
    let origin = Origin::start().await;
    let (fetcher, metrics) = counted(home());
    for target in [
        "file:///etc/passwd",
        "file://127.0.0.1/etc/passwd",
        "ftp://127.0.0.1/x",
        "ftps://127.0.0.1/x",
        "sftp://127.0.0.1/x",
        "tftp://127.0.0.1/x",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "dict://127.0.0.1:6379/info",
        "ldap://127.0.0.1/x",
        "ldaps://127.0.0.1/x",
        "smb://127.0.0.1/x",
        "telnet://127.0.0.1",
        "imap://127.0.0.1/x",
        "jar:http://127.0.0.1!/",
        "netdoc:///etc/passwd",
        "php://filter/resource=/etc/passwd",
        "expect://id",
        "ws://127.0.0.1/",
        "wss://127.0.0.1/",
        "data:text/xml,<rss/>",
        "javascript:alert(1)",
        "vbscript:x",
        "blob:http://127.0.0.1/x",
        "view-source:http://127.0.0.1/",
        "about:blank",
        "mailto:a@b.example",
        "unix:/run/docker.sock",
        "urn:x:y",
        "tel:1",
        "feed://127.0.0.1/",
        "feed:http://127.0.0.1/",
        "http://user@127.0.0.1/",
        "http://user:secret@127.0.0.1/",
        "http://",
        "http://[::1",
        "http://a b/",
        "http://127.0.0.1:99999/",
        "http://1.2.3.4.5/",
        "http://[fe80::1%25eth0]/",
    ] {
        origin.at("/").redirects(302, target);
        let error = refusal(&fetcher, &origin.url("/")).await;
        assert!(
            matches!(error, Error::Address(_) | Error::Redirect(_)),
            "{target}: {error:?}"
        );
        assert!(
            !error.to_string().contains("secret") && !error.to_string().contains("passwd"),
            "{error}"
        );
    }
    assert_eq!(metrics.dials(), u64::try_from(origin.connections()).expect("few"));
    assert!(origin.asked().iter().all(|asked| asked.target == "/"));
}
