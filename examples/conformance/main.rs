//! What Limpid makes of a collection of feeds, measured.
//!
//! ```sh
//! cargo run --release --example conformance -- [--verbose] FOLDER…
//! ```
//!
//! Every file of each folder goes through the same transform as on the server (pictures at their own
//! addresses, trackers untouched, so that addresses can be compared). A comment in the file may name the
//! header it is served with (`Header: Content-type: …`, `Header: Content-Location: …`). Printed per
//! folder: how many were read, and of those in how many each property holds. `--verbose` names the others.

#![expect(clippy::print_stdout, reason = "the figures are what this program is for")]
#![expect(clippy::print_stderr, reason = "and its usage")]

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use limpid::message::{Format, Kind};
use limpid::transform::read::{Feed, Options, read_with};
use limpid::transform::report::Report;
use limpid::transform::{Limits, Policy, Source, Transformed, convert, decode, repair, transform};
use url::Url;

mod lossless;
mod safe;

/// What must hold of every feed that was read.
const PROPERTIES: [&str; 13] = [
    "entries",
    "ids",
    "titles",
    "links",
    "dates",
    "enclosures",
    "lossless",
    "idempotent",
    "well-formed",
    "safe",
    "to rss",
    "to atom",
    "to json",
];

fn main() -> ExitCode {
    let mut folders: Vec<PathBuf> = Vec::new();
    let mut verbose = false;
    for argument in std::env::args_os().skip(1) {
        if argument == "--verbose" {
            verbose = true;
        } else {
            folders.push(argument.into());
        }
    }
    if folders.is_empty() {
        eprintln!("usage: conformance [--verbose] FOLDER…");
        return ExitCode::from(2);
    }
    // A panic is counted, not shown.
    std::panic::set_hook(Box::new(|_| {}));
    for folder in &folders {
        let mut files = Vec::new();
        collect(folder, &mut files);
        files.sort();
        let mut sum = Sum::default();
        for file in &files {
            if let Ok(bytes) = std::fs::read(file) {
                sum.add(file, &bytes);
            }
        }
        sum.print(folder, verbose);
    }
    ExitCode::SUCCESS
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_file() {
        files.push(path.to_owned());
    } else if let Ok(folder) = std::fs::read_dir(path) {
        for entry in folder.flatten() {
            collect(&entry.path(), files);
        }
    }
}

/// The figures of one folder.
#[derive(Default)]
struct Sum {
    files: usize,
    read: usize,
    entries: usize,
    bytes: usize,
    time: Duration,
    slowest: (Duration, PathBuf),
    refused: BTreeMap<String, Vec<PathBuf>>,
    panics: Vec<PathBuf>,
    failed: BTreeMap<&'static str, Vec<(PathBuf, String)>>,
}

impl Sum {
    fn add(&mut self, file: &Path, bytes: &[u8]) {
        self.files += 1;
        match catch_unwind(AssertUnwindSafe(|| examine(bytes))) {
            Err(_) => self.panics.push(file.to_owned()),
            Ok(Err(reason)) => self.refused.entry(reason).or_default().push(file.to_owned()),
            Ok(Ok(found)) => {
                self.read += 1;
                self.bytes += bytes.len();
                self.entries += found.entries;
                self.time += found.time;
                if found.time > self.slowest.0 {
                    self.slowest = (found.time, file.to_owned());
                }
                for (property, why) in found.failed {
                    self.failed
                        .entry(property)
                        .or_default()
                        .push((file.to_owned(), why));
                }
            }
        }
    }

    fn print(&self, folder: &Path, verbose: bool) {
        println!("{}", folder.display());
        println!(
            "  {:<12} {} of {} files, {} entries",
            "read", self.read, self.files, self.entries
        );
        for (reason, files) in &self.refused {
            println!("  {:<12} {} ({reason})", "refused", files.len());
            list(verbose, files.iter().map(|file| file.display().to_string()));
        }
        println!("  {:<12} {}", "panics", self.panics.len());
        list(verbose, self.panics.iter().map(|file| file.display().to_string()));
        for property in PROPERTIES {
            let failed = self.failed.get(property).map(Vec::as_slice).unwrap_or_default();
            let held = self.read - failed.len();
            println!(
                "  {property:<12} {held} of {} ({})",
                self.read,
                percent(held, self.read)
            );
            list(
                verbose,
                failed
                    .iter()
                    .map(|(file, why)| format!("{}: {why}", file.display())),
            );
        }
        let seconds = self.time.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        let (files, megabytes) = (self.read.max(1) as f64, self.bytes as f64 / 1e6);
        println!(
            "  {:<12} {:.3} s, {:.3} ms a file, {:.1} MB/s; slowest {:.1} ms: {}\n",
            "time",
            seconds,
            seconds * 1e3 / files,
            megabytes / seconds.max(1e-9),
            self.slowest.0.as_secs_f64() * 1e3,
            self.slowest.1.display()
        );
    }
}

fn list(verbose: bool, lines: impl Iterator<Item = String>) {
    if verbose {
        for line in lines {
            println!("      {line}");
        }
    }
}

fn percent(part: usize, whole: usize) -> String {
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let percent = 100.0 * part as f64 / whole.max(1) as f64;
    format!("{percent:.2} %")
}

