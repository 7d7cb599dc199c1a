//! Namespaces, under all the names that real feeds give them.

use std::borrow::Cow;

/// What an element belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Vocabulary {
    /// RSS 0.90 to 2.0, RSS 1.1, CDF: no namespace, or one of theirs.
    Rss,
    /// Atom 0.3 and 1.0.
    Atom,
    Content,
    /// Excerpts of WordPress exports: `excerpt:encoded`.
    Excerpt,
    /// Dublin Core, elements and terms.
    Dc,
    Media,
    Itunes,
    GooglePlay,
    Podcast,
    /// Podlove Simple Chapters.
    Psc,
    RawVoice,
    Yandex,
    /// Dave Winer's `source:` namespace.
    Source,
    Slash,
    FeedBurner,
    GeoRss,
    Wfw,
    WebFeeds,
    Rdf,
    Xhtml,
    Svg,
    MathMl,
    /// Any other namespace: the default rule.
    Other,
}

/// Atom 1.0 (RFC 4287).
pub const ATOM: &str = "http://www.w3.org/2005/Atom";
/// XHTML.
pub const XHTML: &str = "http://www.w3.org/1999/xhtml";

/// Lower case, without a trailing `/` or `#`.
static NAMESPACES: &[(&str, Vocabulary)] = &[
    ("http://www.w3.org/2005/atom", Vocabulary::Atom),
    ("http://purl.org/atom/ns", Vocabulary::Atom),
    ("http://example.com/newformat", Vocabulary::Atom),
    ("http://example.com/necho", Vocabulary::Atom),
    ("http://purl.org/echo", Vocabulary::Atom),
    ("uri/of/echo/namespace", Vocabulary::Atom),
    ("http://purl.org/pie", Vocabulary::Atom),
    ("http://purl.org/rss/1.0", Vocabulary::Rss),
    ("http://purl.org/net/rss1.1", Vocabulary::Rss),
    ("http://my.netscape.com/rdf/simple/0.9", Vocabulary::Rss),
    (
        "http://my.netscape.com/publish/formats/rss-0.91.dtd",
        Vocabulary::Rss,
    ),
    ("http://channel.netscape.com/rdf/simple/0.9", Vocabulary::Rss),
    ("http://backend.userland.com/rss", Vocabulary::Rss),
    ("http://backend.userland.com/rss2", Vocabulary::Rss),
    ("http://backend.userland.com/rss091", Vocabulary::Rss),
    ("http://blogs.law.harvard.edu/tech/rss", Vocabulary::Rss),
    ("http://cyber.law.harvard.edu/rss/rss.html", Vocabulary::Rss),
    ("http://cyber.law.harvard.edu/rss", Vocabulary::Rss),
    ("http://www.rssboard.org/rss-specification", Vocabulary::Rss),
    ("http://purl.org/rss/2.0", Vocabulary::Rss),
    ("http://purl.org/rss/1.0/modules/rss091", Vocabulary::Rss),
    ("http://purl.org/rss/1.0/modules/content", Vocabulary::Content),
    ("http://wordpress.org/export/1.0/excerpt", Vocabulary::Excerpt),
    ("http://wordpress.org/export/1.1/excerpt", Vocabulary::Excerpt),
    ("http://wordpress.org/export/1.2/excerpt", Vocabulary::Excerpt),
    ("http://purl.org/dc/elements/1.0", Vocabulary::Dc),
    ("http://purl.org/dc/elements/1.1", Vocabulary::Dc),
    ("http://purl.org/dc/terms", Vocabulary::Dc),
    ("http://search.yahoo.com/mrss", Vocabulary::Media),
    ("http://video.search.yahoo.com/mrss", Vocabulary::Media),
    ("http://www.rssboard.org/media-rss", Vocabulary::Media),
    ("http://tools.search.yahoo.com/mrss", Vocabulary::Media),
    ("http://www.itunes.com/dtds/podcast-1.0.dtd", Vocabulary::Itunes),
    ("http://www.itunes.com/dtds/podcast-1.0", Vocabulary::Itunes),
    ("http://example.com/dtds/podcast-1.0.dtd", Vocabulary::Itunes),
    ("https://www.itunes.com/dtds/podcast-1.0.dtd", Vocabulary::Itunes),
    (
        "http://www.google.com/schemas/play-podcasts/1.0",
        Vocabulary::GooglePlay,
    ),
    (
        "http://www.google.com/schemas/play-podcasts/1.0/play-podcasts.xsd",
        Vocabulary::GooglePlay,
    ),
    ("https://podcastindex.org/namespace/1.0", Vocabulary::Podcast),
    ("http://podcastindex.org/namespace/1.0", Vocabulary::Podcast),
    (
        "https://github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md",
        Vocabulary::Podcast,
    ),
    ("http://podlove.org/simple-chapters", Vocabulary::Psc),
    ("http://www.rawvoice.com/rawvoicerssmodule", Vocabulary::RawVoice),
    ("https://blubrry.com/developer/rawvoice-rss", Vocabulary::RawVoice),
    ("http://news.yandex.ru", Vocabulary::Yandex),
    ("http://source.scripting.com", Vocabulary::Source),
    (
        "http://source.smallpict.com/2014/07/12/thesourcenamespace.html",
        Vocabulary::Source,
    ),
    ("http://purl.org/rss/1.0/modules/slash", Vocabulary::Slash),
    (
        "http://rssnamespace.org/feedburner/ext/1.0",
        Vocabulary::FeedBurner,
    ),
    ("http://www.georss.org/georss", Vocabulary::GeoRss),
    ("http://wellformedweb.org/commentapi", Vocabulary::Wfw),
    ("http://webfeeds.org/rss/1.0", Vocabulary::WebFeeds),
    ("http://www.w3.org/1999/02/22-rdf-syntax-ns", Vocabulary::Rdf),
    ("http://www.w3.org/1999/xhtml", Vocabulary::Xhtml),
    ("http://www.w3.org/2000/svg", Vocabulary::Svg),
    ("http://www.w3.org/1998/math/mathml", Vocabulary::MathMl),
];

impl Vocabulary {
    /// Every vocabulary with a namespace that means it (as the table writes it), each once.
    pub fn all() -> impl Iterator<Item = (Self, &'static str)> {
        let before = |index: usize, vocabulary| NAMESPACES[..index].iter().any(|(_, v)| *v == vocabulary);
        NAMESPACES
            .iter()
            .enumerate()
            .filter(move |(index, (_, vocabulary))| !before(*index, *vocabulary))
            .map(|(_, (uri, vocabulary))| (*vocabulary, *uri))
    }
}

/// The vocabulary of a namespace `uri` as written in the document (empty: no namespace).
///
/// Readers compare leniently, so we do: case, surrounding space, character references and a
/// trailing `/` or `#` make no difference.
#[must_use]
pub fn vocabulary(uri: &str) -> Vocabulary {
    let uri = match quick_xml::escape::unescape(uri) {
        Ok(decoded) => decoded,
        Err(_) => Cow::Borrowed(uri),
    };
    let uri = uri.trim().trim_end_matches(['/', '#']);
    if uri.is_empty() {
        return Vocabulary::Rss;
    }
    NAMESPACES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(uri))
        .map_or(Vocabulary::Other, |(_, vocabulary)| *vocabulary)
}
