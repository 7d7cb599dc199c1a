//! `limpid purge`: pictures taken away, to be fetched again when they are next shown.

use clap::Args;
use serde_json::json;
use url::Url;

use super::failure::Failure;
use super::{Context, output};
use crate::images::{self, Which};

/// Take pictures away: the next reader gets them anew from their origin
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  limpid purge --url https://blog.example/photo.jpg\n  limpid purge --host blog.example\n  limpid purge --feed blog\n\nA running server notices within a second."
)]
pub(super) struct Purge {
    #[command(flatten)]
    what: What,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct What {
    /// The picture with this origin address
    #[arg(long, value_name = "URL", value_parser = crate::config::web_address)]
    url: Option<Url>,
    /// All pictures from this host
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// All pictures that this feed shows
    #[arg(long, value_name = "NAME")]
    feed: Option<String>,
}

impl Purge {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let settings = context.settings()?;
        let which = match &self.what {
            What { url: Some(url), .. } => Which::Url(url.clone()),
            What { host: Some(host), .. } => Which::Host(host.clone()),
            What { feed, .. } => Which::Feed(feed.clone().unwrap_or_default()),
        };
        let options = settings.choices.images();
        if options.folder.is_none() {
            return Err(Failure::Failed(
                "store.kind is \"memory\": pictures are in the running server alone, restart it".to_owned(),
            ));
        }
        let purged = images::purge(&options, &which);
        if context.json() {
            return output::json(&json!({ "purged": purged }));
        }
        output::line(&format!(
            "{purged} picture{} taken away",
            if purged == 1 { "" } else { "s" }
        ))
    }
}
