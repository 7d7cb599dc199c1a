//! Settings that change while the program serves.

use crate::support::origin::Origin;
use crate::support::program::{Home, Running};

const FEED: &str = "<rss version=\"2.0\"><channel><title>a</title><link>https://a.example/</link><description/>\
    <item><guid>1</guid><title>one</title><description>&lt;p&gt;&lt;img src='https://p.example/a.jpg'&gt;&lt;/p&gt;</description></item></channel></rss>";

fn body(url: &str) -> String {
    let (head, body) = Running::get(url);
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    String::from_utf8(body).expect("UTF-8")
}

/// Asks until the answer has `part` in it: what runs behind is not waited for by readers.
fn until(url: &str, part: &str) {
    for _ in 0..500 {
        if body(url).contains(part) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("{part} never came: {}", body(url));
}

#[test]
fn feeds_are_read_again_on_a_hangup_and_wrong_settings_change_nothing() {
    let home = Home::with_settings("[log]\nformat = \"json\"\n[server]\nreload_interval = \"0s\"\n")
        .file("one.xml", FEED);
    let mut server = Running::start(&home, &[]);
    let readers = server.said("readers");
    let mut log = server.log();
    let address = format!("{readers}/feeds/one");
    assert!(Running::get(&address).0.starts_with("HTTP/1.1 404"));
    let home = home.file("feeds.d/one.toml", "[feeds.one]\nurl = \"file:one.xml\"\n");
    server.signal("HUP");
    assert!(log.any(|line| line.contains("settings read again: 1 feed")));
    assert!(Running::get(&address).0.starts_with("HTTP/1.1 200"));
    let _home = home.file("feeds.d/two.toml", "[feeds.two]\nurll = \"file:one.xml\"\n");
    server.signal("HUP");
    assert!(log.any(|line| line.contains("the settings in force stay") && line.contains("did you mean")));
    assert!(Running::get(&address).0.starts_with("HTTP/1.1 200"));
}

#[test]
fn a_changed_file_is_taken_over_by_itself_and_what_needs_a_restart_is_said() {
    let home = Home::with_settings("[server]\nreload_interval = \"20ms\"\n").file("one.xml", FEED);
    let mut server = Running::start(&home, &[]);
    let readers = server.said("readers");
    let mut log = server.log();
    let home = home.file("feeds.d/one.toml", "[feeds.one]\nurl = \"file:one.xml\"\n");
    assert!(log.any(|line| line.contains("settings read again: 1 feed")));
    assert!(body(&format!("{readers}/feeds/one")).contains("one"));
    let home = home.file("limpid.toml", "[server]\nreload_interval = \"20ms\"\nmax_conn");
    assert!(log.any(|line| line.contains("the settings in force stay")));
    let _home = home.file(
        "limpid.toml",
        "[server]\nreload_interval = \"20ms\"\nmax_connections = 7\n",
    );
    assert!(log.any(|line| line.contains("from the next start on: server.max_connections")));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_policy_is_applied_behind_and_asks_only_whom_it_concerns() {
    let origin = Origin::start().await;
    for path in ["/a", "/b"] {
        origin.at(path).gives(FEED).with("cache-control", "max-age=86400");
    }
    let settings = |a: &str| {
        format!(
            "[fetch]\nallow_private = [\"127.0.0.0/8\"]\n[feeds.a]\nurl = \"{}\"\n{a}[feeds.b]\nurl = \"{}\"\n",
            origin.url("/a"),
            origin.url("/b")
        )
    };
    let home = Home::with_settings(&settings(""));
    let after = settings("clean.images = \"direct\"\n");
    let reading = tokio::task::spawn_blocking(move || {
        let mut server = Running::start(&home, &[]);
        let readers = server.said("readers");
        let (a, b) = (format!("{readers}/feeds/a"), format!("{readers}/feeds/b"));
        assert!(body(&a).contains("/i/") && body(&b).contains("/i/"));
        let _home = home.file("limpid.toml", &after);
        server.signal("HUP");
        until(&a, "https://p.example/a.jpg");
        assert!(body(&b).contains("/i/"));
    });
    reading.await.expect("served");
    assert_eq!((origin.count("/a"), origin.count("/b")), (2, 1));
}

#[test]
fn a_rotated_key_is_taken_over_and_old_addresses_keep_working() {
    let home = Home::with_settings("[server]\nreload_interval = \"20ms\"\n");
    let mut server = Running::start(&home, &["--set", "feeds.demo.url=demo:"]);
    let readers = server.said("readers");
    let mut log = server.log();
    let feed = format!("{readers}/feeds/demo");
    let picture = |body: &str| {
        let start = body.find("/i/").expect("a picture");
        let end = body[start..].find(['"', '<', ' ', '&']).expect("an end");
        body[start..start + end].to_owned()
    };
    let old = picture(&body(&feed));
    assert_eq!(home.run(&["key", "rotate"]).code, 0);
    assert!(log.any(|line| line.contains("settings read again")));
    until(&feed, "/i/1");
    assert!(old.starts_with("/i/0"));
    assert!(
        Running::get(&format!("{readers}{old}"))
            .0
            .starts_with("HTTP/1.1 200")
    );
}
