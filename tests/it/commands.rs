//! The commands, seen from outside.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::program::{Home, Ran, Running};

const FEED: &str = r#"<?xml version="1.0"?><rss version="2.0"><channel><title>A</title><link>https://a.example/</link><description>d</description>
<item><title>One</title><link>https://a.example/1</link><guid isPermaLink="false">1</guid><description>&lt;p&gt;Text&lt;script&gt;x()&lt;/script&gt;&lt;img src="https://images.weserv.nl/?url=p.example/a.jpg"&gt;&lt;iframe src="https://www.youtube.com/embed/limpid_demo"&gt;&lt;/iframe&gt;&lt;/p&gt;</description></item>
</channel></rss>"#;

fn done(ran: Ran) -> String {
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.out
}

fn failed(ran: &Ran, code: i32, because: &str) {
    assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{ran:?}");
    assert!(ran.err.contains(because), "{because}\n\n{}", ran.err);
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
}

#[test]
fn wrong_usage_ends_with_2_and_help_with_0() {
    let home = Home::new();
    for wrong in [
        &[][..],
        &["servee"],
        &["clean", "--to", "pdf"],
        &["sign"],
        &["sign", "ftp://a.example"],
        &["key"],
    ] {
        assert_eq!(home.run(wrong).code, 2, "{wrong:?}");
    }
    assert!(done(home.run(&["--version"])).starts_with("limpid "));
}

#[test]
fn every_command_helps_with_an_example() {
    let home = Home::new();
    let commands = [
        "serve",
        "clean",
        "check",
        "config template",
        "config show",
        "feed add",
        "feed list",
        "feed remove",
        "explain",
        "opml import",
        "opml export",
        "doctor",
        "sign",
        "key list",
        "key rotate",
        "key prune",
        "health",
        "completions",
        "man",
    ];
    for command in commands {
        let mut arguments: Vec<&str> = command.split(' ').collect();
        arguments.push("--help");
        let help = done(home.run(&arguments));
        assert!(
            help.contains("Example") && help.contains(&format!("\n  limpid {command}")),
            "{help}"
        );
    }
}

#[test]
fn what_is_no_feed_cannot_be_cleaned() {
    let home = Home::new();
    failed(&home.run_with(&["clean", "-"], b""), 1, "empty");
    failed(
        &home.run_with(&["clean"], b"<html><body><p>hello</p></body></html>"),
        1,
        "web page",
    );
    failed(
        &home.run_with(&["clean"], b"neither fish nor fowl"),
        1,
        "not a feed",
    );
    failed(
        &home.run(&["clean", "nowhere.xml"]),
        1,
        "nowhere.xml: the document cannot be read: it does not exist",
    );
    failed(&home.run(&["clean", "."]), 1, "no article archive");
    failed(
        &home.run_with(&["clean", "--set", "fetch.max_body=100B"], FEED.as_bytes()),
        1,
        "larger than the limit",
    );
}

#[test]
fn an_origin_that_is_private_or_not_there_is_unavailable() {
    let home = Home::new();
    failed(&home.run(&["clean", "http://127.0.0.1:9/feed"]), 69, "not public");
    let gone = std::net::TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("its address");
    let url = format!("http://{gone}/feed");
    let allow = format!("fetch.allow_private={gone}");
    failed(&home.run(&["clean", &url, "--set", &allow]), 69, "no connection");
}

#[test]
fn cleaning_needs_no_server_no_network_and_no_settings() {
    let home = Home::new();
    let cleaned = done(home.run_with(&["clean", "-"], FEED.as_bytes()));
    assert!(cleaned.contains("http://127.0.0.1:8080/i/"), "{cleaned}");
    assert!(
        !cleaned.contains("weserv") && !cleaned.contains("iframe") && !cleaned.contains("x()"),
        "{cleaned}"
    );
    assert!(cleaned.contains("youtube.com/watch?v=limpid_demo"), "{cleaned}");
    // Nothing lands in the current folder, and the key is kept: the same again, byte for byte.
    assert!(home.entries("").is_empty());
    assert_eq!(done(home.run_with(&["clean"], FEED.as_bytes())), cleaned);
}

