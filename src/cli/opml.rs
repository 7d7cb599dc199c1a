//! `limpid opml`: subscription lists in and out.

mod import;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::failure::Failure;
use super::feed_file::{self, subscribe};
use super::{Context, output};
use crate::config::Settings;
use crate::endpoint::Origin;
use crate::opml::{self, Document, Outline};

/// The lists that were imported: folders and attributes live on in there.
const KEPT: &str = "imported.opml";

/// Subscribe to the feeds of an OPML list, or write one
#[derive(Debug, Args)]
pub(super) struct Opml {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Check every feed of a list and write feeds.d/NAME.toml for those that answer; run it again to go on
    #[command(
        after_help = "Examples:\n  limpid opml import subscriptions.opml --dry-run\n  limpid opml import subscriptions.opml"
    )]
    Import(import::Import),
    /// Print an OPML list of our addresses, with the folders and attributes of what was imported
    #[command(after_help = "Example:\n  limpid opml export > limpid.opml")]
    Export,
}

impl Opml {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let settings = context.settings()?;
        match &self.what {
            What::Import(import) => import.run(&settings, context),
            What::Export => export(&settings),
        }
    }
}

fn export(settings: &Settings) -> Result<(), Failure> {
    let kept = kept(settings)?;
    let mut listed = std::collections::BTreeSet::new();
    let mut document = kept.rewritten(&mut |address| {
        let url = crate::config::web_address(address.trim()).ok()?;
        let name = named(settings, &url)?;
        listed.insert(name.to_owned()).then(|| subscribe(settings, name))
    });
    for (name, feed) in &settings.feeds {
        if !listed.contains(name) {
            let title = feed.title.as_deref().unwrap_or(name);
            document
                .outlines
                .push(Outline::of_feed(title, &subscribe(settings, name)));
        }
    }
    if document.title.is_empty() {
        "Limpid".clone_into(&mut document.title);
    }
    output::result(
        &document
            .write()
            .map_err(|error| Failure::Failed(error.to_string()))?,
    )
}

/// The feed that comes from `url`, also when it had moved on import: then its file says so.
fn named<'s>(settings: &'s Settings, url: &url::Url) -> Option<&'s str> {
    let origin = Origin::Http(url.clone());
    let mut feeds = settings.feeds.iter();
    feeds.find_map(|(name, feed)| feed.origins().contains(&origin).then_some(name.as_str()))
}

fn kept_path(settings: &Settings) -> PathBuf {
    feed_file::folder(settings).join(KEPT)
}

/// What was imported so far.
fn kept(settings: &Settings) -> Result<Document, Failure> {
    let path = kept_path(settings);
    if path.exists() {
        read(&path, settings)
    } else {
        Ok(Document::default())
    }
}

fn read(path: &Path, settings: &Settings) -> Result<Document, Failure> {
    let failed = |why: String| Failure::Failed(format!("{}: {why}", path.display()));
    let limits = &settings.choices.limits;
    let bytes = if path.as_os_str() == "-" {
        crate::local::read(std::io::stdin().lock(), limits.decoded)
    } else {
        std::fs::File::open(path)
            .map_err(crate::local::Error::from)
            .and_then(|file| crate::local::read(file, limits.decoded))
    };
    let bytes = bytes.map_err(|error| failed(error.to_string()))?;
    if bytes.trim_ascii().is_empty() {
        return Err(failed(
            "it is empty; export a list from your reader, as OPML".to_owned(),
        ));
    }
    opml::read(&bytes, limits).map_err(|error| failed(error.to_string()))
}
