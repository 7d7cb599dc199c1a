//! Requests in shapes that servers and proxies read differently: each is refused or means one thing only.

use super::published;

const HEALTHZ: &str = "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";

/// Requests with a second one hidden in them; each may be answered once, with one of these statuses.
fn smuggled() -> Vec<(&'static str, String, &'static [u16])> {
    let get = |lines: &str, rest: &str| format!("GET /feeds/a HTTP/1.1\r\nhost: a\r\n{lines}\r\n{rest}");
    let hidden = HEALTHZ;
    let chunked = format!("0\r\n\r\n{hidden}");
    vec![
        ("a length", get("content-length: 34\r\n", hidden), &[413]),
        (
            "a length of one digit too many",
            get("content-length: 0034\r\n", hidden),
            &[400, 413],
        ),
        (
            "two equal lengths",
            get("content-length: 34\r\ncontent-length: 34\r\n", hidden),
            &[400, 413],
        ),
        (
            "two lengths",
            get("content-length: 0\r\ncontent-length: 34\r\n", hidden),
            &[400],
        ),
        (
            "a list of lengths",
            get("content-length: 0, 34\r\n", hidden),
            &[400],
        ),
        ("a signed length", get("content-length: +34\r\n", hidden), &[400]),
        ("a negative length", get("content-length: -1\r\n", hidden), &[400]),
        (
            "a hexadecimal length",
            get("content-length: 0x22\r\n", hidden),
            &[400],
        ),
        (
            "two numbers in a length",
            get("content-length: 3 4\r\n", hidden),
            &[400],
        ),
        ("an empty length", get("content-length:\r\n", hidden), &[400]),
        (
            "a length beyond all numbers",
            get("content-length: 99999999999999999999\r\n", hidden),
            &[400],
        ),
        (
            "length, then coding",
            get("content-length: 4\r\ntransfer-encoding: chunked\r\n", &chunked),
            &[400],
        ),
        (
            "coding, then length",
            get("transfer-encoding: chunked\r\ncontent-length: 4\r\n", &chunked),
            &[400],
        ),
        (
            "a coding alone",
            get("transfer-encoding: chunked\r\n", &chunked),
            &[400],
        ),
        (
            "a coding that is none",
            get("transfer-encoding: xchunked\r\n", &chunked),
            &[400],
        ),
        (
            "a coding and another",
            get("transfer-encoding: chunked, identity\r\n", &chunked),
            &[400],
        ),
        (
            "two codings",
            get("transfer-encoding: chunked\r\ntransfer-encoding: x\r\n", &chunked),
            &[400],
        ),
        (
            "a coding behind a tab",
            get("transfer-encoding:\tchunked\r\n", &chunked),
            &[400],
        ),
        (
            "a space before the colon",
            get("transfer-encoding : chunked\r\n", &chunked),
            &[400],
        ),
        (
            "a name behind a space",
            get(" transfer-encoding: chunked\r\n", &chunked),
            &[400],
        ),
        (
            "a folded line",
            get("x: y\r\n transfer-encoding: chunked\r\n", &chunked),
            &[400],
        ),
        (
            "a folded coding",
            get("transfer-encoding:\r\n chunked\r\n", &chunked),
            &[400],
        ),
        (
            "a coding in HTTP/1.0",
            format!("GET /feeds/a HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n{chunked}"),
            &[400],
        ),
        (
            "lines that end with LF",
            "GET /feeds/a HTTP/1.1\nhost: a\n\n".to_owned() + hidden,
            &[400],
        ),
        ("one line that ends with LF", get("x: y\n", hidden), &[400]),
        (
            "an LF within a value",
            get("x: y\nz: transfer-encoding\r\n", hidden),
            &[400],
        ),
        (
            "an empty line of LF",
            "GET /feeds/a HTTP/1.1\r\nhost: a\r\n\n".to_owned() + hidden,
            &[400],
        ),
        ("a CR within a value", get("x: y\rz\r\n", hidden), &[400]),
        ("a NUL within a value", get("x: y\0z\r\n", hidden), &[400]),
        ("a line without a colon", get("x\r\n", hidden), &[400]),
        ("a line without a name", get(": x\r\n", hidden), &[400]),
        (
            "a control character in a name",
            get("x\u{1}: y\r\n", hidden),
            &[400],
        ),
    ]
}

/// How many answers there are, and the status of the first.
fn answers(text: &str) -> (usize, u16) {
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    (text.matches("HTTP/1.1 ").count(), status.unwrap_or(0))
}

