//! What a real browser makes of what we serve: Chromium, driven by `tests/browser/`.
//!
//! `./tests/run` installs what this needs. Without it these tests fail: they are never skipped.

mod feeds;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use limpid::message::{Format, Kind};
use limpid::sign::{Key, KeyRing, Signer};
use limpid::transform::clean::images;
use limpid::transform::convert::{Own, convert};
use limpid::transform::{Policy, Source, Transformed, transform};
use serde_json::{Value, json};
use url::Url;

use self::feeds::Turn;
use crate::support::front::free_port;
use crate::support::origin::Origin;
use crate::support::program::{Home, Running};

/// What the browser calls us.
const PUBLIC: &str = "http://limpid.test";

/// Runs a script of `tests/browser` with `input` as JSON and returns what it says.
fn browser(script: &str, input: &Value) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    assert!(
        folder.join("node_modules/playwright-core").is_dir(),
        "playwright-core is missing: ./tests/run installs it, and the browser"
    );
    let mut child = Command::new("node")
        .arg(folder.join(script))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is missing: ./tests/run installs it");
    serde_json::to_writer(child.stdin.take().expect("a pipe"), input).expect("told");
    let output = child.wait_with_output().expect("its end");
    assert!(output.status.success(), "{script} failed: {}", output.status);
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn policy() -> Policy {
    let key = Key {
        id: 'a',
        secret: [7; 32],
        created: 0,
    };
    let public = Url::parse(PUBLIC).expect("an address");
    let signer = Signer::new(Arc::new(KeyRing::new(vec![key]).expect("a key")), &public);
    let mut policy = Policy {
        self_url: Url::parse(&format!("{PUBLIC}/feeds/f")).ok(),
        ..Policy::default()
    };
    policy.clean.images = images::Policy::Proxy(signer);
    policy.clean.trackers = true;
    policy
}

fn cleaned(feed: &[u8]) -> Option<Transformed> {
    let base = Url::parse("https://site.example/feed").expect("an address");
    let source = Source {
        bytes: feed,
        content_type: None,
        content_encoding: None,
        base: Some(&base),
    };
    transform(&source, &policy(), None).ok()
}

/// The list that a script of `tests/browser` makes.
fn list(script: &str) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/browser")
        .join(script);
    let made = Command::new("node")
        .arg(script)
        .output()
        .expect("node is missing: ./tests/run installs it");
    serde_json::from_slice(&made.stdout).expect("a list")
}

