//! Wrappers that the owner knows: the same table, filled from the settings.

use std::sync::Arc;

use regex::Regex;
use url::Url;

use super::{Found, Held, embedded, extract, glob, parameter, with_scheme};

/// Bytes of an address that comes out of a rule: a replacement may repeat what it matched.
const MAX_ADDRESS: usize = 8 << 10;

/// The owner's rules, in order. They are looked at before [`super::WRAPPERS`].
#[derive(Clone, Debug, Default)]
pub struct Rules(Arc<[Rule]>);

/// One kind of wrapper.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Hosts, in lower case; `*` is any run of characters.
    pub hosts: Vec<String>,
    /// The path, where `*` is any run of characters; of the escaped path, as browsers send it.
    pub path: String,
    /// Where the origin's address stands.
    pub holds: Holds,
}

/// How the origin's address stands in an address that a rule is for.
#[derive(Clone, Debug)]
pub enum Holds {
    /// In this parameter of the query, percent-encoded; relative to the wrapper's own host if it is relative.
    Parameter(String),
    /// The first `http(s):` after this in the path, plain or encoded.
    After(String),
    /// As weserv writes it: `?url=`, scheme optional.
    Weserv,
    /// `/{host}/{path}`, scheme unknown.
    Path,
    /// A path segment, and all that follows, in base64url.
    Base64,
    /// What stands behind `#`.
    Fragment,
    /// What this expression makes of the whole address: `$1` is its first group.
    Pattern(Regex, String),
}

impl From<Vec<Rule>> for Rules {
    fn from(rules: Vec<Rule>) -> Self {
        Self(rules.into())
    }
}

impl Rules {
    /// Whether there is a rule for `host`.
    pub(in super::super) fn know(&self, host: &str) -> bool {
        self.0
            .iter()
            .any(|rule| rule.hosts.iter().any(|pattern| glob(pattern, host)))
    }

    /// The origin that the first rule finds in `url`, for which `host` stands without a trailing dot.
    pub(super) fn find(&self, url: &Url, host: &str, usable: impl Fn(&mut Found) -> bool) -> Option<Found> {
        self.0
            .iter()
            .filter(|rule| {
                glob(&rule.path, url.path()) && rule.hosts.iter().any(|pattern| glob(pattern, host))
            })
            .find_map(|rule| {
                rule.holds
                    .extract(url)
                    .filter(|found| found.url.as_str().len() <= MAX_ADDRESS)
                    .and_then(|mut found| usable(&mut found).then_some(found))
            })
    }

    /// All that the rules say, for a fingerprint.
    pub(crate) fn said(&self) -> String {
        self.0.iter().map(|rule| format!("{rule:?}\n")).collect()
    }
}

impl Holds {
    fn extract(&self, url: &Url) -> Option<Found> {
        match self {
            Self::Parameter(name) => parameter(url, &[name]).map(Found::sure),
            Self::After(mark) => embedded(url, mark).map(Found::sure),
            Self::Weserv => extract(Held::Weserv, url),
            Self::Path => extract(Held::Path, url),
            Self::Base64 => extract(Held::Base64, url),
            Self::Fragment => extract(Held::Fragment, url),
            Self::Pattern(pattern, replace) => pattern_in(url, pattern, replace).map(Found::sure),
        }
    }
}

/// What the expression makes of an address. One that names no scheme is no address.
fn pattern_in(url: &Url, pattern: &Regex, replace: &str) -> Option<Url> {
    let groups = pattern.captures(url.as_str())?;
    let mut address = String::new();
    groups.expand(replace, &mut address);
    (address.len() <= MAX_ADDRESS)
        .then(|| with_scheme(&address))
        .flatten()
}

