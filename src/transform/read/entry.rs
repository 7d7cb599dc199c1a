//! One entry: what each of its elements means.

use url::Url;

use super::shared::{Best, Shared};
use super::text::{self, Untyped};
use super::tree::Node;
use super::values::address;
use super::{Enclosure, Entry, Link, Options, Text};
use crate::transform::fields::Vocabulary;

/// Reads an entry.
pub(super) fn read(node: &Node<'_>, options: &Options) -> Entry {
    let mut shared = Shared::default();
    let mut entry = Entry {
        span: node.span.clone(),
        ..Entry::default()
    };
    let mut content = Best::default();
    shared
        .language
        .offer(1, node.language.as_deref().map(str::to_owned));
    shared.link.offer(
        1,
        node.attribute("href")
            .and_then(|href| address(href, node, options)),
    );
    shared
        .updated
        .offer(1, node.attribute("lastmod").and_then(text::line));
    for child in node.elements() {
        if !shared.field(child, options) {
            own_field(child, &mut entry, &mut content, options);
        }
    }
    let about = node
        .attributes
        .iter()
        .find(|a| {
            a.local == "about"
                && a.namespace
                    .as_ref()
                    .is_some_and(|n| n.vocabulary == Vocabulary::Rdf)
        })
        .and_then(|a| text::line(&a.value));
    entry.id = entry.id.or(about);
    if entry.id_is_permalink {
        let permalink = entry
            .id
            .as_deref()
            .filter(|id| is_web_address(id))
            .map(str::to_owned);
        shared.link.offer(2, permalink);
    }
    entry.title = shared.title.take().unwrap_or_default();
    entry.summary = shared.summary.take().unwrap_or_default();
    entry.content = content.take().unwrap_or_default();
    entry.rights = shared.rights.take().unwrap_or_default();
    entry.link = shared.link.take();
    entry.published = shared.published.take();
    entry.updated = shared.updated.take();
    entry.language = shared.language.take();
    entry.image = shared.image.take();
    entry.authors = shared.authors.take();
    entry.contributors = shared.contributors;
    entry.categories = shared.categories;
    entry.enclosures = shared.enclosures;
    entry.links = shared.links;
    // The formats that are converted to have one page for an entry; what else is said to be it is related to it there.
    let others = shared
        .pages
        .into_iter()
        .filter(|page| entry.link.as_ref() != Some(&page.href));
    entry.links.extend(others);
    entry.extensions = shared.extensions;
    entry
}

/// Whether `id` is an http(s) address.
#[must_use]
pub fn is_web_address(id: &str) -> bool {
    Url::parse(id).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

/// Fields that only entries have.
fn own_field(node: &Node<'_>, entry: &mut Entry, content: &mut Best<Text>, options: &Options) {
    let local = node.local.to_ascii_lowercase();
    let full = |untyped| Some(text::construct(node, untyped)).filter(|text| !text.is_empty());
    match (&node.namespace.vocabulary, local.as_str()) {
        (Vocabulary::Rss | Vocabulary::Atom, "guid" | "id") if entry.id.is_none() => {
            entry.id = text::line(&node.text());
            entry.id_is_permalink = local == "guid"
                && !node
                    .attribute("isPermaLink")
                    .is_some_and(|v| v.trim().eq_ignore_ascii_case("false"));
        }
        (Vocabulary::Rss | Vocabulary::Atom, "content") => {
            content.offer(0, full(Untyped::Guess));
            if let Some(src) = node.attribute("src") {
                entry.content_src = Some(Enclosure {
                    url: address(src, node, options).unwrap_or_default(),
                    media_type: node.attribute("type").and_then(text::line),
                    ..Enclosure::default()
                });
            }
        }
        (Vocabulary::Content | Vocabulary::Rss, "encoded") => {
            content.offer(0, full(Untyped::Html));
        }
        (Vocabulary::Xhtml, "body" | "div") => content.offer(1, full(Untyped::Html)),
        (Vocabulary::Rss, "body" | "fullitem") => content.offer(2, full(Untyped::Html)),
        (Vocabulary::Rss, "comments") => entry.comments = address(&node.text(), node, options),
        (Vocabulary::Rss | Vocabulary::Atom, "source") => entry.source = source(node, options),
        _ => {}
    }
}

/// RSS `<source url="…">Title</source>`, Atom `<source>` with its own fields.
fn source(node: &Node<'_>, options: &Options) -> Option<Link> {
    if let Some(url) = node.attribute("url") {
        return Some(Link {
            href: address(url, node, options)?,
            title: text::line(&node.text()),
            ..Link::default()
        });
    }
    let mut shared = Shared::default();
    for child in node.elements() {
        shared.field(child, options);
    }
    Some(Link {
        href: shared.link.take()?,
        title: shared.title.take().map(|title| title.to_plain()),
        ..Link::default()
    })
}