#[test]
fn direct_pictures_need_no_key() {
    let home = Home::new();
    let cleaned = done(home.run_with(&["clean", "--set", "clean.images=direct"], FEED.as_bytes()));
    assert!(cleaned.contains("https://p.example/a.jpg"), "{cleaned}");
    assert!(!home.home().join(".local").exists());
}

#[test]
fn a_report_goes_to_stderr_and_names_what_was_removed() {
    let home = Home::new();
    let ran = home.run_with(
        &["clean", "--report", "--set", "clean.images=direct"],
        FEED.as_bytes(),
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.err.contains("1 × embeds: An embedded frame")
            && ran.err.contains("wrappers taken off: https://p.example/a.jpg"),
        "{}",
        ran.err
    );
    let json = [
        "clean",
        "--report",
        "--output",
        "json",
        "--set",
        "clean.images=direct",
    ];
    let told: serde_json::Value =
        serde_json::from_str(&home.run_with(&json, FEED.as_bytes()).err).expect("JSON");
    assert_eq!(told["counts"]["embed"], 1);
}

#[test]
fn a_feed_becomes_another_format() {
    let home = Home::new();
    let atom = done(home.run_with(&["clean", "--to", "atom"], FEED.as_bytes()));
    assert!(atom.contains("<feed") && !atom.contains("<rss"), "{atom}");
    let json = done(home.run_with(&["clean", "--to", "json"], FEED.as_bytes()));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["items"][0]["title"], "One");
}

#[test]
fn articles_go_into_archives_and_come_back() {
    let home = Home::new().file("feed.xml", FEED);
    let direct = ["--set", "clean.images=direct"];
    let clean = |arguments: &[&str]| done(home.run(&[&["clean"], arguments, &direct].concat()));
    let text = clean(&["feed.xml", "--to", "archive"]);
    assert!(
        text.starts_with("[One](https://a.example/1)\n------\n\n<p>Text"),
        "{text}"
    );
    assert_eq!(clean(&["feed.xml", "--to", "archive", "--into", "articles"]), "");
    assert_eq!(home.entries("articles").len(), 1);
    let back = clean(&["articles"]);
    assert!(
        back.contains("<title>One</title>") && back.contains("https://p.example/a.jpg"),
        "{back}"
    );
    assert!(clean(&["feed.xml", "--to", "html"]).starts_with("<!doctype html>"));
}

#[test]
fn the_key_is_made_once_and_readable_by_its_owner_alone() {
    let home = Home::with_settings("");
    let first = done(home.run(&["sign", "https://a.example/feed"]));
    assert!(first.starts_with("http://127.0.0.1:8080/clean/"), "{first}");
    let mode = |name: &str| {
        std::fs::metadata(home.path(name))
            .expect(name)
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!((mode("data/keys"), mode("data")), (0o600, 0o700));
    assert_eq!(done(home.run(&["sign", "https://a.example/feed"])), first);
    let image = done(home.run(&["sign", "--image", "https://a.example/p.jpg"]));
    assert!(
        image.starts_with("http://127.0.0.1:8080/i/") && image.ends_with(".jpg\n"),
        "{image}"
    );
}

#[test]
fn processes_that_race_for_the_first_key_end_with_the_same() {
    let home = Home::with_settings("");
    let children: Vec<_> = (0..6)
        .map(|_| home.start(&["sign", "https://a.example/feed"]))
        .collect();
    let mut addresses: Vec<String> = children
        .into_iter()
        .map(|child| done(Ran::from(child.wait_with_output().expect("it ends"))))
        .collect();
    addresses.dedup();
    assert_eq!(addresses.len(), 1, "{addresses:?}");
    assert_eq!(home.entries("data"), ["keys", "keys.lock"]);
}

#[test]
fn a_store_that_cannot_be_written_is_told_plainly() {
    let home = Home::with_settings("[store]\npath = \"limpid.toml/data\"\n");
    failed(
        &home.run(&["sign", "https://a.example/feed"]),
        1,
        "signing keys in",
    );
    failed(&home.run(&["serve"]), 1, "signing keys in");
    let ran = home.run_with(&["clean"], FEED.as_bytes());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("warning:") && ran.out.contains("/i/"), "{ran:?}");
}

