//! A namespace as we read and write it: its vocabulary (from the audited table), and the address and
//! prefix that other formats know it by.

use std::borrow::Cow;
use std::sync::Arc;

use crate::transform::fields::{self, Vocabulary};

/// A namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    pub vocabulary: Vocabulary,
    /// As it is written in the conversions.
    pub uri: Arc<str>,
    /// The prefix that it is commonly bound to.
    pub prefix: Option<&'static str>,
}

/// Apple's podcast elements.
pub const ITUNES: &str = "http://www.itunes.com/dtds/podcast-1.0.dtd";
/// Media RSS.
pub const MEDIA: &str = "http://search.yahoo.com/mrss/";
/// When to ask again.
pub const SYNDICATION: &str = "http://purl.org/rss/1.0/modules/syndication/";
/// What `xml:base` and `xml:lang` are of.
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// The address that a vocabulary is written with, however its feeds spell it.
const CANONICAL: &[(Vocabulary, &str)] = &[
    (Vocabulary::Rss, ""),
    (Vocabulary::Atom, fields::ATOM),
    (Vocabulary::Media, MEDIA),
    (Vocabulary::Itunes, ITUNES),
    (
        Vocabulary::GooglePlay,
        "http://www.google.com/schemas/play-podcasts/1.0",
    ),
    (Vocabulary::Podcast, "https://podcastindex.org/namespace/1.0"),
];

/// Prefixes that readers without namespaces look for.
#[rustfmt::skip]
const PREFIXES: &[(&str, &str)] = &[
    (fields::ATOM, "atom"),
    (fields::XHTML, "xhtml"),
    (ITUNES, "itunes"),
    (MEDIA, "media"),
    (SYNDICATION, "sy"),
    (XML, "xml"),
    ("http://purl.org/dc/elements/1.1/", "dc"),
    ("http://purl.org/dc/terms/", "dcterms"),
    ("http://purl.org/rss/1.0/modules/slash/", "slash"),
    ("http://purl.org/syndication/thread/1.0", "thr"),
    ("http://web.resource.org/cc/", "cc"),
    ("http://backend.userland.com/creativeCommonsRssModule", "creativeCommons"),
    ("http://wellformedweb.org/CommentAPI/", "wfw"),
    ("http://webfeeds.org/rss/1.0", "webfeeds"),
    ("http://www.georss.org/georss", "georss"),
    ("http://www.google.com/schemas/play-podcasts/1.0", "googleplay"),
    ("http://www.opengis.net/gml", "gml"),
    ("http://www.w3.org/2003/01/geo/wgs84_pos#", "geo"),
    ("http://www.youtube.com/xml/schemas/2015", "yt"),
    ("https://podcastindex.org/namespace/1.0", "podcast"),
    ("http://podlove.org/simple-chapters", "psc"),
];

impl Namespace {
    /// The namespace at `written`, as it stands in the document (with references; empty: none).
    pub fn of(written: &str) -> Self {
        let vocabulary = fields::vocabulary(written);
        let address = quick_xml::escape::unescape(written).unwrap_or(Cow::Borrowed(written));
        let canonical = CANONICAL.iter().find(|(known, _)| *known == vocabulary);
        let uri = canonical.map_or(address.trim(), |(_, uri)| uri);
        let same = |known: &str| {
            known
                .trim_end_matches(['/', '#'])
                .eq_ignore_ascii_case(uri.trim_end_matches(['/', '#']))
        };
        match PREFIXES.iter().find(|(known, _)| same(known)) {
            Some((known, prefix)) => Self {
                vocabulary,
                uri: Arc::from(*known),
                prefix: Some(prefix),
            },
            None => Self {
                vocabulary,
                uri: Arc::from(uri),
                prefix: None,
            },
        }
    }

    /// RSS, CDF and Atom, and names without a namespace: they are read alike, as lenient readers do.
    pub fn is_core(&self) -> bool {
        matches!(self.vocabulary, Vocabulary::Rss | Vocabulary::Atom)
    }

    /// The namespace of `xml:base`.
    pub fn is_xml(&self) -> bool {
        &*self.uri == XML
    }

    /// The syndication module.
    pub fn is_syndication(&self) -> bool {
        &*self.uri == SYNDICATION
    }
}