/// The group that `replace` names although `pattern` has none of this name.
#[must_use]
pub fn unknown_group<'r>(pattern: &Regex, replace: &'r str) -> Option<&'r str> {
    let mut rest = replace;
    while let Some(at) = rest.find('$') {
        rest = &rest[at + 1..];
        if let Some(tail) = rest.strip_prefix('$') {
            rest = tail;
            continue;
        }
        let name = match rest.strip_prefix('{').and_then(|tail| tail.split_once('}')) {
            Some((name, _)) => name,
            None => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                &rest[..end.unwrap_or(rest.len())]
            }
        };
        let known = match name.parse::<usize>() {
            Ok(number) => number < pattern.captures_len(),
            Err(_) => pattern.capture_names().flatten().any(|known| known == name),
        };
        if !known && !name.is_empty() {
            return Some(name);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::{unwrap, unwrap_with};
    use super::*;

    fn rule(host: &str, holds: Holds) -> Rule {
        Rule {
            hosts: vec![host.to_owned()],
            path: "*".to_owned(),
            holds,
        }
    }

    fn pattern(host: &str, matches: &str, replace: &str) -> Rule {
        rule(
            host,
            Holds::Pattern(Regex::new(matches).expect("an expression"), replace.to_owned()),
        )
    }

    fn unwrapped(address: &str, rules: &Rules) -> String {
        let url = Url::parse(address).expect("an address");
        unwrap_with(&url, rules)
            .map_or(url, |unwrapped| unwrapped.url)
            .into()
    }

    fn rules() -> Rules {
        vec![
            rule("img.example", Holds::Parameter("src".to_owned())),
            rule("*.cdn.example", Holds::After("/proxy/".to_owned())),
            rule("weserv.example", Holds::Weserv),
            rule("path.example", Holds::Path),
            rule("b64.example", Holds::Base64),
            rule("hash.example", Holds::Fragment),
            pattern(
                "sized.example",
                r"^https://sized\.example/\d+x\d+/(.+)$",
                "https://pics.example/$1",
            ),
        ]
        .into()
    }

    #[test]
    fn the_owners_rules_find_an_origin_however_it_stands_in_the_address() {
        for (wrapped, origin) in [
            (
                "https://img.example/r?w=5&src=https%3A%2F%2Fpics.example%2Fp",
                "https://pics.example/p",
            ),
            (
                "https://img.example/r?src=/local.png",
                "https://img.example/local.png",
            ),
            (
                "https://a.b.cdn.example/x/proxy/w_9/https://pics.example/p?q=1",
                "https://pics.example/p?q=1",
            ),
            (
                "https://weserv.example/?url=pics.example/p&w=5",
                "https://pics.example/p",
            ),
            (
                "https://path.example/pics.example/p.png",
                "https://pics.example/p.png",
            ),
            (
                "https://b64.example/x/aHR0cHM6Ly9waWNzLmV4YW1wbGUveA",
                "https://pics.example/x",
            ),
            (
                "https://hash.example/x#https://pics.example/p",
                "https://pics.example/p",
            ),
            (
                "https://sized.example/90x90/a/b.png?c",
                "https://pics.example/a/b.png?c",
            ),
            // a wrapper in a wrapper: one of ours in one of everybody's, and the other way round
            (
                "https://wsrv.nl/?url=sized.example/9x9/p",
                "https://pics.example/p",
            ),
            (
                "https://img.example/?src=https%3A%2F%2Fwsrv.nl%2F%3Furl%3Dpics.example%2Fp",
                "https://pics.example/p",
            ),
            // and none
            ("https://img.example/logo.png", "https://img.example/logo.png"),
            (
                "https://other.example/?src=https://pics.example/p",
                "https://other.example/?src=https://pics.example/p",
            ),
            (
                "https://cdn.example/proxy/https://pics.example/p",
                "https://cdn.example/proxy/https://pics.example/p",
            ),
        ] {
            assert_eq!(unwrapped(wrapped, &rules()), origin, "{wrapped}");
            assert_eq!(unwrapped(origin, &rules()), origin, "{wrapped} twice");
        }
    }

    #[test]
    fn what_a_rule_finds_is_as_untrusted_as_any_address() {
        for replace in [
            "javascript:alert(1)//$1",
            "data:image/svg+xml,$1",
            "file:///etc/$1",
            "https://user:word@pics.example/$1",
            "https://localhost/$1",
            "$1",
            "https://",
        ] {
            let rules = Rules::from(vec![pattern("a.example", r"^https://a\.example/(.+)$", replace)]);
            assert_eq!(
                unwrapped("https://a.example/p", &rules),
                "https://a.example/p",
                "{replace}"
            );
        }
        let long = format!("https://pics.example/{}", "$1".repeat(100));
        let rules = Rules::from(vec![pattern("a.example", r"^https://a\.example/(.+)$", &long)]);
        let address = format!("https://a.example/{}", "x".repeat(1000));
        assert_eq!(unwrapped(&address, &rules), address);
    }

    #[test]
    fn rules_that_lead_in_a_circle_or_without_end_change_nothing() {
        let rules = Rules::from(vec![
            pattern("a.example", r"^https://a\.example/(.*)$", "https://b.example/$1"),
            pattern("b.example", r"^https://b\.example/(.*)$", "https://a.example/$1"),
            pattern(
                "c.example",
                r"^https://c\.example/(.*)$",
                "https://c.example/$1/x",
            ),
        ]);
        for address in [
            "https://a.example/p",
            "https://b.example/p",
            "https://c.example/p",
        ] {
            assert_eq!(unwrapped(address, &rules), address);
        }
    }

    #[test]
    fn a_rule_is_for_its_path_and_comes_before_the_common_table() {
        let own = Rules::from(vec![Rule {
            path: "/thumb/*".to_owned(),
            ..rule("shop.example", Holds::Parameter("url".to_owned()))
        }]);
        let elsewhere = "https://shop.example/page?url=https://pics.example/p";
        assert_eq!(unwrapped(elsewhere, &own), elsewhere);
        assert_eq!(
            unwrapped("https://shop.example/thumb/1?url=https://pics.example/p", &own),
            "https://pics.example/p"
        );
        let keeps_http = Rules::from(vec![pattern("wsrv.nl", r"url=([^&]+)", "http://$1")]);
        let wrapped = Url::parse("https://wsrv.nl/?url=pics.example/p").expect("an address");
        assert_eq!(unwrapped(wrapped.as_str(), &keeps_http), "http://pics.example/p");
        assert_eq!(
            unwrap(&wrapped).expect("wrapped").url.as_str(),
            "https://pics.example/p"
        );
    }

    #[test]
    fn a_group_that_is_not_there_is_found() {
        let pattern = Regex::new(r"(?<host>a)(b)").expect("an expression");
        for (replace, unknown) in [
            ("https://$1/$2/${host}/$$9", None),
            ("https://$3/", Some("3")),
            ("https://$1a/", Some("1a")),
            ("https://${path}/", Some("path")),
            ("https://$host/", None),
        ] {
            assert_eq!(unknown_group(&pattern, replace), unknown, "{replace}");
        }
    }
}
