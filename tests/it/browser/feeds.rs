//! Feeds that hold one piece of markup in every place where a feed can hold markup or an address,
//! as the audited table (`transform::fields`) lists them.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::mem;

use base64::Engine as _;
use limpid::transform::clean::Role;
use limpid::transform::fields::{self, Attribute, JsonNode, Node, Vocabulary};
use serde_json::{Map, Value, json};

/// Which places have their turn with a piece of markup: of each kind of field every `of`th, another
/// with every `number`. Over many pieces every place has its turn; with `of` 1, every place every time.
///
/// `of` has no divisor in common with the number of ways to write any kind of field, so that every
/// place has its turn in every way.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    pub(super) number: usize,
    pub(super) of: usize,
}

impl Turn {
    fn has(self, place: usize) -> bool {
        (place + self.number).is_multiple_of(self.of)
    }
}

/// One feed for each of RSS, Atom and JSON Feed, quoted as an honest author would; then those where
/// the markup stands in the document itself.
///
/// Every place that has its turn holds it once. Where a place can be written in several ways, the turn
/// says which, so that over many pieces of markup every way has its turn.
pub(super) fn all(markup: &str, turn: Turn) -> Vec<String> {
    let mut feeds = vec![rss(markup, turn), atom(markup, turn), json_feed(markup, turn)];
    let inline = INLINE.iter().enumerate().filter(|(n, _)| turn.has(*n));
    feeds.extend(inline.map(|(_, feed)| feed.replace('%', markup)));
    feeds
}

/// How many places there are.
pub(super) fn places() -> usize {
    held(Turn { number: 0, of: 1 })
}

/// How many places hold the markup at this turn.
pub(super) fn held(turn: Turn) -> usize {
    const MARK: &str = "p-l-a-c-e";
    let feeds = all(MARK, turn);
    feeds.iter().map(|feed| feed.matches(MARK).count()).sum()
}

/// Feeds that hold nothing but `picture`, at every place of the table that is for one.
pub(super) fn of_pictures(picture: &str) -> Vec<String> {
    let prefixes = prefixes(Vocabulary::Rss);
    let mut places = String::new();
    for (vocabulary, prefix, _) in &prefixes {
        for (name, node) in fields::elements(*vocabulary) {
            if node == Node::Address(Role::Image) {
                let _ = write!(places, "<{prefix}{name}>{picture}</{prefix}{name}>");
            }
        }
        for (element, name, attribute) in fields::attributes(*vocabulary) {
            let beside = match attribute {
                Attribute::Address(Role::Image) => "",
                Attribute::ByType => " type=\"image/png\"",
                Attribute::ByRelation => " rel=\"icon\"",
                Attribute::SrcSet => {
                    let _ = write!(
                        places,
                        "<{prefix}{element} {name}=\"{picture} 1x, {picture}?2 2x\"/>"
                    );
                    continue;
                }
                Attribute::Address(_) => continue,
            };
            let _ = write!(places, "<{prefix}{element}{beside} {name}=\"{picture}\"/>");
        }
    }
    let rss = format!(
        "<rss version=\"2.0\"{}><channel><title>t</title>{places}<image><url>{picture}</url></image><item>{places}</item></channel></rss>",
        declarations(&prefixes)
    );
    let atom = format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"><icon>{picture}</icon><logo>{picture}</logo><entry><id>1</id>\
         <link rel=\"enclosure\" type=\"image/png\" href=\"{picture}\"/><content type=\"image/png\" src=\"{picture}\"/></entry></feed>"
    );
    let images: Map<String, Value> = fields::json_nodes()
        .filter(|(_, node)| *node == JsonNode::Address(Role::Image))
        .map(|(key, _)| (key.to_owned(), json!(picture)))
        .collect();
    let mut item = images.clone();
    item.insert("id".to_owned(), json!("1"));
    item.insert(
        "attachments".to_owned(),
        json!([{ "url": picture, "mime_type": "image/png" }]),
    );
    item.insert("authors".to_owned(), json!([images]));
    let mut feed = images;
    feed.insert("version".to_owned(), json!("https://jsonfeed.org/version/1.1"));
    feed.insert("title".to_owned(), json!("t"));
    feed.insert("items".to_owned(), json!([item]));
    vec![rss, atom, Value::Object(feed).to_string()]
}

