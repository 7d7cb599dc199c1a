//! The allow-list: the last hand on any markup.
//!
//! The pass before writes only what stands in these tables, and ammonia, built once from the same
//! tables, has the last word. svg, math, raw-text elements and the style attribute never join them:
//! every hole that ammonia's `clean` ever had needed one of those.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

use super::elements::Kind;

/// Every element kept.
#[rustfmt::skip]
static KEPT: &[&str] = &[
    // text
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "br", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins",
    "kbd", "mark", "meter", "progress", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt",
    "u", "var", "wbr",
    // ruby
    "rb", "rp", "rt", "rtc", "ruby",
    // blocks
    "address", "article", "aside", "blockquote", "center", "details", "div", "figcaption", "figure", "footer", "h1", "h2",
    "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "main", "nav", "p", "pre", "section", "summary",
    // lists
    "dd", "dl", "dt", "li", "ol", "ul",
    // tables
    "caption", "table", "tbody", "td", "tfoot", "th", "thead", "tr",
    // media
    "audio", "img", "picture", "source", "track", "video",
];

/// Attributes that lead to something elsewhere or say what is done with it, and where they are kept.
static OWN: &[(&str, &[&str])] = &[
    ("a", &["href", "rel"]),
    ("audio", &["src", "controls", "muted", "preload"]),
    ("img", &["src", "srcset", "sizes", "loading", "referrerpolicy"]),
    ("source", &["src", "srcset", "sizes"]),
    ("track", &["src", "kind", "srclang"]),
    (
        "video",
        &["src", "poster", "controls", "muted", "playsinline", "preload"],
    ),
];

/// Attributes kept on every element. `id` is there only as the target of a link in the same field.
static EVERYWHERE: &[&str] = &["dir", "id", "lang", "title"];

/// Attributes that say how something is laid out or what it means, on some element of some version of HTML or a
/// browser's own. None loads, leads, names, hides or acts, wherever it stands: what a feed says is not taken away because
/// it says it in the wrong place. They are those that feedparser lets through, less all that do one of these. Sorted.
#[rustfmt::skip]
const INERT: &[&str] = &[
    "abbr", "accept", "accept-charset", "align", "alt", "axis", "balance", "bgcolor", "bgproperties", "border",
    "bordercolor", "bordercolordark", "bordercolorlight", "bottompadding", "cellpadding", "cellspacing", "ch",
    "challenge", "char", "charoff", "charset", "checked", "choff", "clear", "color", "cols", "colspan", "compact",
    "coords", "datapagesize", "datetime", "default", "delay", "disabled", "enctype", "end", "face", "frame",
    "galleryimg", "gutter", "height", "hidefocus", "high", "hreflang", "hspace", "inputmode", "ismap", "keytype",
    "label", "leftspacing", "loop", "loopcount", "loopend", "loopstart", "low", "max", "maxlength", "media", "method",
    "min", "multiple", "nohref", "noshade", "nowrap", "open", "optimum", "pattern", "point-size", "pqg", "prompt",
    "radiogroup", "readonly", "repeat-max", "repeat-min", "replace", "required", "rev", "reversed", "rightspacing",
    "rows", "rowspan", "rules", "scope", "selected", "shape", "size", "span", "start", "step", "summary", "suppress",
    "template", "toppadding", "type", "unselectable", "urn", "valign", "value", "variable", "volume", "vspace", "width",
    "wrap",
];

/// Schemes of addresses that a reader may follow. None of them runs anything.
pub(super) static SCHEMES: &[&str] = &[
    "acct", "apt", "bitcoin", "callto", "dat", "doi", "dweb", "ed2k", "ethereum", "feed", "ftp", "ftps",
    "gemini", "geo", "git", "gopher", "http", "https", "info", "ipfs", "ipns", "irc", "irc6", "ircs", "itms",
    "itpc", "lbry", "magnet", "mailto", "matrix", "mms", "news", "nntp", "nostr", "pcast", "podcast", "rtmp",
    "rtmps", "rtsp", "sftp", "sip", "sips", "sms", "spotify", "ssb", "steam", "svn", "tag", "tel", "tg",
    "thunder", "urn", "web+ap", "webcal", "xmpp",
];

/// An element that is kept.
#[derive(Debug)]
pub(super) struct Element {
    pub name: &'static str,
    pub kind: Kind,
    /// The attributes that only it keeps.
    own: &'static [&'static str],
}

impl Element {
    /// True for elements that show or lead to something elsewhere.
    pub(super) fn holds_addresses(&self) -> bool {
        matches!(
            self.name,
            "a" | "audio" | "img" | "picture" | "source" | "track" | "video"
        )
    }

    /// Where `attribute` stands among those that are kept on this element, whatever its value.
    pub(super) fn attribute(&self, attribute: &str) -> Option<usize> {
        let (own, everywhere) = (self.own.len(), EVERYWHERE.len());
        let place = |kept: &[&str]| kept.iter().position(|kept| *kept == attribute);
        place(self.own)
            .or_else(|| Some(own + place(EVERYWHERE)?))
            .or_else(|| Some(own + everywhere + inert(attribute)?))
    }
}

/// Where `attribute` stands among those that only say how something is laid out or what it means.
fn inert(attribute: &str) -> Option<usize> {
    let letter = usize::from(attribute.as_bytes().first()?.wrapping_sub(b'a'));
    let begin = *INERT_BEGINS.get(letter)?;
    let alike = INERT.get(begin..*INERT_BEGINS.get(letter + 1)?)?;
    Some(begin + alike.iter().position(|inert| *inert == attribute)?)
}

