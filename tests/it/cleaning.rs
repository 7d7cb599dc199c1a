//! Golden fixtures: `tests/fixtures/<case>/in.*` cleaned under its `policy.toml` is `out.*`.
//!
//! A new case is a new folder, no code. `BLESS=1` writes `out.*`; look at the difference before you
//! commit it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use limpid::message::{Format, Kind};
use limpid::sign::{Key, KeyRing, Signer};
use limpid::transform::clean::{embeds, images};
use limpid::transform::convert::{Own, convert};
use limpid::transform::{Policy, Prior, Source, Transformed, read, select, transform};
use serde::Deserialize;
use url::Url;

/// What `policy.toml` may say; without it, the defaults.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Case {
    images: Option<String>,
    embeds: Option<String>,
    trackers: Option<bool>,
    self_url: Option<String>,
    base: Option<String>,
    content_type: Option<String>,
    format: Option<String>,
    title: Option<String>,
    limit: usize,
    /// A regular expression: entries whose title matches are dropped.
    drop_title: Option<String>,
}

impl Case {
    fn read(folder: &Path) -> Self {
        match fs::read_to_string(folder.join("policy.toml")) {
            Ok(text) => toml::from_str(&text).unwrap_or_else(|fault| panic!("{}: {fault}", folder.display())),
            Err(_) => Self::default(),
        }
    }

    fn policy(&self) -> Policy {
        let mut policy = Policy {
            self_url: address(self.self_url.as_deref()),
            title: self.title.clone(),
            ..Policy::default()
        };
        policy.select.limit = self.limit;
        policy.select.drop = self
            .drop_title
            .iter()
            .map(|title| select::Rule {
                title: Some(regex::Regex::new(title).expect("a regular expression")),
                ..select::Rule::default()
            })
            .collect();
        policy.clean.trackers = self.trackers.unwrap_or(true);
        policy.clean.images = match self.images.as_deref() {
            None | Some("direct") => images::Policy::Direct,
            Some("proxy") => images::Policy::Proxy(signer()),
            Some("weserv") => images::Policy::Weserv("https://wsrv.nl/?url=".to_owned()),
            Some("strip") => images::Policy::Strip,
            Some(other) => panic!("unknown images = {other:?}"),
        };
        policy.clean.embeds = match self.embeds.as_deref() {
            None | Some("link") => embeds::Policy::Link,
            Some("strip") => embeds::Policy::Strip,
            Some(other) => panic!("unknown embeds = {other:?}"),
        };
        policy
    }

    fn clean(&self, bytes: &[u8], prior: Option<Prior<'_>>) -> Transformed {
        let base = address(self.base.as_deref());
        let source = Source {
            bytes,
            content_type: self.content_type.as_deref(),
            content_encoding: None,
            base: base.as_ref(),
        };
        transform(&source, &self.policy(), prior).expect("a feed")
    }

    fn format(&self) -> Format {
        self.format.as_deref().map_or(Format::Source, |name| {
            Format::from_extension(name).expect("a format")
        })
    }
}

fn address(text: Option<&str>) -> Option<Url> {
    text.map(|text| Url::parse(text).expect("an address"))
}

/// A fixed key: addresses in fixtures must not change.
fn signer() -> Signer {
    let key = Key {
        id: 'a',
        secret: [7; 32],
        created: 0,
    };
    let ring = KeyRing::new(vec![key]).expect("a key");
    Signer::new(
        Arc::new(ring),
        &Url::parse("https://feeds.example/").expect("an address"),
    )
}

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut folders: Vec<_> = fs::read_dir(root)
        .expect("fixtures")
        .map(|entry| entry.expect("a folder").path())
        .filter(|path| file(path, "in").is_some())
        .collect();
    folders.sort();
    assert!(folders.len() >= 10, "the fixtures are there");
    folders
}

