//! `limpid feed`: feeds in files of their own beside the settings, which we never write into.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use url::Url;

use super::failure::Failure;
use super::{Context, output};
use crate::config::{Settings, is_name};
use crate::endpoint::Origin;

/// Add, list or remove configured feeds
#[derive(Debug, Args)]
pub(super) struct Feed {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Write feeds.d/NAME.toml beside the settings file and print the address to subscribe to
    #[command(after_help = "Example:\n  limpid feed add https://blog.example/feed.xml --name blog")]
    Add {
        /// The feed's address
        #[arg(value_parser = crate::config::web_address)]
        url: Url,
        /// Its name here: a to z, 0 to 9 and - [default: from its address]
        #[arg(long)]
        name: Option<String>,
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
            What::Add { url, name } => add(url, name.as_deref(), &settings, context),
            What::List => list(&settings, context),
            What::Remove { name } => remove(name, &settings, context),
        }
    }
}

fn add(url: &Url, name: Option<&str>, settings: &Settings, context: &Context) -> Result<(), Failure> {
    if let Some((there, _)) = settings
        .feeds
        .iter()
        .find(|(_, feed)| feed.origins().contains(&Origin::Http(url.clone())))
    {
        let message = format!("that address is already there: {}", subscribe(settings, there));
        return Err(Failure::Failed(message));
    }
    let name = match name {
        Some(name) if !is_name(name) => {
            let message = format!(
                "`{name}` is no name for a feed: only a to z, 0 to 9 and - may stand in it, and - not first"
            );
            return Err(Failure::Usage(message));
        }
        Some(name) if settings.feeds.contains_key(name) => {
            return Err(Failure::Failed(format!("there is a feed `{name}` already")));
        }
        Some(name) => name.to_owned(),
        None => free_name(url, settings),
    };
    let path = file(settings, &name);
    let text = format!("[feeds.{name}]\nurl = {}\n", toml::Value::from(url.as_str()));
    write(&path, &text)
        .map_err(|error| Failure::Failed(format!("{} cannot be written: {error}", path.display())))?;
    output::note(&format!("wrote {}", path.display()));
    if context.json() {
        let address = subscribe(settings, &name);
        return output::json(&json!({ "name": name, "address": address, "file": path }));
    }
    output::line(&subscribe(settings, &name))
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
    let path = file(settings, name);
    let said_elsewhere = |from: &str| !from.starts_with(&path.display().to_string());
    let prefix = format!("feeds.{name}.");
    let elsewhere = settings
        .shown
        .iter()
        .find(|shown| shown.key.starts_with(&prefix) && said_elsewhere(&shown.from));
    if let Some(shown) = elsewhere {
        let message = format!(
            "`{name}` is not in a file of its own: remove it at {}",
            shown.from
        );
        return Err(Failure::Failed(message));
    }
    let other = settings.shown.iter().find(|shown| {
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
        .map_err(|error| Failure::Failed(format!("{} cannot be removed: {error}", path.display())))?;
    output::note(&format!("removed {}", path.display()));
    if context.json() {
        return output::json(&json!({ "name": name, "file": path }));
    }
    Ok(())
}

fn file(settings: &Settings, name: &str) -> PathBuf {
    settings.folder.join("feeds.d").join(format!("{name}.toml"))
}

fn subscribe(settings: &Settings, name: &str) -> String {
    let base = settings.public_url.as_str().trim_end_matches('/');
    format!("{base}/feeds/{name}")
}

/// Whole or not at all; never over a file that is there.
fn write(path: &PathBuf, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        let _gone = fs::remove_file(path);
    }
    written
}

/// A name from the host (without `www`, and `feeds` and the like), with a number if it is taken.
fn free_name(url: &Url, settings: &Settings) -> String {
    let host = url.host_str().unwrap_or("feed").to_ascii_lowercase();
    let host = ["www.", "feeds.", "feed.", "rss."]
        .iter()
        .find_map(|prefix| host.strip_prefix(prefix))
        .unwrap_or(&host);
    let mut name: String = host
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    name = name.trim_matches('-').chars().take(60).collect();
    if name.is_empty() {
        "feed".clone_into(&mut name);
    }
    let taken = |name: &str| settings.feeds.contains_key(name) || file(settings, name).exists();
    if !taken(&name) {
        return name;
    }
    let numbered = (2..u32::MAX).map(|number| format!("{name}-{number}"));
    numbered.into_iter().find(|name| !taken(name)).unwrap_or(name)
}