/// `%` is the markup as it is: whatever it does to the document, a hostile origin can do.
const INLINE: [&str; 9] = [
    "<rss version='2.0'><channel><title>t</title><item><title>%</title></item></channel></rss>",
    "<rss version='2.0'><channel><title>t</title><item><description>%</description></item></channel></rss>",
    "<rss version='2.0' xmlns:c='http://purl.org/rss/1.0/modules/content/'><channel><item><c:encoded>%</c:encoded></item></channel></rss>",
    "<rss version='2.0'><channel><title>%</title><item><guid>1</guid>%</item></channel></rss>",
    "<rss version='2.0'><channel><item><description><![CDATA[%]]></description></item></channel></rss>",
    "<feed xmlns='http://www.w3.org/2005/Atom'><entry><content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>%</div></content></entry></feed>",
    "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>%</div></title></entry></feed>",
    "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:h='http://www.w3.org/1999/xhtml'><entry><content type='xhtml'><h:div>%</h:div></content></entry></feed>",
    "<feed xmlns='http://www.w3.org/2005/Atom'><entry><summary type='html'>%</summary><content type='application/xml'>%</content></entry></feed>",
];

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// The vocabularies with a prefix of ours each; `own`: the one that needs none.
fn prefixes(own: Vocabulary) -> Vec<(Vocabulary, String, &'static str)> {
    Vocabulary::all()
        .enumerate()
        .map(|(n, (vocabulary, uri))| {
            let prefix = if vocabulary == own {
                String::new()
            } else {
                format!("v{n}:")
            };
            (vocabulary, prefix, uri)
        })
        .collect()
}

fn declarations(prefixes: &[(Vocabulary, String, &str)]) -> String {
    prefixes
        .iter()
        .filter(|(_, prefix, _)| !prefix.is_empty())
        .map(|(_, prefix, uri)| format!(" xmlns:{}=\"{uri}\"", prefix.trim_end_matches(':')))
        .collect::<String>()
        + " xmlns:x=\"urn:unheard-of\""
}

fn rss(markup: &str, turn: Turn) -> String {
    let prefixes = prefixes(Vocabulary::Rss);
    let (feed, entry) = levels(in_every_place(markup, turn, &prefixes), turn.number);
    let text = escaped(markup);
    format!(
        "<rss version=\"2.0\"{}><channel><title>t</title>{feed}<image><url>{text}</url><title>{text}</title></image>\
         <textInput><title>{text}</title><link>{text}</link></textInput>\
         <item><guid>{text}</guid><guid isPermaLink=\"true\">{text}</guid>{entry}</item></channel></rss>",
        declarations(&prefixes)
    )
}

fn atom(markup: &str, turn: Turn) -> String {
    // What other vocabularies hold was told in RSS.
    let mut prefixes = prefixes(Vocabulary::Atom);
    prefixes.retain(|(vocabulary, ..)| *vocabulary == Vocabulary::Atom);
    let (feed, entry) = levels(in_every_place(markup, turn, &prefixes), turn.number / 2);
    let text = escaped(markup);
    let person = format!("<name>{text}</name><uri>{text}</uri><email>{text}</email>");
    format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"{}><id>{text}</id>{feed}<author>{person}</author>\
         <category term=\"{text}\" label=\"{text}\" scheme=\"{text}\"/><entry><id>{text}</id>{entry}\
         <contributor>{person}</contributor><source><title type=\"html\">{text}</title></source></entry></feed>",
        declarations(&prefixes)
    )
}

/// The places as children of the feed or of an entry, by turns.
fn levels(places: String, turn: usize) -> (String, String) {
    if turn.is_multiple_of(4) {
        (places, String::new())
    } else {
        (String::new(), places)
    }
}

