//! What may stand before a feed: a page that wants a login, or proof of being a browser. Pure.

use http::HeaderMap;

/// A page that is shown instead of what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wall {
    /// It wants a name and a password.
    Login,
    /// It wants proof that a browser, or a person, asks.
    Challenge,
}

/// Set by Cloudflare on a page that asks for proof of being a browser.
const CHALLENGE: &str = "cf-mitigated";

/// What the challenge pages of those who sell them hold, in lower case: Cloudflare, Imperva, DDoS-Guard, DataDome,
/// HUMAN, AWS WAF, SiteGround, Anubis.
const CHALLENGES: [&str; 9] = [
    "/cdn-cgi/challenge-platform/",
    "cf-chl-",
    "_incapsula_resource",
    "/.well-known/ddos-guard/",
    "captcha-delivery.com",
    "px-captcha",
    "awswafintegration",
    "/.well-known/sgcaptcha/",
    "/.within.website/x/cmd/anubis/",
];
/// A field for a password, in the spellings of HTML.
const LOGINS: [&str; 3] = ["type=\"password\"", "type='password'", "type=password"];
/// Bytes of a page that are looked at.
const LOOKED_AT: usize = 256 * 1024;

/// What the head of an answer says of itself.
#[must_use]
pub fn of_headers(headers: &HeaderMap) -> Option<Wall> {
    headers.contains_key(CHALLENGE).then_some(Wall::Challenge)
}

/// What a web page is, by its text.
#[must_use]
pub fn of_page(text: &str) -> Option<Wall> {
    let text = text.get(..text.floor_char_boundary(LOOKED_AT)).unwrap_or(text);
    let text = text.to_ascii_lowercase();
    let holds = |marks: &[&str]| marks.iter().any(|mark| text.contains(mark));
    if holds(&CHALLENGES) {
        Some(Wall::Challenge)
    } else if holds(&LOGINS) {
        Some(Wall::Login)
    } else {
        None
    }
}

impl Wall {
    /// What it is.
    #[must_use]
    pub const fn what(self) -> &'static str {
        match self {
            Self::Login => "a login page stands before the feed",
            Self::Challenge => "a challenge page stands before the feed",
        }
    }

    /// What to do about it, in a sentence.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Login => {
                "Use an address of the feed that needs no login: many sites give each member one with a token in it."
            }
            Self::Challenge => {
                "The site wants proof that a browser asks. Ask its owner to let feed readers through, or use another \
                 address of the feed."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_told_apart_by_what_they_hold() {
        let cases = [
            ("<form><INPUT Type=Password name=p></form>", Some(Wall::Login)),
            (
                "<script src=\"/cdn-cgi/challenge-platform/h/b/orchestrate/jsch/v1\"></script>",
                Some(Wall::Challenge),
            ),
            ("<p>Our login is down; mail us your password.</p>", None),
            ("", None),
        ];
        for (page, expected) in cases {
            assert_eq!(of_page(page), expected, "{page}");
        }
    }

    #[test]
    fn a_head_may_say_it() {
        let mut headers = HeaderMap::new();
        assert_eq!(of_headers(&headers), None);
        headers.insert("cf-mitigated", http::HeaderValue::from_static("challenge"));
        assert_eq!(of_headers(&headers), Some(Wall::Challenge));
    }
}
