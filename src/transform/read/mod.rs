//! What a feed says, read from the repaired document: for selection, conversion, merging and pages.
//!
//! Reading is lenient: every XML format is read alike, a name by what its vocabulary means; one
//! bad entry, date or address never costs the others. The typed crates do not read here: they
//! refuse a whole feed for one bad date, do not resolve namespaces and do not say where an entry
//! stands. They build ([`super::convert`]), and check this reading in tests.

mod xml;
mod json;
mod feed;
mod entry;
mod shared;
mod hints;
mod values;
mod text;
mod tree;
pub mod namespaces;

use std::ops::Range;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use url::Url;

pub use self::entry::is_web_address;
use super::{Limits, dates};
use crate::message::Kind;

/// A feed, read leniently. Texts are as in the source: nothing is cleaned yet (unless the document was).
#[derive(Clone, Debug, Default)]
pub struct Feed {
    pub title: Text,
    pub subtitle: Text,
    pub id: Option<String>,
    /// The page the feed belongs to.
    pub link: Option<String>,
    pub language: Option<String>,
    pub rights: Text,
    pub generator: Option<String>,
    pub updated: Option<String>,
    pub published: Option<String>,
    pub authors: Vec<Person>,
    pub contributors: Vec<Person>,
    pub categories: Vec<Category>,
    /// A wide picture: RSS `image`, Atom `logo`, iTunes image, JSON `icon`.
    pub image: Option<String>,
    /// A small square one: Atom `icon`, JSON `favicon`.
    pub icon: Option<String>,
    /// Links that are neither the page, the feed itself, paging nor hubs.
    pub links: Vec<Link>,
    pub entries: Vec<Entry>,
    pub hints: super::Hints,
    /// Elements of other vocabularies, if asked for.
    pub extensions: Vec<Extension>,
}

/// A text construct with its type known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// The text: markup if `html`, else literal characters.
    pub value: String,
    /// Whether `value` is HTML.
    pub html: bool,
    /// What relative addresses in it are resolved against, if the document says so.
    pub base: Option<Arc<Url>>,
}

/// One entry.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// Where the element stands in the repaired document (bytes), from `<` to behind its end tag.
    /// JSON Feed: the entry's index and the one after it.
    pub span: Range<usize>,
    pub id: Option<String>,
    /// RSS: whether the guid is (or defaults to being) a permalink.
    pub id_is_permalink: bool,
    /// The page of the entry; a guid that is a permalink if nothing else is given.
    pub link: Option<String>,
    pub title: Text,
    /// RSS `description`, Atom `summary`.
    pub summary: Text,
    /// `content:encoded`, Atom `content`.
    pub content: Text,
    /// Content that stands elsewhere (Atom `content/@src`).
    pub content_src: Option<Enclosure>,
    /// As written; [`Entry::published_at`] gives the moment it means.
    pub published: Option<String>,
    pub updated: Option<String>,
    pub authors: Vec<Person>,
    pub contributors: Vec<Person>,
    pub categories: Vec<Category>,
    pub enclosures: Vec<Enclosure>,
    pub image: Option<String>,
    pub comments: Option<String>,
    pub rights: Text,
    pub language: Option<String>,
    /// The feed the entry was taken from, with its title.
    pub source: Option<Link>,
    /// Links that are neither the page, enclosures, paging nor hubs.
    pub links: Vec<Link>,
    /// Elements of other vocabularies, if asked for.
    pub extensions: Vec<Extension>,
}

/// A person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    pub name: Option<String>,
    pub email: Option<String>,
    pub uri: Option<String>,
}

/// A category.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Category {
    pub term: String,
    pub scheme: Option<String>,
    pub label: Option<String>,
}

/// An enclosure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enclosure {
    pub url: String,
    pub media_type: Option<String>,
    /// In bytes.
    pub length: Option<u64>,
    pub title: Option<String>,
    /// As written: seconds, or hours, minutes and seconds with colons.
    pub duration: Option<String>,
}

/// A link with its relation (RFC 4287 §4.2.7).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    pub href: String,
    pub rel: String,
    pub media_type: Option<String>,
    pub language: Option<String>,
    pub title: Option<String>,
}

impl Link {
    /// A link to what is related to the entry.
    pub(super) fn related(href: String) -> Self {
        Self {
            href,
            rel: "related".to_owned(),
            ..Self::default()
        }
    }
}

/// An element of another vocabulary (iTunes, Podcasting 2.0, Media RSS, …), carried whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    pub name: Name,
    pub attributes: Vec<(Name, String)>,
    pub text: String,
    pub children: Vec<Extension>,
}

/// A name with its namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// Empty: none.
    pub namespace: Arc<str>,
    /// The prefix commonly used for the namespace, else the one in the document.
    pub prefix: String,
    pub local: String,
}

/// What to read beyond the usual.
#[derive(Clone, Debug)]
pub struct Options {
    /// The document's address: every address of the result becomes absolute.
    pub base: Option<Url>,
    /// Entries read; the rest is only counted.
    pub entries: usize,
    /// Whether elements of other vocabularies are carried.
    pub extensions: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            base: None,
            entries: Limits::default().entries,
            extensions: false,
        }
    }
}

/// Reads a repaired (well-formed, depth-limited) document; `None`: it holds no feed.
#[must_use]
pub fn read(text: &str, kind: Kind) -> Option<Feed> {
    read_with(text, kind, &Options::default())
}

/// As [`read`], with options.
#[must_use]
pub fn read_with(text: &str, kind: Kind, options: &Options) -> Option<Feed> {
    match kind {
        Kind::Json => json::read(text, options),
        Kind::Rss | Kind::Rdf | Kind::Atom => xml::read(text, options),
    }
}

impl Text {
    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.value.trim().is_empty()
    }

    /// As HTML. Line breaks of text are kept: in descriptions of videos they are all there is to read by.
    #[must_use]
    pub fn to_html(&self) -> String {
        if self.html {
            self.value.clone()
        } else {
            super::plain::to_html(self.value.trim()).replace('\n', "<br>\n")
        }
    }

    /// As the text that a person reads.
    #[must_use]
    pub fn to_plain(&self) -> String {
        if self.html {
            super::plain::from_html(&self.value).trim().to_owned()
        } else {
            self.value.trim().to_owned()
        }
    }
}

impl Entry {
    /// The moment `published` means, if it can be read.
    #[must_use]
    pub fn published_at(&self) -> Option<DateTime<Utc>> {
        moment(self.published.as_deref())
    }

    /// The moment `updated` means, if it can be read.
    #[must_use]
    pub fn updated_at(&self) -> Option<DateTime<Utc>> {
        moment(self.updated.as_deref())
    }

    /// When it was published, else when it was last changed.
    #[must_use]
    pub fn date(&self) -> Option<DateTime<Utc>> {
        self.published_at().or_else(|| self.updated_at())
    }

    /// The fullest text of the entry: its content, else its summary.
    #[must_use]
    pub fn body(&self) -> &Text {
        if self.content.is_empty() {
            &self.summary
        } else {
            &self.content
        }
    }
}

impl Feed {
    /// When the feed was last changed, else when it was published.
    #[must_use]
    pub fn date(&self) -> Option<DateTime<Utc>> {
        moment(self.updated.as_deref()).or_else(|| moment(self.published.as_deref()))
    }
}

/// The moment that `written` means. 1970 to the second is no date: it is what stands where a format
/// demands one and none is known (we write it so ourselves).
fn moment(written: Option<&str>) -> Option<DateTime<Utc>> {
    dates::parse(written?).filter(|date| date.timestamp() != 0)
}

#[cfg(test)]
mod tests;
