//! Addresses: absolute and harmless, or gone.

use std::borrow::Cow;

use url::{Position, Url};

use super::RewriteRule;
use super::address::Simple;
use super::sanitize::SCHEMES;
use super::trackers;

/// The address a browser would ask for: white space that HTML allows inside taken out, resolved
/// against `base` (WHATWG URL).
pub(super) fn absolute(address: &str, base: Option<&Url>) -> Option<Url> {
    let address = address.trim_matches(|c: char| c <= ' ');
    if address.is_empty() {
        return None;
    }
    Url::options().base_url(base).parse(address).ok()
}

/// A path on the base's host with the host before it, anything else as it is: what [`absolute`] would
/// make of it, if it is a [`Simple`] address now.
pub(super) fn on_host<'a>(address: &'a str, base: Option<&Url>) -> Cow<'a, str> {
    match base {
        Some(base) if address.starts_with('/') && !address.starts_with("//") => {
            Cow::Owned([&base[..Position::BeforePath], address].concat())
        }
        _ => Cow::Borrowed(address),
    }
}

/// An absolute http or https address with a host, without a name and password in it.
pub(super) fn web(address: &str, base: Option<&Url>) -> Option<Url> {
    let url = absolute(address, base)?;
    is_web(&url).then_some(url)
}

/// The address of a file that a person may ask for: on the web, or of another harmless scheme (`magnet:`, `rtsp:`).
pub(super) fn file(address: &str, base: Option<&Url>) -> Option<String> {
    let url = absolute(address, base)?;
    if is_web(&url) {
        return Some(url.into());
    }
    (SCHEMES.contains(&url.scheme()) && !hides_script(&url)).then(|| as_written(address, base, &url))
}

/// True for http and https.
pub(super) fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}

/// What became of a link.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// The address to write.
    pub address: String,
    /// A redirector around it was taken off.
    pub redirector: bool,
    /// Tracking parameters were taken off.
    pub parameters: bool,
}

/// True for `feed:javascript:…` and `feed:data:…`: some readers take the first scheme off and follow
/// what is left.
fn hides_script(url: &Url) -> bool {
    let path = url.path().to_ascii_lowercase();
    url.cannot_be_a_base() && (path.contains("script:") || path.trim_start().starts_with("data:"))
}

/// True for an address that may be handed on as it is: of a harmless scheme, and nothing in it that
/// ends the quotes around it.
pub fn is_harmless(address: &str) -> bool {
    let of_a_harmless_scheme = match Url::parse(address) {
        Ok(url) => SCHEMES.contains(&url.scheme()) && !hides_script(&url),
        // Without a scheme that a browser would see; other readers may look further.
        Err(_) => !address.to_ascii_lowercase().contains("script:"),
    };
    of_a_harmless_scheme && matches!(quotable(address), Cow::Borrowed(_))
}

/// An address that stays in its place also where a reader writes it between quotes as it is: the URL
/// parser leaves quotes and angle brackets where the address has no host, and some in what follows `#`.
pub fn quotable(address: &str) -> Cow<'_, str> {
    if !address.contains(['"', '<', '>']) {
        return Cow::Borrowed(address);
    }
    let encoded = address
        .replace('"', "%22")
        .replace('<', "%3C")
        .replace('>', "%3E");
    Cow::Owned(encoded)
}

/// An id that is a web address, as one that stays in its place: `None` if it does as it is. Nothing else
/// about an id is for us to change.
pub fn quoted_id(id: &str) -> Option<String> {
    let scheme = id.trim_start().split_once("://")?.0;
    let is_web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    match quotable(id) {
        Cow::Owned(quotable) if is_web => Some(quotable),
        _ => None,
    }
}

/// The address of a link: absolute, of a harmless scheme, without redirectors and tracking
/// parameters (if `trackers`), changed by the owner's rules. `None`: it must go.
pub(super) fn link(address: &str, base: Option<&Url>, clean: bool, rules: &[RewriteRule]) -> Option<Link> {
    let whole = on_host(address, base);
    if rules.is_empty()
        && let Some(simple) = Simple::of(&whole)
        && !(clean && trackers::may_redirect(&simple))
    {
        return Some(simple_link(&simple, base, clean));
    }
    parsed_link(address, base, clean, rules)
}

fn parsed_link(address: &str, base: Option<&Url>, clean: bool, rules: &[RewriteRule]) -> Option<Link> {
    let mut url = absolute(address, base)?;
    if !SCHEMES.contains(&url.scheme()) || hides_script(&url) {
        return None;
    }
    let mut link = Link {
        address: as_written(address, base, &url),
        redirector: false,
        parameters: false,
    };
    if !is_web(&url) {
        return Some(link);
    }
    if clean {
        if let Some(target) = trackers::redirected(&url) {
            target.as_str().clone_into(&mut link.address);
            link.redirector = true;
            url = target;
        }
        if let Cow::Owned(without) = trackers::without_parameters(&link.address, base.and_then(Url::host_str))
        {
            link.address = without;
            link.parameters = true;
        }
    }
    for rule in rules {
        if let Cow::Owned(changed) = rule.matches.replace(&link.address, rule.replace.as_str())
            && let Some(target) = absolute(&changed, Some(&url))
            && SCHEMES.contains(&target.scheme())
        {
            link.address = as_written(&changed, None, &target);
        }
    }
    Some(link)
}

