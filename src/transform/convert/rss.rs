//! RSS 2.0, built with the `rss` crate.

use std::collections::{BTreeSet, HashSet};

use rss::extension::dublincore::DublinCoreExtension;
use url::Url;

use super::namespaces::Namespaces;
use super::{Own, first, ids, media_type_of, untyped};
use crate::transform::clean::in_ascii;
use crate::transform::read::namespaces::MEDIA;
use crate::transform::read::{
    Category, Enclosure, Entry, Extension, Feed, Link, Name, Person, is_web_address,
};
use crate::transform::{Error, dates, fields};

const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// Writes `feed` as RSS 2.0.
pub(super) fn write(feed: &Feed, own: Own<'_>) -> Result<Vec<u8>, Error> {
    let self_url = own.self_url;
    let namespaces = Namespaces::of(feed);
    let mut extensions: Vec<Extension> = feed.extensions.clone();
    if let Some(url) = self_url {
        extensions.push(atom_link("self", url.as_str(), Some("application/rss+xml")));
    }
    extensions.extend(own.hub.map(|hub| atom_link("hub", hub.as_str(), None)));
    extensions.extend(feed.links.iter().map(other_link));
    let id = ids::feed(feed);
    let link = first([
        feed.link.as_deref(),
        self_url.map(Url::as_str),
        feed.entries.iter().find_map(|e| e.link.as_deref()),
    ])
    .map_or_else(|| id.clone(), in_ascii);
    let title = first([Some(&*untyped(&feed.title)), Some(&link)])
        .unwrap_or_default()
        .to_owned();
    let (editor, creators) = author(&feed.authors);
    let mut channel = rss::Channel {
        // A description is demanded (RSS 2.0, "Required channel elements"); a feed without one has its title.
        description: first([Some(feed.subtitle.to_html().as_str()), Some(title.as_str())])
            .unwrap_or_default()
            .to_owned(),
        image: feed.image.as_ref().map(|url| rss::Image {
            url: in_ascii(url),
            title: title.clone(),
            link: link.clone(),
            ..rss::Image::default()
        }),
        title,
        link,
        language: feed.language.clone(),
        copyright: Some(untyped(&feed.rights).into_owned()).filter(|rights| !rights.is_empty()),
        managing_editor: editor,
        pub_date: feed
            .published
            .as_deref()
            .and_then(dates::parse)
            .map(dates::to_rfc822),
        last_build_date: feed
            .updated
            .as_deref()
            .and_then(dates::parse)
            .map(dates::to_rfc822),
        categories: feed.categories.iter().map(category).collect(),
        generator: feed.generator.clone(),
        ttl: feed
            .hints
            .ttl
            .filter(|seconds| *seconds > 0)
            .map(|seconds| seconds.div_ceil(60).to_string()),
        skip_hours: feed.hints.skip_hours.iter().map(ToString::to_string).collect(),
        skip_days: feed
            .hints
            .skip_days
            .iter()
            .filter_map(|day| DAYS.get(usize::from(*day)))
            .map(|day| (*day).to_owned())
            .collect(),
        items: feed
            .entries
            .iter()
            .map(|entry| item(entry, &namespaces))
            .collect(),
        extensions: namespaces.for_rss(&extensions),
        dublin_core_ext: dublin_core(creators, &feed.contributors),
        ..rss::Channel::default()
    };
    // The crate declares `content` and `dc` itself where they are in use.
    let mut used: Vec<&String> = channel.extensions.keys().collect();
    used.extend(channel.items.iter().flat_map(|item| item.extensions.keys()));
    let inner = prefixes_inside(&extensions, feed, &namespaces);
    channel.namespaces =
        namespaces.declarations(|prefix| used.iter().any(|used| *used == prefix) || inner.contains(prefix));
    let mut out = Vec::new();
    channel.write_to(&mut out).map_err(|_| Error::Convert)?;
    out.push(b'\n');
    Ok(out)
}

