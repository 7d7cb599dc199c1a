//! Atom 1.0, built with `atom_syndication`.

use atom_syndication as atom;
use chrono::{DateTime, FixedOffset, Utc};
use quick_xml::escape::escape;
use url::Url;

use super::namespaces::Namespaces;
use super::{Own, first, ids, literal, rss};
use crate::message::Kind;
use crate::transform::clean::holds_known_tag;
use crate::transform::read::{Category, Enclosure, Entry, Feed, Link, Person, Text};
use crate::transform::{Error, plain};

/// Writes `feed`, read from a document of kind `from`, as Atom 1.0.
///
/// Atom demands `updated` of every entry (RFC 4287 §4.1.2). An entry that gives no date has the feed's
/// own: it was last changed no later than that, and the source says so. A feed without any date has
/// 1970-01-01, the mark for "not known" that we read back as no date. Never the time of writing.
pub(super) fn write(feed: &Feed, from: Kind, own: Own<'_>) -> Result<Vec<u8>, Error> {
    build(feed, from, own, feed.date())
}

/// As [`write`]; entries without a date have `undated`, else 1970.
pub(super) fn build(
    feed: &Feed,
    from: Kind,
    own: Own<'_>,
    undated: Option<DateTime<Utc>>,
) -> Result<Vec<u8>, Error> {
    let self_url = own.self_url;
    let namespaces = Namespaces::of(feed);
    let newest = feed
        .entries
        .iter()
        .filter_map(|entry| entry.updated_at().max(entry.published_at()))
        .max();
    let id = first([
        feed.id.as_deref(),
        feed.link.as_deref(),
        self_url.map(Url::as_str),
    ]);
    let title = text(&feed.title)
        .unwrap_or_else(|| atom::Text::plain(feed.link.clone().unwrap_or_else(|| "Untitled".to_owned())));
    let mut links: Vec<atom::Link> = feed.link.iter().map(|href| link("alternate", href)).collect();
    links.extend(self_url.map(|url| atom::Link {
        mime_type: Some("application/atom+xml".to_owned()),
        ..link("self", url.as_str())
    }));
    links.extend(own.hub.map(|hub| link("hub", hub.as_str())));
    links.extend(feed.links.iter().map(other_link));
    let document = atom::Feed {
        authors: authors(feed),
        title,
        id: ids::iri(id.unwrap_or(&ids::feed(feed))),
        updated: fixed(feed.date().or(newest)),
        categories: feed.categories.iter().map(category).collect(),
        contributors: feed.contributors.iter().filter_map(person).collect(),
        generator: feed.generator.as_ref().map(|value| atom::Generator {
            value: value.clone(),
            ..atom::Generator::default()
        }),
        icon: feed.icon.clone(),
        links,
        logo: feed.image.clone(),
        rights: text(&feed.rights),
        subtitle: text(&feed.subtitle),
        entries: feed
            .entries
            .iter()
            .map(|one| entry(one, from, undated, &namespaces))
            .collect(),
        extensions: namespaces.for_atom(&feed.extensions),
        namespaces: declarations(feed, &namespaces),
        base: None,
        lang: feed.language.clone(),
    };
    let config = atom::WriteConfig {
        write_document_declaration: false,
        indent_size: None,
    };
    let mut out = br#"<?xml version="1.0" encoding="UTF-8"?>"#.to_vec();
    out.push(b'\n');
    document
        .write_with_config(&mut out, config)
        .map_err(|_| Error::Convert)?;
    out.push(b'\n');
    Ok(out)
}

/// The crate writes addresses of namespaces as they are (seen in 0.12.10), so they are escaped here.
fn declarations(feed: &Feed, namespaces: &Namespaces) -> std::collections::BTreeMap<String, String> {
    let entries = feed.entries.iter().flat_map(|entry| &entry.extensions);
    let used: std::collections::BTreeSet<String> = feed
        .extensions
        .iter()
        .chain(entries)
        .flat_map(|extension| namespaces.used_by(extension))
        .collect();
    let needs_media = feed.entries.iter().any(needs_thumbnail);
    namespaces
        .declarations(|prefix| used.contains(prefix) || prefix == "media" && needs_media)
        .into_iter()
        .map(|(prefix, uri)| (prefix, escape(uri).into_owned()))
        .collect()
}

fn entry(entry: &Entry, from: Kind, undated: Option<DateTime<Utc>>, namespaces: &Namespaces) -> atom::Entry {
    let mut links: Vec<atom::Link> = entry.link.iter().map(|href| link("alternate", href)).collect();
    links.extend(entry.enclosures.iter().map(enclosure));
    links.extend(entry.comments.iter().map(|href| atom::Link {
        mime_type: Some("text/html".to_owned()),
        ..link("replies", href)
    }));
    links.extend(entry.links.iter().map(other_link));
    let (summary, content) = texts(entry, from);
    let mut extensions = entry.extensions.clone();
    if needs_thumbnail(entry) {
        extensions.extend(entry.image.as_deref().map(rss::thumbnail));
    }
    atom::Entry {
        title: text(&entry.title).unwrap_or_default(),
        id: ids::iri(&ids::entry(entry)),
        updated: fixed(entry.updated_at().or_else(|| entry.published_at()).or(undated)),
        authors: entry.authors.iter().filter_map(person).collect(),
        categories: entry.categories.iter().map(category).collect(),
        contributors: entry.contributors.iter().filter_map(person).collect(),
        links,
        published: entry.published_at().map(|date| date.fixed_offset()),
        rights: text(&entry.rights),
        source: None,
        summary,
        content,
        extensions: namespaces.for_atom(&extensions),
        ..atom::Entry::default()
    }
}

