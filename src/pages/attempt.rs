//! `/try`: one address, fetched and cleaned live, told step by step.

use askama::Template;
use http::Method;
use url::Url;

use super::{Pages, answer, words};
use crate::app::Access;
use crate::explain::Explanation;
use crate::serve::respond::reply::Reply;

#[derive(Template)]
#[template(path = "try.html")]
struct Page {
    here: &'static str,
    url: String,
    told: Option<Told>,
}

/// What came of it.
pub(super) struct Told {
    is_good: bool,
    ending: String,
    next: String,
    steps: Vec<Step>,
    /// Where it can be subscribed to at once.
    signed: Option<String>,
}

struct Step {
    name: &'static str,
    fine: bool,
    says: String,
    took: Option<String>,
    details: Vec<String>,
}

/// The form, and what came of the last asking.
pub(super) fn page(_: &Pages, method: &Method, url: String, told: Option<Told>) -> Reply {
    answer::page(
        method,
        &Page {
            here: "try",
            url,
            told,
        },
    )
}

/// Tries `address` and tells.
pub(super) async fn run(pages: &Pages, method: &Method, address: String) -> Reply {
    let Ok(url) = Url::parse(&address) else {
        let told = Told {
            is_good: false,
            ending: "This is no address.".to_owned(),
            next: "Write it in full, with https:// in front.".to_owned(),
            steps: Vec::new(),
            signed: None,
        };
        return page(pages, method, address, Some(told));
    };
    let _turn = pages.busy.acquire().await;
    let told = pages.app.explain(&url).await;
    let in_force = pages.app.in_force();
    let signed = (told.is_good() && in_force.adhoc != Access::Off).then(|| in_force.signer.feed(&url));
    page(pages, method, address, Some(in_words(told, signed)))
}

fn in_words(told: Explanation, signed: Option<String>) -> Told {
    let is_good = told.is_good();
    let steps = told.steps.into_iter().map(|step| Step {
        name: step.what.name(),
        fine: step.fine,
        says: step.says,
        took: step
            .took
            .map(|took| words::took(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))),
        details: step.details,
    });
    Told {
        is_good,
        steps: steps.collect(),
        ending: told.ending,
        next: told.next,
        signed,
    }
}
