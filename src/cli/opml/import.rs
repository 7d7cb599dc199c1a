//! Many feeds at once: each host is asked politely, each feed is written as soon as it has answered.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use serde_json::json;
use tokio::sync::{Semaphore, mpsc};
use url::Url;

use super::{kept, kept_path, read};
use crate::cli::failure::Failure;
use crate::cli::report::printable;
use crate::cli::{Context, feed_file, network, output};
use crate::config::{Settings, web_address};
use crate::discover;
use crate::fetch::Fetcher;
use crate::local::why;
use crate::opml::Document;
use crate::transform::{Policy, Transformed, read as feed};

/// Requests at once to one host.
const PER_HOST: usize = 2;
/// Requests at once in all.
const AT_ONCE: usize = 32;

/// Subscribe to all feeds of a list
#[derive(Debug, Args)]
pub(in crate::cli) struct Import {
    /// The list; - for standard input
    file: PathBuf,
    /// Only tell what would be done
    #[arg(long)]
    dry_run: bool,
    /// Also write feeds that do not answer now
    #[arg(long)]
    all: bool,
}

/// One feed of the list.
#[derive(Clone, Debug)]
struct Wanted {
    title: String,
    url: Url,
}

/// What came of one feed.
#[derive(Clone, Debug)]
struct Checked {
    wanted: Wanted,
    found: Result<Found, String>,
}

/// What answered.
#[derive(Clone, Debug)]
struct Found {
    url: Url,
    /// What the feed calls itself.
    title: String,
}

impl From<discover::Feed> for Found {
    fn from(feed: discover::Feed) -> Self {
        Self {
            url: feed.url,
            title: own_title(&feed.cleaned).unwrap_or_default(),
        }
    }
}

/// One line of the result.
struct Line {
    state: &'static str,
    name: String,
    url: String,
    note: String,
}

impl Import {
    pub(super) fn run(&self, settings: &Settings, context: &Context) -> Result<(), Failure> {
        let document = read(&self.file, settings)?;
        let (wanted, mut lines) = sorted(&document, settings);
        if !self.dry_run {
            keep(&document, settings)?;
        }
        let mut taken = BTreeSet::new();
        let mut progress = Progress::new(wanted.len());
        let (fetcher, policy) = network::tools(settings);
        let mut wrong = None;
        network::run(async {
            let mut checked = check(wanted, fetcher, policy);
            while let Some(checked) = checked.recv().await {
                progress.one_more();
                match self.settle(&checked, settings, &mut taken) {
                    Ok(line) => lines.push(line),
                    Err(failure) => {
                        wrong = Some(failure);
                        break;
                    }
                }
            }
        })?;
        progress.over();
        match wrong {
            Some(failure) => Err(failure),
            None => told(&lines, self.dry_run, context),
        }
    }

    /// Writes a feed that answered.
    fn settle(
        &self,
        checked: &Checked,
        settings: &Settings,
        taken: &mut BTreeSet<String>,
    ) -> Result<Line, Failure> {
        let Wanted { title, url } = &checked.wanted;
        let line = |state, name: &str, note: &str| Line {
            state,
            name: name.to_owned(),
            url: url.to_string(),
            note: note.to_owned(),
        };
        let (found, own) = match &checked.found {
            Ok(found) => (&found.url, found.title.as_str()),
            Err(why) if !self.all => return Ok(line("failed", "", why)),
            Err(_) => (url, ""),
        };
        // The address of the list stays where it leads to the feed: then the list and our file say the same.
        let name = feed_file::name_by_title(title, found, settings, taken);
        if !self.dry_run {
            feed_file::write(settings, &name, url, given(title, own)).map_err(|error| {
                let path = feed_file::path(settings, &name);
                Failure::Failed(format!(
                    "{} cannot be written: {}; what was written stays, run the same again to go on",
                    path.display(),
                    why(&error)
                ))
            })?;
        }
        taken.insert(name.clone());
        Ok(match &checked.found {
            Err(why) => line("unanswered", &name, why),
            Ok(found) if found.url == *url => line("ok", &name, ""),
            Ok(found) => line("moved", &name, found.url.as_str()),
        })
    }
}

/// The title that the owner gave the feed, if it is not the feed's own anyway: that one may still change.
fn given<'t>(title: &'t str, own: &str) -> Option<&'t str> {
    let is_own = title.split_whitespace().eq(own.split_whitespace());
    (!title.is_empty() && !is_own).then_some(title)
}

fn own_title(cleaned: &Transformed) -> Option<String> {
    let text = std::str::from_utf8(&cleaned.body).ok()?;
    Some(feed::read(text, cleaned.kind)?.title.to_plain())
}

/// The feeds to ask for, and lines for those that need no question.
fn sorted(document: &Document, settings: &Settings) -> (Vec<Wanted>, Vec<Line>) {
    let (mut wanted, mut lines) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for outline in document.feeds() {
        let address = outline.feed().unwrap_or_default();
        let line = |state, name: &str, note: &str| Line {
            state,
            name: name.to_owned(),
            url: printable(address),
            note: note.to_owned(),
        };
        match web_address(address) {
            Err(why) => lines.push(line("unusable", "", &why)),
            Ok(url) => match feed_file::known(settings, &url) {
                Some(name) => lines.push(line("known", name, "")),
                None if !seen.insert(url.clone()) => lines.push(line("twice", "", "")),
                None => wanted.push(Wanted {
                    title: outline.title().to_owned(),
                    url,
                }),
            },
        }
    }
    (wanted, lines)
}