/// Summary and content. An RSS description that stands alone is as a rule the whole text, so it is
/// the content. An entry must have content or a link; one whose content stands elsewhere, a summary.
fn texts(entry: &Entry, from: Kind) -> (Option<atom::Text>, Option<atom::Content>) {
    let summary = || text(&entry.summary);
    if !entry.content.is_empty() {
        return (summary(), Some(content(&entry.content, entry)));
    }
    if let Some(src) = entry.content_src.as_ref().filter(|src| !src.url.is_empty()) {
        let elsewhere = atom::Content {
            src: Some(src.url.clone()),
            content_type: src.media_type.clone(),
            ..atom::Content::default()
        };
        return (
            summary().or_else(|| Some(atom::Text::plain(literal(&entry.title)))),
            Some(elsewhere),
        );
    }
    if entry.summary.is_empty() {
        return (None, entry.link.is_none().then(|| content(&entry.summary, entry)));
    }
    match from {
        Kind::Rss | Kind::Rdf => (None, Some(content(&entry.summary, entry))),
        Kind::Atom | Kind::Json if entry.link.is_some() => (summary(), None),
        // Content or a link must be there.
        Kind::Atom | Kind::Json => (None, Some(content(&entry.summary, entry))),
    }
}

fn content(text: &Text, entry: &Entry) -> atom::Content {
    let typed = typed(text);
    atom::Content {
        base: typed.base,
        lang: entry.language.clone(),
        value: Some(typed.value),
        src: None,
        content_type: Some(
            if typed.r#type == atom::TextType::Html {
                "html"
            } else {
                "text"
            }
            .to_owned(),
        ),
    }
}

fn text(text: &Text) -> Option<atom::Text> {
    (!text.is_empty()).then(|| typed(text))
}

/// `xhtml` is never written: the crate would write it as it is. Text with a tag in it is written as
/// HTML that shows it, for readers that do not look at the type.
fn typed(text: &Text) -> atom::Text {
    let mut typed = if text.html {
        atom::Text::html(&text.value)
    } else if holds_known_tag(&text.value) {
        atom::Text::html(plain::to_html(&text.value))
    } else {
        atom::Text::plain(&text.value)
    };
    if text.html {
        typed.base = text.base.as_ref().map(ToString::to_string);
    }
    typed
}

/// A feed must name an author unless every entry does; without one it is the feed itself.
fn authors(feed: &Feed) -> Vec<atom::Person> {
    let mut authors: Vec<atom::Person> = feed.authors.iter().filter_map(person).collect();
    let all_signed = feed
        .entries
        .iter()
        .all(|entry| entry.authors.iter().any(|author| person(author).is_some()));
    if authors.is_empty() && (!all_signed || feed.entries.is_empty()) {
        let title = literal(&feed.title);
        authors.push(atom::Person {
            name: first([Some(title.as_str()), feed.link.as_deref()])
                .unwrap_or("Unknown")
                .to_owned(),
            ..atom::Person::default()
        });
    }
    authors
}

/// A name is demanded (RFC 4287 §3.2.1); without one the mail address or page stands for it.
fn person(person: &Person) -> Option<atom::Person> {
    let name = first([
        person.name.as_deref(),
        person.email.as_deref(),
        person.uri.as_deref(),
    ])?;
    Some(atom::Person {
        name: name.to_owned(),
        email: person.email.clone().filter(|email| email.contains('@')),
        uri: person.uri.clone(),
        ..atom::Person::default()
    })
}

fn category(category: &Category) -> atom::Category {
    atom::Category {
        term: category.term.clone(),
        scheme: category.scheme.clone(),
        label: category.label.clone(),
    }
}

fn link(rel: &str, href: &str) -> atom::Link {
    atom::Link {
        href: href.to_owned(),
        rel: rel.to_owned(),
        ..atom::Link::default()
    }
}

fn other_link(other: &Link) -> atom::Link {
    atom::Link {
        hreflang: other.language.clone(),
        mime_type: other.media_type.clone(),
        title: other.title.clone(),
        ..link(&other.rel, &other.href)
    }
}

fn enclosure(enclosure: &Enclosure) -> atom::Link {
    atom::Link {
        mime_type: enclosure.media_type.clone(),
        title: enclosure.title.clone(),
        length: enclosure.length.map(|length| length.to_string()),
        ..link("enclosure", &enclosure.url)
    }
}

/// Whether the entry has a picture that no element carried along shows.
fn needs_thumbnail(entry: &Entry) -> bool {
    entry
        .image
        .as_ref()
        .is_some_and(|image| !rss::shown(&entry.extensions).contains(image.as_str()))
}

fn fixed(date: Option<DateTime<Utc>>) -> DateTime<FixedOffset> {
    date.unwrap_or(DateTime::UNIX_EPOCH).fixed_offset()
}
