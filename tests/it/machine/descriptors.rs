//! No file descriptors left, in a process of its own.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::program::{Home, Running};

const FEED: &str = "<rss version=\"2.0\"><channel><title>one</title><link>https://a.example/</link><description/></channel></rss>";

#[expect(clippy::disallowed_methods, reason = "a reader dials the program itself")]
fn connect(host: &str) -> TcpStream {
    let stream = TcpStream::connect(host).expect("a connection");
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("set");
    stream
}

#[test]
fn when_no_descriptor_is_left_who_is_in_is_served_and_others_come_in_again_afterwards() {
    let home = Home::new().file("one.xml", FEED);
    let settings = [
        "--set",
        "feeds.one.url=file:one.xml",
        "--set",
        "server.header_timeout=60s",
    ];
    let mut server = Running::start_under(&home, "ulimit -n 64", &settings);
    let readers = server.said("readers");
    let mut log = server.log();
    let host = readers.trim_start_matches("http://").to_owned();
    assert!(
        Running::get(&format!("{readers}/feeds/one"))
            .0
            .starts_with("HTTP/1.1 200")
    );

    let mut inside = connect(&host);
    let ask = |stream: &mut TcpStream| {
        write!(stream, "GET /feeds/one HTTP/1.1\r\nHost: {host}\r\n\r\n").expect("sent");
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).expect("answered");
        assert_eq!(&answer, b"HTTP/1.1 200");
        let mut rest = [0; 8192];
        let _rest = stream.read(&mut rest).expect("the rest");
    };
    ask(&mut inside);
    let crowd: Vec<TcpStream> = (0..100).map(|_| connect(&host)).collect();
    assert!(log.any(|line| line.contains("connections cannot be accepted")));
    ask(&mut inside);
    drop(crowd);
    assert!(log.any(|line| line.contains("connections are accepted again")));
    for _ in 0..20 {
        assert!(
            Running::get(&format!("{readers}/feeds/one"))
                .0
                .starts_with("HTTP/1.1 200")
        );
    }
}