#[tokio::test]
async fn no_request_hides_in_another() {
    let (_origin, proxy) = published().await;
    for (name, request, allowed) in smuggled() {
        let answer = proxy.reader.says(&request).await;
        let (count, status) = answers(&answer);
        assert_eq!(count, 1, "{name}: {answer}");
        assert!(allowed.contains(&status), "{name}: {status}");
    }
}

#[tokio::test]
async fn a_request_names_one_host_and_it_is_no_other_servers() {
    let (_origin, proxy) = published().await;
    let ask = |line: &str, hosts: &str| format!("{line} HTTP/1.1\r\n{hosts}connection: close\r\n\r\n");
    let path = "GET /feeds/a";
    for (request, expected) in [
        (ask(path, ""), 400),
        (ask(path, "host: a\r\nhost: a\r\n"), 400),
        (ask(path, "host: a\r\nHost: b\r\n"), 400),
        (ask(path, "host: a b\r\n"), 400),
        (ask(path, "host: user@a\r\n"), 400),
        (ask(path, "host: a/../b\r\n"), 400),
        (ask(path, "host: a\\b\r\n"), 400),
        (ask(path, "host: a?b\r\n"), 400),
        (ask(path, "host: a#b\r\n"), 400),
        (ask(path, "host: a\"><script>\r\n"), 400),
        (ask(path, "host: \u{e4}.example\r\n"), 400),
        (ask(path, "host:\r\n"), 200),
        (ask(path, "host: anything.example:65\r\n"), 200),
        (ask(path, "host: limpid_app:8080\r\n"), 200),
        (ask(path, "host: [::1]:8080\r\n"), 200),
        (
            ask("GET http://evil.example/feeds/a", "host: evil.example\r\n"),
            400,
        ),
        (
            ask("GET http://evil.example/feeds/a", "host: feeds.example\r\n"),
            400,
        ),
        (
            ask("GET http://feeds.example/feeds/a", "host: evil.example\r\n"),
            400,
        ),
        (
            ask(
                "GET http://feeds.example@evil.example/feeds/a",
                "host: feeds.example\r\n",
            ),
            400,
        ),
        (ask("GET //evil.example/feeds/a", "host: a\r\n"), 404),
        (ask("GET feeds/a", "host: a\r\n"), 400),
        (ask("GET *", "host: a\r\n"), 404),
        (ask("GET evil.example:443", "host: a\r\n"), 400),
        (ask("CONNECT evil.example:443", "host: evil.example:443\r\n"), 405),
        (ask("CONNECT 127.0.0.1:6379", "host: a\r\n"), 405),
        (ask("TRACE /feeds/a", "host: a\r\n"), 405),
        (ask("TRACK /feeds/a", "host: a\r\n"), 405),
        (ask("PUT /feeds/a", "host: a\r\n"), 405),
        (ask("DELETE /feeds/a", "host: a\r\n"), 405),
        (ask("PROPFIND /", "host: a\r\n"), 405),
        (ask("OPTIONS *", "host: a\r\n"), 405),
        (ask("PRI *", "host: a\r\n"), 405),
        (ask("get /feeds/a", "host: a\r\n"), 405),
        (ask("GE(T /feeds/a", "host: a\r\n"), 400),
        (ask("GET  /feeds/a", "host: a\r\n"), 400),
        ("GET /feeds/a\r\nhost: a\r\n\r\n".to_owned(), 400),
        ("GET /feeds/a HTTP/3.0\r\nhost: a\r\n\r\n".to_owned(), 400),
        ("GET /feeds/a HTTP/1.1x\r\nhost: a\r\n\r\n".to_owned(), 400),
        ("GET /feeds/a http/1.1\r\nhost: a\r\n\r\n".to_owned(), 400),
    ] {
        let (count, status) = answers(&proxy.reader.says(&request).await);
        assert_eq!((count, status), (1, expected), "{request}");
    }
}

#[tokio::test]
async fn no_other_protocol_is_agreed_on() {
    let (_origin, proxy) = published().await;
    for lines in [
        "connection: upgrade, http2-settings, close\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n",
        "connection: upgrade, close\r\nupgrade: websocket\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        "connection: close\r\nexpect: 100-continue\r\n",
    ] {
        let answer = proxy
            .reader
            .says(format!("GET /feeds/a HTTP/1.1\r\nhost: a\r\n{lines}\r\n"))
            .await;
        assert_eq!(answers(&answer), (1, 200), "{lines}: {answer:.200}");
    }
}

