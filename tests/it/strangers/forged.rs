//! Forged headers: nothing a reader says gets into a stored byte, into another reader's answer, or to an origin.

use super::feed;
use crate::support::origin::Origin;
use crate::support::proxy::proxy;

/// Every value holds `evil`, or would lead there.
const SETS: [&[(&str, &str)]; 52] = [
    &[("host", "evil.example")],
    &[("host", "evil.example:1")],
    &[("x-forwarded-host", "evil.example")],
    &[("x-forwarded-host", "evil.example, feeds.example")],
    &[("x-forwarded-server", "evil.example")],
    &[("x-forwarded-proto", "evil")],
    &[("x-forwarded-scheme", "evil")],
    &[("x-forwarded-port", "6666evil")],
    &[("x-forwarded-prefix", "/evil")],
    &[("x-forwarded-path", "/evil")],
    &[("x-forwarded-uri", "/evil")],
    &[("x-forwarded-ssl", "evil")],
    &[("x-forwarded-for", "evil, 6.6.6.6")],
    &[("x-forwarded-for", "\"><script>evil()</script>")],
    &[("x-forwarded-by", "evil")],
    &[("x-forwarded-client-cert", "By=evil")],
    &[("forwarded", "host=evil.example;proto=evil")],
    &[("forwarded", "for=evil;by=evil;host=\"evil.example\"")],
    &[("x-original-url", "/evil")],
    &[("x-original-host", "evil.example")],
    &[("x-original-uri", "/evil")],
    &[("x-rewrite-url", "/evil")],
    &[("x-host", "evil.example")],
    &[("x-http-host-override", "evil.example")],
    &[("x-http-method-override", "evil")],
    &[("x-http-method", "evil")],
    &[("x-method-override", "evil")],
    &[("x-real-ip", "evil")],
    &[("x-client-ip", "evil")],
    &[("true-client-ip", "evil")],
    &[("cf-connecting-ip", "evil")],
    &[("cf-visitor", "{\"scheme\":\"evil\"}")],
    &[("x-envoy-original-path", "/evil")],
    &[("x-script-name", "/evil")],
    &[("x-base-url", "https://evil.example")],
    &[("base-url", "https://evil.example")],
    &[("x-proxy-url", "https://evil.example")],
    &[("x-wap-profile", "https://evil.example/wap.xml")],
    &[("front-end-https", "evil")],
    &[("via", "1.1 evil.example")],
    &[("origin", "https://evil.example")],
    &[("referer", "https://evil.example/")],
    &[("user-agent", "evil <script>"), ("from", "evil@evil.example")],
    &[("cookie", "evil=1"), ("authorization", "Basic ZXZpbDpldmls")],
    &[
        ("accept", "text/evil"),
        ("accept-language", "evil"),
        ("accept-charset", "evil"),
    ],
    &[("accept-encoding", "evil, identity;q=0.5")],
    &[("cache-control", "no-cache, evil"), ("pragma", "evil")],
    &[("range", "bytes=0-9"), ("if-range", "\"evil\"")],
    &[("if-match", "\"evil\""), ("if-none-match", "\"evil\"")],
    &[("if-modified-since", "evil"), ("if-unmodified-since", "evil")],
    &[
        ("te", "evil"),
        ("content-type", "evil/evil"),
        ("content-location", "/evil"),
    ],
    &[
        ("x-request-id", "evil\t\u{1b}[31m"),
        ("traceparent", "evil"),
        ("purpose", "evil"),
    ],
];

/// An answer without what names the feed it is of.
fn essence(answer: &str, name: &str) -> String {
    answer.replace(name, "NAME")
}

#[tokio::test]
async fn the_reader_who_brings_a_feed_in_leaves_no_trace_in_it() {
    let origin = Origin::start().await;
    origin.at("/a").gives(feed(2));
    let names: Vec<String> = (0..SETS.len()).map(|n| format!("feed-{n:03}")).collect();
    let build = names
        .iter()
        .fold(proxy(), |build, name| build.feed(name, &origin.url("/a")));
    let proxy = build.feed("honest", &origin.url("/a")).start().await;
    let mut honest = Vec::new();
    for suffix in ["", ".json", ".atom"] {
        let answer = proxy.get(&format!("/feeds/honest{suffix}")).await.has_status(200);
        honest.push((suffix, essence(&answer.text(), "honest")));
    }
    for (name, set) in names.iter().zip(SETS) {
        // Said as bytes: no client library has a say in it.
        let mut lines: String = set
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        if !lines.starts_with("host: ") {
            lines.insert_str(0, "host: a\r\n");
        }
        for (suffix, expected) in &honest {
            let request = format!("GET /feeds/{name}{suffix} HTTP/1.1\r\n{lines}connection: close\r\n\r\n");
            let answer = proxy.reader.says(&request).await;
            // A control character is no header: refused, and so nothing is stored.
            if lines.contains('\u{1b}') {
                assert!(answer.starts_with("HTTP/1.1 400 "), "{answer:.300}");
                continue;
            }
            let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
            assert!(head.starts_with("HTTP/1.1 200 "), "{lines}: {head}");
            assert!(!head.contains("evil"), "{lines}: {head}");
            assert_eq!(&essence(body, name), expected, "{lines}");
        }
        // And who comes after gets the same.
        let after = proxy.get(&format!("/feeds/{name}")).await.has_status(200);
        assert_eq!(essence(&after.text(), name), honest[0].1, "{lines}");
    }
    assert_eq!(origin.asked().len(), SETS.len() + 1, "one request a feed");
    let first = origin.asked().remove(0).headers;
    for asked in origin.asked() {
        assert_eq!(asked.headers, first, "the origin is asked the same whoever reads");
    }
}
