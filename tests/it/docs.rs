//! What the book and the help say is true: their commands are run.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::program::{Home, Running};

const FEED: &str = "<rss version=\"2.0\"><channel><title>a</title><link>https://a.example/</link><description/>\
    <item><guid>1</guid><title>one</title></item></channel></rss>";

/// A home with everything that examples name.
fn home() -> Home {
    Home::with_settings("[clean]\nimages = \"direct\"\n")
        .file("feeds.d/blog.toml", "[feeds.blog]\nurl = \"file:feed.xml\"\n")
        .file("feed.xml", FEED)
        .file("subscriptions.opml", "<opml><body/></opml>")
        .file("articles/.keep", "")
}

/// Why a line is not run here.
fn is_elsewhere(line: &str) -> bool {
    let needs_others = [
        "https://",
        "/etc/limpid",
        "limpid serve",
        "limpid doctor",
        "limpid health",
        "limpid purge",
    ];
    !line.starts_with("limpid ") || needs_others.iter().any(|mark| line.contains(mark))
}

/// The command of a line, without its comment.
fn command(line: &str) -> &str {
    line.split("   ")
        .next()
        .unwrap_or(line)
        .split(" #")
        .next()
        .unwrap_or(line)
        .trim()
}

/// Runs a line as a shell would.
fn runs(home: &Home, line: &str) {
    let (line, input) = match line.split_once('<') {
        Some((line, file)) => (line, std::fs::read(home.path(file.trim())).expect(file)),
        None => (line, Vec::new()),
    };
    let line = line.split_once('>').map_or(line, |(line, _)| line);
    let arguments: Vec<&str> = line
        .split_whitespace()
        .skip(1)
        .map(|word| word.trim_matches('\''))
        .collect();
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

#[test]
fn the_examples_of_every_help_run() {
    let home = home();
    let mut run = 0;
    for path in commands(&home, &[]) {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let text = help(&home, &path);
        let Some((_, examples)) = text.split_once("Example") else {
            assert!(text.contains("Commands:"), "{path:?} has no example");
            continue;
        };
        for line in examples.lines().map(str::trim).filter(|line| !is_elsewhere(line)) {
            // Each on a machine of its own: one removes what another needs.
            runs(&self::home(), command(line));
            run += 1;
        }
    }
    assert!(run >= 15, "only {run} examples were run");
}

/// The lines of all `sh` blocks.
fn shell_lines(text: &str) -> Vec<String> {
    let blocks = text.split("```sh\n").skip(1);
    blocks
        .filter_map(|block| block.split("```").next())
        .flat_map(|block| block.lines().map(|line| line.trim().to_owned()))
        .collect()
}

fn pages() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
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

#[test]
fn the_commands_of_the_book_run_or_at_least_exist() {
    let home = home();
    let known: BTreeSet<Vec<String>> = commands(&home, &[]).into_iter().collect();
    for (page, text) in pages() {
        for line in shell_lines(&text) {
            let Some(rest) = line.strip_prefix("limpid ") else {
                continue;
            };
            let words: Vec<String> = rest.split_whitespace().take(2).map(ToOwned::to_owned).collect();
            assert!(
                (1..=words.len()).any(|length| known.contains(&words[..length])),
                "{page}: no such command: {line}"
            );
            if !is_elsewhere(&line) {
                runs(&self::home(), command(&line));
            }
        }
    }
}

#[test]
fn the_reference_of_settings_is_what_the_program_prints() {
    let printed = Home::new().run(&["config", "reference"]).out;
    let kept = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/settings.md"));
    let kept = kept.expect("the page");
    assert!(printed == kept, "run: limpid config reference > docs/settings.md");
}

#[test]
fn links_between_pages_lead_somewhere() {
    let link = regex::Regex::new(r"\]\(([^):#]+)\)").expect("regex");
    let code = regex::Regex::new("`[^`]*`").expect("regex");
    for (page, text) in pages() {
        let text = code.replace_all(&text, "");
        for found in link.captures_iter(&text) {
            let target = Path::new(&page).parent().expect("a folder").join(&found[1]);
            assert!(target.exists(), "{page} links to {}", &found[1]);
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
