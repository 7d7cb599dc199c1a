//! One element with all it holds, its namespaces resolved. Built for one entry (or one field of
//! the feed) at a time, so that no whole document is ever held as a tree.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;
use url::Url;

use super::namespaces::Namespace;

/// Elements of one tree; what lies beyond is not read (it passes through the rewriter all the same).
const MAX_NODES: usize = 250_000;
/// Nesting of one tree, above the default limit of documents; deeper elements are not read.
const MAX_DEPTH: usize = 200;

/// An element.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    pub namespace: Arc<Namespace>,
    /// The prefix as written, for vocabularies we do not know.
    pub prefix: String,
    pub local: String,
    pub attributes: Vec<Attribute>,
    pub children: Vec<Child<'a>>,
    /// From `<` to behind the end tag.
    pub span: Range<usize>,
    /// What relative addresses in it are resolved against.
    pub base: Option<Arc<Url>>,
    pub language: Option<Arc<str>>,
}

/// An attribute.
#[derive(Clone, Debug)]
pub(super) struct Attribute {
    /// `None`: the attribute has no prefix.
    pub namespace: Option<Arc<Namespace>>,
    pub prefix: String,
    pub local: String,
    pub value: String,
}

/// What an element holds.
#[derive(Clone, Debug)]
pub(super) enum Child<'a> {
    Element(Node<'a>),
    Text(Cow<'a, str>),
}

/// Base and language that hold at a place of the document.
#[derive(Clone, Debug, Default)]
pub(super) struct Context {
    pub base: Option<Arc<Url>>,
    pub language: Option<Arc<str>>,
}

impl Node<'_> {
    /// The value of the attribute without a prefix called `local`.
    pub(super) fn attribute(&self, local: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|a| a.namespace.is_none() && a.local.eq_ignore_ascii_case(local))
            .map(|a| a.value.as_str())
    }

    /// The child elements.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|child| match child {
            Child::Element(node) => Some(node),
            Child::Text(_) => None,
        })
    }

    /// The first child element of RSS, CDF, Atom or no namespace called `local`.
    pub(super) fn core_child(&self, local: &str) -> Option<&Self> {
        self.elements()
            .find(|node| node.namespace.is_core() && node.local.eq_ignore_ascii_case(local))
    }

    /// All text in it, elements left out.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        self.collect_text(&mut text);
        text
    }

    fn collect_text(&self, text: &mut String) {
        for child in &self.children {
            match child {
                Child::Text(piece) => text.push_str(piece),
                Child::Element(node) => node.collect_text(text),
            }
        }
    }

    /// Whether it holds elements.
    pub(super) fn has_elements(&self) -> bool {
        self.elements().next().is_some()
    }
}

/// Reads elements from a document.
pub(super) struct Builder<'a> {
    pub reader: NsReader<&'a [u8]>,
    namespaces: HashMap<Vec<u8>, Arc<Namespace>>,
    /// Where the last event began.
    start: usize,
    left: usize,
}

impl<'a> Builder<'a> {
    /// A reader at the start of `text`.
    pub(super) fn new(text: &'a str) -> Self {
        let mut reader = NsReader::from_str(text);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_dangling_amp = true;
        config.allow_unmatched_ends = true;
        Self {
            reader,
            namespaces: HashMap::new(),
            start: 0,
            left: MAX_NODES,
        }
    }

