//! Whether everything is still there: how often each element and attribute stands at each path, and
//! what stands in those that are neither markup nor an address. Left out is what is removed on purpose:
//! hub, paging, cloud, new-feed-url, stylesheets.

use std::collections::BTreeMap;

use limpid::message::Kind;
use limpid::transform::fields::{self, Node, Vocabulary, vocabulary};
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

type Counts = BTreeMap<String, i64>;

/// The first difference between source and output.
pub(crate) fn compare(before: &str, after: &str, kind: Kind) -> Result<(), String> {
    let (before, after) = match kind {
        Kind::Json => (json(before)?, json(after)?),
        _ => (xml(before)?, xml(after)?),
    };
    for (what, count) in &before {
        let now = after.get(what).copied().unwrap_or_default();
        if now != *count {
            return Err(format!("{count} × {what} became {now}"));
        }
    }
    match after.iter().find(|(what, _)| !before.contains_key(*what)) {
        Some((what, _)) => Err(format!("new: {what}")),
        None => Ok(()),
    }
}

/// Whether the document parses to its end.
pub(crate) fn well_formed(text: &str, kind: Kind) -> Result<(), String> {
    if kind == Kind::Json {
        let parsed: Result<serde_json::Value, _> = serde_json::from_str(text);
        return parsed.map(|_| ()).map_err(|error| error.to_string());
    }
    let mut reader = NsReader::from_str(text);
    let mut depth = 0_i64;
    loop {
        let (namespace, event) = reader.read_resolved_event().map_err(|error| error.to_string())?;
        if let ResolveResult::Unknown(prefix) = namespace {
            return Err(format!(
                "prefix {} is not declared",
                String::from_utf8_lossy(&prefix)
            ));
        }
        match event {
            Event::Start(start) => {
                depth += 1;
                attributes_parse(&start)?;
            }
            Event::Empty(start) => attributes_parse(&start)?,
            Event::End(_) => depth -= 1,
            Event::GeneralRef(name) => {
                let name = name.decode().map_err(|error| error.to_string())?.into_owned();
                if !name.starts_with('#') && quick_xml::escape::resolve_predefined_entity(&name).is_none() {
                    return Err(format!("&{name}; is not declared"));
                }
            }
            Event::Eof if depth == 0 => return Ok(()),
            Event::Eof => return Err("elements are left open".to_owned()),
            _ => {}
        }
    }
}

fn attributes_parse(start: &BytesStart<'_>) -> Result<(), String> {
    start.attributes().try_for_each(|attribute| {
        let attribute = attribute.map_err(|error| error.to_string())?;
        attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map(|_| ())
            .map_err(|error| error.to_string())
    })
}

fn xml(text: &str) -> Result<Counts, String> {
    let mut reader = NsReader::from_str(text);
    let mut counts = Counts::new();
    let mut path: Vec<String> = Vec::new();
    // How deep we are inside markup or a node that is removed.
    let mut inside = 0_usize;
    let mut run = String::new();
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        if !matches!(event, Event::Text(_) | Event::CData(_) | Event::GeneralRef(_)) && inside == 0 {
            let text: Vec<&str> = run.split_whitespace().collect();
            if !text.is_empty() {
                *counts
                    .entry(format!("{} = {:?}", path.join("/"), text.join(" ")))
                    .or_default() += 1;
            }
            run.clear();
        }
        match event {
            Event::Start(_) if inside > 0 => inside += 1,
            Event::End(_) if inside > 0 => inside -= 1,
            Event::Start(start) => {
                inside = usize::from(enter(&reader, &start, &mut path, &mut counts));
                path.truncate(path.len() - inside);
            }
            Event::Empty(start) if inside == 0 => {
                enter(&reader, &start, &mut path, &mut counts);
                path.pop();
            }
            Event::End(_) => {
                path.pop();
            }
            Event::Text(text) if inside == 0 => run.push_str(&text.decode().unwrap_or_default()),
            Event::CData(text) if inside == 0 => run.push_str(&text.decode().unwrap_or_default()),
            Event::GeneralRef(name) if inside == 0 => {
                run.push('&');
                run.push_str(&name.decode().unwrap_or_default());
            }
            Event::Eof => return Ok(counts),
            _ => {}
        }
    }
}

