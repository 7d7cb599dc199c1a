//! `limpid feed`: feeds in files of their own beside the settings, which we never write into.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::IsTerminal as _;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use url::Url;

use super::failure::Failure;
use super::feed_file::{self, subscribe};
use super::report::printable;
use super::{Context, network, output};
use crate::config::{Settings, is_name};
use crate::discover::{self, Discovered, Named, discover};
use crate::endpoint::Origin;
use crate::explain::{self, reasons::counted};
use crate::local::why;
use crate::message::Kind;

/// Add, list or remove configured feeds
#[derive(Debug, Args)]
pub(super) struct Feed {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Write feeds.d/NAME.toml beside the settings file and print the address to subscribe to
    #[command(
        after_help = "Examples:\n  limpid feed add https://blog.example/\n  limpid feed add https://blog.example/feed.xml --name blog --unchecked"
    )]
    Add {
        /// The address of a feed, or of a site that has one
        #[arg(value_parser = crate::config::web_address)]
        url: Url,
        /// Its name here: a to z, 0 to 9 and - [default: from its address]
        #[arg(long)]
        name: Option<String>,
        /// Do not ask the origin whether there is a feed
        #[arg(long)]
        unchecked: bool,
    },
    /// All configured feeds
    #[command(after_help = "Example:\n  limpid feed list --output json")]
    List,
    /// Remove feeds.d/NAME.toml
    #[command(after_help = "Example:\n  limpid feed remove blog")]
    Remove {
        /// The feed's name
        name: String,
    },
}

impl Feed {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let settings = context.settings()?;
        match &self.what {
            What::Add { url, name, unchecked } => {
                let adding = Adding {
                    name: name.as_deref(),
                    unchecked: *unchecked,
                };
                add(url, &adding, &settings, context)
            }
            What::List => list(&settings, context),
            What::Remove { name } => remove(name, &settings, context),
        }
    }
}

/// What is added.
struct Adding<'a> {
    name: Option<&'a str>,
    unchecked: bool,
}

fn add(url: &Url, adding: &Adding<'_>, settings: &Settings, context: &Context) -> Result<(), Failure> {
    if let Some(there) = feed_file::known(settings, url) {
        let message = format!("that address is already there: {}", subscribe(settings, there));
        return Err(Failure::Failed(message));
    }
    match adding.name {
        Some(name) if !is_name(name) => {
            let message = format!(
                "`{name}` is no name for a feed: only a to z, 0 to 9 and - may stand in it, and - not first"
            );
            return Err(Failure::Usage(message));
        }
        Some(name) if settings.feeds.contains_key(name) => {
            return Err(Failure::Failed(format!("there is a feed `{name}` already")));
        }
        _ => {}
    }
    let url = if adding.unchecked {
        url.clone()
    } else {
        looked_for(url, settings, context)?
    };
    if let Some(there) = feed_file::known(settings, &url) {
        let message = format!(
            "the feed of that site is already there: {}",
            subscribe(settings, there)
        );
        return Err(Failure::Failed(message));
    }
    let name = match adding.name {
        Some(name) => name.to_owned(),
        None => feed_file::name_by_host(&url, settings, &BTreeSet::new()),
    };
    let path = feed_file::write(settings, &name, &url, None).map_err(|error| {
        let path = feed_file::path(settings, &name);
        Failure::Failed(format!("{} cannot be written: {}", path.display(), why(&error)))
    })?;
    output::note(&format!("wrote {}", path.display()));
    if context.json() {
        let address = subscribe(settings, &name);
        return output::json(
            &json!({ "name": name, "address": address, "origin": url.as_str(), "file": path }),
        );
    }
    output::line(&subscribe(settings, &name))
}

/// The feed at `url`, or the one that the site there names; told on stderr.
fn looked_for(url: &Url, settings: &Settings, context: &Context) -> Result<Url, Failure> {
    let (fetcher, policy) = network::tools(settings);
    let found = network::run(discover(&fetcher, url, &policy))?.map_err(|error| advised(&error, url))?;
    let named = match found {
        Discovered::Feed(feed) => {
            output::note(&about(&feed));
            return Ok(feed.url);
        }
        Discovered::Several(named) => named,
    };
    let chosen = choice(&named, url, context)?;
    let feed = network::run(discover::feed(&fetcher, &chosen, &policy))?
        .map_err(|error| advised(&error, &chosen))?;
    output::note(&about(&feed));
    Ok(feed.url)
}

/// Why there is no feed, and what to do next.
fn advised(error: &discover::Error, url: &Url) -> Failure {
    let more = format!("limpid explain {url} tells each step; --unchecked adds the address as it is");
    let next = match error {
        discover::Error::Fetch(error) => explain::after_fetch(error),
        discover::Error::Transform(error) => explain::after_transform(error),
        discover::Error::Walled(wall) | discover::Error::Barred { wall, .. } => wall.advice(),
        discover::Error::NoFeeds => "Look for a feed's address on the site and add that.",
    };
    let said = format!("{error}. {next}\n{more}");
    match error {
        discover::Error::Fetch(_) | discover::Error::Barred { .. } => Failure::Advised(said),
        _ => Failure::Failed(said),
    }
}

