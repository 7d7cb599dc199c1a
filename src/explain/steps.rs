//! The sentences of the steps. Pure.

use std::path::Path;
use std::time::Duration;

use http::header::{CONTENT_LENGTH, LOCATION, RETRY_AFTER, SERVER};
use url::Url;

use super::reasons;
use super::{Error, Step, What};
use crate::fetch;
use crate::fetch::asked::Asked;
use crate::message::Kind;
use crate::refresh::original::Original;
use crate::transform::Transformed;
use crate::wall::{self, Wall};

/// Lines of detail in one step.
const MAX_DETAILS: usize = 100;
/// Characters of an origin's word.
const MAX_WORD: usize = 200;

/// What the address is, and whether it may be fetched.
pub(super) fn address(url: &Url, error: Option<&fetch::Error>) -> Step {
    let refused = matches!(error, Some(fetch::Error::Refused(_) | fetch::Error::Address(_)));
    let host = url.host_str().unwrap_or_default();
    let says = if refused {
        format!("{host} may not be fetched.")
    } else {
        format!("{host} may be fetched.")
    };
    step(What::Address, !refused, says, vec![url.to_string()])
}

/// That a file is read.
pub(super) fn file(path: &Path) -> Step {
    step(
        What::Address,
        true,
        "The feed is a file or folder on this machine.".to_owned(),
        vec![path.display().to_string()],
    )
}

/// One request and its answer.
pub(super) fn request(asked: &Asked) -> Step {
    let protected = if asked.url.scheme() == "https" {
        "with TLS"
    } else {
        "without TLS"
    };
    let to = asked.url.host_str().unwrap_or_default();
    let mut details = vec![asked.url.to_string()];
    if let Some(dialled) = asked.dialled {
        details.push(format!("dialled {dialled}, {protected}"));
    }
    if let Some(version) = asked.version {
        details.push(format!("spoke {version:?}"));
    }
    for name in [CONTENT_LENGTH, RETRY_AFTER, SERVER, LOCATION] {
        if let Some(value) = asked.headers.get(&name) {
            details.push(format!(
                "{name}: {}",
                word(&String::from_utf8_lossy(value.as_bytes()))
            ));
        }
    }
    let target = asked.headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let (fine, says) = match (asked.status, target) {
        (None, _) => (false, format!("{to} gave no answer.")),
        (Some(status), Some(target)) if status.is_redirection() => {
            let target = asked
                .url
                .join(target)
                .map_or_else(|_| word(target), |url| url.to_string());
            (true, format!("{to} says {status} and sends us on to {target}."))
        }
        (Some(_), _) if wall::of_headers(&asked.headers).is_some() => {
            details.push(CHALLENGED.to_owned());
            (false, format!("{to} shows a challenge page instead of the feed."))
        }
        (Some(status), _) => (
            status.is_success(),
            format!("{to} answered {status}, {protected}."),
        ),
    };
    Step {
        took: Some(asked.took),
        ..step(What::Request, fine, says, details)
    }
}

const CHALLENGED: &str = "the answer says that it is a challenge (cf-mitigated)";

/// What stood before the feed, if the head of an answer says so.
pub(super) fn wall(steps: &[Step]) -> Option<Wall> {
    let mut details = steps.iter().flat_map(|step| &step.details);
    details
        .any(|detail| detail == CHALLENGED)
        .then_some(Wall::Challenge)
}

/// What came.
pub(super) fn body(original: &Original) -> Step {
    let mut details = Vec::new();
    if let Some(media_type) = &original.content_type {
        details.push(format!("content-type: {}", word(media_type)));
    }
    if let Some(coding) = &original.content_encoding {
        details.push(format!("content-encoding: {}", word(coding)));
    }
    let says = format!("{} came.", size(original.body.len()));
    step(What::Body, !original.body.is_empty(), says, details)
}

/// What was found, repaired and cleaned.
pub(super) fn cleaned(cleaned: &Transformed, took: Duration) -> [Step; 4] {
    let report = &cleaned.report;
    let charset = step(
        What::Charset,
        true,
        format!("Read as {}.", report.charset),
        Vec::new(),
    );
    let repairs: u64 = report.repairs.len() as u64;
    let repair = step(
        What::Repair,
        true,
        match repairs {
            0 => "Nothing had to be repaired.".to_owned(),
            1 => "One thing had to be repaired.".to_owned(),
            many => format!("{many} things had to be repaired."),
        },
        report
            .repairs
            .iter()
            .map(|repair| format!("line {}, column {}: {}", repair.line, repair.column, repair.what))
            .take(MAX_DETAILS)
            .collect(),
    );
    let counted = reasons::counted(report);
    let clean = step(
        What::Clean,
        true,
        counted.map_or_else(
            || "Nothing had to be cleaned.".to_owned(),
            |counted| format!("Cleaned: {counted}."),
        ),
        report
            .changes
            .iter()
            .map(|change| {
                let place = change
                    .entry
                    .map_or_else(|| "feed".to_owned(), |entry| format!("entry {}", entry + 1));
                format!("{place}: {} ({})", word(&change.what), change.reason.name())
            })
            .take(MAX_DETAILS)
            .collect(),
    );
    let result = Step {
        took: Some(took),
        ..step(What::Result, true, ending(cleaned), Vec::new())
    };
    [charset, repair, clean, result]
}

/// How it ended well.
pub(super) fn ending(cleaned: &Transformed) -> String {
    let format = match cleaned.kind {
        Kind::Rss => "RSS",
        Kind::Rdf => "RSS 1.0",
        Kind::Atom => "Atom",
        Kind::Json => "JSON Feed",
    };
    let entries = match cleaned.entries.len() {
        1 => "one entry".to_owned(),
        many => format!("{many} entries"),
    };
    format!(
        "The feed is {format} with {entries} and {} pictures; cleaned, it has {}.",
        cleaned.pictures.len(),
        size(cleaned.body.len())
    )
}

/// An error as a sentence: with a capital and a full stop.
pub(super) fn sentence(error: &Error) -> String {
    let text = error.to_string();
    let mut chars = text.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", chars.as_str().trim_end_matches('.'))
}

fn step(what: What, fine: bool, says: String, details: Vec<String>) -> Step {
    Step {
        what,
        fine,
        says,
        details,
        took: None,
    }
}

/// An origin's word: short, on one line, without what moves a terminal's cursor.
fn word(text: &str) -> String {
    text.chars()
        .take(MAX_WORD)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{}.{} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20),
    }
}