/// Prefixes that stand deeper than the elements the crate groups by.
fn prefixes_inside(extensions: &[Extension], feed: &Feed, namespaces: &Namespaces) -> BTreeSet<String> {
    let all = extensions
        .iter()
        .chain(feed.entries.iter().flat_map(|entry| &entry.extensions));
    all.flat_map(|extension| namespaces.used_by(extension)).collect()
}

fn item(entry: &Entry, namespaces: &Namespaces) -> rss::Item {
    let id = ids::entry(entry);
    // With both, the summary is the description and the content stands beside it.
    let (description, content) = match (entry.summary.is_empty(), entry.content.is_empty()) {
        (false, false) => (entry.summary.to_html(), Some(entry.content.to_html())),
        _ => (entry.body().to_html(), None),
    };
    let title = untyped(&entry.title).into_owned();
    let (author, creators) = author(&entry.authors);
    let enclosures = enclosures(entry);
    let extensions = carried(entry, &enclosures);
    rss::Item {
        // Title or description must be there.
        description: (!description.is_empty() || title.is_empty()).then_some(description),
        title: (!title.is_empty()).then_some(title),
        link: entry.link.as_deref().map(in_ascii),
        author,
        categories: entry.categories.iter().map(category).collect(),
        comments: entry.comments.as_deref().map(in_ascii),
        enclosure: enclosures
            .first()
            .filter(|first| is_web_address(&first.url))
            .map(enclosure),
        guid: Some(rss::Guid {
            permalink: is_web_address(&id)
                && ids::is_iri(&id)
                && id.is_ascii()
                && (entry.id_is_permalink || entry.link.as_deref() == Some(&id)),
            value: id,
        }),
        pub_date: entry.date().map(dates::to_rfc822),
        source: entry.source.as_ref().map(|source| rss::Source {
            url: in_ascii(&source.href),
            title: source.title.clone(),
        }),
        content,
        extensions: namespaces.for_rss(&extensions),
        dublin_core_ext: dublin_core(creators, &entry.contributors),
        ..rss::Item::default()
    }
}

/// The elements that the entry carries along, and those that stand for what RSS has no place for.
fn carried(entry: &Entry, enclosures: &[Enclosure]) -> Vec<Extension> {
    let shown = shown(&entry.extensions);
    let mut extensions = entry.extensions.clone();
    let has_first = enclosures.first().is_some_and(|first| is_web_address(&first.url));
    let more = enclosures
        .iter()
        .skip(usize::from(has_first))
        .filter(|enclosure| !shown.contains(enclosure.url.as_str()));
    extensions.extend(more.map(media_content));
    let image = entry.image.as_deref().filter(|image| !shown.contains(image));
    extensions.extend(image.map(thumbnail));
    let links = entry.links.iter();
    extensions.extend(links.map(other_link));
    extensions
}

/// Those on the web first: RSS has a place for one, and it must be there.
fn enclosures(entry: &Entry) -> Vec<Enclosure> {
    let all = entry.enclosures.iter().chain(&entry.content_src);
    let mut all: Vec<Enclosure> = all
        .filter(|enclosure| !enclosure.url.is_empty())
        .cloned()
        .collect();
    all.sort_by_key(|enclosure| !is_web_address(&enclosure.url));
    all
}

/// Length and type are demanded; a length that is not known is 0.
fn enclosure(enclosure: &Enclosure) -> rss::Enclosure {
    rss::Enclosure {
        url: in_ascii(&enclosure.url),
        length: enclosure.length.unwrap_or(0).to_string(),
        mime_type: enclosure
            .media_type
            .clone()
            .unwrap_or_else(|| media_type_of(&enclosure.url).to_owned()),
    }
}

