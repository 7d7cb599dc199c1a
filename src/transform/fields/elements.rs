//! Elements that hold markup, text that may be markup, or an address.

use super::Vocabulary;
use crate::transform::clean::Role;

/// What stands in an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    /// HTML, whatever the element says.
    Html,
    /// Text that readers take for HTML when it looks like it.
    TextOrHtml,
    /// What the attributes `type` and `mode` say (RFC 4287 §3.1 and §4.1.3; Atom 0.3 §3.1).
    Typed,
    /// An address.
    Address(Role),
    /// What readers know an entry by, and follow as a link where it is an address.
    Id,
    /// The element is itself markup.
    Markup,
}

const ADDRESS: Node = Node::Address(Role::Link);
const IMAGE: Node = Node::Address(Role::Image);
const MEDIA: Node = Node::Address(Role::Media);

type Rows = &'static [(&'static str, Node)];

static RSS: Rows = &[
    ("title", Node::Typed),
    ("link", ADDRESS),
    ("description", Node::Html),
    ("guid", Node::Id),
    ("id", Node::Id),
    ("category", Node::TextOrHtml),
    ("author", Node::TextOrHtml),
    ("comments", ADDRESS),
    ("source", Node::TextOrHtml),
    ("body", Node::Html),
    ("fullitem", Node::Html),
    ("encoded", Node::Html),
    ("abstract", Node::Html),
    // Atom without a namespace.
    ("content", Node::Typed),
    ("summary", Node::Typed),
    ("subtitle", Node::Typed),
    ("tagline", Node::Typed),
    ("info", Node::Typed),
    ("rights", Node::Typed),
    ("copyright", Node::Typed),
    ("managingeditor", Node::TextOrHtml),
    ("webmaster", Node::TextOrHtml),
    ("generator", Node::TextOrHtml),
    ("rating", Node::TextOrHtml),
    ("name", Node::TextOrHtml),
    ("docs", ADDRESS),
    ("image", IMAGE),
    ("icon", IMAGE),
    ("logo", IMAGE),
    ("thumbnail", IMAGE),
    ("linkmobile", ADDRESS),
];

static ATOM: Rows = &[
    ("id", Node::Id),
    ("title", Node::Typed),
    ("subtitle", Node::Typed),
    ("summary", Node::Typed),
    ("content", Node::Typed),
    ("rights", Node::Typed),
    ("tagline", Node::Typed),
    ("info", Node::Typed),
    ("copyright", Node::Typed),
    ("name", Node::TextOrHtml),
    ("generator", Node::TextOrHtml),
    ("icon", IMAGE),
    ("logo", IMAGE),
    ("uri", ADDRESS),
    ("url", ADDRESS),
];

static DC: Rows = &[
    ("title", Node::TextOrHtml),
    ("description", Node::TextOrHtml),
    ("abstract", Node::TextOrHtml),
    ("alternative", Node::TextOrHtml),
    ("creator", Node::TextOrHtml),
    ("author", Node::TextOrHtml),
    ("subject", Node::TextOrHtml),
    ("rights", Node::TextOrHtml),
    ("publisher", Node::TextOrHtml),
    ("contributor", Node::TextOrHtml),
    ("source", Node::TextOrHtml),
    ("coverage", Node::TextOrHtml),
];

static MEDIA_RSS: Rows = &[
    ("title", Node::Typed),
    ("description", Node::Typed),
    ("text", Node::Typed),
    ("copyright", Node::TextOrHtml),
    ("credit", Node::TextOrHtml),
    ("comment", Node::TextOrHtml),
    ("response", Node::TextOrHtml),
    ("keywords", Node::TextOrHtml),
    ("tags", Node::TextOrHtml),
    ("category", Node::TextOrHtml),
    ("embed", Node::TextOrHtml),
    ("player", Node::TextOrHtml),
    ("backlink", ADDRESS),
    ("thumbnail", IMAGE),
];

