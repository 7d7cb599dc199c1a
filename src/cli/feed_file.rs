//! Files of `feeds.d`: one a feed, written by commands and by nobody else.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use url::Url;

use crate::config::Settings;
use crate::endpoint::Origin;

/// Characters of a name made up here.
const MAX_NAME: usize = 60;

/// The file of the feed `name`.
pub(super) fn path(settings: &Settings, name: &str) -> PathBuf {
    folder(settings).join(format!("{name}.toml"))
}

/// `feeds.d` beside the settings file.
pub(super) fn folder(settings: &Settings) -> PathBuf {
    settings.folder.join("feeds.d")
}

/// The address at which the feed `name` is served.
pub(super) fn subscribe(settings: &Settings, name: &str) -> String {
    let base = settings.public_url.as_str().trim_end_matches('/');
    format!("{base}/feeds/{name}")
}

/// The configured feed that comes from `url` alone.
pub(super) fn known<'s>(settings: &'s Settings, url: &Url) -> Option<&'s str> {
    let origin = Origin::Http(url.clone());
    let mut feeds = settings.feeds.iter();
    feeds.find_map(|(name, feed)| (feed.origins() == [origin.clone()]).then_some(name.as_str()))
}

/// Writes the file of a feed that is not there yet.
pub(super) fn write(settings: &Settings, name: &str, url: &Url, title: Option<&str>) -> io::Result<PathBuf> {
    let mut text = format!("[feeds.{name}]\nurl = {}\n", toml::Value::from(url.as_str()));
    if let Some(title) = title {
        text.push_str(&format!("title = {}\n", toml::Value::from(title)));
    }
    let path = path(settings, name);
    create(&path, text.as_bytes())?;
    Ok(path)
}

/// Whole or not at all; never over a file that is there.
fn create(path: &Path, text: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    let written = file.write_all(text).and_then(|()| file.sync_all());
    if written.is_err() {
        let _gone = fs::remove_file(path);
    }
    written
}

/// A name that is not taken, from the host (without `www`, and `feeds` and the like).
pub(super) fn name_by_host(url: &Url, settings: &Settings, taken: &BTreeSet<String>) -> String {
    let host = url.host_str().unwrap_or("feed").to_ascii_lowercase();
    let host = ["www.", "feeds.", "feed.", "rss."]
        .iter()
        .find_map(|prefix| host.strip_prefix(prefix))
        .unwrap_or(&host);
    free(&slug(host), settings, taken)
}

/// A name that is not taken, from a title; from the host where no letter of it can stand in a name.
pub(super) fn name_by_title(title: &str, url: &Url, settings: &Settings, taken: &BTreeSet<String>) -> String {
    match slug(title) {
        slug if slug.is_empty() => name_by_host(url, settings, taken),
        slug => free(&slug, settings, taken),
    }
}

/// What can stand in a name; runs of anything else become one `-`.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(MAX_NAME);
    slug.trim_matches('-').to_owned()
}

fn free(slug: &str, settings: &Settings, taken: &BTreeSet<String>) -> String {
    let slug = if slug.is_empty() { "feed" } else { slug };
    let is_taken = |name: &str| {
        taken.contains(name) || settings.feeds.contains_key(name) || path(settings, name).exists()
    };
    let numbered = (2..u32::MAX).map(|number| format!("{slug}-{number}"));
    let mut names = std::iter::once(slug.to_owned()).chain(numbered);
    names
        .find(|name| !is_taken(name))
        .unwrap_or_else(|| slug.to_owned())
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn a_name_holds_only_what_may_stand_in_one() {
        let long = "x".repeat(100);
        for (text, expected) in [
            ("The Old New Thing!", "the-old-new-thing"),
            ("  --R & D--  ", "r-d"),
            ("\u{5fb7}\u{56fd}", ""),
            ("Caf\u{e9} 24", "caf-24"),
            (&long, &long[..60]),
        ] {
            assert_eq!(slug(text), expected);
        }
    }
}