/// Where each letter begins in [`INERT`].
const INERT_BEGINS: [usize; 27] = {
    let mut begins = [INERT.len(); 27];
    let mut at = INERT.len();
    while at > 0 {
        at -= 1;
        let mut letter = (INERT[at].as_bytes()[0] - b'a') as usize;
        begins[letter] = at;
        // Those that begin none.
        while letter > 0 && begins[letter - 1] > at {
            letter -= 1;
            begins[letter] = at;
        }
    }
    begins
};

/// The element `name`, if it is kept.
pub(super) fn kept(name: &str) -> Option<&'static Element> {
    let letter = usize::from(name.as_bytes().first()?.wrapping_sub(b'a'));
    let (elements, begins) = &*ELEMENTS;
    let alike = elements.get(*begins.get(letter)?..*begins.get(letter + 1)?)?;
    alike.iter().find(|element| element.name == name)
}

/// True when `attribute` is kept on `element`, whatever its value.
#[cfg(test)]
pub(super) fn keeps_attribute(element: &str, attribute: &str) -> bool {
    kept(element).is_some_and(|element| element.attribute(attribute).is_some())
}

/// The elements in order of their names, and where each letter begins.
static ELEMENTS: LazyLock<(Vec<Element>, [usize; 27])> = LazyLock::new(|| {
    let mut elements: Vec<Element> = KEPT
        .iter()
        .map(|&name| Element {
            name,
            kind: Kind::of(name),
            own: OWN
                .iter()
                .find(|(owner, _)| *owner == name)
                .map_or(&[], |(_, own)| own),
        })
        .collect();
    elements.sort_by_key(|element| element.name);
    let mut begins = [elements.len(); 27];
    for (begin, letter) in begins.iter_mut().zip('a'..='z') {
        *begin = elements.partition_point(|element| element.name < letter.to_string().as_str());
    }
    (elements, begins)
});

/// Markup with everything else taken out, and every element closed.
pub(super) fn sanitize(html: &str) -> String {
    BUILDER.clean(html).to_string()
}

/// Building takes longer than cleaning a short field: once for the process.
static BUILDER: LazyLock<Builder<'static>> = LazyLock::new(builder);

fn builder() -> Builder<'static> {
    let mut builder = Builder::empty();
    builder
        .tags(KEPT.iter().copied().collect())
        .tag_attributes(
            OWN.iter()
                .map(|&(name, own)| (name, own.iter().copied().collect::<HashSet<_>>()))
                .collect(),
        )
        .generic_attributes(EVERYWHERE.iter().chain(INERT).copied().collect())
        .clean_content_tags(["script", "style"].into_iter().collect())
        .url_schemes(SCHEMES.iter().copied().collect())
        .url_relative(UrlRelative::Custom(Box::new(local_link)))
        .link_rel(None);
    builder
}

fn local_link(address: &str) -> Option<Cow<'_, str>> {
    is_local_link(address).then_some(Cow::Borrowed(address))
}

/// Of the addresses without a scheme only the link to a place in the same field stays.
pub(super) fn is_local_link(address: &str) -> bool {
    address.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::super::elements;
    use super::*;

    #[test]
    fn nothing_that_ever_made_a_hole_is_kept() {
        for name in KEPT {
            assert_eq!(elements::raw_text(name), None, "{name}");
            assert!(
                ![
                    "svg", "math", "noscript", "form", "input", "iframe", "object", "embed", "select"
                ]
                .contains(name)
            );
        }
        for attribute in [
            "accesskey",
            "action",
            "autofocus",
            "autoplay",
            "background",
            "cite",
            "class",
            "contenteditable",
            "data",
            "draggable",
            "dynsrc",
            "for",
            "form",
            "formaction",
            "headers",
            "hidden",
            "href",
            "is",
            "list",
            "longdesc",
            "lowsrc",
            "manifest",
            "name",
            "nonce",
            "onclick",
            "part",
            "ping",
            "popover",
            "poster",
            "profile",
            "slot",
            "src",
            "srcdoc",
            "srcset",
            "style",
            "tabindex",
            "target",
            "usemap",
            "xlink:href",
            "xmlns",
        ] {
            assert!(!INERT.contains(&attribute), "{attribute}");
            assert!(!EVERYWHERE.contains(&attribute), "{attribute}");
        }
        for attribute in [
            "autofocus",
            "autoplay",
            "cite",
            "class",
            "onclick",
            "ping",
            "style",
            "target",
        ] {
            assert!(
                !OWN.iter().any(|(_, own)| own.contains(&attribute)),
                "{attribute}"
            );
        }
        for scheme in [
            "javascript",
            "vbscript",
            "data",
            "file",
            "blob",
            "about",
            "view-source",
            "filesystem",
            "jar",
        ] {
            assert!(!SCHEMES.contains(&scheme), "{scheme}");
        }
    }

    #[test]
    fn an_attribute_stands_in_one_place() {
        assert!(INERT.is_sorted());
        for name in KEPT {
            let element = kept(name).expect("kept");
            let all: Vec<_> = element.own.iter().chain(EVERYWHERE).chain(INERT).collect();
            assert!(all.len() <= 128, "settled counts them in so many bits");
            for (index, attribute) in all.into_iter().enumerate() {
                assert_eq!(element.attribute(attribute), Some(index), "{name} {attribute}");
            }
            for none in [
                "", "a", "aa", "abb", "abbrs", "Abbr", "jot", "wrapped", "z", "{", "é", "-", "onclick",
            ] {
                assert_eq!(element.attribute(none), None, "{name} {none}");
            }
        }
    }

    #[test]
    fn the_sanitizer_alone_would_stop_it_too() {
        let dirty = "<p onclick=a style=b>x<script>y</script><a href=\"javascript:z\">l</a><a href=rel>m</a>";
        assert_eq!(sanitize(dirty), "<p>x<a>l</a><a>m</a></p>");
    }
}
