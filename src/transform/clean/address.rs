//! Addresses as most feeds write them: what the URL parser would give back byte for byte, seen at a
//! glance. Parsing one takes as long as cleaning the rest of its tag, so only the others are parsed.

use url::{Position, Url};

use crate::message::Address;

/// Where an address leads, as far as the tables of hosts and paths ask.
pub(super) trait Located {
    fn host(&self) -> &str;
    fn path(&self) -> &str;
    /// Path, query and fragment.
    fn after_host(&self) -> &str;
}

impl Located for Url {
    fn host(&self) -> &str {
        self.host_str().unwrap_or_default()
    }

    fn path(&self) -> &str {
        Self::path(self)
    }

    fn after_host(&self) -> &str {
        &self[Position::BeforePath..]
    }
}

/// An absolute web address in the parser's own spelling: a plain domain, no port, no user, no fragment,
/// no dots or slashes in a row in the path, and only characters that nobody escapes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Simple<'a> {
    text: &'a str,
    host: usize,
    path: usize,
    path_end: usize,
}

impl<'a> Simple<'a> {
    /// `None`: only the parser can tell.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let host = match text.as_bytes() {
            [b'h', b't', b't', b'p', b's', b':', b'/', b'/', ..] => 8,
            [b'h', b't', b't', b'p', b':', b'/', b'/', ..] => 7,
            _ => return None,
        };
        let bytes = text.as_bytes();
        let path = host + memchr::memchr(b'/', bytes.get(host..)?)?;
        if !is_plain_domain(bytes.get(host..path)?) {
            return None;
        }
        let path_end = path + run_of(bytes.get(path..)?, IN_PATH);
        let query = bytes.get(path_end..)?;
        let ends = match query.first() {
            None => true,
            Some(b'?') => 1 + run_of(query.get(1..)?, IN_QUERY) == query.len(),
            Some(_) => false,
        };
        (ends && is_plain_path(bytes.get(path..path_end)?)).then_some(Self {
            text,
            host,
            path,
            path_end,
        })
    }

    pub(super) fn as_str(&self) -> &'a str {
        self.text
    }

    /// What follows the question mark, if there is one.
    pub(super) fn query(&self) -> Option<&'a str> {
        self.text.get(self.path_end + 1..)
    }

    pub(super) fn to_address(self) -> Address {
        Address::of_canonical(self.text)
    }
}

impl Located for Simple<'_> {
    fn host(&self) -> &str {
        &self.text[self.host..self.path]
    }

    fn path(&self) -> &str {
        &self.text[self.path..self.path_end]
    }

    fn after_host(&self) -> &str {
        &self.text[self.path..]
    }
}

/// Labels of letters, digits and hyphens, none of them Punycode, the last one no number.
fn is_plain_domain(host: &[u8]) -> bool {
    // Before the first byte a dot, so that no label is empty.
    let mut last = b'.';
    let mut dots = 0_usize;
    let mut label = 0_u8;
    for &byte in host {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' if last == b'.' => label = byte,
            b'a'..=b'z' | b'0'..=b'9' => {}
            b'-' if !matches!(last, b'.' | b'-') => {}
            b'.' if !matches!(last, b'.' | b'-') => dots += 1,
            _ => return false,
        }
        last = byte;
    }
    dots > 0 && host.len() <= 253 && last.is_ascii_alphanumeric() && label.is_ascii_lowercase()
}

/// No segment that begins with a dot, however it is spelt, and no empty one in between.
fn is_plain_path(path: &[u8]) -> bool {
    let mut last = b' ';
    for (at, &byte) in path.iter().enumerate() {
        let odd = match last {
            b'/' => byte == b'.' || byte == b'/',
            b'%' => byte == b'2' && matches!(path.get(at + 1), Some(b'e' | b'E')),
            _ => false,
        };
        if odd {
            return false;
        }
        last = byte;
    }
    true
}

const IN_PATH: u8 = 1;
const IN_QUERY: u8 = 2;

/// What each byte may stand in.
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let path = b"/.-_~%,@+=:!$();*&";
    let mut at = 0;
    while at < path.len() {
        classes[path[at] as usize] = IN_PATH | IN_QUERY;
        at += 1;
    }
    let mut byte = 0_u8;
    while byte < 128 {
        if byte.is_ascii_alphanumeric() {
            classes[byte as usize] = IN_PATH | IN_QUERY;
        }
        byte += 1;
    }
    classes[b'?' as usize] = IN_QUERY;
    classes
};

/// How many bytes at the beginning are of `class`.
fn run_of(bytes: &[u8], class: u8) -> usize {
    let end = bytes
        .iter()
        .position(|&byte| CLASSES[usize::from(byte)] & class == 0);
    end.unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that are the same in every run (xorshift64).
    fn below(state: &mut u64, bound: usize) -> usize {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        usize::try_from(*state >> 33).expect("31 bits") % bound
    }

    #[test]
    fn what_is_simple_is_what_the_parser_writes() {
        #[rustfmt::skip]
        const PIECES: &[&str] = &[
            "https://", "http://", "HTTP://", "https:/", "//", "/", "/", "/", "a", "b", "x", "example", ".", ".", ".com", ".example",
            "..", "...", "-", "--", "xn--", "xn--a", "1", "0x7f", "127.0.0.1", "com.1", "2e", "%2e", "%2E", "%", "%20", "%zz", "?", "?a=1",
            "&b=2", "=", "#", "#f", ":", ":80", ":443", "@", "u@", "!", "$", "'", "(", ")", "*", "+", ",", ";", "~", "_", "|", "^", "`",
            "{", "}", "\\", "[", "]", "<", ">", "\"", " ", "\t", "\n", "é", "ß", "\u{ad}", "。", "A", "Z", "wsrv.nl/?url=", "localhost",
        ];
        let mut state = 0x9e37_79b9_7f4a_7c15;
        let mut simple = 0;
        for _ in 0..200_000 {
            let mut text = String::new();
            if below(&mut state, 4) > 0 {
                text.push_str(
                    ["https://", "http://", "https://a.example", "https://b.example/"][below(&mut state, 4)],
                );
            }
            for _ in 0..below(&mut state, 7) {
                text.push_str(PIECES[below(&mut state, PIECES.len())]);
            }
            let Some(found) = Simple::of(&text) else { continue };
            simple += 1;
            let parsed = Url::parse(&text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
            assert_eq!(parsed.as_str(), text);
            assert_eq!(Some(found.host()), parsed.host_str(), "{text:?}");
            assert_eq!(found.path(), Url::path(&parsed), "{text:?}");
            assert_eq!(found.query(), parsed.query(), "{text:?}");
            assert_eq!(found.after_host(), Located::after_host(&parsed), "{text:?}");
            assert!(parsed.username().is_empty() && parsed.password().is_none() && parsed.port().is_none());
        }
        assert!(simple > 10_000, "only {simple}");
    }

    #[test]
    fn the_addresses_of_ordinary_feeds_are_simple() {
        for address in [
            "https://images.weserv.nl/?url=static.a.example/image/1_303.jpg",
            "https://www.a.example/zh/a-1?maca=x&b=2",
            "http://a.b-c.example/p/%E4%BD%A0.jpg?w=1,2",
        ] {
            assert!(Simple::of(address).is_some(), "{address}");
        }
    }
}
