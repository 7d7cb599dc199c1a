//! Namespaces (Namespaces in XML 1.0): which prefixes are declared where, and what undeclared
//! ones are taken for.

use std::borrow::Cow;
use std::fmt::Write as _;

/// What `xml` and `xmlns` always mean; nothing else may be bound to these.
const RESERVED: [&str; 2] = [
    "http://www.w3.org/XML/1998/namespace",
    "http://www.w3.org/2000/xmlns/",
];

/// The longest namespace name, in bytes: they are compared again and again.
const LONGEST: usize = 1024;

/// What a prefix means in feeds that forget to declare it.
const WELL_KNOWN: [(&str, &str); 49] = [
    ("a10", "http://www.w3.org/2005/Atom"),
    ("admin", "http://webns.net/mvcb/"),
    ("ag", "http://purl.org/rss/1.0/modules/aggregation/"),
    ("app", "http://www.w3.org/2007/app"),
    ("atom", "http://www.w3.org/2005/Atom"),
    ("atom03", "http://purl.org/atom/ns#"),
    ("atom10", "http://www.w3.org/2005/Atom"),
    ("blogChannel", "http://backend.userland.com/blogChannelModule"),
    ("cc", "http://web.resource.org/cc/"),
    ("content", "http://purl.org/rss/1.0/modules/content/"),
    (
        "creativeCommons",
        "http://backend.userland.com/creativeCommonsRssModule",
    ),
    ("dc", "http://purl.org/dc/elements/1.1/"),
    ("dcterms", "http://purl.org/dc/terms/"),
    ("enc", "http://purl.oclc.org/net/rss_2.0/enc#"),
    ("ev", "http://purl.org/rss/1.0/modules/event/"),
    ("excerpt", "http://wordpress.org/export/1.2/excerpt/"),
    ("feedburner", "http://rssnamespace.org/feedburner/ext/1.0"),
    ("foaf", "http://xmlns.com/foaf/0.1/"),
    ("g", "http://base.google.com/ns/1.0"),
    ("gd", "http://schemas.google.com/g/2005"),
    ("geo", "http://www.w3.org/2003/01/geo/wgs84_pos#"),
    ("georss", "http://www.georss.org/georss"),
    ("gml", "http://www.opengis.net/gml"),
    ("googleplay", "http://www.google.com/schemas/play-podcasts/1.0"),
    ("itunes", "http://www.itunes.com/dtds/podcast-1.0.dtd"),
    ("l", "http://purl.org/rss/1.0/modules/link/"),
    ("media", "http://search.yahoo.com/mrss/"),
    ("openSearch", "http://a9.com/-/spec/opensearch/1.1/"),
    ("opensearch", "http://a9.com/-/spec/opensearch/1.1/"),
    ("pingback", "http://madskills.com/public/xml/rss/module/pingback/"),
    ("podcast", "https://podcastindex.org/namespace/1.0"),
    ("prism", "http://prismstandard.org/namespaces/1.2/basic/"),
    ("psc", "http://podlove.org/simple-chapters"),
    ("rawvoice", "http://www.rawvoice.com/rawvoiceRssModule/"),
    ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
    ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
    ("rss10", "http://purl.org/rss/1.0/"),
    ("slash", "http://purl.org/rss/1.0/modules/slash/"),
    ("source", "http://source.scripting.com/"),
    ("svg", "http://www.w3.org/2000/svg"),
    ("sy", "http://purl.org/rss/1.0/modules/syndication/"),
    ("taxo", "http://purl.org/rss/1.0/modules/taxonomy/"),
    ("thr", "http://purl.org/syndication/thread/1.0"),
    (
        "trackback",
        "http://madskills.com/public/xml/rss/module/trackback/",
    ),
    ("webfeeds", "http://webfeeds.org/rss/1.0"),
    ("wfw", "http://wellformedweb.org/CommentAPI/"),
    ("xhtml", "http://www.w3.org/1999/xhtml"),
    ("xlink", "http://www.w3.org/1999/xlink"),
    ("yt", "http://www.youtube.com/xml/schemas/2015"),
];

/// Declarations in scope, and those that the root is to be given.
///
/// The root may have so many, and the elements below it again so many at once: what is added to
/// the root must never leave less room below it, or a second repair would find other faults.
#[derive(Debug)]
pub(super) struct Scope {
    declared: Vec<(String, String)>,
    added: Vec<(String, String)>,
    most: usize,
    /// How many of `declared` stand on the root, once its tag is read.
    on_root: Option<usize>,
    /// How many more attributes the root can take.
    room_on_root: usize,
}

impl Scope {
    /// A scope of at most `most` declarations on the root and `most` at once below it.
    pub(super) fn new(most: usize) -> Self {
        Self {
            declared: Vec::new(),
            added: Vec::new(),
            most,
            on_root: None,
            room_on_root: 0,
        }
    }

