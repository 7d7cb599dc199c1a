//! Which vocabulary a namespace belongs to. Real feeds misspell the addresses (letter case, a
//! slash or `#` at the end, draft versions), so they are compared without those.

use std::sync::Arc;

/// A vocabulary that feeds use.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Vocabulary {
    /// RSS, CDF and Atom, and names without a namespace: read alike, as lenient readers do.
    Core,
    /// As `Core`, but said to be Atom 1.0 or 0.3: text has a type.
    Atom,
    Rdf,
    Content,
    Dc,
    DcTerms,
    Syndication,
    Media,
    Itunes,
    GooglePlay,
    Podcast,
    WebFeeds,
    Xhtml,
    Xml,
    Other,
}

/// A namespace: its vocabulary, its address and the prefix it is commonly bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    pub vocabulary: Vocabulary,
    pub uri: Arc<str>,
    pub prefix: Option<&'static str>,
}

/// Addresses (lower case, nothing at the end), vocabulary, common prefix, address to write.
#[rustfmt::skip]
const KNOWN: &[(&str, Vocabulary, Option<&str>, &str)] = &[
    ("", Vocabulary::Core, None, ""),
    ("http://backend.userland.com/rss", Vocabulary::Core, None, ""),
    ("http://backend.userland.com/rss2", Vocabulary::Core, None, ""),
    ("http://backend.userland.com/rss091", Vocabulary::Core, None, ""),
    ("http://blogs.law.harvard.edu/tech/rss", Vocabulary::Core, None, ""),
    ("http://cyber.law.harvard.edu/rss/rss.html", Vocabulary::Core, None, ""),
    ("http://channel.netscape.com/rdf/simple/0.9", Vocabulary::Core, None, ""),
    ("http://my.netscape.com/rdf/simple/0.9", Vocabulary::Core, None, ""),
    ("http://my.netscape.com/publish/formats/rss-0.91.dtd", Vocabulary::Core, None, ""),
    ("http://purl.org/rss/1.0", Vocabulary::Core, None, ""),
    ("http://purl.org/net/rss1.1", Vocabulary::Core, None, ""),
    ("http://www.w3.org/standards/techs/cdf", Vocabulary::Core, None, ""),
    ("http://www.w3.org/2005/atom", Vocabulary::Atom, Some("atom"), "http://www.w3.org/2005/Atom"),
    ("http://purl.org/atom/ns", Vocabulary::Atom, Some("atom"), "http://www.w3.org/2005/Atom"),
    ("http://purl.org/net/rss1.1/payload", Vocabulary::Content, Some("content"), "http://purl.org/rss/1.0/modules/content/"),
    ("http://purl.org/rss/1.0/modules/content", Vocabulary::Content, Some("content"), "http://purl.org/rss/1.0/modules/content/"),
    ("http://www.w3.org/1999/02/22-rdf-syntax-ns", Vocabulary::Rdf, Some("rdf"), "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
    ("http://purl.org/dc/elements/1.0", Vocabulary::Dc, Some("dc"), "http://purl.org/dc/elements/1.1/"),
    ("http://purl.org/dc/elements/1.1", Vocabulary::Dc, Some("dc"), "http://purl.org/dc/elements/1.1/"),
    ("http://purl.org/rss/1.0/modules/dcterms", Vocabulary::DcTerms, Some("dcterms"), "http://purl.org/dc/terms/"),
    ("http://purl.org/dc/terms", Vocabulary::DcTerms, Some("dcterms"), "http://purl.org/dc/terms/"),
    ("http://purl.org/rss/1.0/modules/syndication", Vocabulary::Syndication, Some("sy"), "http://purl.org/rss/1.0/modules/syndication/"),
    ("http://search.yahoo.com/mrss", Vocabulary::Media, Some("media"), "http://search.yahoo.com/mrss/"),
    ("http://tools.search.yahoo.com/mrss", Vocabulary::Media, Some("media"), "http://search.yahoo.com/mrss/"),
    ("http://video.search.yahoo.com/mrss", Vocabulary::Media, Some("media"), "http://search.yahoo.com/mrss/"),
    ("http://www.itunes.com/dtds/podcast-1.0.dtd", Vocabulary::Itunes, Some("itunes"), "http://www.itunes.com/dtds/podcast-1.0.dtd"),
    ("http://example.com/dtds/podcast-1.0.dtd", Vocabulary::Itunes, Some("itunes"), "http://www.itunes.com/dtds/podcast-1.0.dtd"),
    ("http://www.google.com/schemas/play-podcasts/1.0", Vocabulary::GooglePlay, Some("googleplay"), "http://www.google.com/schemas/play-podcasts/1.0"),
    ("https://podcastindex.org/namespace/1.0", Vocabulary::Podcast, Some("podcast"), "https://podcastindex.org/namespace/1.0"),
    ("https://github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md", Vocabulary::Podcast, Some("podcast"), "https://podcastindex.org/namespace/1.0"),
    ("http://webfeeds.org/rss/1.0", Vocabulary::WebFeeds, Some("webfeeds"), "http://webfeeds.org/rss/1.0"),
    ("http://www.w3.org/1999/xhtml", Vocabulary::Xhtml, Some("xhtml"), "http://www.w3.org/1999/xhtml"),
    ("http://www.w3.org/xml/1998/namespace", Vocabulary::Xml, Some("xml"), "http://www.w3.org/XML/1998/namespace"),
    ("http://www.georss.org/georss", Vocabulary::Other, Some("georss"), "http://www.georss.org/georss"),
    ("http://www.opengis.net/gml", Vocabulary::Other, Some("gml"), "http://www.opengis.net/gml"),
    ("http://www.w3.org/2003/01/geo/wgs84_pos", Vocabulary::Other, Some("geo"), "http://www.w3.org/2003/01/geo/wgs84_pos#"),
    ("http://purl.org/rss/1.0/modules/slash", Vocabulary::Other, Some("slash"), "http://purl.org/rss/1.0/modules/slash/"),
    ("http://wellformedweb.org/commentapi", Vocabulary::Other, Some("wfw"), "http://wellformedweb.org/CommentAPI/"),
    ("http://purl.org/syndication/thread/1.0", Vocabulary::Other, Some("thr"), "http://purl.org/syndication/thread/1.0"),
    ("http://podlove.org/simple-chapters", Vocabulary::Other, Some("psc"), "http://podlove.org/simple-chapters"),
    ("http://backend.userland.com/creativecommonsrssmodule", Vocabulary::Other, Some("creativeCommons"), "http://backend.userland.com/creativeCommonsRssModule"),
    ("http://web.resource.org/cc", Vocabulary::Other, Some("cc"), "http://web.resource.org/cc/"),
    ("http://www.youtube.com/xml/schemas/2015", Vocabulary::Other, Some("yt"), "http://www.youtube.com/xml/schemas/2015"),
];

impl Namespace {
    /// The namespace at `uri`.
    pub fn of(uri: &str) -> Self {
        let plain = uri.trim().trim_end_matches(['/', '#']).to_ascii_lowercase();
        for (known, vocabulary, prefix, canonical) in KNOWN {
            if plain == *known {
                return Self {
                    vocabulary: vocabulary.clone(),
                    uri: Arc::from(*canonical),
                    prefix: *prefix,
                };
            }
        }
        Self {
            vocabulary: Vocabulary::Other,
            uri: Arc::from(uri.trim()),
            prefix: None,
        }
    }
}

impl Vocabulary {
    /// RSS, CDF, Atom and names without a namespace.
    pub fn is_core(&self) -> bool {
        matches!(self, Self::Core | Self::Atom)
    }
}
