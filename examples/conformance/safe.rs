//! An independent look for active content, in every text and attribute as a reader would decode it.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tag, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use limpid::message::Kind;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;

#[rustfmt::skip]
const ACTIVE: &[&str] = &[
    "script", "iframe", "frame", "frameset", "object", "embed", "applet", "form", "input", "button", "textarea",
    "base", "meta", "link", "style", "svg", "math", "template", "portal",
];

/// The first thing in the document that could act on its reader.
pub(crate) fn check(text: &str, kind: Kind) -> Result<(), String> {
    if kind == Kind::Json {
        let document = serde_json::from_str(text).map_err(|error| error.to_string())?;
        return json(&document);
    }
    let mut reader = NsReader::from_str(text);
    let mut run = String::new();
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        match &event {
            Event::Text(piece) => run.push_str(&piece.decode().unwrap_or_default()),
            Event::CData(piece) => run.push_str(&piece.decode().unwrap_or_default()),
            Event::GeneralRef(name) => {
                let character = name.resolve_char_ref().ok().flatten().map(String::from);
                let named =
                    || quick_xml::escape::resolve_predefined_entity(&name.decode().ok()?).map(str::to_owned);
                run.push_str(&character.or_else(named).unwrap_or_default());
            }
            Event::Start(start) | Event::Empty(start) => {
                value(&std::mem::take(&mut run))?;
                let (namespace, _) = reader.resolver().resolve_element(start.name());
                element(start, namespace == ResolveResult::Bound(MEDIA_RSS))?;
            }
            Event::PI(instruction) if instruction.target() == b"xml-stylesheet" => {
                return Err("a stylesheet".to_owned());
            }
            Event::Eof => return value(&run),
            _ => value(&std::mem::take(&mut run))?,
        }
    }
}

/// Its `embed` is data about a player.
const MEDIA_RSS: Namespace<'_> = Namespace(b"http://search.yahoo.com/mrss/");

fn element(start: &BytesStart<'_>, is_media_rss: bool) -> Result<(), String> {
    let local = String::from_utf8_lossy(start.local_name().as_ref()).to_ascii_lowercase();
    // Elements of XHTML written inline; `link`, `textinput` and the like are feeds' own.
    if !is_media_rss
        && matches!(
            local.as_str(),
            "script" | "iframe" | "object" | "embed" | "applet" | "frame"
        )
    {
        return Err(format!("<{local}>"));
    }
    for attribute in start.attributes().with_checks(false).flatten() {
        let name = String::from_utf8_lossy(attribute.key.as_ref()).to_ascii_lowercase();
        if name.starts_with("on") {
            return Err(format!("{name}= on <{local}>"));
        }
        let decoded = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|error| error.to_string())?;
        value(&decoded)?;
    }
    Ok(())
}

fn json(document: &serde_json::Value) -> Result<(), String> {
    match document {
        serde_json::Value::String(text) => value(text),
        serde_json::Value::Array(list) => list.iter().try_for_each(json),
        serde_json::Value::Object(object) => object.values().try_for_each(json),
        _ => Ok(()),
    }
}

/// A decoded text or attribute, as HTML and as an address.
fn value(text: &str) -> Result<(), String> {
    if runs(text) {
        return Err(text.chars().take(80).collect());
    }
    if !text.contains('<') {
        return Ok(());
    }
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from_slice(text));
    let tokenizer = Tokenizer::new(Look::default(), TokenizerOpts::default());
    let _ = tokenizer.feed(&queue);
    tokenizer.end();
    match tokenizer.sink.found.into_inner() {
        Some(found) => Err(found),
        None => Ok(()),
    }
}

/// An address that runs code.
fn runs(address: &str) -> bool {
    let head: String = address
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control())
        .take(20)
        .collect();
    let head = head.to_ascii_lowercase();
    ["javascript:", "vbscript:", "data:text/html", "data:image/svg"]
        .iter()
        .any(|scheme| head.starts_with(scheme))
}

#[derive(Default)]
struct Look {
    found: RefCell<Option<String>>,
}

impl TokenSink for Look {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        if let Token::TagToken(tag) = token
            && let Some(what) = active(&tag)
        {
            self.found.borrow_mut().get_or_insert(what);
        }
        TokenSinkResult::Continue
    }
}

fn active(tag: &Tag) -> Option<String> {
    if ACTIVE.contains(&&*tag.name) {
        return Some(format!("<{}>", tag.name));
    }
    let attribute = tag.attrs.iter().find(|attribute| {
        attribute.name.local.starts_with("on") || &*attribute.name.local == "style" || runs(&attribute.value)
    })?;
    Some(format!(
        "<{} {}={:?}>",
        tag.name, attribute.name.local, &*attribute.value
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn active_content_is_found_wherever_it_hides() {
        for text in [
            "<a><![CDATA[<script>x</script>]]></a>",
            "<a>&lt;img src=x onerror=y&gt;</a>",
            "<a>&#60;iframe src=x&gt;</a>",
            "<a b='&lt;object&gt;'/>",
            "<a href=' java&#10;script:x'/>",
            "<a>javascript:x</a>",
            "<a>&lt;a href='vbscript:x'&gt;</a>",
            "<a><script/></a>",
            "<a onclick='x'/>",
            "<?xml-stylesheet href='x'?><a/>",
        ] {
            assert!(check(text, Kind::Rss).is_err(), "{text}");
        }
        assert!(check(r#"{"a":[{"b":"<script>"}]}"#, Kind::Json).is_err());
    }

    #[test]
    fn harmless_content_is_left_alone() {
        for text in [
            "<a>&lt;p&gt;one &lt;b&gt;two&lt;/b&gt;&lt;/p&gt;</a>",
            "<a>Vec&lt;T&gt; on x=1</a>",
            "<a>&amp;lt;script&amp;gt;</a>",
        ] {
            assert_eq!(check(text, Kind::Rss), Ok(()), "{text}");
        }
    }
}