#[test]
fn a_rotated_key_signs_and_the_old_one_stays() {
    let home = Home::with_settings("");
    let before = done(home.run(&["sign", "https://a.example/feed"]));
    assert!(done(home.run(&["key", "rotate"])).starts_with("1  signs"));
    assert_ne!(done(home.run(&["sign", "https://a.example/feed"])), before);
    let listed: serde_json::Value =
        serde_json::from_str(&done(home.run(&["key", "list", "--output", "json"]))).expect("JSON");
    assert_eq!((&listed[0]["id"], &listed[1]["id"]), (&"1".into(), &"0".into()));
    assert_eq!(
        done(home.run(&["key", "prune"])).lines().count(),
        2,
        "it was replaced just now"
    );
    // What `--secret` prints is what another instance takes.
    let secret = done(home.run(&["key", "list", "--secret"]));
    let other = Home::with_settings("")
        .file("keys", &secret)
        .variable("LIMPID_SIGN_KEYS_FILE", "keys");
    let both = |home: &Home| done(home.run(&["sign", "https://a.example/feed"]));
    assert_eq!(both(&other), both(&home));
}

#[test]
fn a_feed_is_added_listed_and_removed_without_touching_the_settings_file() {
    let home = Home::with_settings("# mine\n[feeds.old]\nurl = \"https://old.example/f\"\n");
    let address = done(home.run(&["feed", "add", "--unchecked", "https://www.blog.example/feed.xml"]));
    assert_eq!(address, "http://127.0.0.1:8080/feeds/blog-example\n");
    assert_eq!(home.entries("feeds.d"), ["blog-example.toml"]);
    failed(
        &home.run(&["feed", "add", "--unchecked", "https://www.blog.example/feed.xml"]),
        1,
        "already there",
    );
    failed(
        &home.run(&[
            "feed",
            "add",
            "--unchecked",
            "https://b.example/",
            "--name",
            "old",
        ]),
        1,
        "already",
    );
    failed(
        &home.run(&["feed", "add", "--unchecked", "https://b.example/", "--name", "Ü"]),
        2,
        "no name for a feed",
    );
    let second = done(home.run(&["feed", "add", "--unchecked", "https://www.blog.example/other.xml"]));
    assert_eq!(second, "http://127.0.0.1:8080/feeds/blog-example-2\n");
    assert_eq!(done(home.run(&["feed", "list"])).lines().count(), 3);
    failed(&home.run(&["feed", "remove", "old"]), 1, "limpid.toml:3");
    assert_eq!(home.run(&["feed", "remove", "blog-example"]).code, 0);
    assert_eq!(done(home.run(&["feed", "list"])).lines().count(), 2);
    assert!(done(home.run(&["check"])).contains("2 feeds"));
}

#[test]
fn a_feed_can_be_added_before_there_are_settings() {
    let home = Home::new();
    done(home.run(&[
        "feed",
        "add",
        "--unchecked",
        "https://blog.example/f",
        "--name",
        "blog",
    ]));
    assert!(home.home().join(".config/limpid/feeds.d/blog.toml").exists());
    let listed = done(home.run(&["feed", "list"]));
    assert!(
        listed.starts_with("blog ") && listed.lines().count() == 1,
        "{listed}"
    );
    // A settings file elsewhere leaves them out, and says so.
    let keys = done(home.run(&["key", "list", "--secret"]));
    let home = home.file("limpid.toml", "");
    let checked = home.run(&["check"]);
    for part in ["are not read", "feeds.d", "share/limpid/data", "store.path"] {
        assert!(
            checked.code == 0 && checked.err.contains(part),
            "{part}: {checked:?}"
        );
    }
    std::fs::rename(
        home.path("limpid.toml"),
        home.home().join(".config/limpid/limpid.toml"),
    )
    .expect("moved");
    let checked = home.run(&["check"]);
    assert!(
        checked.out.contains("1 feed") && checked.err.is_empty(),
        "{checked:?}"
    );
    assert_eq!(
        done(home.run(&["key", "list", "--secret"])),
        keys,
        "pictures that readers have seen still load"
    );
}

