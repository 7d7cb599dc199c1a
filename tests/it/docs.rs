//! What the book and the help say is true: their commands are run.

use std::path::Path;

use crate::support::front::free_port;
use crate::support::origin::Origin;
use crate::support::program::{Home, Running};

const FEED: &str = "<rss version=\"2.0\"><channel><title>a</title><link>https://a.example/</link><description/>\
    <item><guid>1</guid><title>one</title></item></channel></rss>";

/// The site that examples name.
async fn site() -> Origin {
    let origin = Origin::start().await;
    let page = "<!doctype html><link rel=alternate type='application/rss+xml' href='/feed.xml'>";
    origin.at("/").gives(page);
    for path in ["/feed.xml", "/rss"] {
        origin.at(path).gives(FEED);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let photo = std::fs::read(root.join("src/demo/lamp.png")).expect("a picture");
    origin.at("/photo.jpg").gives(photo);
    origin
}

/// A machine on which everything is that examples name, the readers' door at `port`.
fn home(port: u16) -> Home {
    let owner = free_port();
    Home::with_settings(&format!(
        "[server]\nlisten = \"127.0.0.1:{port}\"\n[admin]\nlisten = \"127.0.0.1:{owner}\"\n\
         [clean]\nimages = \"direct\"\n[fetch]\nallow_private = [\"127.0.0.0/8\"]\n\
         [images]\nallow_private = [\"127.0.0.0/8\"]\n"
    ))
    .file("feeds.d/blog.toml", "[feeds.blog]\nurl = \"file:feed.xml\"\n")
    .file("feed.xml", FEED)
    .file("src/demo/feed.xml", FEED)
    .file("subscriptions.opml", "<opml><body/></opml>")
    .file("articles/.keep", "")
}

/// The line as one of ours, if it is: however it is called in a clone or a container.
fn ours(line: &str) -> Option<String> {
    let called = [
        "limpid ",
        "target/release/limpid ",
        "cargo run --release -- ",
        "cargo run -q -- ",
        "docker compose exec limpid /limpid ",
    ];
    let rest = called.iter().find_map(|called| line.strip_prefix(called))?;
    // Without its comment, and what a shell does when it fails.
    let ends = ["   ", " #", " ||"].map(|mark| rest.find(mark).unwrap_or(rest.len()));
    let end = ends.into_iter().min().unwrap_or(rest.len());
    Some(rest[..end].trim().to_owned())
}

/// Runs a command as a shell would, on a machine of its own: one removes what another needs.
fn runs(line: &str, site: &Origin) {
    let port = free_port();
    let here = format!("127.0.0.1:{port}");
    let there = site.address().to_string();
    let line = line
        .replace("https://blog.example", &format!("http://{there}"))
        .replace("blog.example", &there)
        .replace("https://feeds.example.org", &format!("http://{here}"))
        .replace("https://example.org/limpid", &format!("http://{here}"))
        .replace("127.0.0.1:9000", &format!("127.0.0.1:{}", free_port()))
        .replace("/etc/limpid/", "");
    let home = home(port);
    if line.starts_with("feed add") {
        std::fs::remove_file(home.path("feeds.d/blog.toml")).expect("its name is free");
    }
    let (line, input) = match line.split_once('<') {
        Some((line, file)) => (line, std::fs::read(home.path(file.trim())).expect(file)),
        None => (&*line, Vec::new()),
    };
    let line = line.split_once('>').map_or(line, |(line, _)| line);
    let words = line.split_whitespace().map(|word| word.trim_matches('\''));
    let arguments: Vec<&str> = words.collect();
    let _served = match arguments[0] {
        "serve" => {
            let mut served = Running::as_it_is(&home, &arguments);
            assert!(served.said("readers").starts_with("http://"), "{line}");
            return;
        }
        "doctor" | "health" | "purge" => {
            let mut served = Running::as_it_is(&home, &["serve"]);
            served.said("readers");
            Some(served)
        }
        _ => None,
    };
    let ran = home.run_with(&arguments, &input);
    assert_eq!(ran.code, 0, "{line}\n{ran:?}");
}

fn help(home: &Home, command: &[&str]) -> String {
    home.run(&[command, &["--help"]].concat()).out
}

/// All commands, with those below them.
fn commands(home: &Home, above: &[&str]) -> Vec<Vec<String>> {
    let text = help(home, above);
    let list = text
        .split("Commands:\n")
        .nth(1)
        .and_then(|rest| rest.split("\n\n").next());
    let mut all = Vec::new();
    for line in list.unwrap_or_default().lines() {
        let Some(name) = line
            .split_whitespace()
            .next()
            .filter(|name| *name != "help" && line.starts_with("  "))
        else {
            continue;
        };
        let path: Vec<&str> = above.iter().copied().chain([name]).collect();
        all.push(path.iter().map(ToString::to_string).collect());
        all.extend(commands(home, &path));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_of_every_help_run() {
    let site = site().await;
    let home = Home::new();
    for path in commands(&home, &[]) {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let text = help(&home, &path);
        let Some((_, examples)) = text.split_once("Example") else {
            assert!(text.contains("Commands:"), "{path:?} has no example");
            continue;
        };
        let lines: Vec<String> = examples.lines().filter_map(|line| ours(line.trim())).collect();
        assert!(!lines.is_empty(), "{path:?} has no example");
        for line in lines {
            runs(&line, &site);
        }
    }
}

/// All blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let blocks = text.split(&fence).skip(1);
    blocks
        .filter_map(|block| block.split("```").next())
        .map(str::to_owned)
        .collect()
}

/// The lines of all `sh` blocks.
fn shell_lines(text: &str) -> Vec<String> {
    let text = blocks(text, "sh").concat();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

/// What the book says to type beside our own commands, and who shows that it works.
const OTHERS: [(&str, &str); 17] = [
    ("./tests/run", "runs this very test"),
    ("cargo build --release", "a profile of cargo's own"),
    ("cargo build --release --features otel", "tests/otel.rs"),
    (
        "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 target/release/limpid serve",
        "tests/otel.rs",
    ),
    ("cargo test --lib trackers", "src/transform/clean/trackers.rs"),
    ("cargo test --test it cleaning", "tests/it/cleaning.rs"),
    ("BLESS=1 cargo test --test it cleaning", "tests/it/cleaning.rs"),
    ("cargo install cargo-deb", "a tool of the field"),
    ("deploy/debian/build", "deploy/debian/build"),
    ("docker compose up -d", "compose.yaml"),
    ("docker compose up -d --build", "compose.yaml"),
    (
        "apt-get install ./limpid_0.1.0-1_amd64.deb",
        "a tool of the field",
    ),
    ("apt-get install buildah", "a tool of the field"),
    ("deploy/image/build", "deploy/image/build"),
    ("podman load < limpid-image.tar", "a tool of the field"),
    (
        "helm install feeds deploy/helm/limpid --set image.repository=registry.example/limpid",
        "deploy/helm/limpid/Chart.yaml",
    ),
    (
        "kubectl port-forward deployment/feeds 8081",
        "a tool of the field",
    ),
];

fn pages() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let at_the_door = ["README", "CONTRIBUTING", "ARCHITECTURE", "SECURITY", "CHANGELOG"];
    let mut paths: Vec<_> = at_the_door
        .iter()
        .map(|name| root.join(format!("{name}.md")))
        .collect();
    let docs = std::fs::read_dir(root.join("docs")).expect("docs");
    paths.extend(
        docs.flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|e| e == "md")),
    );
    let read = |path: std::path::PathBuf| {
        (
            path.display().to_string(),
            std::fs::read_to_string(&path).expect("a page"),
        )
    };
    paths.into_iter().map(read).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_the_book_run() {
    let site = site().await;
    let mut run = 0;
    for (page, text) in pages() {
        for line in shell_lines(&text) {
            if let Some(line) = ours(&line) {
                println!("{page}: limpid {line}");
                runs(&line, &site);
                run += 1;
                continue;
            }
            let other = OTHERS.iter().find(|(other, _)| *other == line);
            let (_, by) = other.unwrap_or_else(|| panic!("{page}: nobody shows that this works: {line}"));
            let is_file = !by.contains(' ');
            let root = Path::new(env!("CARGO_MANIFEST_DIR"));
            assert!(!is_file || root.join(by).exists(), "{by}");
        }
    }
    assert!(run >= 30, "only {run} commands were found");
}

#[test]
fn the_settings_that_the_book_shows_hold() {
    let mut shown = 0;
    for (page, text) in pages() {
        for settings in blocks(&text, "toml") {
            let ran = Home::with_settings(&settings).run(&["check"]);
            assert_eq!(ran.code, 0, "{page}\n{settings}\n{ran:?}");
            shown += 1;
        }
    }
    assert!(shown >= 4, "only {shown} were found");
}

#[test]
fn the_reference_of_settings_is_what_the_program_prints() {
    let printed = Home::new().run(&["config", "reference"]).out;
    let kept = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/settings.md"));
    let kept = kept.expect("the page");
    assert!(printed == kept, "run: limpid config reference > docs/settings.md");
}

/// Where the test `a::b::name` may stand.
fn stands_in(module: &[&str]) -> Vec<std::path::PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bases = [root.join("tests/it"), root.join("src")].map(|base| base.join(module.join("/")));
    let files = |base: &std::path::PathBuf| {
        [
            base.with_extension("rs"),
            base.join("mod.rs"),
            base.join("tests.rs"),
        ]
    };
    bases.iter().flat_map(files).collect()
}