/// Adds the list to those that were imported before.
fn keep(document: &Document, settings: &Settings) -> Result<(), Failure> {
    let mut kept = kept(settings)?;
    let new: Vec<_> = document
        .outlines
        .iter()
        .filter(|outline| !kept.outlines.contains(outline))
        .cloned()
        .collect();
    if new.is_empty() {
        return Ok(());
    }
    kept.outlines.extend(new);
    for (key, value) in &document.root {
        if !kept.root.iter().any(|(known, _)| known == key) {
            kept.root.push((key.clone(), value.clone()));
        }
    }
    if kept.title.is_empty() {
        kept.title.clone_from(&document.title);
    }
    let path = kept_path(settings);
    let bytes = kept.write().map_err(|error| Failure::Failed(error.to_string()))?;
    let beside = path.with_extension("new");
    let written = std::fs::create_dir_all(feed_file::folder(settings))
        .and_then(|()| std::fs::write(&beside, bytes))
        .and_then(|()| std::fs::rename(&beside, &path));
    written.map_err(|error| {
        let _gone = std::fs::remove_file(&beside);
        Failure::Failed(format!("{} cannot be written: {}", path.display(), why(&error)))
    })
}

#[expect(clippy::needless_pass_by_value, reason = "the tasks outlive the caller")]
/// Asks for all feeds; each comes out when it has answered. Must be called in a runtime.
fn check(wanted: Vec<Wanted>, fetcher: Fetcher, policy: Policy) -> mpsc::Receiver<Checked> {
    let (sender, receiver) = mpsc::channel(AT_ONCE);
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut hosts: BTreeMap<String, VecDeque<Wanted>> = BTreeMap::new();
    for wanted in wanted {
        let host = wanted.url.host_str().unwrap_or_default().to_owned();
        hosts.entry(host).or_default().push_back(wanted);
    }
    let policy = Arc::new(policy);
    for queue in hosts.into_values() {
        let workers = queue.len().min(PER_HOST);
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..workers {
            let (queue, turns) = (Arc::clone(&queue), Arc::clone(&turns));
            let (sender, fetcher, policy) = (sender.clone(), fetcher.clone(), Arc::clone(&policy));
            tokio::spawn(async move {
                let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                while let Some(wanted) = next() {
                    let _turn = turns.acquire().await;
                    let found = discover::feed(&fetcher, &wanted.url, &policy).await;
                    let found = found.map(Found::from).map_err(|error| error.to_string());
                    if sender.send(Checked { wanted, found }).await.is_err() {
                        return;
                    }
                }
            });
        }
    }
    receiver
}

fn told(lines: &[Line], dry_run: bool, context: &Context) -> Result<(), Failure> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for line in lines {
        *counts.entry(line.state).or_default() += 1;
    }
    if context.json() {
        let feeds: Vec<_> = lines
            .iter()
            .map(|line| json!({ "state": line.state, "name": line.name, "url": line.url, "note": line.note }))
            .collect();
        return output::json(&json!({ "dry_run": dry_run, "counts": counts, "feeds": feeds }));
    }
    let width = lines.iter().map(|line| line.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for line in lines {
        let _ = writeln!(
            text,
            "{:10} {:width$}  {}  {}",
            line.state, line.name, line.url, line.note
        );
    }
    output::result(text.as_bytes())?;
    let counts: Vec<String> = counts
        .iter()
        .map(|(state, count)| format!("{count} {state}"))
        .collect();
    let written = lines
        .iter()
        .any(|line| matches!(line.state, "ok" | "moved" | "unanswered"));
    let what = if dry_run || !written {
        "nothing was written"
    } else {
        "written to feeds.d"
    };
    output::note(&format!("{}; {what}", counts.join(", ")));
    if lines.iter().any(|line| line.state == "failed") {
        output::note("What failed is left out: limpid explain ADDRESS tells why, --all adds it as it is.");
    }
    Ok(())
}

/// A bar on a terminal; nothing elsewhere.
struct Progress {
    all: usize,
    done: usize,
    shown: bool,
}

impl Progress {
    const WIDTH: usize = 30;

    fn new(all: usize) -> Self {
        let shown = std::io::stderr().is_terminal();
        Self { all, done: 0, shown }
    }

    fn one_more(&mut self) {
        self.done += 1;
        if self.shown {
            let full = Self::WIDTH * self.done / self.all.max(1);
            let bar = format!(
                "{}{}",
                "#".repeat(full),
                ".".repeat(Self::WIDTH.saturating_sub(full))
            );
            let _nobody = write!(std::io::stderr().lock(), "\r[{bar}] {}/{}", self.done, self.all);
        }
    }

    fn over(&self) {
        if self.shown && self.done > 0 {
            output::note("");
        }
    }
}
