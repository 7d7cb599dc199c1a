//! From any cleaned feed to RSS 2.0, Atom 1.0, JSON Feed 1.1, or an HTML page. The input is already
//! clean: values are moved and escaped, never changed, but for a feed's own elements within a text, which
//! would become markup here and are taken out. What was text stays text: no escaping is ever taken off so that
//! text could become markup.

mod html;
mod atom;
mod json;
mod rss;
mod namespaces;
mod tidy;
pub mod ids;

use std::borrow::Cow;

use quick_xml::events::Event;
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;
use url::Url;

use super::clean::{closed, holds_known_tag, without_other_elements};
use super::read::{Feed, Options, Text, read_with};
use super::{EntryMark, Error, Transformed, fields, plain};
use crate::message::{Format, Kind};

pub use html::html;

/// What of a document is ours: where it is served, and who tells when it changes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Own<'a> {
    pub self_url: Option<&'a Url>,
    /// WebSub.
    pub hub: Option<&'a Url>,
}

/// A cleaned document, with the ids that its source was given before it was cleaned.
#[derive(Clone, Copy, Debug)]
pub struct Cleaned<'a> {
    pub body: &'a [u8],
    pub kind: Kind,
    /// The id of the feed, where it has none of its own.
    pub id: Option<&'a str>,
    /// Its entries.
    pub entries: &'a [EntryMark],
}

impl<'a> From<&'a Transformed> for Cleaned<'a> {
    fn from(made: &'a Transformed) -> Self {
        Self {
            body: &made.body,
            kind: made.kind,
            id: made.id.as_deref(),
            entries: &made.entries,
        }
    }
}

/// Converts a cleaned document to `format`; a document that is in it already comes back as it is.
/// RSS 0.9x is a form of RSS 2.0; Atom 0.3, CDF and RDF are converted.
///
/// # Errors
/// [`Error::Convert`] when the document cannot be read or built.
pub fn convert(cleaned: &Cleaned<'_>, format: Format, own: Own<'_>) -> Result<(Vec<u8>, Kind), Error> {
    if is_already(cleaned.body, cleaned.kind, format) {
        return Ok((cleaned.body.to_vec(), cleaned.kind));
    }
    let mut feed = read_clean(cleaned.body, cleaned.kind)?;
    name(&mut feed, cleaned);
    tidy::tidy(&mut feed);
    write(&feed, cleaned.kind, format, own)
}

/// Gives feed and entries the ids they have not, and each entry one of its own.
fn name(feed: &mut Feed, cleaned: &Cleaned<'_>) {
    feed.id = feed.id.take().or_else(|| cleaned.id.map(str::to_owned));
    if feed.entries.len() == cleaned.entries.len() {
        for (entry, mark) in feed.entries.iter_mut().zip(cleaned.entries) {
            entry.id = entry.id.take().or_else(|| mark.id.clone());
        }
    }
    let minted = ids::mint(&feed.entries);
    for (entry, id) in feed.entries.iter_mut().zip(minted) {
        entry.id = entry.id.take().or(id);
    }
    ids::tell_apart(&mut feed.entries);
}

/// Writes a feed that was read from a document of kind `from`.
///
/// # Errors
/// [`Error::Convert`] when the document cannot be built.
pub fn write(feed: &Feed, from: Kind, format: Format, own: Own<'_>) -> Result<(Vec<u8>, Kind), Error> {
    match (format, from) {
        (Format::Rss, _) | (Format::Source, Kind::Rss | Kind::Rdf) => Ok((rss::write(feed, own)?, Kind::Rss)),
        (Format::Atom, _) | (Format::Source, Kind::Atom) => Ok((atom::write(feed, from, own)?, Kind::Atom)),
        (Format::Json, _) | (Format::Source, Kind::Json) => Ok((json::write(feed, own)?, Kind::Json)),
    }
}

/// Writes `feed` as Atom, entries without a date marked as such and not with the feed's date.
///
/// # Errors
/// [`Error::Convert`] when the document cannot be built.
pub fn write_undated(feed: &Feed) -> Result<Vec<u8>, Error> {
    atom::build(feed, Kind::Atom, Own::default(), None)
}