static ITUNES: Rows = &[
    ("summary", Node::TextOrHtml),
    ("subtitle", Node::TextOrHtml),
    ("title", Node::TextOrHtml),
    ("author", Node::TextOrHtml),
    ("name", Node::TextOrHtml),
    ("description", Node::TextOrHtml),
    ("keywords", Node::TextOrHtml),
    ("image", IMAGE),
    ("link", ADDRESS),
];

static PODCAST: Rows = &[
    ("soundbite", Node::TextOrHtml),
    ("person", Node::TextOrHtml),
    ("trailer", Node::TextOrHtml),
    ("location", Node::TextOrHtml),
    ("chat", Node::TextOrHtml),
    ("funding", Node::TextOrHtml),
];

static WEB_FEEDS: Rows = &[
    ("icon", IMAGE),
    ("logo", IMAGE),
    ("cover", IMAGE),
    ("wordmark", IMAGE),
];

/// Sections of a page; any other XHTML element that stands in a feed is markup as well, only that
/// `meta` (for robots) and `link` show nothing and pass.
static XHTML: Rows = &[];

fn rows(vocabulary: Vocabulary) -> Rows {
    match vocabulary {
        Vocabulary::Rss => RSS,
        Vocabulary::Atom => ATOM,
        Vocabulary::Content | Vocabulary::Excerpt => &[("encoded", Node::Html), ("value", Node::Html)],
        Vocabulary::Rdf => &[("value", Node::Html)],
        Vocabulary::Dc => DC,
        Vocabulary::Media => MEDIA_RSS,
        Vocabulary::Itunes | Vocabulary::GooglePlay => ITUNES,
        Vocabulary::Podcast => PODCAST,
        Vocabulary::RawVoice => &[
            ("embed", Node::Html),
            ("liveembed", Node::Html),
            ("poster", IMAGE),
        ],
        Vocabulary::Yandex => &[("full-text", Node::Html)],
        Vocabulary::Source => &[("markdown", Node::TextOrHtml)],
        Vocabulary::Slash => &[("department", Node::TextOrHtml)],
        Vocabulary::FeedBurner => &[
            ("browserfriendly", Node::TextOrHtml),
            ("origlink", ADDRESS),
            ("origenclosurelink", MEDIA),
        ],
        Vocabulary::GeoRss => &[("featurename", Node::TextOrHtml)],
        Vocabulary::Wfw => &[("comment", ADDRESS), ("commentrss", ADDRESS)],
        Vocabulary::WebFeeds => WEB_FEEDS,
        Vocabulary::Xhtml => XHTML,
        Vocabulary::Svg | Vocabulary::MathMl | Vocabulary::Psc | Vocabulary::Other => &[],
    }
}

/// True for fields that are one line wherever they are shown, in any vocabulary and as a key of JSON Feed.
#[must_use]
pub fn is_line(name: &str) -> bool {
    ["title", "rights", "copyright"]
        .iter()
        .any(|line| line.eq_ignore_ascii_case(name))
}

/// Every element of `vocabulary` in the table, with what stands in it.
pub fn elements(vocabulary: Vocabulary) -> impl Iterator<Item = (&'static str, Node)> {
    rows(vocabulary).iter().copied()
}

/// What stands in the element `name` of `vocabulary` inside an element named `parent`; `None`: the
/// default rule.
#[must_use]
pub fn node(vocabulary: Vocabulary, name: &str, parent: &str) -> Option<Node> {
    match vocabulary {
        Vocabulary::Xhtml if !["meta", "link", "html", "head"].contains(&name) => return Some(Node::Markup),
        Vocabulary::Svg | Vocabulary::MathMl => return Some(Node::Markup),
        // The picture of a feed: `image/url`; anywhere else a page.
        Vocabulary::Rss if name.eq_ignore_ascii_case("url") => {
            let image = parent.eq_ignore_ascii_case("image");
            return Some(if image { IMAGE } else { ADDRESS });
        }
        _ => {}
    }
    rows(vocabulary)
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, node)| *node)
}