    /// What is declared so far stands on the root, which can take `room` more attributes.
    pub(super) fn root_is_read(&mut self, room: usize) {
        self.on_root = Some(self.declared.len());
        self.room_on_root = room;
    }

    /// How many declarations are in scope: what [`Scope::leave`] goes back to.
    pub(super) fn mark(&self) -> usize {
        self.declared.len()
    }

    /// Ends the scope of all declarations after `mark`.
    pub(super) fn leave(&mut self, mark: usize) {
        self.declared.truncate(mark);
    }

    /// Declares `prefix` (empty: the default). False when there are too many.
    pub(super) fn declare(&mut self, prefix: String, uri: String) -> bool {
        let has_room = self.declared.len() - self.on_root.unwrap_or(0) < self.most;
        if has_room {
            self.declared.push((prefix, uri));
        }
        has_room
    }

    /// True if `prefix` may be bound to `uri` by an element whose scope began at `mark`: not twice,
    /// and not against §3 (`xml` and `xmlns` are taken, only the default may be undone).
    pub(super) fn may_declare(&self, prefix: &str, uri: &str, mark: usize) -> bool {
        let here = self.declared.get(mark..).unwrap_or_default();
        let is_new = here.iter().all(|(known, _)| known != prefix);
        is_new
            && uri.len() <= LONGEST
            && match prefix {
                "xmlns" => false,
                "xml" => uri == RESERVED[0],
                prefix => !RESERVED.contains(&uri) && (prefix.is_empty() || !uri.is_empty()),
            }
    }

    /// What `prefix` (empty: the default) is bound to here.
    pub(super) fn resolve(&self, prefix: &str) -> Option<&str> {
        match prefix {
            "xml" => return Some(RESERVED[0]),
            "xmlns" => return Some(RESERVED[1]),
            _ => {}
        }
        let declared = self.declared.iter().rev().find(|(known, _)| *known == prefix);
        let added = || self.added.iter().find(|(known, _)| *known == prefix);
        declared.or_else(added).map(|(_, uri)| uri.as_str())
    }

    /// Has the root declare `prefix`, which nothing declares here. False when there are too many.
    pub(super) fn add(&mut self, prefix: &str) -> bool {
        let added = self.added.len();
        let has_room = self.on_root.unwrap_or(0) + added < self.most && added < self.room_on_root;
        if has_room {
            let known = WELL_KNOWN.iter().find(|(known, _)| *known == prefix);
            let uri = known.map_or_else(
                || format!("urn:undeclared:{}", uri_part(prefix)),
                |(_, uri)| (*uri).to_owned(),
            );
            self.added.push((prefix.to_owned(), uri));
        }
        has_room
    }

    /// The declarations that the root is to be given, as they stand in its tag.
    pub(super) fn added(&self) -> String {
        let mut out = String::new();
        for (prefix, uri) in &self.added {
            // Writing to a string cannot fail.
            let _ = write!(out, " xmlns:{prefix}=\"{uri}\"");
        }
        out
    }
}

fn uri_part(prefix: &str) -> String {
    repair_uri(prefix).into_owned()
}

/// A namespace name without white space around it, whose characters may all stand in a URI
/// (RFC 3986 §2): what may not is percent-encoded. Strict parsers refuse anything else.
pub(super) fn repair_uri(uri: &str) -> Cow<'_, str> {
    let trimmed = uri.trim();
    let bytes = trimmed.as_bytes();
    let stays = |at: usize| match bytes.get(at) {
        Some(b'%') => bytes
            .get(at + 1..at + 3)
            .is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)),
        Some(b) => b.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=".contains(b),
        None => false,
    };
    if (0..bytes.len()).all(stays) && is_shaped(trimmed) {
        return Cow::Borrowed(trimmed);
    }
    let mut out = String::with_capacity(trimmed.len() + 8);
    for (at, b) in bytes.iter().enumerate() {
        if stays(at) {
            out.push(char::from(*b));
        } else {
            let _ = write!(out, "%{b:02X}");
        }
    }
    if is_shaped(&out) {
        Cow::Owned(out)
    } else {
        Cow::Owned(format!("urn:invalid:{}", out.replace([':', '#'], "_")))
    }
}

/// True if scheme, port and fragment are what they must be (RFC 3986 §3), given that all characters are allowed.
fn is_shaped(uri: &str) -> bool {
    let head = uri.split(['/', '?', '#']).next().unwrap_or_default();
    let scheme = head.split_once(':').map(|(scheme, _)| scheme);
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    };
    let rest = scheme.map_or(uri, |scheme| uri.get(scheme.len() + 1..).unwrap_or_default());
    let authority = rest
        .strip_prefix("//")
        .and_then(|rest| rest.split(['/', '?', '#']).next())
        .unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let port = host.split_once(':').map_or("", |(_, port)| port);
    scheme.is_none_or(is_scheme)
        && port.len() <= 5
        && port.bytes().all(|b| b.is_ascii_digit())
        && authority.matches('@').count() <= 1
        && uri.matches('#').count() <= 1
}
