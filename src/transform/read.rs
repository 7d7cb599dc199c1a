//! What a feed says, read from the repaired document: for selection, conversion and pages.

use std::ops::Range;

/// A feed, read leniently. Texts are as in the source: nothing is cleaned yet (unless the document was).
#[derive(Clone, Debug, Default)]
pub struct Feed {
    pub title: Text,
    pub subtitle: Text,
    pub id: Option<String>,
    pub link: Option<String>,
    pub language: Option<String>,
    pub rights: Text,
    pub generator: Option<String>,
    pub updated: Option<String>,
    pub published: Option<String>,
    pub authors: Vec<Person>,
    pub categories: Vec<Category>,
    pub image: Option<String>,
    pub icon: Option<String>,
    pub entries: Vec<Entry>,
    pub hints: super::Hints,
}

/// A text construct with its type known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// The text: markup if `html`, else literal characters.
    pub value: String,
    /// Whether `value` is HTML.
    pub html: bool,
}

/// One entry.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// Where the element stands in the repaired document (bytes), from `<` to behind its end tag.
    pub span: Range<usize>,
    pub id: Option<String>,
    /// RSS: whether the guid is (or defaults to being) a permalink.
    pub id_is_permalink: bool,
    pub link: Option<String>,
    pub title: Text,
    pub summary: Text,
    pub content: Text,
    /// As written, and the moment it means, if it can be read.
    pub published: Option<String>,
    pub updated: Option<String>,
    pub authors: Vec<Person>,
    pub categories: Vec<Category>,
    pub enclosures: Vec<Enclosure>,
    pub image: Option<String>,
    pub comments: Option<String>,
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
    pub length: Option<u64>,
    pub title: Option<String>,
    pub duration: Option<String>,
}
