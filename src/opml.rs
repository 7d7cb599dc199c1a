//! OPML (opml.org, 1.0 to 2.0): subscription lists, read leniently and written with everything that was in them.

use std::io::Cursor;

use html5ever::data::NAMED_ENTITIES;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer};

use crate::transform::decode::decode;
use crate::transform::report::Report;
use crate::transform::{Limits, Source};

/// Folders in folders.
const MAX_DEPTH: usize = 32;
/// The longest reference (`&CounterClockwiseContourIntegral;` is HTML's longest), in bytes.
const LONGEST_REFERENCE: usize = 64;
/// Outlines in one list.
const MAX_OUTLINES: usize = 50_000;

/// One line of a list: a folder, or a feed (it has an `xmlUrl`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// All attributes as they came, known and unknown (`fz:`, `frss:`), in their order.
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Outline>,
}

/// A subscription list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    pub title: String,
    /// What else the root element says: namespaces that attributes need.
    pub root: Vec<(String, String)>,
    pub outlines: Vec<Outline>,
}

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("this is no subscription list: there is no <opml> in it; export one from your reader, as OPML")]
    NoOpml,
    #[error("the subscription list holds more than {MAX_OUTLINES} lines")]
    TooLarge,
    #[error("the subscription list cannot be read: {0}")]
    Unreadable(String),
}

impl Outline {
    /// The value of an attribute, its name in any case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self
            .attributes
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The feed's address, if it is a feed.
    #[must_use]
    pub fn feed(&self) -> Option<&str> {
        self.get("xmlUrl").map(str::trim).filter(|url| !url.is_empty())
    }

    /// What it is called.
    #[must_use]
    pub fn title(&self) -> &str {
        let named = [self.get("title"), self.get("text")];
        named
            .into_iter()
            .flatten()
            .find(|title| !title.trim().is_empty())
            .unwrap_or_default()
            .trim()
    }

    /// A feed's line.
    #[must_use]
    pub fn of_feed(title: &str, url: &str) -> Self {
        let attributes = [
            ("text", title),
            ("title", title),
            ("type", "rss"),
            ("xmlUrl", url),
        ];
        Self {
            attributes: attributes
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .to_vec(),
            children: Vec::new(),
        }
    }

    fn set(&mut self, name: &str, value: &str) {
        if let Some(found) = self
            .attributes
            .iter_mut()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
        {
            value.clone_into(&mut found.1);
        }
    }
}

impl Document {
    /// All feeds, in order.
    #[must_use]
    pub fn feeds(&self) -> Vec<&Outline> {
        fn gather<'o>(outlines: &'o [Outline], into: &mut Vec<&'o Outline>) {
            for outline in outlines {
                into.extend(outline.feed().is_some().then_some(outline));
                gather(&outline.children, into);
            }
        }
        let mut feeds = Vec::new();
        gather(&self.outlines, &mut feeds);
        feeds
    }

    /// The same list with each feed at the address that `ours` gives for its own; feeds without one, and
    /// folders that are empty because of it, are left out.
    #[must_use]
    pub fn rewritten(mut self, ours: &mut dyn FnMut(&str) -> Option<String>) -> Self {
        fn rewrite(outlines: &mut Vec<Outline>, ours: &mut dyn FnMut(&str) -> Option<String>) {
            outlines.retain_mut(|outline| {
                rewrite(&mut outline.children, ours);
                match outline.feed().map(ToOwned::to_owned) {
                    Some(url) => match ours(&url) {
                        Some(address) => {
                            outline.set("xmlUrl", &address);
                            true
                        }
                        None => false,
                    },
                    None => !outline.children.is_empty(),
                }
            });
        }
        rewrite(&mut self.outlines, ours);
        self
    }

    /// The list as OPML 2.0.
    ///
    /// # Errors
    /// Never in practice: it is written to memory.
    pub fn write(&self) -> Result<Vec<u8>, Error> {
        let failed = |error: std::io::Error| Error::Unreadable(error.to_string());
        let mut writer = Writer::new_with_indent(Cursor::new(Vec::new()), b' ', 2);
        let mut event = |event: Event<'_>| writer.write_event(event).map_err(failed);
        event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let mut root = BytesStart::new("opml");
        if !self.root.iter().any(|(key, _)| key == "version") {
            root.push_attribute(("version", "2.0"));
        }
        push(&mut root, &self.root);
        event(Event::Start(root))?;
        event(Event::Start(BytesStart::new("head")))?;
        event(Event::Start(BytesStart::new("title")))?;
        event(Event::Text(BytesText::new(&self.title)))?;
        event(Event::End(BytesEnd::new("title")))?;
        event(Event::End(BytesEnd::new("head")))?;
        event(Event::Start(BytesStart::new("body")))?;
        for outline in &self.outlines {
            write(outline, &mut event)?;
        }
        event(Event::End(BytesEnd::new("body")))?;
        event(Event::End(BytesEnd::new("opml")))?;
        let mut bytes = writer.into_inner().into_inner();
        bytes.push(b'\n');
        Ok(bytes)
    }
}

