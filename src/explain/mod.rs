//! One fetch and one transform, told step by step: for `limpid explain` and for the owner's pages.
//!
//! Nothing is stored and nobody else is told: the words of an origin that stand in a step (addresses,
//! a content type) are for the owner, to be escaped by whoever shows them.

mod advice;
mod steps;
pub mod reasons;

pub use advice::{after_fetch, after_transform};

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use url::Url;

use crate::discover::{self, Named};
use crate::endpoint::Origin;
use crate::fetch::{self, Fetcher};
use crate::message::{Fetched, Validators};
use crate::refresh::original::Original;
use crate::transform::report::Report;
use crate::transform::{self, Limits, Policy, Transformed, decode, transform};
use crate::wall::{self, Wall};
use crate::{demo, local};

/// What a step is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The address as it is written, before anything is asked.
    Address,
    /// One request: where it went, how it was protected, what came back.
    Request,
    /// The body: its size, its type, its coding.
    Body,
    /// The charset, and why we think so.
    Charset,
    /// What had to be repaired so that the document is well-formed.
    Repair,
    /// What was cleaned.
    Clean,
    /// What came out.
    Result,
}

impl What {
    /// A stable name, for JSON and for headings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Request => "request",
            Self::Body => "body",
            Self::Charset => "charset",
            Self::Repair => "repair",
            Self::Clean => "clean",
            Self::Result => "result",
        }
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub what: What,
    /// Whether it went well.
    pub fine: bool,
    /// One plain sentence.
    pub says: String,
    /// More, line by line, for who wants it.
    pub details: Vec<String>,
    /// How long it took, if that was measured.
    pub took: Option<Duration>,
}

/// Everything that was found out about one origin.
#[derive(Debug)]
pub struct Explanation {
    /// In the order in which they were taken.
    pub steps: Vec<Step>,
    /// One sentence: how it ended.
    pub ending: String,
    /// What to do next.
    pub next: String,
    /// The document as the origin gave it, if it did.
    pub original: Option<Original>,
    /// The cleaned feed, or why there is none.
    pub cleaned: Result<Transformed, Error>,
}

/// Why there is no cleaned feed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The origin gave nothing usable.
    #[error(transparent)]
    Fetch(#[from] fetch::Error),
    /// The file or folder cannot be read.
    #[error(transparent)]
    File(#[from] local::Error),
    /// It could not be cleaned.
    #[error(transparent)]
    Transform(#[from] transform::Error),
    /// A defect of ours.
    #[error("this failed inside the proxy")]
    Crashed,
}

impl Explanation {
    /// Whether a cleaned feed came out.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.cleaned.is_ok()
    }
}

/// ★ Asks `origin` once, in full, cleans what it gives as `policy` says, and tells each step.
pub async fn explain(fetcher: &Fetcher, origin: &Origin, policy: &Policy) -> Explanation {
    let mut steps = Vec::new();
    let given = match origin {
        Origin::Http(url) => over_http(fetcher, url, &mut steps).await,
        Origin::File(path) => from_file(path, &policy.limits, &mut steps).await,
        Origin::Demo => Ok(Original::local(
            Bytes::from_static(demo::FEED),
            Url::parse(demo::ADDRESS).ok(),
        )),
    };
    let original = match given {
        Ok(original) => original,
        Err(error) => return failed(steps, None, error, policy),
    };
    steps.push(steps::body(&original));
    let began = Instant::now();
    let cleaned = clean(&original, policy).await;
    let took = began.elapsed();
    match cleaned {
        Ok(cleaned) => {
            steps.extend(steps::cleaned(&cleaned, took));
            Explanation {
                ending: steps::ending(&cleaned),
                next: advice::after_success(&cleaned).to_owned(),
                steps,
                original: Some(original),
                cleaned: Ok(cleaned),
            }
        }
        Err(error) => failed(steps, Some(original), error, policy),
    }
}

async fn over_http(fetcher: &Fetcher, url: &Url, steps: &mut Vec<Step>) -> Result<Original, Error> {
    let mut told = Vec::new();
    let answered = fetcher.feed_told(url, &Validators::default(), &mut told).await;
    steps.push(steps::address(url, answered.as_ref().err()));
    steps.extend(told.iter().map(steps::request));
    match answered? {
        Fetched::Modified(response) => Ok(Original::from(response)),
        // The fetcher refuses a 304 that nobody asked for.
        Fetched::NotModified { .. } => Err(Error::Crashed),
    }
}

async fn from_file(path: &Path, limits: &Limits, steps: &mut Vec<Step>) -> Result<Original, Error> {
    let (path, limits) = (path.to_owned(), limits.clone());
    steps.push(steps::file(&path));
    let task = tokio::task::spawn_blocking(move || local::document(&path, &limits));
    let body = task.await.map_err(|_crash| Error::Crashed)??;
    Ok(Original::local(Bytes::from(body), None))
}

/// Transforms on a thread that may be busy.
async fn clean(original: &Original, policy: &Policy) -> Result<Transformed, Error> {
    let (original, policy) = (original.clone(), policy.clone());
    let task = tokio::task::spawn_blocking(move || transform(&original.source(), &policy, None));
    Ok(task.await.map_err(|_crash| Error::Crashed)??)
}

/// The page that came instead of the feed: what stands before the feed, or the feeds that it names.
fn page(original: &Original, error: &Error, policy: &Policy) -> (Option<Wall>, Vec<Named>) {
    let Error::Transform(transform::Error::WebPage) = error else {
        return (None, Vec::new());
    };
    let source = original.source();
    let text = decode::decode(&source, &policy.limits, &mut Report::default()).unwrap_or_default();
    match source.base.map(|base| discover::links(&text, base)) {
        // A site's page may well have a form to log in on it.
        Some(named) if !named.is_empty() => (None, named),
        _ => (wall::of_page(&text), Vec::new()),
    }
}

fn failed(mut steps: Vec<Step>, original: Option<Original>, error: Error, policy: &Policy) -> Explanation {
    let (page_wall, named) = match &original {
        Some(original) => page(original, &error, policy),
        None => (None, Vec::new()),
    };
    let wall = steps::wall(&steps).or(page_wall);
    let ending = match wall {
        Some(wall) => format!("{} Probably {}.", steps::sentence(&error), wall.what()),
        None => steps::sentence(&error),
    };
    steps.push(Step {
        what: What::Result,
        fine: false,
        says: ending.clone(),
        details: Vec::new(),
        took: None,
    });
    Explanation {
        next: match wall {
            Some(wall) => wall.advice().to_owned(),
            None => advice::named(&named).unwrap_or_else(|| advice::after_failure(&error).to_owned()),
        },
        steps,
        ending,
        original,
        cleaned: Err(error),
    }
}

#[cfg(test)]
mod tests;
