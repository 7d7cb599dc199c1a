//! What single elements hold: texts, addresses, categories, enclosures; and elements carried whole.

use super::namespaces::Namespace;
use super::text::{self, Untyped};
use super::tree::{Child, Node};
use super::{Category, Enclosure, Extension, Name, Options, Text};

/// A text construct with something in it.
pub(super) fn construct(node: &Node<'_>, untyped: Untyped) -> Option<Text> {
    Some(text::construct(node, untyped))
        .filter(|text| !text.is_empty())
        .map(|mut text| {
            text.value = text.value.trim().to_owned();
            text
        })
}

/// `rdf:resource`.
pub(super) fn resource<'n>(node: &'n Node<'_>) -> Option<&'n str> {
    node.attributes
        .iter()
        .find(|a| a.local == "resource")
        .map(|a| a.value.as_str())
}

/// RSS `<category domain>term</category>`, Atom `<category term scheme label>`, CDF `VALUE`.
pub(super) fn category(node: &Node<'_>) -> Option<Category> {
    let written = node
        .attribute("term")
        .or_else(|| node.attribute("value"))
        .map_or_else(|| node.text(), str::to_owned);
    Some(Category {
        term: text::line(&written)?,
        scheme: node
            .attribute("scheme")
            .or_else(|| node.attribute("domain"))
            .and_then(text::line),
        label: node.attribute("label").and_then(text::line),
    })
}

pub(super) fn enclosure(node: &Node<'_>, options: &Options) -> Option<Enclosure> {
    let url = node.attribute("url").or_else(|| node.attribute("href"));
    let url = url
        .or_else(|| resource(node))
        .and_then(|url| address(url, node, options));
    Some(Enclosure {
        url: url?,
        media_type: node.attribute("type").and_then(text::line),
        length: node
            .attribute("length")
            .and_then(|length| length.trim().parse().ok()),
        title: node.attribute("title").and_then(text::line),
        duration: None,
    })
}

/// RSS `image` (with `url` in it), Atom `logo` and `icon`, RDF `rdf:resource`.
pub(super) fn picture(node: &Node<'_>, options: &Options) -> Option<String> {
    let written = match node.core_child("url") {
        Some(url) => url.text(),
        None if node.has_elements() => String::new(),
        None => node
            .attribute("href")
            .or_else(|| node.attribute("url"))
            .map_or_else(|| node.text(), str::to_owned),
    };
    address(&written, node, options)
}

/// An address; absolute if the document's own is known.
pub(super) fn address(written: &str, node: &Node<'_>, options: &Options) -> Option<String> {
    let address = text::address(written)?;
    if options.base.is_none() {
        return Some(address);
    }
    match node.base.as_ref().and_then(|base| base.join(&address).ok()) {
        // An absolute address stays as written.
        Some(joined) if url::Url::parse(&address).is_err() => Some(joined.into()),
        _ => Some(address),
    }
}

/// An element of another vocabulary, whole.
pub(super) fn extension(node: &Node<'_>, options: &Options) -> Extension {
    let mut text = String::new();
    let mut children = Vec::new();
    for child in &node.children {
        match child {
            Child::Text(piece) => text.push_str(piece),
            Child::Element(element) => children.push(extension(element, options)),
        }
    }
    let text = if children.is_empty() {
        text
    } else {
        text.trim().to_owned()
    };
    let name = |namespace: Option<&Namespace>, prefix: &str, local: &str| Name {
        namespace: namespace.map_or_else(|| "".into(), |n| n.uri.clone()),
        prefix: namespace.and_then(|n| n.prefix).unwrap_or(prefix).to_owned(),
        local: local.to_owned(),
    };
    Extension {
        name: name(Some(&node.namespace), &node.prefix, &node.local),
        attributes: node
            .attributes
            .iter()
            .map(|a| {
                let is_address = matches!(a.local.as_str(), "url" | "href" | "src");
                let value = if is_address {
                    address(&a.value, node, options)
                } else {
                    None
                };
                let name = name(a.namespace.as_deref(), &a.prefix, &a.local);
                (name, value.unwrap_or_else(|| a.value.clone()))
            })
            .collect(),
        text,
        children,
    }
}