/// The file `stem.*` of a case.
fn file(folder: &Path, stem: &str) -> Option<PathBuf> {
    let mut files = fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()));
    files.find(|path| path.file_stem().is_some_and(|name| name == stem))
}

fn name(folder: &Path) -> String {
    folder
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "how the person who runs the tests asks for it"
)]
fn every_fixture_comes_out_as_it_was_blessed() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = Vec::new();
    for folder in cases() {
        let case = Case::read(&folder);
        let source = file(&folder, "in").expect("in.*");
        let cleaned = case.clean(&fs::read(&source).expect("readable"), None);
        let self_url = address(case.self_url.as_deref());
        let own = Own {
            self_url: self_url.as_ref(),
            hub: None,
        };
        let (body, kind) = convert(&(&cleaned).into(), case.format(), own)
            .unwrap_or_else(|_| (cleaned.body.clone(), cleaned.kind));
        let extension = if kind == Kind::Json { "json" } else { "xml" };
        let golden = folder.join("out").with_extension(extension);
        if bless {
            fs::write(&golden, &body).expect("writable");
        } else if fs::read(&golden).unwrap_or_default() != body {
            wrong.push(name(&folder));
        }
    }
    assert!(
        wrong.is_empty(),
        "not as blessed (BLESS=1 rewrites them): {wrong:?}"
    );
}

#[test]
fn cleaning_a_clean_feed_changes_nothing() {
    for folder in cases() {
        let case = Case::read(&folder);
        let once = case.clean(
            &fs::read(file(&folder, "in").expect("in.*")).expect("readable"),
            None,
        );
        let twice = Case {
            content_type: None,
            ..case
        }
        .clean(&once.body, None);
        assert_eq!(
            String::from_utf8_lossy(&once.body),
            String::from_utf8_lossy(&twice.body),
            "{}",
            name(&folder)
        );
    }
}

#[test]
fn a_cleaned_feed_has_the_entries_ids_and_dates_of_its_source() {
    for folder in cases() {
        let case = Case {
            limit: 0,
            drop_title: None,
            ..Case::read(&folder)
        };
        let bytes = fs::read(file(&folder, "in").expect("in.*")).expect("readable");
        let cleaned = case.clean(&bytes, None);
        let facts = |text: &[u8]| -> Vec<_> {
            let text = String::from_utf8_lossy(text);
            let feed = read::read(&text, cleaned.kind).expect("a feed");
            feed.entries
                .into_iter()
                .map(|entry| (entry.id, entry.published, entry.updated))
                .collect()
        };
        let before = facts(&bytes);
        assert!(!before.is_empty(), "{} has entries", name(&folder));
        assert_eq!(before, facts(&cleaned.body), "{}", name(&folder));
        assert_eq!(before.len(), cleaned.entries.len(), "{}", name(&folder));
    }
}

#[test]
fn an_entry_that_did_not_change_is_copied_and_comes_out_the_same() {
    for folder in cases() {
        let case = Case::read(&folder);
        let bytes = fs::read(file(&folder, "in").expect("in.*")).expect("readable");
        let first = case.clean(&bytes, None);
        let prior = Prior {
            body: &first.body,
            entries: &first.entries,
        };
        let again = case.clean(&bytes, Some(prior));
        assert_eq!(first.body, again.body, "{}", name(&folder));
        assert_eq!(first.entries, again.entries, "{}", name(&folder));
        assert_eq!(first.pictures, again.pictures, "{}", name(&folder));
        for mark in &first.entries {
            let entry = String::from_utf8_lossy(&first.body[mark.span.clone()]);
            let (open, close) = if cleaned_is_json(&first) {
                ('{', '}')
            } else {
                ('<', '>')
            };
            assert!(
                entry.starts_with(open) && entry.ends_with(close),
                "{}: {entry}",
                name(&folder)
            );
        }
    }
}

fn cleaned_is_json(cleaned: &Transformed) -> bool {
    cleaned.kind == Kind::Json
}
