//! The walk through an XML document: feed, channel and entries, whatever the format calls them.

use std::sync::Arc;

use quick_xml::events::{BytesStart, Event};

use super::tree::{Builder, Context, Node};
use super::{Feed, Options, entry, feed};
use crate::transform::fields::Vocabulary;

/// Reads an RSS, RDF, CDF or Atom document.
pub(super) fn read(text: &str, options: &Options) -> Option<Feed> {
    let mut builder = Builder::new(text);
    let mut walk = Walk {
        draft: feed::Draft::default(),
        options,
        contexts: vec![Context {
            base: options.base.clone().map(Arc::new),
            language: None,
        }],
        entries: Vec::new(),
        count: 0,
        closed: false,
    };
    loop {
        match builder.next() {
            Event::Start(start) => walk.start(&mut builder, &start),
            Event::Empty(start) => walk.empty(&mut builder, &start),
            Event::End(_) if walk.contexts.len() > 1 => {
                walk.contexts.pop();
                walk.closed = walk.contexts.len() == 1;
            }
            Event::Eof => break,
            _ => {}
        }
        if walk.closed {
            break;
        }
    }
    walk.finish()
}

struct Walk<'o> {
    draft: feed::Draft,
    options: &'o Options,
    /// One for the document and one for each container that is open.
    contexts: Vec<Context>,
    entries: Vec<super::Entry>,
    /// Entries met, read or not.
    count: usize,
    closed: bool,
}

impl Walk<'_> {
    fn start(&mut self, builder: &mut Builder<'_>, start: &BytesStart<'_>) {
        let mut node = builder.open(start, &self.context());
        if is_entry(&node) {
            if self.count >= self.options.entries {
                builder.skip();
                self.count += 1;
                self.alone();
                return;
            }
            let node = builder.fill(node);
            self.entry(&node);
            self.alone();
        } else if self.contexts.len() == 1 || is_container(&node) {
            self.draft.container(&node);
            self.contexts.push(node.context());
        } else {
            node = builder.fill(node);
            self.field(&node);
        }
    }

    fn empty(&mut self, builder: &mut Builder<'_>, start: &BytesStart<'_>) {
        let node = builder.open(start, &self.context());
        if is_entry(&node) {
            self.entry(&node);
            self.alone();
        } else if self.contexts.len() == 1 {
            self.draft.container(&node);
            self.closed = true;
        } else {
            self.field(&node);
        }
    }

    /// After an entry that is the root: a document of one entry (RFC 4287 §2) is a feed without fields.
    fn alone(&mut self) {
        if self.contexts.len() == 1 {
            self.draft.begin();
            self.closed = true;
        }
    }

    fn entry(&mut self, node: &Node<'_>) {
        self.count += 1;
        if self.entries.len() < self.options.entries {
            self.entries.push(entry::read(node, self.options));
        }
    }

    /// A field of the feed; or an element that we do not know, with entries in it.
    fn field(&mut self, node: &Node<'_>) {
        if !self.draft.field(node, self.options) {
            let mut found = Vec::new();
            entries_in(node, &mut found);
            for entry in found {
                self.entry(entry);
            }
        }
    }

    fn context(&self) -> Context {
        self.contexts.last().cloned().unwrap_or_default()
    }

    fn finish(self) -> Option<Feed> {
        let mut feed = self.draft.finish()?;
        feed.entries = self.entries;
        feed.hints.entries = self.count;
        Some(feed)
    }
}

/// Whether an element is an entry: RSS and CDF `item`, Atom `entry`.
fn is_entry(node: &Node<'_>) -> bool {
    node.namespace.is_core()
        && (node.local.eq_ignore_ascii_case("item") || node.local.eq_ignore_ascii_case("entry"))
}

/// Whether an element below the root holds fields of the feed and entries: `channel` (in CDF nested),
/// and the `items` of RSS 1.1.
fn is_container(node: &Node<'_>) -> bool {
    let named = |local: &str| node.local.eq_ignore_ascii_case(local);
    node.namespace.is_core() && (named("channel") || named("feed"))
        || named("items")
            && node.namespace.is_core()
            && node.attributes.iter().any(|attribute| {
                attribute.local == "parseType"
                    && attribute
                        .namespace
                        .as_ref()
                        .is_some_and(|namespace| namespace.vocabulary == Vocabulary::Rdf)
            })
}

fn entries_in<'n, 'a>(node: &'n Node<'a>, found: &mut Vec<&'n Node<'a>>) {
    for child in node.elements() {
        if is_entry(child) {
            found.push(child);
        } else {
            entries_in(child, found);
        }
    }
}