#[test]
fn a_server_that_does_not_run_is_not_healthy() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("its address");
    let listen = format!("server.listen={gone}");
    failed(
        &Home::new().run(&["health", "--set", &listen]),
        1,
        "cannot be reached",
    );
    failed(
        &Home::new().run(&["health", "--set", "server.listen=unix:nowhere.sock"]),
        1,
        "cannot be reached",
    );
}

#[test]
fn completions_and_the_man_page_name_the_commands() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(done(home.run(&["completions", shell])).contains("serve"));
    }
    let page = done(home.run(&["man"]));
    for part in [
        ".TH limpid",
        ".SH \"LIMPID OPML IMPORT\"",
        "dry\\-run",
        "limpid key prune",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn without_settings_the_demo_is_served_with_its_pictures_and_no_network() {
    let home = Home::new();
    let mut server = Running::start(&home, &[]);
    let readers = server.said("readers");
    let feed = server.said("feed");
    assert_eq!(feed, format!("{readers}/feeds/demo"));
    let listen = format!("server.listen={}", readers.trim_start_matches("http://"));
    assert_eq!(done(home.run(&["health", "--set", &listen])), "ready\n");
    let (head, body) = Running::get(&feed);
    let body = String::from_utf8(body).expect("UTF-8");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(!body.contains("<iframe") && !body.contains("weserv.nl"), "{body}");
    let mark = format!("{readers}/i/");
    let pictures: std::collections::BTreeSet<&str> = body
        .match_indices(&mark)
        .map(|(at, _)| body[at..].split(['"', '<', ' ', ',']).next().expect("an address"))
        .collect();
    assert!(pictures.len() >= 3, "{pictures:?}");
    for picture in pictures {
        let (head, bytes) = Running::get(picture);
        assert!(
            head.starts_with("HTTP/1.1 200") && bytes.starts_with(b"\x89PNG"),
            "{picture}\n{head}"
        );
    }
    server.signal("TERM");
    assert_eq!(server.child.wait().expect("it ends").code(), Some(0));
    assert!(home.entries("").is_empty(), "nothing lands in the current folder");
}

#[test]
fn what_listens_everywhere_is_named_as_it_can_be_opened_here() {
    let home = Home::new();
    let open = [
        "--set",
        "server.listen=0.0.0.0:0",
        "--set",
        "admin.listen=0.0.0.0:0",
    ];
    let mut server = Running::as_it_is(&home, &[&["serve"], &open[..]].concat());
    for door in ["readers", "owner"] {
        let address = server.said(door);
        assert!(address.starts_with("http://localhost:"), "{address}");
        let (head, _) = Running::get(&format!("{address}/healthz"));
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    }
}

#[test]
fn a_port_that_is_taken_is_told_plainly() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let listen = format!("server.listen={}", taken.local_addr().expect("its address"));
    failed(
        &Home::new().run(&["serve", "--set", &listen]),
        1,
        "another program already does",
    );
}

#[test]
fn kill_9_with_the_origin_gone_loses_neither_bytes_nor_validators() {
    let item = |n| format!("<item><guid>{n}</guid><title>entry {n}</title></item>");
    let items: String = (0..30).map(item).collect();
    let feed = format!("<rss version=\"2.0\"><channel><title>a</title>{items}</channel></rss>");
    let home = Home::with_settings("[feeds.a]\nurl = \"file:feed.xml\"\n").file("feed.xml", &feed);
    let essence = || {
        let mut server = Running::start(&home, &[]);
        let (head, body) = Running::get(&server.said("feed"));
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        // As `kill -9`, in the moment after the answer.
        server.child.kill().expect("killed");
        server.child.wait().expect("it ends");
        let header = |name: &str| {
            let line = head
                .lines()
                .find(|line| line.to_ascii_lowercase().starts_with(name));
            line.map(str::to_owned).expect("the header")
        };
        (header("etag:"), header("last-modified:"), body)
    };
    let before = essence();
    std::fs::remove_file(home.path("feed.xml")).expect("the origin goes away");
    for _ in 0..3 {
        assert_eq!(essence(), before);
    }
}
