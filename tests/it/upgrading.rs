//! What earlier releases kept is served by this one: an archive of each stands in `tests/releases/`.
//!
//! With a release its archive is made: `BLESS=1 cargo test --test it upgrading`. A layout that changes later must read
//! what stands there.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::origin::Origin;
use crate::support::program::{Home, Running};

/// What readers call it, wherever it really listens.
const PUBLIC: &str = "https://feeds.example.org";

fn releases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/releases")
}

fn tar(arguments: &[&str], folder: &Path) {
    let ran = Command::new("tar").args(arguments).current_dir(folder).output();
    let ran = ran.expect("tar");
    assert!(ran.status.success(), "{ran:?}");
}

/// What a reader sees of the feed.
fn look(readers: &str) -> Value {
    let (head, body) = Running::get(&format!("{readers}/feeds/blog"));
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let header = |name: &str| {
        let line = head
            .lines()
            .find(|line| line.to_ascii_lowercase().starts_with(name));
        line.expect(name).to_owned()
    };
    let body = String::from_utf8(body).expect("UTF-8");
    let picture = body.split(&format!("{PUBLIC}/i/")).nth(1).expect("a picture");
    let picture = picture.split('"').next().expect("its address");
    let (head, bytes) = Running::get(&format!("{readers}/i/{picture}"));
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    json!({
        "etag": header("etag:"),
        "changed": header("last-modified:"),
        "body": body,
        "picture": bytes.len(),
    })
}

#[tokio::test(flavor = "multi_thread")]
#[expect(
    clippy::disallowed_methods,
    reason = "whether to bless is for who runs it to say"
)]
async fn what_earlier_releases_kept_is_served_with_its_validators_though_the_origin_is_gone() {
    if std::env::var_os("BLESS").is_some() {
        keep_this_release().await;
    }
    let archives: Vec<_> = std::fs::read_dir(releases())
        .expect("releases")
        .flatten()
        .collect();
    assert!(!archives.is_empty());
    for archive in archives {
        let home = Home::new();
        tar(&["-xzf", &archive.path().display().to_string()], &home.path(""));
        let checked = home.run(&["check"]);
        assert_eq!(checked.code, 0, "its settings still hold: {checked:?}");
        let seen = std::fs::read(home.path("seen.json")).expect("what readers saw");
        let seen: Value = serde_json::from_slice(&seen).expect("JSON");
        // Twice: what this release writes, it reads as well.
        for _ in 0..2 {
            let mut server = Running::start(&home, &[]);
            assert_eq!(
                look(&server.said("readers")),
                seen,
                "{}",
                archive.path().display()
            );
            server.signal("TERM");
            server.child.wait().expect("its end");
        }
    }
}

/// Makes the archive of this release.
async fn keep_this_release() {
    let origin = Origin::start().await;
    let lamp = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/demo/lamp.png");
    origin
        .at("/lamp.png")
        .gives(std::fs::read(lamp).expect("a picture"));
    let feed = format!(
        "<rss version=\"2.0\"><channel><title>A blog</title><link>https://blog.example/</link><description/>\
         <item><guid>1</guid><title>四 & one</title><link>https://blog.example/1?utm_source=x</link>\
         <description><![CDATA[<p>Text <img src=\"{}\" alt=\"A lamp\"></p><script>1</script>]]></description></item>\
         </channel></rss>",
        origin.url("/lamp.png")
    );
    let settings = format!(
        "[server]\npublic_url = \"{PUBLIC}\"\n\n[refresh]\nstale_if_error = \"3650d\"\n\n\
         [feeds.blog]\nurl = \"file:feed.xml\"\n"
    );
    let home = Home::with_settings(&settings).file("feed.xml", &feed);
    let seen = tokio::task::spawn_blocking(move || {
        let mut server = Running::start(&home, &["--set", "images.allow_private=[\"127.0.0.0/8\"]"]);
        let seen = look(&server.said("readers"));
        server.signal("TERM");
        server.child.wait().expect("its end");
        let home = home.file("seen.json", &seen.to_string());
        let archive = releases().join(format!("{}.tar.gz", env!("CARGO_PKG_VERSION")));
        let archive = archive.display().to_string();
        tar(
            &["-czf", &archive, "limpid.toml", "seen.json", "data"],
            &home.path(""),
        );
    });
    seen.await.expect("kept");
}