/// Counts an element and its attributes; whether what it holds is not compared.
fn enter(
    reader: &NsReader<&[u8]>,
    start: &BytesStart<'_>,
    path: &mut Vec<String>,
    counts: &mut Counts,
) -> bool {
    let uri = match reader.resolver().resolve_element(start.name()).0 {
        ResolveResult::Bound(namespace) => String::from_utf8_lossy(namespace.0).into_owned(),
        _ => String::new(),
    };
    let vocabulary = vocabulary(&uri);
    let local = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
    let parent = path
        .last()
        .map_or("", |parent| parent.rsplit(':').next().unwrap_or_default())
        .to_owned();
    path.push(format!("{vocabulary:?}:{local}"));
    let attributes: Vec<(String, String)> = start
        .attributes()
        .with_checks(false)
        .flatten()
        .filter(|attribute| attribute.key.as_namespace_binding().is_none())
        .map(|attribute| {
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .unwrap_or_default();
            (
                String::from_utf8_lossy(attribute.key.as_ref()).into_owned(),
                value.trim().to_owned(),
            )
        })
        .collect();
    if is_removed(vocabulary, &local, &attributes) {
        return true;
    }
    let here = path.join("/");
    *counts.entry(here.clone()).or_default() += 1;
    let node = fields::node(vocabulary, &local, &parent);
    let is_markup = matches!(node, Some(Node::Html | Node::Typed)) || vocabulary == Vocabulary::Xhtml;
    for (name, value) in attributes {
        // XHTML may become HTML, and what an address is made into is compared elsewhere.
        let plain = fields::attribute(vocabulary, &local, &name).is_none()
            && name != "type"
            && name != "mode"
            && name != "xml:base";
        if plain {
            *counts.entry(format!("{here}@{name} = {value:?}")).or_default() += 1;
        } else if !is_markup {
            *counts.entry(format!("{here}@{name}")).or_default() += 1;
        }
    }
    is_markup || node.is_some()
}

fn is_removed(vocabulary: Vocabulary, local: &str, attributes: &[(String, String)]) -> bool {
    const RELATIONS: [&str; 9] = [
        "hub",
        "next",
        "prev",
        "previous",
        "first",
        "last",
        "current",
        "prev-archive",
        "next-archive",
    ];
    let rel = attributes
        .iter()
        .find(|(name, _)| name == "rel")
        .map(|(_, rel)| rel.to_ascii_lowercase());
    let rel = rel
        .as_deref()
        .map(|rel| rel.trim_start_matches("http://www.iana.org/assignments/relation/"));
    match vocabulary {
        Vocabulary::Atom | Vocabulary::Rss if local == "link" => {
            rel.is_some_and(|rel| RELATIONS.contains(&rel))
        }
        Vocabulary::Rss | Vocabulary::Source => local == "cloud",
        Vocabulary::Itunes | Vocabulary::GooglePlay => local == "new-feed-url",
        _ => false,
    }
}

/// How often each key stands at each path.
fn json(text: &str) -> Result<Counts, String> {
    let document: serde_json::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let mut counts = Counts::new();
    keys(&document, "", &mut counts);
    Ok(counts)
}

fn keys(value: &serde_json::Value, path: &str, counts: &mut Counts) {
    match value {
        serde_json::Value::Object(object) => {
            for (key, value) in object {
                if !matches!(key.as_str(), "hubs" | "next_url" | "feed_url") {
                    let path = format!("{path}/{key}");
                    *counts.entry(path.clone()).or_default() += 1;
                    keys(value, &path, counts);
                }
            }
        }
        serde_json::Value::Array(list) => list.iter().for_each(|value| keys(value, path, counts)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEED: &str =
        "<rss><channel><ttl>5</ttl><item a='1'><title>t</title><x>y</x></item></channel></rss>";

    #[test]
    fn whatever_is_missing_changed_or_new_is_found() {
        assert_eq!(compare(FEED, FEED, Kind::Rss), Ok(()));
        for (from, to) in [
            ("<x>y</x>", ""),
            ("y", "z"),
            ("a='1'", ""),
            ("a='1'", "a='2'"),
            ("<x>", "<w/><x>"),
            ("<ttl>5</ttl>", ""),
        ] {
            assert!(
                compare(FEED, &FEED.replacen(from, to, 1), Kind::Rss).is_err(),
                "{from} → {to}"
            );
        }
        let hub = FEED.replace(
            "<ttl>",
            "<link xmlns='http://www.w3.org/2005/Atom' rel='hub' href='h'/><ttl>",
        );
        assert_eq!(
            compare(&hub, FEED, Kind::Rss),
            Ok(()),
            "a hub is removed on purpose"
        );
    }

    #[test]
    fn what_does_not_parse_is_found() {
        assert_eq!(well_formed(FEED, Kind::Rss), Ok(()));
        for text in [
            "<a>",
            "<a b='1' b='2'/>",
            "<p:a/>",
            "<a>&nbsp;</a>",
            "<a></b>",
            "<a b=1/>",
        ] {
            assert!(well_formed(text, Kind::Rss).is_err(), "{text}");
        }
    }
}