/// What was found of one file.
struct Found {
    entries: usize,
    time: Duration,
    failed: Vec<(&'static str, String)>,
}

fn examine(bytes: &[u8]) -> Result<Found, String> {
    let content_type = header(bytes, "content-type");
    let base = header(bytes, "content-location").and_then(|address| Url::parse(&address).ok());
    let base = base.or_else(|| Url::parse("https://source.example/path/feed").ok());
    let source = Source {
        bytes,
        content_type: content_type.as_deref(),
        content_encoding: None,
        base: base.as_ref(),
    };
    let policy = Policy::default();
    let started = Instant::now();
    let done = transform(&source, &policy, None).map_err(|error| error.to_string())?;
    let time = started.elapsed();
    let (text, kind) = repaired(&source).ok_or("repaired one way and not the other")?;
    let mut failed = Vec::new();
    let mut hold = |property: &'static str, result: Result<(), String>| {
        if let Err(why) = result {
            failed.push((property, why));
        }
    };
    let body = String::from_utf8_lossy(&done.body).into_owned();
    let options = Options {
        base: base.clone(),
        ..Options::default()
    };
    let before = read_with(&text, kind, &options).unwrap_or_default();
    let after = read_with(&body, done.kind, &options).unwrap_or_default();
    compare(&before, &after, &mut hold);
    hold("entries", equal(&done.entries.len(), &after.entries.len()));
    hold("lossless", lossless::compare(&text, &body, kind));
    hold("safe", safe::check(&body, done.kind));
    hold("well-formed", lossless::well_formed(&body, done.kind));
    let again = Source {
        bytes: &done.body,
        content_type: None,
        ..source
    };
    let twice =
        transform(&again, &policy, None).map(|again| String::from_utf8_lossy(&again.body).into_owned());
    hold(
        "idempotent",
        twice
            .map_err(|error| error.to_string())
            .and_then(|twice| equal(&body, &twice)),
    );
    for (property, format) in [
        ("to rss", Format::Rss),
        ("to atom", Format::Atom),
        ("to json", Format::Json),
    ] {
        hold(property, converts(&done, format, after.entries.len()));
    }
    Ok(Found {
        entries: after.entries.len(),
        time,
        failed,
    })
}

/// The value of a header that a comment in the file names.
fn header(bytes: &[u8], name: &str) -> Option<String> {
    let head = String::from_utf8_lossy(bytes.get(..bytes.len().min(2_000))?).into_owned();
    head.lines().find_map(|line| {
        let (key, value) = line.trim().strip_prefix("Header:")?.trim().split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

/// The source as the rewriter sees it.
fn repaired(source: &Source<'_>) -> Option<(String, Kind)> {
    let (limits, mut report) = (Limits::default(), Report::default());
    let text = decode::decode(source, &limits, &mut report).ok()?;
    let repaired = repair::repair(&text, &limits, &mut report).ok()?;
    Some((repaired.text.into_owned(), repaired.kind))
}

fn compare(before: &Feed, after: &Feed, hold: &mut impl FnMut(&'static str, Result<(), String>)) {
    hold("entries", equal(&before.entries.len(), &after.entries.len()));
    let feeds = |feed: &Feed| (feed.id.clone(), feed.title.to_plain(), feed.link.clone());
    let (before_feed, after_feed) = (feeds(before), feeds(after));
    hold("ids", equal(&before_feed.0, &after_feed.0));
    hold("titles", equal(&words(&before_feed.1), &words(&after_feed.1)));
    hold("links", equal(&before_feed.2, &after_feed.2));
    let mut failed: BTreeMap<&'static str, String> = BTreeMap::new();
    for (one, other) in before.entries.iter().zip(&after.entries) {
        let mut note = |property, result: Result<(), String>| {
            if let Err(why) = result {
                failed.entry(property).or_insert(why);
            }
        };
        note("ids", equal(&one.id, &other.id));
        note(
            "titles",
            equal(&words(&one.title.to_plain()), &words(&other.title.to_plain())),
        );
        note("links", equal(&one.link, &other.link));
        note(
            "dates",
            equal(
                &(&one.published, &one.updated),
                &(&other.published, &other.updated),
            ),
        );
        let files = |entry: &limpid::transform::read::Entry| {
            let files = entry
                .enclosures
                .iter()
                .map(|e| (e.url.clone(), e.media_type.clone(), e.length));
            files.collect::<Vec<_>>()
        };
        note("enclosures", equal(&files(one), &files(other)));
    }
    for (property, why) in failed {
        hold(property, Err(why));
    }
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

fn equal<T: PartialEq + std::fmt::Debug>(before: &T, after: &T) -> Result<(), String> {
    if before == after {
        return Ok(());
    }
    let (before, after) = (format!("{before:?}"), format!("{after:?}"));
    let same = before
        .bytes()
        .zip(after.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let part = |text: &str| -> String { text.chars().skip(same.saturating_sub(30)).take(120).collect() };
    Err(format!("{} became {}", part(&before), part(&after)))
}

fn converts(done: &Transformed, format: Format, entries: usize) -> Result<(), String> {
    let kind = done.kind;
    let (out, out_kind) =
        convert::convert(&done.into(), format, convert::Own::default()).map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&out).into_owned();
    safe::check(&text, out_kind)?;
    lossless::well_formed(&text, out_kind)?;
    let readable = match format {
        Format::Rss if kind != Kind::Rss => rss::Channel::read_from(out.as_slice())
            .map(|_| ())
            .map_err(|e| e.to_string()),
        Format::Atom if kind != Kind::Atom => atom_syndication::Feed::read_from(out.as_slice())
            .map(|_| ())
            .map_err(|e| e.to_string()),
        _ => Ok(()),
    };
    readable?;
    let options = Options {
        entries: usize::MAX,
        ..Options::default()
    };
    let after = read_with(&text, out_kind, &options).ok_or("unreadable")?;
    equal(&entries, &after.entries.len())
}
