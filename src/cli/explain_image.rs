//! `limpid explain --image`: what wraps a picture, what we keep of it, and what its origin says now.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use url::Url;

use super::failure::Failure;
use super::report::printable;
use super::{Context, keyring, network, output};
use crate::fetch::Fetcher;
use crate::images::{self, Images, Record};
use crate::sign::Signer;
use crate::transform::Picture;
use crate::transform::clean::images::unwrap::unwrap_with;

pub(super) fn run(url: &Url, context: &Context) -> Result<(), Failure> {
    let settings = context.settings()?;
    let ring = Arc::new(keyring::or_fleeting(&settings, context)?);
    let signer = Signer::new(Arc::clone(&ring), &settings.public_url);
    let unwrapped = unwrap_with(url, &settings.choices.unwrap);
    let origin = unwrapped.as_ref().map_or(url, |unwrapped| &unwrapped.url);
    let chain = unwrapped.as_ref().map(|unwrapped| unwrapped.chain.join(" > "));
    let alternates = unwrapped
        .as_ref()
        .map(|unwrapped| unwrapped.alternates.clone())
        .unwrap_or_default();
    let options = settings.choices.images();
    let record = images::recorded(&options, origin);
    let asked = network::run(ask(
        images::Options {
            // Looked at once, kept nowhere.
            folder: None,
            ..options.clone()
        },
        Fetcher::new(settings.app(ring).image_fetch),
        origin,
        &alternates,
        context,
    ))?;
    let told = [
        ("wrappers", chain.unwrap_or_else(|| "none".to_owned())),
        ("origin", origin.to_string()),
        ("else", joined(&alternates)),
        ("served at", signer.image(origin)),
        ("policy", policy(&options)),
        ("kept", kept(record.as_ref(), context.clock.now())),
        (
            "failed",
            record
                .and_then(|record| record.error)
                .unwrap_or_else(|| "no".to_owned()),
        ),
        ("now", asked.clone().unwrap_or_else(|error| error)),
    ];
    if context.json() {
        let told: serde_json::Map<_, _> = told
            .iter()
            .map(|(what, says)| ((*what).to_owned(), json!(says)))
            .collect();
        output::json(&told)?;
    } else {
        let text: String = told
            .iter()
            .map(|(what, says)| format!("{what:10} {}\n", printable(says)))
            .collect();
        output::result(text.as_bytes())?;
    }
    asked.map(|_| ()).map_err(|_| Failure::Shown(69))
}

/// One request as the server would make it.
async fn ask(
    options: images::Options,
    fetcher: Fetcher,
    origin: &Url,
    alternates: &[Url],
    context: &Context,
) -> Result<String, String> {
    let images = Images::new(options, fetcher, context.clock.clone());
    images.learn(&[Picture::new(origin, alternates)]);
    match images.get(origin).await {
        Ok(image) => Ok(format!(
            "{}, {} bytes as served",
            image.media_type,
            image.content.length()
        )),
        Err(error) => Err(error.to_string()),
    }
}

fn joined(urls: &[Url]) -> String {
    let urls: Vec<&str> = urls.iter().map(Url::as_str).collect();
    if urls.is_empty() {
        "nothing else to try".to_owned()
    } else {
        urls.join(" ")
    }
}

fn policy(options: &images::Options) -> String {
    let svg = match options.svg {
        images::Svg::Block => "blocked",
        images::Svg::Sandbox => "sandboxed",
    };
    let metadata = if options.strip_metadata {
        "taken off"
    } else {
        "kept"
    };
    format!(
        "at most {} bytes and {} pixels; SVG {svg}; metadata {metadata}",
        options.max_size, options.max_pixels
    )
}

fn kept(record: Option<&Record>, now: SystemTime) -> String {
    match record {
        None => "nothing is known of it here".to_owned(),
        Some(Record { object: None, .. }) => "never given".to_owned(),
        Some(record) => {
            let until = UNIX_EPOCH + Duration::from_secs(record.until);
            let state = if now < until {
                "fresh until"
            } else {
                "to be asked again since"
            };
            format!(
                "{state} {}, given by {}",
                httpdate::fmt_http_date(until),
                record.from
            )
        }
    }
}
