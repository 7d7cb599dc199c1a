//! `limpid explain`: one fetch, told step by step.

use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use super::failure::Failure;
use super::report::printable;
use super::{Context, explain_image, keyring, network, output};
use crate::endpoint::Origin;
use crate::explain::{Error, Explanation, Step, explain};
use crate::fetch::Fetcher;
use crate::transform::Policy;

/// Fetch once and tell each step in plain words: what came, what was repaired, what was cleaned, and why
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  limpid explain https://blog.example/feed.xml\n  limpid explain blog --verbose\n  limpid explain --image https://wsrv.nl/?url=blog.example/photo.jpg\n\nExit codes: 0 a feed came out, 69 the origin gave nothing, 1 what it gave is no feed."
)]
pub(super) struct Explain {
    /// An address, or the name of a configured feed
    #[arg(value_name = "URL|FEED")]
    source: String,
    /// It is a picture: what wraps it, what is kept of it, what its origin says
    #[arg(long, conflicts_with = "verbose")]
    image: bool,
    /// Every detail: headers, each repair with line and column, each thing cleaned
    #[arg(short, long)]
    verbose: bool,
}

impl Explain {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        if self.image {
            let url = crate::config::web_address(&self.source).map_err(Failure::Usage)?;
            return explain_image::run(&url, context);
        }
        let (fetcher, origins, policy) = self.looked_up(context)?;
        let mut told = Vec::new();
        for origin in &origins {
            told.push(network::run(explain(&fetcher, origin, &policy))?);
        }
        if context.json() {
            output::json(&told.iter().map(as_json).collect::<Vec<_>>())?;
        } else {
            for explanation in &told {
                output::result(self.text(explanation).as_bytes())?;
            }
        }
        match told
            .iter()
            .find_map(|explanation| explanation.cleaned.as_ref().err())
        {
            None => Ok(()),
            Some(Error::Fetch(_)) => Err(Failure::Shown(69)),
            Some(_) => Err(Failure::Shown(1)),
        }
    }

    /// Where it comes from and what is done to it.
    fn looked_up(&self, context: &Context) -> Result<(Fetcher, Vec<Origin>, Policy), Failure> {
        let settings = context.settings()?;
        let options = settings.app(Arc::new(keyring::or_fleeting(&settings, context)?));
        let fetcher = Fetcher::new(options.fetch);
        if let Some(feed) = options.endpoints.iter().find(|feed| feed.name == self.source) {
            return Ok((fetcher, feed.origins.clone(), feed.transform.clone()));
        }
        if !self.source.contains(':') {
            let message = format!(
                "there is no feed `{}`; `limpid feed list` names all, and an address begins with https://",
                self.source
            );
            return Err(Failure::Failed(message));
        }
        let url = crate::config::web_address(&self.source).map_err(Failure::Usage)?;
        Ok((fetcher, vec![Origin::Http(url)], options.template.transform))
    }

    fn text(&self, explanation: &Explanation) -> String {
        let mut lines: Vec<String> = explanation.steps.iter().map(|step| self.step(step)).collect();
        lines.push(String::new());
        lines.push(printable(&explanation.ending));
        lines.push(printable(&explanation.next));
        lines.join("\n") + "\n"
    }

    fn step(&self, step: &Step) -> String {
        let mark = if step.fine { "ok " } else { "-- " };
        let mut text = format!("{mark} {:8} {}", step.what.name(), printable(&step.says));
        if let Some(took) = step.took {
            text.push_str(&format!(" ({} ms)", took.as_millis()));
        }
        if self.verbose || !step.fine {
            for detail in &step.details {
                text.push_str(&format!("\n             {}", printable(detail)));
            }
        }
        text
    }
}

fn as_json(explanation: &Explanation) -> Value {
    json!({
        "good": explanation.is_good(),
        "ending": explanation.ending,
        "next": explanation.next,
        "steps": explanation.steps.iter().map(|step| json!({
            "what": step.what.name(),
            "fine": step.fine,
            "says": step.says,
            "details": step.details,
            "milliseconds": step.took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
        })).collect::<Vec<_>>(),
    })
}
