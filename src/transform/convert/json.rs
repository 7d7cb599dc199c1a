//! JSON Feed 1.1.

use std::collections::HashSet;

use serde_json::{Map, Value, json};
use url::Url;

use super::{Own, first, ids, literal, media_type_of};
use crate::transform::read::namespaces::{ITUNES, MEDIA};
use crate::transform::read::{Enclosure, Entry, Extension, Feed, Person};
use crate::transform::{Error, dates};

/// Writes `feed` as JSON Feed 1.1.
pub(super) fn write(feed: &Feed, own: Own<'_>) -> Result<Vec<u8>, Error> {
    let mut document = Map::new();
    let title = literal(&feed.title);
    put(&mut document, "version", Some("https://jsonfeed.org/version/1.1"));
    put(
        &mut document,
        "title",
        Some(first([Some(title.as_str()), feed.link.as_deref()]).unwrap_or("Untitled")),
    );
    put(&mut document, "home_page_url", feed.link.as_deref());
    put(&mut document, "feed_url", own.self_url.map(Url::as_str));
    put(&mut document, "description", Some(&literal(&feed.subtitle)));
    put(&mut document, "icon", feed.image.as_deref());
    put(&mut document, "favicon", feed.icon.as_deref());
    put_list(
        &mut document,
        "authors",
        feed.authors.iter().filter_map(author).collect(),
    );
    put(&mut document, "language", feed.language.as_deref());
    if let Some(hub) = own.hub {
        let hubs = json!([{ "type": "WebSub", "url": hub.as_str() }]);
        document.insert("hubs".to_owned(), hubs);
    }
    document.insert("items".to_owned(), feed.entries.iter().map(item).collect());
    let mut out = serde_json::to_vec_pretty(&document).map_err(|_| Error::Convert)?;
    out.push(b'\n');
    Ok(out)
}

fn item(entry: &Entry) -> Value {
    let mut item = Map::new();
    put(&mut item, "id", Some(&ids::entry(entry)));
    put(&mut item, "url", entry.link.as_deref());
    put(&mut item, "title", Some(&literal(&entry.title)));
    let body = entry.body();
    // One of the two must be there, even if it is empty.
    if body.html {
        item.insert("content_html".to_owned(), Value::from(body.value.clone()));
    } else {
        item.insert("content_text".to_owned(), Value::from(literal(body)));
    }
    if !entry.content.is_empty() {
        put(&mut item, "summary", Some(&literal(&entry.summary)));
    }
    put(&mut item, "image", entry.image.as_deref());
    put(
        &mut item,
        "date_published",
        entry.published_at().map(dates::to_rfc3339).as_deref(),
    );
    put(
        &mut item,
        "date_modified",
        entry.updated_at().map(dates::to_rfc3339).as_deref(),
    );
    put_list(
        &mut item,
        "authors",
        entry.authors.iter().filter_map(author).collect(),
    );
    put_list(
        &mut item,
        "tags",
        entry
            .categories
            .iter()
            .map(|c| Value::from(c.label.as_ref().unwrap_or(&c.term).clone()))
            .collect(),
    );
    put(&mut item, "language", entry.language.as_deref());
    put_list(&mut item, "attachments", attachments(entry));
    Value::Object(item)
}

/// Strings that are there.
fn put(object: &mut Map<String, Value>, key: &str, value: Option<&str>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        object.insert(key.to_owned(), Value::from(value));
    }
}

fn put_list(object: &mut Map<String, Value>, key: &str, list: Vec<Value>) {
    if !list.is_empty() {
        object.insert(key.to_owned(), Value::from(list));
    }
}

fn author(person: &Person) -> Option<Value> {
    let mut author = Map::new();
    put(
        &mut author,
        "name",
        first([person.name.as_deref(), person.email.as_deref()]),
    );
    let mail = person.email.as_ref().map(|email| format!("mailto:{email}"));
    put(&mut author, "url", person.uri.as_deref().or(mail.as_deref()));
    (!author.is_empty()).then_some(Value::Object(author))
}

/// Enclosures, then what Media RSS shows beside them.
fn attachments(entry: &Entry) -> Vec<Value> {
    let mut media: Vec<Enclosure> = entry
        .enclosures
        .iter()
        .chain(&entry.content_src)
        .cloned()
        .collect();
    let mut known: HashSet<String> = media.iter().map(|enclosure| enclosure.url.clone()).collect();
    collect_media(&entry.extensions, &mut known, &mut media);
    if let Some(first) = media.first_mut()
        && first.duration.is_none()
    {
        first.duration = itunes(entry, "duration").map(str::to_owned);
    }
    media
        .iter()
        .filter(|enclosure| !enclosure.url.is_empty())
        .map(attachment)
        .collect()
}

fn attachment(enclosure: &Enclosure) -> Value {
    let mut attachment = Map::new();
    put(&mut attachment, "url", Some(&enclosure.url));
    let media_type = enclosure.media_type.as_deref().filter(|t| t.contains('/'));
    put(
        &mut attachment,
        "mime_type",
        Some(media_type.unwrap_or_else(|| media_type_of(&enclosure.url))),
    );
    put(&mut attachment, "title", enclosure.title.as_deref());
    if let Some(length) = enclosure.length.filter(|length| *length > 0) {
        attachment.insert("size_in_bytes".to_owned(), json!(length));
    }
    if let Some(seconds) = enclosure.duration.as_deref().and_then(seconds) {
        attachment.insert("duration_in_seconds".to_owned(), json!(seconds));
    }
    Value::Object(attachment)
}

fn collect_media(extensions: &[Extension], known: &mut HashSet<String>, media: &mut Vec<Enclosure>) {
    for extension in extensions
        .iter()
        .filter(|extension| &*extension.name.namespace == MEDIA)
    {
        if extension.name.local == "content" {
            let value = |name: &str| {
                let found = extension
                    .attributes
                    .iter()
                    .find(|(attribute, _)| attribute.local == name);
                found.map(|(_, value)| value.clone())
            };
            if let Some(url) = value("url")
                && known.insert(url.clone())
            {
                media.push(Enclosure {
                    url,
                    media_type: value("type"),
                    length: value("fileSize").and_then(|size| size.parse().ok()),
                    title: None,
                    duration: value("duration"),
                });
            }
        }
        collect_media(&extension.children, known, media);
    }
}

fn itunes<'e>(entry: &'e Entry, local: &str) -> Option<&'e str> {
    let mut own = entry
        .extensions
        .iter()
        .filter(|extension| &*extension.name.namespace == ITUNES);
    own.find(|extension| extension.name.local == local)
        .map(|extension| extension.text.trim())
}

/// `3723`, `62:03` or `1:02:03` in seconds.
fn seconds(duration: &str) -> Option<u64> {
    duration.trim().split(':').try_fold(0_u64, |sum, part| {
        let whole = part.split('.').next().unwrap_or_default();
        sum.checked_mul(60)?.checked_add(whole.trim().parse().ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_counted_in_seconds() {
        for (written, means) in [
            ("3723", Some(3723)),
            ("62:03", Some(3723)),
            ("1:02:03", Some(3723)),
            ("1.5", Some(1)),
            ("long", None),
        ] {
            assert_eq!(seconds(written), means, "{written}");
        }
    }
}