fn push(tag: &mut BytesStart<'_>, attributes: &[(String, String)]) {
    for (key, value) in attributes {
        tag.push_attribute((key.as_str(), value.as_str()));
    }
}

fn write(outline: &Outline, event: &mut impl FnMut(Event<'_>) -> Result<(), Error>) -> Result<(), Error> {
    let mut tag = BytesStart::new("outline");
    push(&mut tag, &outline.attributes);
    if outline.children.is_empty() {
        return event(Event::Empty(tag));
    }
    event(Event::Start(tag))?;
    for child in &outline.children {
        write(child, event)?;
    }
    event(Event::End(BytesEnd::new("outline")))
}

/// Reads a list. What is broken in it is passed over: a bare `&`, an end tag too few, text between.
///
/// # Errors
/// When there is no list in it, or one without end.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Document, Error> {
    let source = Source {
        bytes,
        content_type: None,
        content_encoding: None,
        base: None,
    };
    let text = decode(&source, limits, &mut Report::default())
        .map_err(|error| Error::Unreadable(error.to_string()))?;
    let mut reader = Reader::from_str(&text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let mut document = Document::default();
    let mut open: Vec<Outline> = Vec::new();
    let (mut is_opml, mut in_title, mut count) = (false, false, 0_usize);
    loop {
        let event = match reader.read_event() {
            Ok(Event::Eof) | Err(_) => break,
            Ok(event) => event,
        };
        match event {
            Event::Start(tag) | Event::Empty(tag) if tag.name().as_ref().eq_ignore_ascii_case(b"opml") => {
                is_opml = true;
                document.root = attributes(&tag);
            }
            Event::Start(tag) if is_outline(tag.name().as_ref()) => {
                count += 1;
                let outline = Outline {
                    attributes: attributes(&tag),
                    children: Vec::new(),
                };
                if open.len() < MAX_DEPTH {
                    open.push(outline);
                } else {
                    close(outline, &mut open, &mut document);
                    open.push(Outline::default());
                }
            }
            Event::Empty(tag) if is_outline(tag.name().as_ref()) => {
                count += 1;
                let outline = Outline {
                    attributes: attributes(&tag),
                    children: Vec::new(),
                };
                close(outline, &mut open, &mut document);
            }
            Event::End(tag) if is_outline(tag.name().as_ref()) => {
                if let Some(outline) = open.pop() {
                    close(outline, &mut open, &mut document);
                }
            }
            Event::Start(tag) if tag.name().as_ref().eq_ignore_ascii_case(b"title") => in_title = true,
            Event::End(tag) if tag.name().as_ref().eq_ignore_ascii_case(b"title") => in_title = false,
            Event::Text(text) if in_title => {
                document.title.push_str(&plain(&String::from_utf8_lossy(&text)));
            }
            // References in text are events of their own.
            Event::GeneralRef(name) if in_title => {
                let reference = format!("&{};", String::from_utf8_lossy(&name));
                document.title.push_str(&plain(&reference));
            }
            _ => {}
        }
        if count > MAX_OUTLINES || open.len() > 2 * MAX_DEPTH {
            return Err(Error::TooLarge);
        }
    }
    while let Some(outline) = open.pop() {
        close(outline, &mut open, &mut document);
    }
    if !is_opml && document.outlines.is_empty() {
        return Err(Error::NoOpml);
    }
    Ok(document)
}

fn is_outline(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"outline")
}

/// Puts a finished outline where it belongs.
fn close(outline: Outline, open: &mut [Outline], document: &mut Document) {
    if outline == Outline::default() {
        return;
    }
    match open.last_mut() {
        Some(parent) => parent.children.push(outline),
        None => document.outlines.push(outline),
    }
}

fn attributes(tag: &BytesStart<'_>) -> Vec<(String, String)> {
    let mut read: Vec<(String, String)> = Vec::new();
    for attribute in tag.html_attributes().with_checks(false).flatten() {
        let key = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
        let is_name = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || "_:.-".contains(c));
        if is_name && !read.iter().any(|(known, _)| *known == key) {
            read.push((key, plain(&String::from_utf8_lossy(&attribute.value))));
        }
    }
    read
}

