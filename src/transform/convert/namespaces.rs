//! Prefixes for the vocabularies that a document carries, and their elements for the typed crates.

use std::collections::BTreeMap;
use std::sync::Arc;

use quick_xml::escape::escape;

use crate::transform::fields;
use crate::transform::read::namespaces::MEDIA;
use crate::transform::read::{Extension, Feed, Name};

/// One prefix for each namespace.
#[derive(Debug, Default)]
pub(super) struct Namespaces {
    prefixes: BTreeMap<Arc<str>, String>,
}

impl Namespaces {
    /// The prefixes that `feed` needs.
    pub(super) fn of(feed: &Feed) -> Self {
        let mut namespaces = Self::default();
        // Those that the crates and we write ourselves come first, so that nobody else has their prefix.
        namespaces.bind(fields::ATOM, "atom");
        namespaces.bind("http://purl.org/dc/elements/1.1/", "dc");
        namespaces.bind("http://purl.org/rss/1.0/modules/content/", "content");
        namespaces.bind(MEDIA, "media");
        let entries = feed.entries.iter().flat_map(|entry| &entry.extensions);
        for extension in feed.extensions.iter().chain(entries) {
            namespaces.collect(extension);
        }
        namespaces
    }

    fn collect(&mut self, extension: &Extension) {
        let names = std::iter::once(&extension.name).chain(extension.attributes.iter().map(|(name, _)| name));
        for name in names {
            if name.prefix != "xml" && !name.namespace.is_empty() {
                self.bind(&name.namespace, &name.prefix);
            }
        }
        for child in &extension.children {
            self.collect(child);
        }
    }

    fn bind(&mut self, namespace: &str, wanted: &str) {
        if self.prefixes.contains_key(namespace) {
            return;
        }
        let taken = |prefix: &str| self.prefixes.values().any(|taken| taken == prefix);
        let reserved = wanted.to_ascii_lowercase().starts_with("xml");
        let prefix = if is_name(wanted) && !reserved && !taken(wanted) {
            wanted.to_owned()
        } else {
            let mut number = self.prefixes.len();
            while taken(&format!("ns{number}")) {
                number += 1;
            }
            format!("ns{number}")
        };
        self.prefixes.insert(Arc::from(namespace), prefix);
    }

    /// Prefix → address, of those that `used` says are in use.
    pub(super) fn declarations(&self, used: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
        self.prefixes
            .iter()
            .filter(|(_, prefix)| used(prefix))
            .map(|(namespace, prefix)| (prefix.clone(), namespace.to_string()))
            .collect()
    }

    /// The prefixes that `extension` and what it holds are written with.
    pub(super) fn used_by(&self, extension: &Extension) -> Vec<String> {
        let names = std::iter::once(&extension.name).chain(extension.attributes.iter().map(|(name, _)| name));
        let mut used: Vec<String> = names
            .filter_map(|name| self.prefixes.get(&name.namespace).cloned())
            .collect();
        used.extend(extension.children.iter().flat_map(|child| self.used_by(child)));
        used
    }

    /// The name as it is written; `None`: it cannot be.
    fn qualified(&self, name: &Name) -> Option<String> {
        if !is_name(&name.local) {
            return None;
        }
        if name.prefix == "xml" {
            return Some(format!("xml:{}", name.local));
        }
        let prefix = self.prefixes.get(&name.namespace)?;
        Some(format!("{prefix}:{}", name.local))
    }

    /// The attributes of `extension` that can be written.
    fn attributes(&self, extension: &Extension) -> Vec<(String, String)> {
        let qualified = |name: &Name| {
            if name.namespace.is_empty() && name.prefix.is_empty() {
                is_name(&name.local).then(|| name.local.clone())
            } else {
                self.qualified(name)
            }
        };
        let attributes = extension.attributes.iter();
        attributes
            .filter_map(|(name, value)| Some((qualified(name)?, value.clone())))
            .collect()
    }

    /// Elements for the `rss` crate, which escapes them.
    pub(super) fn for_rss(&self, extensions: &[Extension]) -> rss::extension::ExtensionMap {
        by_prefix(extensions, |extension| self.rss_element(extension))
    }

    fn rss_element(&self, extension: &Extension) -> Option<(String, rss::extension::Extension)> {
        let name = self.qualified(&extension.name)?;
        let element = rss::extension::Extension {
            name: name.clone(),
            value: (!extension.text.is_empty()).then(|| extension.text.clone()),
            attrs: self.attributes(extension).into_iter().collect(),
            children: by_name(&extension.children, |child| self.rss_element(child)),
        };
        Some((name, element))
    }

    /// Elements for `atom_syndication`. It writes the values of their attributes as they are (seen in
    /// 0.12.10), so they are escaped here: without this, an attribute could end its element and begin
    /// a `<content>` of its own behind the sanitizer's back.
    pub(super) fn for_atom(&self, extensions: &[Extension]) -> atom_syndication::extension::ExtensionMap {
        by_prefix(extensions, |extension| self.atom_element(extension))
    }

    fn atom_element(
        &self,
        extension: &Extension,
    ) -> Option<(String, atom_syndication::extension::Extension)> {
        let name = self.qualified(&extension.name)?;
        let attributes = self.attributes(extension).into_iter();
        let element = atom_syndication::extension::Extension {
            name: name.clone(),
            value: (!extension.text.is_empty()).then(|| extension.text.clone()),
            attrs: attributes
                .map(|(name, value)| (name, escape(value).into_owned()))
                .collect(),
            children: by_name(&extension.children, |child| self.atom_element(child)),
        };
        Some((name, element))
    }
}

/// Elements as both crates keep them inside another: by their names. `write` gives name and element.
fn by_name<E>(
    extensions: &[Extension],
    write: impl Fn(&Extension) -> Option<(String, E)>,
) -> BTreeMap<String, Vec<E>> {
    let mut map: BTreeMap<String, Vec<E>> = BTreeMap::new();
    for (name, element) in extensions.iter().filter_map(write) {
        map.entry(name).or_default().push(element);
    }
    map
}

/// Elements as both crates keep them in a feed or an entry: by prefix, then by local name.
fn by_prefix<E>(
    extensions: &[Extension],
    write: impl Fn(&Extension) -> Option<(String, E)>,
) -> BTreeMap<String, BTreeMap<String, Vec<E>>> {
    let mut map: BTreeMap<String, BTreeMap<String, Vec<E>>> = BTreeMap::new();
    for (name, elements) in by_name(extensions, write) {
        let (prefix, local) = name.split_once(':').unwrap_or(("", &name));
        map.entry(prefix.to_owned())
            .or_default()
            .insert(local.to_owned(), elements);
    }
    map
}

/// Whether `name` can stand as a part of an XML name: letters, digits, `_`, `-` and `.`, not beginning
/// with a digit, `-` or `.` (a subset of Namespaces in XML 1.0 §3).
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}
