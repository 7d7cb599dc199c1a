//! `/`: all feeds at a glance.

use std::sync::{Arc, PoisonError};

use askama::Template;
use http::Method;

use super::state::State;
use super::{Pages, answer, words};
use crate::app::troubles::STATUS;
use crate::cache::stored::{StoredResponse, Version};
use crate::clock::Millis;
use crate::endpoint::{Endpoint, Origin};
use crate::explain::reasons::{self, why};
use crate::serve::respond::reply::Reply;
use crate::telemetry::history::Past;
use crate::transform::read;

/// Feeds on one page.
const PAGE: usize = 100;
/// Kinds of cleaning named for one feed.
const MAX_CHIPS: usize = 4;
/// Titles remembered.
const MAX_TITLES: usize = 10_000;

#[derive(Template)]
#[template(path = "feeds.html")]
struct Feeds {
    here: &'static str,
    headline: String,
    subline: String,
    troubled: usize,
    troubles: String,
    rows: Vec<Row>,
    next: Option<usize>,
    public: String,
    since: String,
    feed_memory: String,
    image_memory: String,
    keys: Vec<Key>,
}

struct Row {
    name: String,
    title: String,
    from: String,
    state: State,
    changed: String,
    next: String,
    entries: String,
    readers: u64,
    cleaned: Vec<Chip>,
    address: String,
}

/// So many things of a kind.
struct Chip {
    count: u64,
    short: &'static str,
}

struct Key {
    id: char,
    age: String,
}

/// The page of all feeds, from the one at `from` on.
pub(super) async fn page(pages: &Pages, method: &Method, from: usize) -> Reply {
    let now = pages.app.clock.millis();
    let in_force = pages.app.in_force();
    let mut all: Vec<&Arc<Endpoint>> = in_force.endpoints.values().collect();
    all.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    let mut rows = Vec::new();
    for endpoint in all.iter().skip(from).take(PAGE) {
        rows.push(row(pages, endpoint, now).await);
    }
    // What needs its owner stands first.
    rows.sort_by_key(|row| !row.state.is_trouble());
    let end = from.saturating_add(PAGE);
    let troubled = rows.iter().filter(|row| row.state.is_trouble()).count();
    let (headline, subline) = summary(all.len(), troubled, rows.len());
    let (bytes, count) = pages.app.cache.size();
    let public = in_force.signer.public_url();
    let page = Feeds {
        here: "feeds",
        headline,
        subline,
        troubled,
        troubles: format!("{public}/feeds/{STATUS}"),
        rows,
        next: (all.len() > end).then_some(end),
        public: public.to_owned(),
        since: words::ago(pages.since, now),
        feed_memory: format!("{count}, {}", words::size(bytes)),
        image_memory: words::size(pages.app.images.held_bytes().await),
        keys: keys(pages, now),
    };
    answer::page(method, &page)
}

fn summary(feeds: usize, troubled: usize, shown: usize) -> (String, String) {
    let plural = |count: usize| if count == 1 { "feed" } else { "feeds" };
    match (feeds, troubled) {
        (0, _) => (
            "No feeds yet".to_owned(),
            "Readers have nothing to subscribe to so far.".to_owned(),
        ),
        (_, 0) => (
            "All is well".to_owned(),
            format!("{feeds} {}, cleaned and ready for readers.", plural(feeds)),
        ),
        _ => (
            format!("{troubled} {} in trouble", plural(troubled)),
            format!("{} of the {shown} shown are well.", shown - troubled),
        ),
    }
}

fn keys(pages: &Pages, now: Millis) -> Vec<Key> {
    let in_force = pages.app.in_force();
    let keys = in_force.signer.ring().keys().iter();
    keys.map(|key| Key {
        id: key.id,
        age: match key.created {
            0 => "of unknown age".to_owned(),
            created => words::span(now.saturating_sub(created.saturating_mul(1000)) / 1000) + " old",
        },
    })
    .collect()
}

async fn row(pages: &Pages, endpoint: &Endpoint, now: Millis) -> Row {
    let name = &endpoint.name;
    let past = pages.app.past(name).await;
    let stored = pages.app.cache.held(name).await;
    let stored = stored.as_deref();
    Row {
        title: pages.title(endpoint, stored.map(|stored| &stored.version)).await,
        from: origins(endpoint).join(", "),
        state: State::of(stored, &past, now),
        changed: past
            .last_change
            .map_or_else(|| "–".to_owned(), |at| words::ago(at, now)),
        next: next(stored, now),
        entries: stored.map_or_else(
            || "–".to_owned(),
            |stored| stored.version.hints.entries.to_string(),
        ),
        readers: pages.app.telemetry.readers.of(name, now),
        cleaned: chips(&past),
        address: pages.address(name),
        name: name.clone(),
    }
}

fn chips(past: &Past) -> Vec<Chip> {
    let counted = reasons::ALL.iter().filter_map(|&reason| {
        let count = past.removed.get(reason.name()).copied()?;
        let short = why(reason).short;
        Some(Chip { count, short })
    });
    counted.take(MAX_CHIPS).collect()
}

/// When the origin is asked next.
pub(super) fn next(stored: Option<&StoredResponse>, now: Millis) -> String {
    let at = stored.map(|stored| match &stored.failing {
        Some(failing) => failing.retry_at,
        None => stored.freshness.fresh_until,
    });
    at.map_or_else(|| "on demand".to_owned(), |at| words::ahead(at, now))
}

/// Where a feed comes from, in short: a host or the name of a file. The feed's own page says more.
pub(super) fn origins(endpoint: &Endpoint) -> Vec<String> {
    let origins = endpoint.origins.iter();
    origins
        .map(|origin| match origin {
            Origin::Http(url) => crate::telemetry::host(url).to_owned(),
            Origin::File(path) => path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            Origin::Demo => "the built-in demo".to_owned(),
        })
        .collect()
}

impl Pages {
    /// Where readers find the feed of that name.
    pub(super) fn address(&self, name: &str) -> String {
        format!("{}/feeds/{name}", self.app.in_force().signer.public_url())
    }

    /// The title of a feed: as the settings say, as the feed itself says, or else its name.
    pub(super) async fn title(&self, endpoint: &Endpoint, version: Option<&Arc<Version>>) -> String {
        if let Some(title) = &endpoint.transform.title {
            return title.clone();
        }
        let Some(version) = version else {
            return endpoint.name.clone();
        };
        let hash = version.representation.hash;
        if let Some((known, title)) = self.titles().get(&endpoint.name)
            && *known == hash
        {
            return title.clone();
        }
        let version = Arc::clone(version);
        let read = tokio::task::spawn_blocking(move || {
            let made = &version.representation;
            let body = made.identity()?;
            let text = std::str::from_utf8(&body).ok()?;
            let options = read::Options {
                entries: 0,
                ..read::Options::default()
            };
            Some(read::read_with(text, made.kind, &options)?.title.to_plain())
        });
        let title = read.await.ok().flatten().filter(|title| !title.is_empty());
        let title = title.unwrap_or_else(|| endpoint.name.clone());
        let mut titles = self.titles();
        if titles.len() >= MAX_TITLES {
            titles.clear();
        }
        titles.insert(endpoint.name.clone(), (hash, title.clone()));
        title
    }

    /// The title that was last read, or else the name.
    pub(super) fn known_title(&self, name: &str) -> String {
        let titles = self.titles();
        titles
            .get(name)
            .map_or_else(|| name.to_owned(), |(_, title)| title.clone())
    }

    fn titles(&self) -> std::sync::MutexGuard<'_, std::collections::HashMap<String, ([u8; 16], String)>> {
        self.titles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
