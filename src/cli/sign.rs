//! `limpid sign`: addresses that only the owner can make.

use std::sync::Arc;

use clap::Args;
use serde_json::json;
use url::Url;

use super::failure::Failure;
use super::{Context, keyring, output};
use crate::app::Access;
use crate::images::WIDTHS;
use crate::sign::Signer;

/// Print the signed address at which this instance serves a feed that is not in the settings
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  limpid sign https://blog.example/feed.xml\n  limpid sign --image https://blog.example/photo.jpg\n\nAppend .rss, .atom or .json to a feed's address to choose its format."
)]
pub(super) struct Sign {
    /// The origin's address
    #[arg(value_name = "URL", value_parser = crate::config::web_address)]
    url: Url,
    /// It is a picture, not a feed
    #[arg(long)]
    image: bool,
    /// The picture's width at most, in pixels
    #[arg(long, value_name = "PIXELS", requires = "image", value_parser = width)]
    width: Option<u32>,
}

impl Sign {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let settings = context.settings()?;
        if settings.choices.adhoc == Access::Off && !self.image {
            output::note("warning: adhoc.access is \"off\": the server will refuse this address");
        }
        let ring = Arc::new(keyring::lasting(&settings, context)?);
        let signer = Signer::new(ring, &settings.public_url);
        let address = match (self.image, self.width) {
            (true, Some(width)) => signer.image_at_most(&self.url, width),
            (true, None) => signer.image(&self.url),
            (false, _) => signer.feed(&self.url),
        };
        if context.json() {
            return output::json(&json!({ "origin": self.url.as_str(), "address": address }));
        }
        output::line(&address)
    }
}

/// One of the widths that are made.
fn width(text: &str) -> Result<u32, String> {
    let width = text.parse().ok().filter(|width| WIDTHS.contains(width));
    width.ok_or_else(|| format!("it must be one of {WIDTHS:?}"))
}