#[tokio::test]
async fn heads_and_addresses_have_a_length() {
    let (_origin, proxy) = published().await;
    let ask = |target: &str, lines: &str| {
        format!("GET {target} HTTP/1.1\r\nhost: a\r\n{lines}connection: close\r\n\r\n")
    };
    let long = |length: usize| "a".repeat(length);
    for (name, request, expected) in [
        (
            "an address of 8 KiB",
            ask(&format!("/{}", long(8 * 1024)), ""),
            414,
        ),
        (
            "a query of 8 KiB",
            ask(&format!("/feeds/a?{}", long(8 * 1024)), ""),
            414,
        ),
        (
            "an address of 15 KiB",
            ask(&format!("/{}", long(15 * 1024)), ""),
            414,
        ),
        (
            "an address of 64 KiB",
            ask(&format!("/{}", long(64 * 1024)), ""),
            431,
        ),
        (
            "a name of 4,000 letters",
            ask(&format!("/feeds/{}", long(4_000)), ""),
            404,
        ),
        ("4,000 segments", ask(&"/a".repeat(4_000), ""), 404),
        (
            "4,000 query keys",
            ask(&format!("/feeds/a?{}", "a&".repeat(4_000)), ""),
            200,
        ),
        ("60 headers", ask("/feeds/a", &"x: y\r\n".repeat(60)), 200),
        ("65 headers", ask("/feeds/a", &"x: y\r\n".repeat(65)), 431),
        (
            "a header of 12 KiB",
            ask("/feeds/a", &format!("x: {}\r\n", long(12 * 1024))),
            200,
        ),
        (
            "a header of 20 KiB",
            ask("/feeds/a", &format!("x: {}\r\n", long(20 * 1024))),
            431,
        ),
        (
            "a name of 20 KiB",
            ask("/feeds/a", &format!("{}: x\r\n", long(20 * 1024))),
            431,
        ),
        (
            "a head without an end",
            format!("GET / HTTP/1.1\r\nhost: a\r\n{}", "x: y\r\n".repeat(9_000)),
            431,
        ),
        ("a request line without an end", long(100 * 1024), 431),
    ] {
        let (count, status) = answers(&proxy.reader.says(&request).await);
        assert_eq!((count, status), (1, expected), "{name}");
    }
}

#[tokio::test]
async fn an_address_is_what_it_says_and_leads_to_no_file() {
    let (origin, proxy) = published().await;
    let paths = [
        "/feeds/%61",
        "/feeds/a%00",
        "/feeds/a%00.rss",
        "/feeds/a%20",
        "/feeds/a%0d%0aset-cookie:x=y",
        "/feeds/../feeds/a",
        "/feeds/./a",
        "/feeds/x/../a",
        "/x/../feeds/a",
        "/feeds/..%2ffeeds/a",
        "/feeds/%2e%2e/feeds/a",
        "/feeds/..;/feeds/a",
        "/feeds/a;x=1",
        "/feeds/a.rss.rss",
        "/feeds/a.xml",
        "/feeds/A",
        "/FEEDS/a",
        "/feeds/a/b",
        "/feeds/\\a",
        "/feeds\\a",
        "/\\..\\..\\etc\\passwd",
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%252f..%252fetc/passwd",
        "/..%c0%af..%c0%afetc/passwd",
        "/%c0%ae%c0%ae/etc/passwd",
        "/%e0%80%ae%e0%80%ae/etc/passwd",
        "/%uff0e%uff0e/etc/passwd",
        "/\u{ff0e}\u{ff0e}/etc/passwd",
        "/feeds/\u{c0}\u{ae}",
        "/feeds/a#x",
        "/feeds/a|x",
        "/feeds/a^x",
        "/feeds/{a}",
        "/feeds/a\u{7f}",
        "/i/../feeds/a",
        "/i/x/../../feeds/a",
        "/clean/../feeds/a",
        "/data/limpid.redb",
        "/limpid.toml",
        "/keys",
        "/metrics",
        "/opml",
        "/reload",
        "/.git/config",
        "/.env",
        "/server-status",
        "/admin",
        "/feeds/a/%",
        "/feeds/%",
        "/feeds/%zz",
    ];
    for path in paths {
        let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        let answer = proxy.reader.says(&request).await;
        let (count, status) = answers(&answer);
        // A fragment is cut off by hyper; a name with dots before it is not ours.
        let expected: &[u16] = if path.contains('#') {
            &[200, 400]
        } else {
            &[400, 403, 404]
        };
        assert!(count == 1 && expected.contains(&status), "{path}: {status}");
        for word in ["root:", "set-cookie", "[feeds"] {
            assert!(!answer.contains(word), "{path}: {answer}");
        }
    }
    assert_eq!(origin.count("/a"), 1);
}