/// Reads a cleaned document with all that a conversion can carry.
fn read_clean(body: &[u8], kind: Kind) -> Result<Feed, Error> {
    let text = std::str::from_utf8(body).map_err(|_| Error::Convert)?;
    // How many entries there may be was decided before.
    let options = Options {
        entries: usize::MAX,
        extensions: true,
        ..Options::default()
    };
    let mut feed = read_with(text, kind, &options).ok_or(Error::Convert)?;
    for entry in &mut feed.entries {
        for text in [
            &mut entry.title,
            &mut entry.summary,
            &mut entry.content,
            &mut entry.rights,
        ] {
            markup_alone(text);
        }
    }
    for text in [&mut feed.title, &mut feed.subtitle, &mut feed.rights] {
        markup_alone(text);
    }
    Ok(feed)
}

/// Elements of a feed's own within a text are no markup.
fn markup_alone(text: &mut Text) {
    if text.html {
        text.value = without_other_elements(std::mem::take(&mut text.value));
    }
}

/// Whether the document is in the format asked for.
fn is_already(body: &[u8], kind: Kind, format: Format) -> bool {
    match (format, kind) {
        (Format::Source, _) | (Format::Json, Kind::Json) => true,
        (Format::Rss, Kind::Rss) => root(body).is_some_and(|(_, local)| local.eq_ignore_ascii_case("rss")),
        (Format::Atom, Kind::Atom) => root(body).is_some_and(|(namespace, _)| namespace == fields::ATOM),
        _ => false,
    }
}

/// Namespace and local name of the root element.
fn root(body: &[u8]) -> Option<(String, String)> {
    let mut reader = NsReader::from_str(std::str::from_utf8(body).ok()?);
    loop {
        let start = match reader.read_event().ok()? {
            Event::Start(start) | Event::Empty(start) => start,
            Event::Eof => return None,
            _ => continue,
        };
        let namespace = match reader.resolver().resolve_element(start.name()).0 {
            ResolveResult::Bound(namespace) => String::from_utf8_lossy(namespace.0).into_owned(),
            _ => String::new(),
        };
        let local = String::from_utf8_lossy(start.name().local_name().as_ref()).into_owned();
        return Some((namespace, local));
    }
}

/// A text for a field without a type that some readers show as HTML and others as text (RSS titles):
/// markup as it is; text as it is unless HTML would read something else in it.
fn untyped(text: &Text) -> Cow<'_, str> {
    if text.html || !(text.value.contains('<') || plain::holds_reference(&text.value)) {
        Cow::Borrowed(&text.value)
    } else {
        Cow::Owned(plain::to_html(&text.value))
    }
}

/// A text for a field that is plain text (JSON Feed titles): as a person reads it, unless that would
/// make a tag of what was text; then it stays escaped. Nor does it end inside something like a tag.
fn literal(text: &Text) -> String {
    let shown = text.to_plain();
    if holds_known_tag(&shown) {
        plain::to_html(&shown)
    } else {
        closed(&shown).into_owned()
    }
}

/// The first of `candidates` that is not blank.
fn first<'t>(candidates: impl IntoIterator<Item = Option<&'t str>>) -> Option<&'t str> {
    candidates
        .into_iter()
        .flatten()
        .map(str::trim)
        .find(|text| !text.is_empty())
}

/// The media type that the ending of `url` stands for, where the source gave none.
fn media_type_of(url: &str) -> &'static str {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let ending = path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    MEDIA_TYPES
        .iter()
        .find(|(known, _)| *known == ending)
        .map_or("application/octet-stream", |(_, media_type)| media_type)
}

#[rustfmt::skip]
const MEDIA_TYPES: &[(&str, &str)] = &[
    ("mp3", "audio/mpeg"), ("m4a", "audio/mp4"), ("ogg", "audio/ogg"), ("oga", "audio/ogg"), ("opus", "audio/ogg"),
    ("flac", "audio/flac"), ("wav", "audio/wav"), ("aac", "audio/aac"), ("mp4", "video/mp4"), ("m4v", "video/mp4"),
    ("webm", "video/webm"), ("mov", "video/quicktime"), ("jpg", "image/jpeg"), ("jpeg", "image/jpeg"),
    ("png", "image/png"), ("gif", "image/gif"), ("webp", "image/webp"), ("avif", "image/avif"),
    ("pdf", "application/pdf"), ("epub", "application/epub+zip"), ("zip", "application/zip"),
    ("torrent", "application/x-bittorrent"),
];

#[cfg(test)]
mod tests;