    /// The next event; the end of the document if it is broken from here on.
    pub(super) fn next(&mut self) -> Event<'a> {
        self.start = self.position();
        self.reader.read_event().unwrap_or(Event::Eof)
    }

    fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    /// The element that `start` begins, without what it holds.
    pub(super) fn open(&mut self, start: &BytesStart<'_>, context: &Context) -> Node<'a> {
        let name = start.name();
        let namespace = match self.reader.resolver().resolve_element(name).0 {
            ResolveResult::Bound(namespace) => namespace.0.to_vec(),
            ResolveResult::Unbound | ResolveResult::Unknown(_) => Vec::new(),
        };
        let prefix = name.prefix().map(|p| lossy(p.as_ref())).unwrap_or_default();
        let mut node = Node {
            namespace: self.namespace(namespace),
            prefix,
            local: lossy(name.local_name().as_ref()),
            attributes: Vec::new(),
            children: Vec::new(),
            span: self.start..self.position(),
            base: context.base.clone(),
            language: context.language.clone(),
        };
        for attribute in start.attributes().with_checks(false).flatten() {
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_or_else(|_| lossy(&attribute.value), Cow::into_owned);
            let prefix = attribute
                .key
                .prefix()
                .map(|p| lossy(p.as_ref()))
                .unwrap_or_default();
            let bound = match self.reader.resolver().resolve_attribute(attribute.key).0 {
                ResolveResult::Bound(namespace) => Some(namespace.0.to_vec()),
                ResolveResult::Unbound | ResolveResult::Unknown(_) => None,
            };
            node.attributes.push(Attribute {
                namespace: bound.map(|uri| self.namespace(uri)),
                prefix,
                local: lossy(attribute.key.local_name().as_ref()),
                value,
            });
        }
        inherit(&mut node);
        node
    }

    /// What stands between the start tag of `node`, just read, and its end tag.
    pub(super) fn fill(&mut self, node: Node<'a>) -> Node<'a> {
        self.left = MAX_NODES;
        let mut open: Vec<Node<'a>> = Vec::new();
        let mut current = node;
        let mut too_deep = 0_usize;
        loop {
            match self.next() {
                Event::Start(start) if open.len() >= MAX_DEPTH || self.left == 0 || too_deep > 0 => {
                    let _ = start;
                    too_deep += 1;
                }
                Event::Start(start) => {
                    self.left -= 1;
                    let child = self.open(&start, &current.context());
                    open.push(std::mem::replace(&mut current, child));
                }
                Event::Empty(start) if self.left > 0 && too_deep == 0 => {
                    self.left -= 1;
                    let child = self.open(&start, &current.context());
                    current.children.push(Child::Element(child));
                }
                Event::End(_) if too_deep > 0 => too_deep -= 1,
                Event::End(_) => {
                    current.span.end = self.position();
                    let Some(parent) = open.pop() else {
                        return current;
                    };
                    let done = std::mem::replace(&mut current, parent);
                    current.children.push(Child::Element(done));
                }
                Event::Eof => {
                    while let Some(parent) = open.pop() {
                        let done = std::mem::replace(&mut current, parent);
                        current.children.push(Child::Element(done));
                    }
                    current.span.end = self.position();
                    return current;
                }
                event => {
                    if let Some(text) = text_of(event) {
                        current.children.push(Child::Text(text));
                    }
                }
            }
        }
    }

    /// Passes over the element whose start tag was just read; gives where it ends.
    pub(super) fn skip(&mut self) -> usize {
        let mut depth = 1_usize;
        loop {
            match self.next() {
                Event::Start(_) => depth += 1,
                Event::End(_) => depth -= 1,
                Event::Eof => return self.position(),
                _ => {}
            }
            if depth == 0 {
                return self.position();
            }
        }
    }

    fn namespace(&mut self, uri: Vec<u8>) -> Arc<Namespace> {
        if let Some(known) = self.namespaces.get(&uri) {
            return known.clone();
        }
        let namespace = Arc::new(Namespace::of(&lossy(&uri)));
        self.namespaces.insert(uri, namespace.clone());
        namespace
    }
}

impl Node<'_> {
    /// What holds for the elements in it.
    pub(super) fn context(&self) -> Context {
        Context {
            base: self.base.clone(),
            language: self.language.clone(),
        }
    }
}

/// Applies `xml:base` and `xml:lang`.
fn inherit(node: &mut Node<'_>) {
    for attribute in &node.attributes {
        let is_xml = attribute
            .namespace
            .as_ref()
            .is_some_and(|namespace| namespace.is_xml());
        if is_xml && attribute.local == "base" {
            let joined = match &node.base {
                Some(base) => base.join(attribute.value.trim()),
                None => Url::parse(attribute.value.trim()),
            };
            if let Ok(base) = joined {
                node.base = Some(Arc::new(base));
            }
        } else if is_xml && attribute.local == "lang" {
            let language = attribute.value.trim();
            node.language = (!language.is_empty()).then(|| Arc::from(language));
        }
    }
}

/// The text an event stands for.
fn text_of(event: Event<'_>) -> Option<Cow<'_, str>> {
    match event {
        Event::Text(text) => text.xml10_content().ok(),
        Event::CData(text) => text.xml10_content().ok(),
        Event::GeneralRef(reference) => {
            if let Ok(Some(character)) = reference.resolve_char_ref() {
                return Some(character.to_string().into());
            }
            let name = reference.decode().ok()?;
            match resolve_predefined_entity(&name) {
                Some(text) => Some(text.into()),
                None => Some(format!("&{name};").into()),
            }
        }
        _ => None,
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
