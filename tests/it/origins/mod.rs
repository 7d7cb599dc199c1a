//! Origins at their worst: addresses that lead inside, answers that never end, swell, or break HTTP/2's rules.
//! What they cost is bounded, and no part of an answer is taken for the whole.

mod addresses;
mod trickles;
mod bombs;
mod frames;
mod pictures;

use limpid::fetch::{Error, Fetcher, Options};
use limpid::message::Validators;
use url::Url;

const FEED: &str = "<rss version=\"2.0\"><channel><title>One</title></channel></rss>";

/// Options under which loopback may be dialled.
fn home() -> Options {
    let mut options = Options::default();
    options.allow_private.networks = vec!["127.0.0.0/8".parse().expect("network")];
    options
}

/// Why there is no answer.
async fn refusal(fetcher: &Fetcher, url: &Url) -> Error {
    match fetcher.feed(url, &Validators::default()).await {
        Ok(_) => panic!("{url} gave an answer"),
        Err(error) => error,
    }
}
