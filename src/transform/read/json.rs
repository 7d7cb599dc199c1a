//! JSON Feed 1.0 and 1.1, leniently: ids that are numbers, tags that are one string, and authors in
//! either form.

use serde_json::{Map, Value};

use super::{Category, Enclosure, Entry, Feed, Options, Person, Text};
use crate::transform::plain;

/// Authors of one feed or entry; more are not read.
const MAX_PEOPLE: usize = 500;

/// Reads a JSON Feed.
pub(super) fn read(text: &str, options: &Options) -> Option<Feed> {
    let document: Value = serde_json::from_str(text).ok()?;
    let feed = document.as_object()?;
    let items = feed.get("items").and_then(Value::as_array);
    let is_feed =
        string(feed, "version").is_some_and(|v| v.contains("jsonfeed") || v.starts_with(['1', '2']));
    if items.is_none() && !is_feed {
        return None;
    }
    let items = items.map(Vec::as_slice).unwrap_or_default();
    Some(Feed {
        title: literal(feed, "title"),
        subtitle: literal(feed, "description"),
        link: address(feed, "home_page_url", options),
        language: string(feed, "language"),
        authors: people(feed),
        image: address(feed, "icon", options),
        icon: address(feed, "favicon", options),
        entries: items
            .iter()
            .enumerate()
            .take(options.entries)
            .map(|(index, item)| entry(index, item, options))
            .collect(),
        hints: crate::transform::Hints {
            entries: items.len(),
            hub: hub(feed),
            topic: address(feed, "feed_url", options),
            ..crate::transform::Hints::default()
        },
        ..Feed::default()
    })
}

/// `hubs: [{ type: "WebSub", url }]`
fn hub(feed: &Map<String, Value>) -> Option<String> {
    let hubs = feed.get("hubs")?.as_array()?.iter().filter_map(Value::as_object);
    let named = |hub: &&Map<String, Value>| {
        string(hub, "type")
            .is_some_and(|kind| ["websub", "pubsubhubbub"].contains(&&*kind.to_ascii_lowercase()))
    };
    hubs.filter(named).find_map(|hub| string(hub, "url"))
}

fn entry(index: usize, item: &Value, options: &Options) -> Entry {
    let empty = Map::new();
    let item = item.as_object().unwrap_or(&empty);
    let html = string(item, "content_html").filter(|html| !html.trim().is_empty());
    Entry {
        span: index..index + 1,
        id: string(item, "id"),
        link: address(item, "url", options).or_else(|| address(item, "external_url", options)),
        title: literal(item, "title"),
        summary: literal(item, "summary"),
        content: match html {
            Some(value) => Text {
                value,
                html: true,
                base: None,
            },
            None => literal(item, "content_text"),
        },
        published: string(item, "date_published"),
        updated: string(item, "date_modified"),
        authors: people(item),
        categories: tags(item),
        enclosures: attachments(item, options),
        image: address(item, "image", options).or_else(|| address(item, "banner_image", options)),
        language: string(item, "language"),
        ..Entry::default()
    }
}

/// A string, or a number as it is written. Empty ones are none.
fn string(object: &Map<String, Value>, key: &str) -> Option<String> {
    let text = match object.get(key)? {
        Value::String(text) => plain::xml_characters(text.trim()).into_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// Plain text.
fn literal(object: &Map<String, Value>, key: &str) -> Text {
    Text {
        value: string(object, key).unwrap_or_default(),
        html: false,
        base: None,
    }
}

/// An address; a number is none.
fn address(object: &Map<String, Value>, key: &str, options: &Options) -> Option<String> {
    object.get(key).filter(|value| value.is_string())?;
    let written = super::text::address(&string(object, key)?)?;
    match &options.base {
        Some(base) if url::Url::parse(&written).is_err() => {
            Some(base.join(&written).map_or(written, String::from))
        }
        _ => Some(written),
    }
}

/// `authors` (1.1), else `author` (1.0).
fn people(object: &Map<String, Value>) -> Vec<Person> {
    let one = object.get("author").into_iter();
    let many = object
        .get("authors")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let mut people: Vec<Person> = Vec::new();
    // Each is compared with all before it, so there is an end to them.
    for author in many.chain(one).take(MAX_PEOPLE) {
        let person = match author {
            Value::String(text) => super::text::person(text),
            Value::Object(fields) => Some(Person {
                name: string(fields, "name"),
                email: None,
                uri: string(fields, "url"),
            }),
            _ => None,
        };
        if let Some(person) = person
            && person != Person::default()
            && !people.contains(&person)
        {
            people.push(person);
        }
    }
    people
}

fn tags(item: &Map<String, Value>) -> Vec<Category> {
    let terms: Vec<String> = match item.get("tags") {
        Some(Value::Array(tags)) => tags.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(tags)) => tags.split(',').map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    terms
        .iter()
        .map(|term| plain::xml_characters(term.trim()).into_owned())
        .filter(|term| !term.is_empty())
        .map(|term| Category {
            term,
            ..Category::default()
        })
        .collect()
}

fn attachments(item: &Map<String, Value>, options: &Options) -> Vec<Enclosure> {
    let attachments = item.get("attachments").and_then(Value::as_array);
    attachments
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .filter_map(|attachment| {
            Some(Enclosure {
                url: address(attachment, "url", options)?,
                media_type: string(attachment, "mime_type"),
                length: string(attachment, "size_in_bytes").and_then(|size| size.parse().ok()),
                title: string(attachment, "title"),
                duration: string(attachment, "duration_in_seconds"),
            })
        })
        .collect()
}
