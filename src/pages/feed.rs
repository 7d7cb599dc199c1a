//! `/feeds/NAME`: one feed, its past, how to subscribe, and its entries before and after.

use std::sync::Arc;

use askama::Template;
use http::Method;
use url::Url;

use super::comparison::{self, Comparison, Told};
use super::plot::{self, Bar};
use super::state::State;
use super::subscribe::{self, Format, Reader};
use super::{Pages, answer, feeds, note, words};
use crate::clock::Millis;
use crate::endpoint::{Endpoint, Origin};
use crate::explain::reasons::{self, why};
use crate::serve::respond::reply::Reply;
use crate::telemetry::history::{Outcome, Past, Refresh};
use crate::transform::convert::html;

/// Looks told in words.
const MAX_LOOKS: usize = 8;
/// Days whose failures are drawn.
const DAYS: u64 = 28;

#[derive(Template)]
#[template(path = "feed.html")]
struct Page {
    here: &'static str,
    name: String,
    title: String,
    state: State,
    changed: String,
    looked: String,
    next: String,
    entries: String,
    readers: u64,
    origins: Vec<String>,
    /// What may be asked and told step by step.
    explained: Option<String>,
    is_stored: bool,
    address: String,
    formats: Vec<Format>,
    links: Vec<Reader>,
    is_private: bool,
    /// What readers that refuse private addresses must be told.
    told: Vec<(&'static str, String)>,
    /// SVG of our own making.
    qr: String,
    cleaned: Vec<Told>,
    plots: Vec<Plot>,
    looks: Vec<Look>,
    compared: Comparison,
}

struct Plot {
    label: &'static str,
    /// True where every bar is bad news.
    is_bad: bool,
    figure: String,
    /// SVG of our own making.
    svg: String,
}

/// One refresh in words.
struct Look {
    class: &'static str,
    when: String,
    says: String,
}

/// The page of a feed, its entries from the one at `from` on.
pub(super) async fn page(
    pages: &Arc<Pages>,
    method: &Method,
    endpoint: &Arc<Endpoint>,
    from: usize,
) -> Reply {
    let now = pages.app.clock.millis();
    let name = &endpoint.name;
    let past = pages.app.past(name).await;
    let stored = pages.app.cache.held(name).await;
    let stored = stored.as_deref();
    let address = pages.address(name);
    let since = |at: Option<Millis>| at.map_or_else(|| "–".to_owned(), |at| words::ago(at, now));
    let page = Page {
        here: "feeds",
        title: pages.title(endpoint, stored.map(|stored| &stored.version)).await,
        state: State::of(stored, &past, now),
        changed: since(past.last_change),
        looked: since(
            past.refreshes
                .back()
                .map(|refresh| refresh.at)
                .or(past.last_success),
        ),
        next: feeds::next(stored, now),
        entries: stored.map_or_else(
            || "–".to_owned(),
            |stored| stored.version.hints.entries.to_string(),
        ),
        readers: pages.app.telemetry.readers.of(name, now),
        origins: origins(endpoint),
        explained: endpoint.origins.iter().find_map(|origin| match origin {
            Origin::Http(url) => Some(url.to_string()),
            _ => None,
        }),
        is_stored: stored.is_some(),
        formats: subscribe::formats(&address),
        links: subscribe::links(&address),
        is_private: subscribe::is_private(&address),
        told: [("Miniflux", "miniflux"), ("FreshRSS", "freshrss")]
            .into_iter()
            .filter_map(|(name, reader)| Some((name, subscribe::told_reader(reader, &address)?)))
            .collect(),
        qr: subscribe::square(&address),
        cleaned: cleaned(&past),
        plots: plots(&past, now),
        looks: past
            .refreshes
            .iter()
            .rev()
            .take(MAX_LOOKS)
            .map(|look| told(look, now))
            .collect(),
        compared: compared(pages, endpoint, from).await,
        name: name.clone(),
        address,
    };
    answer::page(method, &page)
}

/// The cleaned feed as a page of its own.
pub(super) async fn clean(pages: &Pages, method: &Method, name: &str) -> Reply {
    if pages.app.endpoint(name).is_none() {
        return note::unknown(method);
    }
    let Some(stored) = pages.app.cache.held(name).await else {
        return note::not_stored(method);
    };
    let made = tokio::task::spawn_blocking(move || {
        let made = &stored.version.representation;
        let body = made.identity().ok_or(crate::transform::Error::Convert)?;
        html(&body, made.kind)
    });
    match made.await {
        Ok(Ok(html)) => {
            let public = Url::parse(pages.app.in_force().signer.public_url()).ok();
            let origin = public.map(|url| url.origin().ascii_serialization());
            answer::clean(method, html, &origin.unwrap_or_default())
        }
        _ => note::not_stored(method),
    }
}

/// Whole addresses: this page is the owner's.
fn origins(endpoint: &Endpoint) -> Vec<String> {
    let origins = endpoint.origins.iter();
    origins
        .map(|origin| match origin {
            Origin::Http(url) => url.to_string(),
            Origin::File(path) => path.display().to_string(),
            Origin::Demo => "the built-in demo".to_owned(),
        })
        .collect()
}

async fn compared(pages: &Pages, endpoint: &Arc<Endpoint>, from: usize) -> Comparison {
    let Some(original) = pages.app.original(endpoint).await else {
        return Comparison::Missing;
    };
    let _turn = pages.busy.acquire().await;
    let endpoint = Arc::clone(endpoint);
    let work = move || comparison::compare(&original, &endpoint.transform, from);
    let task = tokio::task::spawn_blocking(work).await;
    let mut compared =
        task.unwrap_or_else(|_| Comparison::Failed("Comparing failed inside Limpid.".to_owned()));
    if let Comparison::Made(made) = &mut compared {
        made.look_up(&pages.app.images).await;
    }
    compared
}

fn cleaned(past: &Past) -> Vec<Told> {
    let counted = reasons::ALL.iter().filter_map(|&reason| {
        let count = past.removed.get(reason.name()).copied()?;
        let about = why(reason);
        Some(Told {
            count: usize::try_from(count).unwrap_or(usize::MAX),
            short: about.short,
            sentence: about.sentence,
            setting: about.setting,
            what: Vec::new(),
        })
    });
    counted.collect()
}

fn plots(past: &Past, now: Millis) -> Vec<Plot> {
    let looks = &past.refreshes;
    if looks.is_empty() {
        return Vec::new();
    }
    let failed = |look: &Refresh| matches!(look.outcome, Outcome::Failed(_));
    let bars = |value: fn(&Refresh) -> u64| -> Vec<Bar> {
        looks
            .iter()
            .map(|look| Bar {
                value: value(look),
                is_bad: failed(look),
            })
            .collect()
    };
    let failures = looks.iter().filter(|look| failed(look)).count();
    let slowest = looks.iter().map(|look| look.took).max().unwrap_or(0);
    let largest = looks.iter().map(|look| look.bytes).max().unwrap_or(0);
    let times = format!("at most {}", words::took(slowest.into()));
    let sizes = format!("at most {}", words::size(largest));
    let count = looks.len();
    vec![
        Plot {
            label: "Time",
            is_bad: false,
            svg: plot::bars(
                &bars(|look| look.took.into()),
                plot::LOOKS,
                &format!("Time of the last {count} looks, {times}; {failures} failed"),
            ),
            figure: times,
        },
        Plot {
            label: "Size",
            is_bad: false,
            svg: plot::bars(
                &bars(|look| look.bytes),
                plot::LOOKS,
                &format!("Size after the last {count} looks, {sizes}; {failures} failed"),
            ),
            figure: sizes,
        },
        failures_by_day(past, now),
    ]
}

fn failures_by_day(past: &Past, now: Millis) -> Plot {
    let days = past.failures_by_day(DAYS, now);
    let failed: u32 = days.iter().sum();
    let figure = match failed {
        0 => format!("none in {DAYS} days"),
        _ => format!(
            "{failed}, on {} of {DAYS} days",
            days.iter().filter(|&&count| count > 0).count()
        ),
    };
    let bars: Vec<Bar> = days
        .iter()
        .map(|&count| Bar {
            value: count.into(),
            is_bad: false,
        })
        .collect();
    Plot {
        label: "Failures by day",
        is_bad: true,
        svg: plot::bars(
            &bars,
            days.len(),
            &format!("Failures by day, today last: {figure}"),
        ),
        figure,
    }
}

fn told(look: &Refresh, now: Millis) -> Look {
    let took = words::took(look.took.into());
    let (class, says) = match &look.outcome {
        Outcome::New => (
            "well",
            format!("Something new, {}, in {took}.", words::size(look.bytes)),
        ),
        Outcome::Same => ("well", format!("Nothing new, in {took}.")),
        Outcome::Failed(why) => ("trouble", format!("Failed after {took}: {why}.")),
    };
    Look {
        class,
        when: words::ago(look.at, now),
        says,
    }
}
