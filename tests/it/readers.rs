//! Real readers subscribe through a real proxy, below a path, and each gets 200, then 304, then a new entry
//! exactly once. Two of them ask for news alone.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::front::{Behind, CADDY, Front, free_port};
use crate::support::program::{Home, Running};

/// A feed with entries of these numbers.
fn feed(numbers: &[u32]) -> String {
    let items: String = numbers
        .iter()
        .map(|n| {
            format!(
                "<item><title>Entry {n} &amp; 四</title><link>https://news.example/{n}</link>\
                 <guid isPermaLink=\"false\">news {n}</guid><pubDate>Tue, 14 Apr 2026 0{n}:30:00 GMT</pubDate>\
                 <description>&lt;p&gt;Text {n}&lt;img src=\"https://p.example/{n}.jpg\"&gt;&lt;/p&gt;</description></item>"
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>News</title>\
         <link>https://news.example/</link><description>d</description>{items}</channel></rss>"
    )
}

/// A file beside the tests.
fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/readers")
        .join(name)
}

/// Where `tests/run` puts what readers need.
fn tools(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("target/test-tools")
        .join(name)
}

/// What a program prints that must end well.
fn says(command: &mut Command) -> String {
    let about = format!("{command:?}");
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{about}: {error}: ./tests/run installs it"));
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{about}\n{out}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    out
}

/// The only feed, behind Caddy, and the reader's own folder.
struct Subscription {
    home: Home,
    address: String,
    folder: PathBuf,
}

impl Subscription {
    fn python(&self, script: &[&str]) -> String {
        let python = tools("python/bin/python");
        says(Command::new(python).args(script).current_dir(&self.folder))
    }

    fn node(&self, reader: &str) -> String {
        let script = beside("node.mjs");
        says(
            Command::new("node")
                .arg(script)
                .args([reader, &self.address, "state"])
                .env("MODULES", tools("node"))
                .current_dir(&self.folder),
        )
    }

    /// It keeps validators only from the second time on, when it knows the feed.
    fn newsboat(&self) -> String {
        if !self.folder.join("cache.db").exists() {
            self.newsboat_looks();
        }
        self.newsboat_looks()
    }

    fn newsboat_looks(&self) -> String {
        std::fs::write(self.folder.join("urls"), &self.address).expect("written");
        std::fs::write(self.folder.join("config"), "").expect("written");
        let files = ["-u", "urls", "-c", "cache.db", "-C", "config"];
        says(
            Command::new("newsboat")
                .args(files)
                .args(["-x", "reload"])
                .env("HOME", &self.folder)
                .current_dir(&self.folder),
        );
        // Its own memory: a SQLite file.
        self.python(&[
            "-c",
            "import sqlite3\nfor (t,) in sqlite3.connect('cache.db').execute('select title from rss_item'): print(t)",
        ])
    }

    fn sfeed(&self) -> String {
        std::fs::create_dir_all(self.folder.join("feeds")).expect("a folder");
        says(
            Command::new("sfeed_update")
                .arg(beside("sfeedrc"))
                .env("HOME", &self.folder)
                .env("ADDRESS", &self.address),
        );
        let kept = std::fs::read_to_string(self.folder.join("feeds/news")).expect("entries");
        let titles = kept.lines().filter_map(|line| line.split('\t').nth(1));
        titles.collect::<Vec<_>>().join("\n")
    }

    /// The status of every answer so far, as Caddy's log has them; equal ones in a row once.
    fn statuses(&self) -> Vec<u64> {
        let log = std::fs::read_to_string(self.home.path("access.log")).expect("Caddy's log");
        let lines = log.lines().map(|line| serde_json::from_str(line).expect("JSON"));
        let mut statuses: Vec<u64> = lines
            .map(|line: serde_json::Value| {
                assert_eq!(line["request"]["uri"], "/limpid/feeds/news", "{line}");
                line["status"].as_u64().expect("a status")
            })
            .collect();
        statuses.dedup();
        statuses
    }
}

/// `news`: the status with which something new comes; 226 to who asks for news alone (RFC 3229, `A-IM: feed`).
fn subscribes(news: u64, look: impl Fn(&Subscription) -> String) {
    let port = free_port();
    let public = format!("http://127.0.0.1:{port}/limpid");
    let settings = format!("[server]\npublic_url = \"{public}\"\n[feeds.news]\nurl = \"file:feed.xml\"\n");
    let home = Home::with_settings(&settings).file("feed.xml", &feed(&[2, 1]));
    let mut server = Running::start(&home, &["--set", "refresh.background=false"]);
    let readers = server.said("readers");
    let owner = server.said("owner");
    let readers = Behind::Tcp(readers.trim_start_matches("http://"));
    let _front = Front::of(&CADDY, "subpath", port, readers, &home);
    let folder = home.path("reader");
    std::fs::create_dir(&folder).expect("a folder");
    let subscription = Subscription {
        home,
        address: format!("{public}/feeds/news"),
        folder,
    };
    let look = || {
        let mut titles: Vec<String> = look(&subscription).lines().map(str::to_owned).collect();
        titles.sort();
        titles
    };
    let titles = ["Entry 1 & 四", "Entry 2 & 四", "Entry 3 & 四"];

    assert_eq!(look(), titles[..2]);
    assert_eq!(subscription.statuses(), [200]);
    assert_eq!(look(), titles[..2]);
    assert_eq!(subscription.statuses(), [200, 304]);

    std::fs::write(subscription.home.path("feed.xml"), feed(&[3, 2, 1])).expect("written");
    let told = Running::ask("POST", &format!("{owner}/feeds/news/refresh")).0;
    assert!(told.starts_with("HTTP/1.1 303"), "{told}");
    assert_eq!(look(), titles);
    assert_eq!(subscription.statuses(), [200, 304, news]);
    assert_eq!(look(), titles);
    assert_eq!(subscription.statuses(), [200, 304, news, 304]);
}

#[test]
fn newsboat_subscribes() {
    subscribes(226, Subscription::newsboat);
}

#[test]
fn sfeed_subscribes() {
    subscribes(200, Subscription::sfeed);
}

#[test]
fn feedparser_subscribes() {
    let script = beside("feedparser.py").display().to_string();
    subscribes(226, |reader| reader.python(&[&script, &reader.address, "state"]));
}

#[test]
fn rss_parser_subscribes() {
    subscribes(200, |reader| reader.node("rss-parser"));
}

#[test]
fn feedsmith_subscribes() {
    subscribes(200, |reader| reader.node("feedsmith"));
}