/// As [`link`], for an address that stays as it is but for its parameters.
fn simple_link(address: &Simple<'_>, base: Option<&Url>, clean: bool) -> Link {
    let site = base.and_then(Url::host_str);
    let without = Some(address.as_str())
        .filter(|_| clean)
        .map(|address| trackers::without_parameters(address, site));
    let parameters = matches!(without, Some(Cow::Owned(_)));
    Link {
        address: without.map_or_else(|| address.as_str().to_owned(), Cow::into_owned),
        redirector: false,
        parameters,
    }
}

/// The address as its author wrote it, if no reader can misread it; else normalised.
fn as_written(address: &str, base: Option<&Url>, url: &Url) -> String {
    let address = address.trim_matches(|c: char| c <= ' ');
    let prefix = address.get(..url.scheme().len());
    let absolute =
        prefix == Some(url.scheme()) && (!is_web(url) || address[url.scheme().len()..].starts_with("://"));
    if absolute && is_plain(address) {
        return address.to_owned();
    }
    in_folder(address, base, url).unwrap_or_else(|| quotable(url.as_str()).into_owned())
}

/// Letters, digits and what no reader takes for an end.
fn is_plain(address: &str) -> bool {
    address.chars().all(|c| {
        c.is_alphanumeric()
            || (c.is_ascii_graphic()
                && !matches!(c, '\\' | '"' | '<' | '>' | '`' | '\'' | '{' | '}' | '|' | '^'))
    })
}

/// A relative address with letters that a URL encodes, behind the folder of the page it stands on: absolute, and as it was
/// written (RFC 3987 §3.1 leaves the encoding to who asks).
fn in_folder(address: &str, base: Option<&Url>, url: &Url) -> Option<String> {
    if address.is_ascii() || address.starts_with('.') || address.contains("/.") {
        return None;
    }
    let base = base?;
    let folder = if address.starts_with('/') {
        &base[..Position::BeforePath]
    } else {
        let page = &base[..Position::AfterPath];
        page.get(..=page.rfind('/')?)?
    };
    let whole = [folder, address].concat();
    (is_plain(&whole) && Url::parse(&whole).as_ref() == Ok(url)).then_some(whole)
}

/// An address in the characters of RFC 3986 §2 (RFC 3987 §3.1, as WHATWG URL writes it).
#[must_use]
pub fn in_ascii(address: &str) -> String {
    match Url::parse(address) {
        Ok(url) if !address.is_ascii() => url.into(),
        _ => address.to_owned(),
    }
}

