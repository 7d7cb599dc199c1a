//! The feed itself: what the elements beside the entries mean.

use super::hints;
use super::shared::{Best, Shared};
use super::text;
use super::tree::Node;
use super::values;
use super::{Feed, Options};
use crate::transform::Hints;
use crate::transform::fields::Vocabulary;

/// A feed while it is read.
#[derive(Default)]
pub(super) struct Draft {
    /// Whether any element was met.
    begun: bool,
    shared: Shared,
    feed: Feed,
    id: Best<String>,
    hints: hints::Draft,
}

impl Draft {
    /// Notes that the document has an element.
    pub(super) fn begin(&mut self) {
        self.begun = true;
    }

    /// Takes what the attributes of a root or channel say.
    pub(super) fn container(&mut self, node: &Node<'_>) {
        self.begun = true;
        let language = node.language.as_deref().map(str::to_owned);
        self.shared.language.offer(1, language);
        if node.local.eq_ignore_ascii_case("channel") {
            // CDF keeps them in attributes; RDF names the feed.
            self.shared
                .link
                .offer(2, node.attribute("href").and_then(text::address));
            self.shared
                .updated
                .offer(2, node.attribute("lastmod").and_then(text::line));
            let about = node.attributes.iter().find(|a| a.local == "about");
            self.id.offer(1, about.and_then(|a| text::line(&a.value)));
        }
    }

    /// Takes a field; `false`: it is none that we know.
    pub(super) fn field(&mut self, node: &Node<'_>, options: &Options) -> bool {
        let local = node.local.to_ascii_lowercase();
        if self.hints.field(node, &local) {
            if node.namespace.is_syndication() && options.extensions {
                self.shared.extensions.push(values::extension(node, options));
            }
            return true;
        }
        match (&node.namespace.vocabulary, local.as_str()) {
            (Vocabulary::Rss | Vocabulary::Atom, "id" | "guid") => self.id.offer(0, text::line(&node.text())),
            (Vocabulary::Rss | Vocabulary::Atom, "generator") => {
                self.feed.generator = self.feed.generator.take().or_else(|| text::line(&node.text()));
            }
            (Vocabulary::Rss | Vocabulary::Atom | Vocabulary::WebFeeds, "icon") => {
                self.feed.icon = self.feed.icon.take().or_else(|| values::picture(node, options));
            }
            // Known, but with nothing that another format has a place for.
            (Vocabulary::Rss, "textinput" | "cloud" | "webmaster" | "docs" | "rating") => {}
            _ => return self.shared.field(node, options),
        }
        true
    }

    /// The feed, without its entries; `None`: the document had no element.
    pub(super) fn finish(self) -> Option<Feed> {
        let shared = self.shared;
        self.begun.then(|| Feed {
            title: shared.title.take().unwrap_or_default(),
            subtitle: shared.summary.take().unwrap_or_default(),
            id: self.id.take(),
            link: shared.link.take(),
            language: shared.language.take(),
            rights: shared.rights.take().unwrap_or_default(),
            updated: shared.updated.take(),
            published: shared.published.take(),
            authors: shared.authors.take(),
            contributors: shared.contributors,
            categories: shared.categories,
            image: shared.image.take(),
            links: shared.links,
            extensions: shared.extensions,
            hints: Hints {
                hub: shared.hub,
                topic: shared.topic,
                ..self.hints.finish()
            },
            ..self.feed
        })
    }
}
