//! Attributes that hold an address or text that may be markup.

use super::Vocabulary;
use crate::transform::clean::Role;

/// What stands in an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// An address for this.
    Address(Role),
    /// An address of a picture or of media: the attributes `type` and `medium` beside it tell, or
    /// its extension.
    ByType,
    /// `href` of an Atom link: `rel` and `type` beside it tell.
    ByRelation,
    /// Candidates of one picture (HTML §4.8.4.2.1).
    SrcSet,
}

const LINK: Attribute = Attribute::Address(Role::Link);
const IMAGE: Attribute = Attribute::Address(Role::Image);
const MEDIA: Attribute = Attribute::Address(Role::Media);

type Rows = &'static [(&'static str, &'static str, Attribute)];

static RSS: Rows = &[
    ("enclosure", "url", Attribute::ByType),
    ("source", "url", LINK),
    ("link", "href", Attribute::ByRelation),
    ("content", "src", Attribute::ByType),
    // CDF.
    ("channel", "href", LINK),
    ("item", "href", LINK),
    ("a", "href", LINK),
    ("logo", "href", IMAGE),
    ("image", "href", IMAGE),
    ("image", "url", IMAGE),
    ("thumbnail", "url", IMAGE),
];

static ATOM: Rows = &[
    ("link", "href", Attribute::ByRelation),
    ("content", "src", Attribute::ByType),
    ("generator", "uri", LINK),
    ("generator", "url", LINK),
];

static MEDIA_RSS: Rows = &[
    ("content", "url", Attribute::ByType),
    ("thumbnail", "url", IMAGE),
    ("player", "url", LINK),
    ("embed", "url", LINK),
    ("peerlink", "href", MEDIA),
    ("license", "href", LINK),
    ("copyright", "url", LINK),
    ("subtitle", "href", MEDIA),
];

static PODCAST: Rows = &[
    ("image", "href", IMAGE),
    ("image", "url", IMAGE),
    ("images", "srcset", Attribute::SrcSet),
    ("person", "img", IMAGE),
    ("person", "href", LINK),
    ("funding", "url", LINK),
    ("license", "url", LINK),
    ("chapters", "url", MEDIA),
    ("transcript", "url", MEDIA),
    ("trailer", "url", MEDIA),
    ("source", "uri", MEDIA),
    ("contentlink", "href", LINK),
    ("socialinteract", "uri", LINK),
];

fn rows(vocabulary: Vocabulary) -> Rows {
    match vocabulary {
        Vocabulary::Rss => RSS,
        Vocabulary::Atom => ATOM,
        Vocabulary::Media => MEDIA_RSS,
        Vocabulary::Itunes | Vocabulary::GooglePlay => &[("image", "href", IMAGE), ("link", "href", LINK)],
        Vocabulary::Podcast => PODCAST,
        Vocabulary::Psc => &[("chapter", "href", LINK), ("chapter", "image", IMAGE)],
        Vocabulary::RawVoice => &[
            ("poster", "url", IMAGE),
            ("mp4", "src", MEDIA),
            ("webm", "src", MEDIA),
        ],
        Vocabulary::Source => &[("outline", "url", LINK)],
        Vocabulary::WebFeeds => &[("cover", "image", IMAGE), ("related", "link", LINK)],
        Vocabulary::FeedBurner => &[("feedflare", "href", LINK), ("feedflare", "src", IMAGE)],
        _ => &[],
    }
}

/// Every attribute of `vocabulary` in the table: the element, its attribute, and what stands there.
pub fn attributes(vocabulary: Vocabulary) -> impl Iterator<Item = (&'static str, &'static str, Attribute)> {
    rows(vocabulary).iter().copied()
}

/// What stands in the attribute `name` (without a prefix) of `element`; `None`: the default rule.
#[must_use]
pub fn attribute(vocabulary: Vocabulary, element: &str, name: &str) -> Option<Attribute> {
    rows(vocabulary)
        .iter()
        .find(|(of, known, _)| known.eq_ignore_ascii_case(name) && of.eq_ignore_ascii_case(element))
        .map(|(_, _, attribute)| *attribute)
}

/// True for names of attributes that hold an address wherever they stand, in HTML as in the feed formats.
/// `name` may have a prefix (`xlink:href`).
#[must_use]
pub fn names_an_address(name: &str) -> bool {
    const NAMES: [&str; 9] = [
        "action",
        "background",
        "formaction",
        "href",
        "poster",
        "src",
        "srcset",
        "uri",
        "url",
    ];
    let local = name.rsplit(':').next().unwrap_or(name);
    NAMES.iter().any(|known| known.eq_ignore_ascii_case(local))
}