/// The same page, whatever place in it.
pub(super) fn same_page(a: &Url, b: &Url) -> bool {
    let page = |url: &Url| url.as_str().split('#').next().map(str::len);
    match (page(a), page(b)) {
        (Some(i), Some(j)) => a.as_str().get(..i) == b.as_str().get(..j),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::Regex;

    fn clean(address: &str) -> Option<String> {
        let base = Url::parse("https://site.example/dir/page?x=1").expect("url");
        link(address, Some(&base), true, &[]).map(|link| link.address)
    }

    #[test]
    fn an_address_stays_between_its_quotes_and_hides_no_other() {
        assert_eq!(
            clean("mailto:a@b.example?subject=\"><b>").as_deref(),
            Some("mailto:a@b.example?subject=%22%3E%3Cb%3E")
        );
        assert_eq!(clean("tel:\"<1>").as_deref(), Some("tel:%22%3C1%3E"));
        assert_eq!(clean("feed:data:text/html,<script>"), None);
        assert_eq!(
            clean("feed:https://a.example/f").as_deref(),
            Some("feed:https://a.example/f")
        );
    }

    #[test]
    fn what_is_not_parsed_leads_to_the_same_page() {
        for base in [
            "https://site.example/dir/page?x=1",
            "http://user@site.example/",
            "https://site.example:8080/",
            "file:///x",
            "https://[::1]/",
            "mailto:x",
            "https://é.example/",
        ] {
            let base = Url::parse(base).expect("url");
            for address in [
                "/",
                "/a",
                "/a?b=1",
                "/a#b",
                "//b.example/c",
                "/../a",
                "/a/./b",
                "/%2e/a",
                "/a b",
                "\\a",
                "/\\a",
                "a",
                "?a",
                "",
                "/a//b",
                "/ä",
            ] {
                let text = on_host(address, Some(&base));
                if Simple::of(&text).is_some() {
                    assert_eq!(
                        absolute(address, Some(&base)).as_ref().map(Url::as_str),
                        Some(&*text)
                    );
                }
            }
        }
        let base = Url::parse("https://site.example/dir/page").expect("url");
        assert_eq!(on_host("/a?b", Some(&base)), "https://site.example/a?b");
    }

    #[test]
    fn what_is_not_parsed_becomes_the_same_link() {
        let base = Url::parse("https://www.site.example/dir/page").expect("url");
        let mut simple = 0;
        for host in [
            "a.example",
            "www.google.com",
            "l.facebook.com",
            "href.li",
            "x.safelinks.protection.outlook.com",
            "vk.com",
        ] {
            for path in ["/", "/url", "/l.php", "/away.php", "/a/b%20c"] {
                for query in [
                    "",
                    "?",
                    "?q=https://b.example/",
                    "?u=https%3A%2F%2Fb.example%2F",
                    "?https://b.example/x",
                    "?to=x&utm_source=y",
                    "?utm_source=rss",
                    "?a=1&fbclid=2&b=3",
                    "?ref=site.example",
                    "?ref=b",
                    "?&&",
                    "?amp;utm_medium=x",
                    "?UTM_x=1",
                ] {
                    let address = format!("https://{host}{path}{query}");
                    for clean in [false, true] {
                        simple += usize::from(Simple::of(&address).is_some());
                        let told = link(&address, Some(&base), clean, &[]);
                        assert_eq!(told, parsed_link(&address, Some(&base), clean, &[]), "{address}");
                    }
                }
            }
        }
        assert!(simple > 500, "only {simple}");
    }

    #[test]
    fn links_are_absolute_and_of_a_harmless_scheme() {
        for (given, told) in [
            ("other", Some("https://site.example/dir/other")),
            (" /a b ", Some("https://site.example/a%20b")),
            ("//cdn.example/x", Some("https://cdn.example/x")),
            ("https:/cdn.example/x", Some("https://site.example/cdn.example/x")),
            ("https://cdn.example", Some("https://cdn.example")),
            (
                "https://cdn.example/ä?q=%20+&b",
                Some("https://cdn.example/ä?q=%20+&b"),
            ),
            ("http:\\\\cdn.example\\x", Some("http://cdn.example/x")),
            ("mailto:a@b.example", Some("mailto:a@b.example")),
            ("magnet:?xt=urn:btih:aa", Some("magnet:?xt=urn:btih:aa")),
            ("javascript:alert(1)", None),
            ("feed:javascript:alert(1)", None),
            ("feed:https://site.example/", Some("feed:https://site.example/")),
            ("JaVa\nScRiPt:alert(1)", None),
            ("\u{1}javascript:alert(1)", None),
            ("vbscript:x", None),
            ("data:text/html,x", None),
            ("file:///etc/passwd", None),
            ("blob:https://site.example/x", None),
            ("", None),
        ] {
            assert_eq!(clean(given).as_deref(), told, "{given:?}");
        }
    }

    #[test]
    fn a_relative_address_keeps_its_letters() {
        let base = Url::parse("https://site.example/dir/page?q#f").expect("address");
        let of = |address: &str| link(address, Some(&base), false, &[]).map(|link| link.address);
        for (address, whole) in [
            ("é.html", "https://site.example/dir/é.html"),
            ("/é?ü=ö#ä", "https://site.example/é?ü=ö#ä"),
            // Not where the page's folder is.
            ("//é.example/a", "https://xn--9ca.example/a"),
            ("?é", "https://site.example/dir/page?%C3%A9"),
            ("#é", "https://site.example/dir/page?q#%C3%A9"),
            ("../é", "https://site.example/%C3%A9"),
            ("a/./é", "https://site.example/dir/a/%C3%A9"),
            // What ends an address somewhere.
            ("é 'x'", "https://site.example/dir/%C3%A9%20'x'"),
        ] {
            assert_eq!(of(address).as_deref(), Some(whole), "{address}");
            assert_eq!(of(whole).as_deref(), Some(whole), "once");
        }
    }

    #[test]
    fn the_owner_s_rules_change_addresses_and_cannot_make_them_harmful() {
        let rule = |matches: &str, replace: &str| RewriteRule {
            matches: Regex::new(matches).expect("regex"),
            replace: replace.to_owned(),
        };
        let rules = [
            rule(
                r"^https://api\.site\.example/article/(\d+)$",
                "https://www.site.example/a-$1",
            ),
            rule("^https://evil", "javascript:evil"),
        ];
        let with = |address: &str| link(address, None, false, &rules).map(|link| link.address);
        assert_eq!(
            with("https://api.site.example/article/42").as_deref(),
            Some("https://www.site.example/a-42")
        );
        assert_eq!(
            with("https://evil.example/").as_deref(),
            Some("https://evil.example/")
        );
    }
}