/// Cleans all feeds of one attack and writes them, and what they become in the other formats, to `folder`.
fn write_cleaned(folder: &Path, turn: Turn, markup: &str) -> Vec<PathBuf> {
    let attack = turn.number;
    let mut written = Vec::new();
    let mut write = |name: String, body: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, body).expect("written");
        written.push(path);
    };
    for (number, feed) in feeds::all(markup, turn).iter().enumerate() {
        // Some of what is no longer a feed is refused: that is fine.
        let Some(once) = cleaned(feed.as_bytes()) else {
            continue;
        };
        let twice = cleaned(&once.body).expect("a feed that was cleaned is one");
        assert_eq!(
            String::from_utf8_lossy(&once.body),
            String::from_utf8_lossy(&twice.body),
            "cleaned twice, {markup:?} in feed {number} is not the same"
        );
        let name = |kind| {
            let ending = if kind == Kind::Json { "json" } else { "xml" };
            format!("{attack}-{number}-{kind:?}.{ending}")
        };
        // A document with hundreds of fields to an entry is no more telling than a small one.
        let formats = [Format::Rss, Format::Atom, Format::Json].into_iter().enumerate();
        let formats =
            formats.filter(|(n, _)| number >= 2 && (turn.of == 1 || (attack / turn.of + number) % 3 == *n));
        for (_, format) in formats {
            if let Ok((body, kind)) = convert(&(&once).into(), format, Own::default()) {
                write(name(kind), &body);
            }
        }
        write(name(once.kind), &once.body);
    }
    written
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "how much is tried is for who runs it to say"
)]
fn no_attack_runs_loads_or_breaks_out_in_any_field_of_any_format() {
    let attacks = list("attacks.mjs");
    // Each attack through every kind of field, each field with every class of attack; `XSS=all`: everything with everything.
    let of = if env::var_os("XSS").is_some_and(|xss| xss == "all") {
        1
    } else {
        11
    };
    let folder = tempfile::tempdir().expect("a folder");
    let next = AtomicUsize::new(0);
    let work = || {
        let mut written = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(attack) = attacks.get(number) else {
                return written;
            };
            let markup = attack["markup"].as_str().expect("markup");
            written.extend(write_cleaned(folder.path(), Turn { number, of }, markup));
        }
    };
    let files: Vec<PathBuf> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("cleaned"))
            .collect()
    });
    let told = browser(
        "xss.mjs",
        &json!({ "attacks": attacks, "files": files, "public": PUBLIC }),
    );
    for class in attacks.iter().map(|attack| &attack["class"]) {
        let mut turns: Vec<_> = (0..attacks.len())
            .filter(|number| attacks[*number]["class"] == *class)
            .map(|number| number % of)
            .collect();
        turns.sort_unstable();
        turns.dedup();
        assert_eq!(turns.len(), of, "every place has its turn with {class}");
    }
    let held: usize = (0..attacks.len())
        .map(|number| feeds::held(Turn { number, of }))
        .sum();
    println!(
        "{} attacks in {} places, {held} of {} pairs, {} documents: {}; uncleaned: {}",
        attacks.len(),
        feeds::places(),
        attacks.len() * feeds::places(),
        files.len(),
        told["figures"],
        told["control"]
    );
    assert_eq!(told["found"], json!([]), "{told:#}");
    // The detector works: uncleaned, nearly all are seen, and those run that can in this browser, of every class
    // that has any; on a busy machine fewer in time.
    let control = |figure: &str| told["control"][figure].as_u64().expect("a figure");
    let all = attacks.len() as u64;
    assert!(control("seen") > all * 3 / 4, "{:#}", told["control"]);
    assert!(control("ran") > all / 4, "{:#}", told["control"]);
    for class in [
        "script", "handler", "spelling", "address", "misread", "comment", "breakout", "embed",
    ] {
        assert!(
            told["control"]["classes"][class].as_u64() > Some(0),
            "{class}: {:#}",
            told["control"]
        );
    }
}

/// A picture of 2 by 2 pixels that a browser can show.
const PICTURE: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAADklEQVR4nGNgZGJgZgEAAB0ACw21UgYAAAAASUVORK5CYII=";