/// One of several feeds: who sits at a terminal is asked, others are told.
fn choice(named: &[Named], page: &Url, context: &Context) -> Result<Url, Failure> {
    let mut list = format!("{page} names {} feeds:\n", named.len());
    for (at, feed) in named.iter().enumerate() {
        let _ = writeln!(list, "  {}  {}  {}", at + 1, feed.url, printable(&feed.title));
    }
    let input = std::io::stdin();
    if context.json() || !input.is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Failure::Failed(format!(
            "{list}add the one you want by its address"
        )));
    }
    output::note(&format!("{list}Which one (1 to {})? ", named.len()));
    let mut line = String::new();
    input.read_line(&mut line)?;
    let number: Option<usize> = line.trim().parse().ok();
    let chosen = number.and_then(|number| named.get(number.checked_sub(1)?));
    chosen
        .map(|feed| feed.url.clone())
        .ok_or_else(|| Failure::Failed("none was chosen; nothing was written".to_owned()))
}

/// What a feed holds and what was done to it, in a line.
fn about(feed: &discover::Feed) -> String {
    let cleaned = &feed.cleaned;
    let done = counted(&cleaned.report).map_or_else(
        || "nothing to clean".to_owned(),
        |counted| format!("cleaned: {counted}"),
    );
    let mended = match cleaned.report.repairs.len() {
        0 => "",
        _ => ", repaired",
    };
    let kind = match cleaned.kind {
        Kind::Rss => "RSS",
        Kind::Rdf => "RSS 1.0",
        Kind::Atom => "Atom",
        Kind::Json => "JSON Feed",
    };
    let entries = match cleaned.hints.entries {
        1 => "1 entry".to_owned(),
        many => format!("{many} entries"),
    };
    format!("{}: {kind}, {entries}{mended}; {done}", feed.url)
}

fn list(settings: &Settings, context: &Context) -> Result<(), Failure> {
    let origins = |feed: &crate::config::Feed| -> Vec<String> {
        feed.origins()
            .iter()
            .map(|origin| match origin {
                Origin::Http(url) => url.to_string(),
                Origin::File(path) => format!("file:{}", path.display()),
                Origin::Demo => "(built in)".to_owned(),
            })
            .collect()
    };
    if context.json() {
        let feeds: Vec<Value> = settings
            .feeds
            .iter()
            .map(|(name, feed)| {
                json!({
                    "name": name,
                    "address": subscribe(settings, name),
                    "origins": origins(feed),
                    "title": feed.title,
                })
            })
            .collect();
        return output::json(&feeds);
    }
    let width = settings.feeds.keys().map(String::len).max().unwrap_or(0);
    let mut text = String::new();
    for (name, feed) in &settings.feeds {
        let from = origins(feed).join(", ");
        let _ = writeln!(text, "{name:width$}  {}  from {from}", subscribe(settings, name));
    }
    output::result(text.as_bytes())
}

fn remove(name: &str, settings: &Settings, context: &Context) -> Result<(), Failure> {
    if !settings.feeds.contains_key(name) {
        return Err(Failure::Failed(format!("there is no feed `{name}`")));
    }
    if settings.file.is_none() && settings.feeds[name].origins() == [Origin::Demo] {
        return Err(Failure::Failed(format!(
            "`{name}` is built in: it goes when the first feed is added"
        )));
    }
    let path = feed_file::path(settings, name);
    let said_elsewhere = |from: &str| !from.starts_with(&path.display().to_string());
    let prefix = format!("feeds.{name}.");
    let all = settings.shown();
    let elsewhere = all
        .iter()
        .find(|shown| shown.key.starts_with(&prefix) && said_elsewhere(&shown.from));
    if let Some(shown) = elsewhere {
        let message = format!(
            "`{name}` is not in a file of its own: remove it at {}",
            shown.from
        );
        return Err(Failure::Failed(message));
    }
    let other = all.iter().find(|shown| {
        !shown.key.starts_with(&prefix) && shown.from.starts_with(&format!("{}:", path.display()))
    });
    if let Some(other) = other {
        let message = format!(
            "{} holds more than `{name}` ({}): edit it",
            path.display(),
            other.key
        );
        return Err(Failure::Failed(message));
    }
    fs::remove_file(&path)
        .map_err(|error| Failure::Failed(format!("{} cannot be removed: {}", path.display(), why(&error))))?;
    output::note(&format!("removed {}", path.display()));
    if context.json() {
        return output::json(&json!({ "name": name, "file": path }));
    }
    Ok(())
}