/// An element for each row of the table that has its turn; and some that no table knows.
fn in_every_place(markup: &str, turn: Turn, prefixes: &[(Vocabulary, String, &str)]) -> String {
    let text = escaped(markup);
    let mut out = String::new();
    let mut kinds = HashMap::new();
    let mut has_turn = move |kind| {
        let place = kinds.entry(kind).or_insert(0);
        *place += 1;
        turn.has(*place)
    };
    for (vocabulary, prefix, _) in prefixes {
        for (name, node) in fields::elements(*vocabulary) {
            if !has_turn(Some(mem::discriminant(&node))) {
                continue;
            }
            let forms = forms(node, markup, &text);
            if let Some((attributes, content)) = forms.get(turn.number % forms.len()) {
                let _ = write!(out, "<{prefix}{name}{attributes}>{content}</{prefix}{name}>");
            }
        }
        for (element, name, attribute) in fields::attributes(*vocabulary) {
            if !has_turn(None) {
                continue;
            }
            let beside = beside(attribute);
            if let Some(beside) = beside.get(turn.number % beside.len()) {
                let _ = write!(out, "<{prefix}{element}{beside} {name}=\"{text}\"/>");
            }
        }
        if *vocabulary == Vocabulary::Xhtml {
            let _ = write!(
                out,
                "<{prefix}p title=\"{text}\">{text}</{prefix}p><{prefix}body>{text}</{prefix}body>"
            );
        }
    }
    let cdata = cdata(markup);
    let _ = write!(
        out,
        "<x:y z=\"{text}\">{text}</x:y><x:y>{cdata}</x:y><x:y><x:z>{text}</x:z></x:y>"
    );
    out
}

/// Attributes and content, for each way to write what stands in an element.
fn forms(node: Node, markup: &str, text: &str) -> Vec<(&'static str, String)> {
    let quoted = || text.to_owned();
    match node {
        Node::Address(_) | Node::Id => vec![("", quoted())],
        Node::Html | Node::TextOrHtml | Node::Markup => vec![("", quoted()), ("", cdata(markup))],
        Node::Typed => vec![
            ("", quoted()),
            ("", cdata(markup)),
            (" type=\"text\"", quoted()),
            (" type=\"html\"", quoted()),
            (" type=\"html\"", cdata(markup)),
            (" type=\"xhtml\"", quoted()),
            (" type=\"text/html\" mode=\"escaped\"", quoted()),
            (
                " type=\"text/html\" mode=\"base64\"",
                base64::engine::general_purpose::STANDARD.encode(markup),
            ),
            (" type=\"image/svg+xml\"", quoted()),
        ],
    }
}

fn cdata(markup: &str) -> String {
    format!("<![CDATA[{}]]>", markup.replace("]]>", "]]]]><![CDATA[>"))
}

/// What stands beside an attribute and tells what it is.
fn beside(attribute: Attribute) -> &'static [&'static str] {
    match attribute {
        Attribute::Address(_) | Attribute::SrcSet => &[""],
        Attribute::ByType => &["", " type=\"image/png\"", " type=\"audio/mpeg\""],
        Attribute::ByRelation => &[
            "",
            " rel=\"alternate\"",
            " rel=\"enclosure\" type=\"image/png\"",
            " rel=\"icon\"",
        ],
    }
}

fn json_feed(markup: &str, turn: Turn) -> String {
    let every = || -> Map<String, Value> {
        fields::json_nodes()
            .enumerate()
            .filter(|(place, _)| turn.has(*place))
            .map(|(_, (key, _))| (key.to_owned(), json!(markup)))
            .chain([
                ("unheard_of".to_owned(), json!(markup)),
                ("_extension".to_owned(), json!({ "about": markup, "url": markup })),
            ])
            .collect()
    };
    let with = |more: Value| -> Value {
        let mut object = every();
        object.extend(more.as_object().cloned().unwrap_or_default());
        Value::Object(object)
    };
    json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": markup,
        "home_page_url": markup,
        "feed_url": markup,
        "description": markup,
        "icon": markup,
        "favicon": markup,
        "user_comment": markup,
        "authors": [with(json!({}))],
        "_extension": { "about": markup },
        "items": [with(json!({
            "authors": [with(json!({}))],
            "tags": [markup],
            "attachments": [with(json!({ "mime_type": "image/png" })), with(json!({ "mime_type": "text/html" }))],
        }))],
    })
    .to_string()
}