#[test]
fn the_tests_that_the_threat_model_names_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("SECURITY.md")).expect("the threat model");
    let name = regex::Regex::new("`((?:[a-z0-9_]+::)+)([a-z0-9_]{20,})`").expect("regex");
    let mut named = 0;
    for found in name.captures_iter(&text) {
        let module: Vec<&str> = found[1].trim_end_matches("::").split("::").collect();
        let texts = stands_in(&module)
            .into_iter()
            .filter_map(|path| std::fs::read_to_string(path).ok());
        let test = format!("fn {}(", &found[2]);
        assert!(
            texts.into_iter().any(|text| text.contains(&test)),
            "there is no test {}",
            &found[0]
        );
        named += 1;
    }
    assert!(named > 40, "only {named} tests are named");
}

#[test]
fn the_reasons_in_the_book_are_those_that_the_program_gives() {
    use limpid::explain::reasons::{ALL, why};
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/see.md");
    let text = std::fs::read_to_string(page).expect("the page");
    for about in ALL.map(why) {
        let setting = about
            .setting
            .map_or("–".to_owned(), |setting| format!("`{setting}`"));
        let row = format!("| {} | {} | {setting} |", about.short, about.sentence);
        assert!(text.lines().any(|line| line == row), "docs/see.md lacks:\n{row}");
    }
}

