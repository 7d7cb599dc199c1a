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
        let mut map = rss::extension::ExtensionMap::new();
        for extension in extensions {
            if let Some(element) = self.rss_element(extension) {
                let (prefix, local) = element.name.split_once(':').unwrap_or(("", &element.name));
                let elements = map
                    .entry(prefix.to_owned())
                    .or_default()
                    .entry(local.to_owned())
                    .or_default();
                elements.push(element);
            }
        }
        map
    }

    fn rss_element(&self, extension: &Extension) -> Option<rss::extension::Extension> {
        let mut children: BTreeMap<String, Vec<rss::extension::Extension>> = BTreeMap::new();
        for child in &extension.children {
            if let Some(element) = self.rss_element(child) {
                children.entry(element.name.clone()).or_default().push(element);
            }
        }
        Some(rss::extension::Extension {
            name: self.qualified(&extension.name)?,
            value: (!extension.text.is_empty()).then(|| extension.text.clone()),
            attrs: self.attributes(extension).into_iter().collect(),
            children,
        })
    }

    /// Elements for `atom_syndication`. It writes the values of their attributes as they are (seen in
    /// 0.12.10), so they are escaped here: without this, an attribute could end its element and begin
    /// a `<content>` of its own behind the sanitizer's back.
    pub(super) fn for_atom(&self, extensions: &[Extension]) -> atom_syndication::extension::ExtensionMap {
        let mut map = atom_syndication::extension::ExtensionMap::new();
        for extension in extensions {
            if let Some(element) = self.atom_element(extension) {
                let (prefix, local) = element.name.split_once(':').unwrap_or(("", &element.name));
                let elements = map
                    .entry(prefix.to_owned())
                    .or_default()
                    .entry(local.to_owned())
                    .or_default();
                elements.push(element);
            }
        }
        map
    }

    fn atom_element(&self, extension: &Extension) -> Option<atom_syndication::extension::Extension> {
        let mut children: BTreeMap<String, Vec<atom_syndication::extension::Extension>> = BTreeMap::new();
        for child in &extension.children {
            if let Some(element) = self.atom_element(child) {
                children.entry(element.name.clone()).or_default().push(element);
            }
        }
        let attributes = self.attributes(extension).into_iter();
        Some(atom_syndication::extension::Extension {
            name: self.qualified(&extension.name)?,
            value: (!extension.text.is_empty()).then(|| extension.text.clone()),
            attrs: attributes
                .map(|(name, value)| (name, escape(value).into_owned()))
                .collect(),
            children,
        })
    }
}

/// Whether `name` can stand as a part of an XML name: letters, digits, `_`, `-` and `.`, not beginning
/// with a digit, `-` or `.` (a subset of Namespaces in XML 1.0 §3).
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}