/// An enclosure beyond the one that RSS has a place for.
fn media_content(enclosure: &Enclosure) -> Extension {
    let media_type = enclosure
        .media_type
        .clone()
        .unwrap_or_else(|| media_type_of(&enclosure.url).to_owned());
    let mut attributes = vec![("url", enclosure.url.clone()), ("type", media_type)];
    attributes.extend(enclosure.length.map(|length| ("fileSize", length.to_string())));
    element(MEDIA, "media", "content", attributes)
}

/// The picture of an entry, where nothing carried along shows it.
pub(super) fn thumbnail(url: &str) -> Extension {
    element(MEDIA, "media", "thumbnail", vec![("url", url.to_owned())])
}

fn atom_link(rel: &str, href: &str, media_type: Option<&str>) -> Extension {
    let mut attributes = vec![("href", href.to_owned()), ("rel", rel.to_owned())];
    attributes.extend(media_type.map(|media_type| ("type", media_type.to_owned())));
    element(fields::ATOM, "atom", "link", attributes)
}

/// The name of an attribute in no namespace.
fn plain(local: &str) -> Name {
    Name {
        namespace: "".into(),
        prefix: String::new(),
        local: local.to_owned(),
    }
}

fn other_link(link: &Link) -> Extension {
    let mut element = atom_link(&link.rel, &link.href, link.media_type.as_deref());
    let more = [("hreflang", &link.language), ("title", &link.title)];
    for (name, value) in more {
        element
            .attributes
            .extend(value.clone().map(|value| (plain(name), value)));
    }
    element
}

fn element(namespace: &str, prefix: &str, local: &str, attributes: Vec<(&str, String)>) -> Extension {
    Extension {
        name: Name {
            namespace: namespace.into(),
            prefix: prefix.to_owned(),
            local: local.to_owned(),
        },
        attributes: attributes
            .into_iter()
            .map(|(name, value)| (plain(name), value))
            .collect(),
        text: String::new(),
        children: Vec::new(),
    }
}

/// Every value of an attribute of elements carried along: the addresses that they show already.
pub(super) fn shown(extensions: &[Extension]) -> HashSet<&str> {
    let mut values = HashSet::new();
    collect(extensions, &mut values);
    values
}

fn collect<'e>(extensions: &'e [Extension], values: &mut HashSet<&'e str>) {
    for extension in extensions {
        values.extend(extension.attributes.iter().map(|(_, value)| value.as_str()));
        collect(&extension.children, values);
    }
}

/// RSS wants a mail address of an author; those without one are `dc:creator`.
fn author(authors: &[Person]) -> (Option<String>, Vec<String>) {
    let with_mail = authors.iter().position(|person| person.email.is_some());
    let mail = with_mail.and_then(|at| authors.get(at)).map(|person| {
        let email = person.email.as_deref().unwrap_or_default();
        match &person.name {
            Some(name) => format!("{email} ({name})"),
            None => email.to_owned(),
        }
    });
    let others = authors
        .iter()
        .enumerate()
        .filter(|(at, _)| Some(*at) != with_mail);
    (mail, others.filter_map(|(_, person)| name_of(person)).collect())
}

fn name_of(person: &Person) -> Option<String> {
    person
        .name
        .clone()
        .or_else(|| person.email.clone())
        .or_else(|| person.uri.clone())
}

fn dublin_core(creators: Vec<String>, contributors: &[Person]) -> Option<DublinCoreExtension> {
    let contributors: Vec<String> = contributors.iter().filter_map(name_of).collect();
    (!creators.is_empty() || !contributors.is_empty()).then(|| DublinCoreExtension {
        creators,
        contributors,
        ..DublinCoreExtension::default()
    })
}

/// The term; its label if the term is an address that says nothing to a person.
fn category(category: &Category) -> rss::Category {
    let label = category.label.as_ref().filter(|_| category.term.contains("://"));
    rss::Category {
        name: label.unwrap_or(&category.term).clone(),
        domain: category.scheme.clone(),
    }
}