/// One feed of each format whose entries hold `contents`.
fn feeds_of(contents: &[String]) -> [(&'static str, String); 3] {
    let escaped = |text: &str| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    };
    let each = |entry: &dyn Fn(usize, &str) -> String| -> String {
        contents
            .iter()
            .enumerate()
            .map(|(n, content)| entry(n, content))
            .collect()
    };
    let rss = each(&|n, content| {
        format!(
            "<item><guid>{n}</guid><description>{}</description></item>",
            escaped(content)
        )
    });
    let atom = each(&|n, content| {
        format!(
            "<entry><id>urn:n:{n}</id><title>{n}</title><content type=\"html\">{}</content></entry>",
            escaped(content)
        )
    });
    let items: Vec<Value> = contents
        .iter()
        .enumerate()
        .map(|(n, content)| json!({ "id": n.to_string(), "content_html": content }))
        .collect();
    [
        (
            "rss.xml",
            format!(
                "<rss version=\"2.0\"><channel><title>r</title><language>en</language>{rss}</channel></rss>"
            ),
        ),
        (
            "atom.xml",
            format!("<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>a</title>{atom}</feed>"),
        ),
        (
            "feed.json",
            json!({ "version": "https://jsonfeed.org/version/1.1", "title": "j", "items": items })
                .to_string(),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_of_a_cleaned_feed_asks_nobody_but_limpid() {
    const THIRD: &str = "http://third.test";
    let origin = Origin::start().await;
    let picture = base64::engine::general_purpose::STANDARD
        .decode(PICTURE)
        .expect("base64");
    origin.at("/p.png").gives(picture);
    let constructs = list("constructs.mjs");
    let mut contents: Vec<String> = constructs
        .iter()
        .enumerate()
        .map(|(n, construct)| {
            construct
                .as_str()
                .expect("markup")
                .replace('%', &format!("{THIRD}/{n}/"))
        })
        .collect();
    contents.push(format!(
        "<p>A picture: <img alt=\"\" src=\"{}\"></p>",
        origin.url("/p.png")
    ));
    let (port, settings) = (free_port(), "[images]\nprefetch = false\n");
    let address = origin.address();
    let mut home = Home::with_settings(&format!(
        "{settings}allow_private = [\"{address}\"]\n[feeds.rss]\nurl = \"file:rss.xml\"\n[feeds.atom]\nurl = \"file:atom.xml\"\n\
         [feeds.json]\nurl = \"file:feed.json\"\n"
    ));
    for (name, text) in feeds_of(&contents) {
        home = home.file(name, &text);
    }
    let public = format!("http://127.0.0.1:{port}");
    let (listen, public_url) = (
        format!("server.listen=127.0.0.1:{port}"),
        format!("server.public_url={public}"),
    );
    let mut running = Running::start(&home, &["--set", &listen, "--set", &public_url]);
    running.said("readers");
    let feeds: Vec<String> = ["rss", "atom", "json"]
        .map(|name| format!("{public}/feeds/{name}"))
        .to_vec();
    let told = browser(
        "privacy.mjs",
        &json!({ "constructs": constructs, "third": THIRD, "feeds": feeds }),
    );
    println!("{} constructs x 3 formats: {told}", constructs.len());
    assert_eq!(told["asked"], json!([]), "{told:#}");
    assert_eq!(
        told["entries"].as_u64(),
        Some(3 * contents.len() as u64),
        "all entries were shown"
    );
    assert_eq!(
        told["shown"],
        json!(3),
        "the picture came through us in every format"
    );
    assert_eq!(origin.count("/p.png"), 1);
    // The detector works: uncleaned, many of the same constructs do ask a third party.
    assert!(told["raw"].as_u64() > Some(90), "{told}");
}

#[test]
fn no_place_for_a_picture_outside_markup_names_its_origin() {
    const THIRD: &str = "https://third.example/p.png";
    for feed in feeds::of_pictures(THIRD) {
        let clean = cleaned(feed.as_bytes()).expect("a feed");
        let body = String::from_utf8(clean.body).expect("UTF-8");
        assert!(!body.contains("third.example"), "{feed}\n\n{body}");
        assert!(body.contains(&format!("{PUBLIC}/i/")), "{body}");
    }
}

#[test]
fn the_owners_pages_are_for_every_screen_and_for_the_keyboard_alone() {
    let entries: Vec<String> = ["<p style=\"color:red\">Text<script>alert(1)</script> <img alt=\"A house\" src=\"https://wsrv.nl/?url=p.example/a.jpg\"></p>", "<iframe src=\"https://www.youtube.com/embed/abc\"></iframe><p>More text, and <a href=\"https://a.example/?utm_source=x\">a link</a></p>"]
        .map(str::to_owned)
        .to_vec();
    let mut home = Home::with_settings(
        "[feeds.blog]\nurl = \"file:rss.xml\"\ntitle = \"A blog\"\n[feeds.news]\nurl = \"file:atom.xml\"\n[feeds.broken]\nurl = \"file:nothing.xml\"\n",
    );
    for (name, text) in feeds_of(&entries) {
        home = home.file(name, &text);
    }
    let mut running = Running::start(&home, &[]);
    let readers = running.said("readers");
    let owner = running.said("owner");
    for name in ["blog", "news", "broken"] {
        Running::get(&format!("{readers}/feeds/{name}"));
        Running::ask("POST", &format!("{owner}/feeds/{name}/source"));
    }
    let told = browser(
        "pages.mjs",
        &json!({
            "owner": owner,
            "readers": readers,
            "pages": ["/", "/feeds/blog", "/feeds/news", "/feeds/broken", "/feeds/blog/clean", "/try"],
            "attempts": [format!("{readers}/feeds/blog"), "http://127.0.0.1:1/"],
        }),
    );
    println!("{told}");
    assert_eq!(told["found"], json!([]), "{told:#}");
    assert_eq!(told["looked"], json!((6 + 2) * 4));
    assert!(told["stops"].as_u64() > Some(60), "{told}");
}
