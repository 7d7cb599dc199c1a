//! The allow-list: the last hand on any markup.
//!
//! The pass before writes only what stands in these tables, and ammonia, built once from the same
//! tables, has the last word. svg, math, raw-text elements and the style attribute never join them:
//! every hole that ammonia's `clean` ever had needed one of those.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

/// Every element kept, with the attributes kept on it besides [`EVERYWHERE`].
#[rustfmt::skip]
static KEPT: &[(&str, &[&str])] = &[
    // text
    ("a", &["href", "hreflang", "rel", "type"]), ("abbr", &[]), ("acronym", &[]), ("b", &[]), ("bdi", &[]), ("bdo", &[]),
    ("big", &[]), ("br", &[]), ("cite", &[]), ("code", &[]), ("data", &["value"]), ("del", &["datetime"]),
    ("dfn", &[]), ("em", &[]), ("i", &[]), ("ins", &["datetime"]), ("kbd", &[]), ("mark", &[]), ("q", &[]),
    ("s", &[]), ("samp", &[]), ("small", &[]), ("span", &[]), ("strike", &[]), ("strong", &[]), ("sub", &[]),
    ("sup", &[]), ("time", &["datetime"]), ("tt", &[]), ("u", &[]), ("var", &[]), ("wbr", &[]),
    // ruby
    ("rb", &[]), ("rp", &[]), ("rt", &[]), ("rtc", &[]), ("ruby", &[]),
    // blocks
    ("address", &[]), ("article", &[]), ("aside", &[]), ("blockquote", &[]), ("center", &[]), ("details", &["open"]),
    ("div", &[]), ("figcaption", &[]), ("figure", &[]), ("footer", &[]), ("h1", &[]), ("h2", &[]), ("h3", &[]),
    ("h4", &[]), ("h5", &[]), ("h6", &[]), ("header", &[]), ("hgroup", &[]), ("hr", &[]), ("main", &[]), ("nav", &[]),
    ("p", &[]), ("pre", &[]), ("section", &[]), ("summary", &[]),
    // lists
    ("dd", &[]), ("dl", &[]), ("dt", &[]), ("li", &["value"]), ("ol", &["start", "reversed", "type"]), ("ul", &[]),
    // tables
    ("caption", &[]), ("table", &[]), ("tbody", &[]), ("tfoot", &[]), ("thead", &[]), ("tr", &[]),
    ("td", &["align", "colspan", "rowspan"]), ("th", &["align", "colspan", "rowspan", "scope"]),
    // media
    ("audio", &["src", "controls", "preload"]),
    ("img", &["src", "srcset", "sizes", "alt", "width", "height", "loading", "referrerpolicy"]),
    ("picture", &[]), ("source", &["src", "srcset", "sizes", "type", "media", "width", "height"]),
    ("track", &["src", "kind", "srclang", "label", "default"]),
    ("video", &["src", "poster", "width", "height", "controls", "preload"]),
];

/// Attributes kept on every element. `id` is there only as the target of a link in the same field.
static EVERYWHERE: &[&str] = &["dir", "id", "lang", "title"];

/// Schemes of addresses that a reader may follow. None of them runs anything.
pub(super) static SCHEMES: &[&str] = &[
    "apt", "bitcoin", "callto", "dat", "dweb", "ed2k", "ethereum", "feed", "ftp", "ftps", "gemini", "geo",
    "git", "gopher", "http", "https", "ipfs", "ipns", "irc", "irc6", "ircs", "magnet", "mailto", "matrix",
    "mms", "news", "nntp", "sftp", "sip", "sips", "sms", "spotify", "ssb", "steam", "svn", "tel", "tg",
    "web+ap", "webcal", "xmpp",
];

/// The static name of an element that is kept.
pub(super) fn kept(name: &str) -> Option<&'static str> {
    TABLES.names.get(name).map(|(name, _)| *name)
}

/// True when `attribute` is kept on `element`, whatever its value.
pub(super) fn keeps_attribute(element: &str, attribute: &str) -> bool {
    EVERYWHERE.contains(&attribute)
        || TABLES
            .names
            .get(element)
            .is_some_and(|(_, own)| own.contains(&attribute))
}

/// Markup with everything else taken out, and every element closed.
pub(super) fn sanitize(html: &str) -> String {
    TABLES.builder.clean(html).to_string()
}

struct Tables {
    names: HashMap<&'static str, (&'static str, &'static [&'static str])>,
    builder: Builder<'static>,
}

/// Building takes longer than cleaning a short field: once for the process.
static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables {
    names: KEPT.iter().map(|&(name, own)| (name, (name, own))).collect(),
    builder: builder(),
});

fn builder() -> Builder<'static> {
    let mut builder = Builder::empty();
    builder
        .tags(KEPT.iter().map(|&(name, _)| name).collect())
        .tag_attributes(
            KEPT.iter()
                .filter(|(_, own)| !own.is_empty())
                .map(|&(name, own)| (name, own.iter().copied().collect::<HashSet<_>>()))
                .collect(),
        )
        .generic_attributes(EVERYWHERE.iter().copied().collect())
        .clean_content_tags(["script", "style"].into_iter().collect())
        .url_schemes(SCHEMES.iter().copied().collect())
        .url_relative(UrlRelative::Custom(Box::new(local_link)))
        .link_rel(None);
    builder
}

/// Of the addresses without a scheme only the link to a place in the same field stays.
fn local_link(address: &str) -> Option<Cow<'_, str>> {
    address.starts_with('#').then_some(Cow::Borrowed(address))
}

#[cfg(test)]
mod tests {
    use super::super::elements;
    use super::*;

    #[test]
    fn nothing_that_ever_made_a_hole_is_kept() {
        for (name, own) in KEPT {
            assert_eq!(elements::raw_text(name), None, "{name}");
            assert!(
                ![
                    "svg", "math", "noscript", "form", "input", "iframe", "object", "embed", "select"
                ]
                .contains(name)
            );
            assert!(
                !own.iter()
                    .any(|a| a.starts_with("on") || *a == "style" || *a == "cite" || *a == "autoplay")
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
    fn the_sanitizer_alone_would_stop_it_too() {
        let dirty = "<p onclick=a style=b>x<script>y</script><a href=\"javascript:z\">l</a><a href=rel>m</a>";
        assert_eq!(sanitize(dirty), "<p>x<a>l</a><a>m</a></p>");
    }
}