#[test]
fn links_between_pages_lead_somewhere() {
    let link = regex::Regex::new(r#"(?:\]\(|src(?:set)?=")([^):#"]+)(?:#([^)]+))?[)"]"#).expect("regex");
    let code = regex::Regex::new("`[^`]*`").expect("regex");
    for (page, text) in pages() {
        let text = code.replace_all(&text, "");
        for found in link.captures_iter(&text) {
            let target = Path::new(&page).parent().expect("a folder").join(&found[1]);
            assert!(target.exists(), "{page} links to {}", &found[1]);
            if let Some(place) = found.get(2) {
                let headings = std::fs::read_to_string(&target).expect("a page");
                let heading = headings
                    .lines()
                    .filter_map(|line| line.strip_prefix('#'))
                    .map(|line| line.trim_start_matches('#').trim().trim_matches(['[', ']', '`']))
                    .map(|line| line.to_lowercase().replace(' ', "-"));
                let named: Vec<String> = heading.collect();
                assert!(
                    named.iter().any(|name| name == place.as_str()),
                    "{page}: {}",
                    &found[0]
                );
            }
        }
    }
}

#[test]
fn a_stranger_has_a_cleaned_feed_within_a_minute_of_the_build() {
    let began = std::time::Instant::now();
    let home = Home::new();
    let mut server = Running::start(&home, &[]);
    let feed = server.said("feed");
    assert!(Running::get(&feed).0.starts_with("HTTP/1.1 200"));
    assert!(began.elapsed() < std::time::Duration::from_secs(60));
}