/// Text without its references: XML's, numbers, and the names that only HTML knows, as many programs write them.
/// What is no reference stays as it is.
fn plain(text: &str) -> String {
    let (mut read, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('&') {
        read.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match reference(rest) {
            Some((meant, length)) => {
                read.push_str(&meant);
                length
            }
            None => {
                read.push('&');
                1
            }
        };
        rest = &rest[length..];
    }
    read.push_str(rest);
    read
}

/// What the reference at the beginning of `rest` means, and how many bytes it takes.
fn reference(rest: &str) -> Option<(String, usize)> {
    let end = rest.bytes().take(LONGEST_REFERENCE).position(|b| b == b';')?;
    let name = rest.get(1..=end)?;
    let meant = if name.starts_with('#') {
        let meant = unescape(&rest[..=end]).ok()?.into_owned();
        // Nothing that XML cannot say again.
        meant
            .chars()
            .all(|c| !c.is_control() || "\t\n\r".contains(c))
            .then_some(meant)?
    } else {
        // (0, 0) stands at what only begins a name.
        let &(first, second) = NAMED_ENTITIES.get(name)?;
        let meant: String = [first, second]
            .into_iter()
            .filter(|code| *code != 0)
            .filter_map(char::from_u32)
            .collect();
        Some(meant).filter(|meant| !meant.is_empty())?
    };
    Some((meant, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Document {
        read(text.as_bytes(), &Limits::default()).unwrap()
    }

    #[test]
    fn folders_and_unknown_attributes_survive_a_round_trip() {
        let text = r#"<?xml version="1.0"?><opml version="1.0" xmlns:fz="urn:fz"><head><title>Mine &amp; yours</title></head><body>
            <outline text="News" fz:quickMode="true"><outline text="A &quot;a&quot;" type="rss" xmlUrl="https://a.example/f?x=1&amp;y=2" frss:cssFullContent=".x &gt; p"/>
            <outline text="Deep"><outline text="B" xmlurl="https://b.example/f"></outline></outline></outline></body></opml>"#;
        let document = read_text(text);
        assert_eq!(document.title, "Mine & yours");
        let feeds: Vec<_> = document
            .feeds()
            .iter()
            .map(|o| (o.title().to_owned(), o.feed().unwrap().to_owned()))
            .collect();
        assert_eq!(
            feeds,
            [
                ("A \"a\"".to_owned(), "https://a.example/f?x=1&y=2".to_owned()),
                ("B".to_owned(), "https://b.example/f".to_owned())
            ]
        );
        let again = String::from_utf8(document.write().unwrap()).unwrap();
        assert_eq!(read_text(&again), document, "{again}");
        let ours = document.rewritten(&mut |url| {
            url.contains("b.example")
                .then(|| "https://us.example/feeds/b".to_owned())
        });
        let ours = String::from_utf8(ours.write().unwrap()).unwrap();
        assert!(
            ours.contains("fz:quickMode=\"true\"") && ours.contains("xmlurl=\"https://us.example/feeds/b\""),
            "{ours}"
        );
        assert!(!ours.contains("a.example"), "{ours}");
    }

    #[test]
    fn references_mean_what_they_mean_in_html_and_a_bare_ampersand_spoils_none() {
        for (written, meant) in [
            ("A&nbsp;B &ndash; C&hellip;", "A\u{a0}B \u{2013} C\u{2026}"),
            (
                "caf&eacute; &amp; bar & &lt;b&gt; &quot;x&quot; &apos;",
                "caf\u{e9} & bar & <b> \"x\" '",
            ),
            (
                "&#8217;&#x2019;&#0;&#xfffe9999;",
                "\u{2019}\u{2019}&#0;&#xfffe9999;",
            ),
            ("&amp;nbsp; &unheard; &", "&nbsp; &unheard; &"),
            (
                "AT&T; &copy 2026 &NotEqualTilde;",
                "AT&T; &copy 2026 \u{2242}\u{338}",
            ),
        ] {
            let list = format!(
                "<opml version='2.0'><head><title>{written}</title></head><body><outline text='{}' xmlUrl='https://a.example/'/></body></opml>",
                written.replace('\'', "&#39;")
            );
            let document = read_text(&list);
            assert_eq!(
                (document.title.as_str(), document.feeds()[0].title()),
                (meant, meant.trim()),
                "{written}"
            );
            let again = String::from_utf8(document.write().unwrap()).unwrap();
            assert_eq!(read_text(&again), document, "{again}");
        }
    }

    #[test]
    fn junk_is_passed_over() {
        for (text, feeds) in [
            (
                "<opml><body><outline text='R & D' xmlUrl='https://a.example/?a=1&b=2'>",
                1,
            ),
            ("<opml/>", 0),
            (
                "<opml><body><outline text='x'></outline></outline><outline xmlUrl='https://a.example'/></body>",
                1,
            ),
            (
                "<opml><body><outline xmlUrl=''/><outline xmlUrl=https://a.example/f /></body></opml>",
                1,
            ),
        ] {
            assert_eq!(read_text(text).feeds().len(), feeds, "{text}");
        }
        assert!(read(b"<html><body>hello", &Limits::default()).is_err());
        assert!(read(b"", &Limits::default()).is_err());
        let deep = "<outline text='a'>".repeat(1000);
        let _ends = read(format!("<opml>{deep}").as_bytes(), &Limits::default());
    }
}
