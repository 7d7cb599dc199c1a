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
    /// What follows the question mark, if there is one.
    fn query(&self) -> Option<&str>;
    /// All of it.
    fn as_str(&self) -> &str;
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

    fn query(&self) -> Option<&str> {
        Self::query(self)
    }

    fn as_str(&self) -> &str {
        Self::as_str(self)
    }
}

/// The last bytes of a host as one number; of one that is shorter, nothing.
pub(super) fn end_of(host: &str) -> u64 {
    match *host.as_bytes() {
        [.., a, b, c, d, e, f] => u64::from_le_bytes([a, b, c, d, e, f, 0, 0]),
        _ => 0,
    }
}

/// The ends of a table's hosts: few addresses share so much as that with any of them.
pub(super) struct Ends(Vec<u64>);

impl Ends {
    pub(super) fn of<'h>(hosts: impl Iterator<Item = &'h str>) -> Self {
        let mut ends: Vec<u64> = hosts.map(end_of).collect();
        ends.sort_unstable();
        ends.dedup();
        Self(ends)
    }

    pub(super) fn hold(&self, host: &str) -> bool {
        self.0.binary_search(&end_of(host)).is_ok()
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
        Self::from_host(text, host_in(text.as_bytes())?)
    }

    /// As [`Self::of`], for text whose host begins there, whatever stands before it.
    pub(super) fn from_host(text: &'a str, host: usize) -> Option<Self> {
        let bytes = text.as_bytes();
        let path = host + plain_domain(bytes.get(host..)?)?;
        if bytes.get(path) != Some(&b'/') {
            return None;
        }
        let path_end = path + plain_path(bytes.get(path..)?)?;
        let query = bytes.get(path_end..)?;
        let ends = match query.first() {
            None => true,
            Some(b'?') => 1 + run_of(query.get(1..)?, IN_QUERY) == query.len(),
            Some(_) => false,
        };
        ends.then_some(Self {
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

    fn query(&self) -> Option<&str> {
        Simple::query(self)
    }

    fn as_str(&self) -> &str {
        self.text
    }
}

/// Where the host begins in an absolute web address whose scheme is written as the parser writes it.
fn host_in(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'h', b't', b't', b'p', b's', b':', b'/', b'/', ..] => Some(8),
        [b'h', b't', b't', b'p', b':', b'/', b'/', ..] => Some(7),
        _ => None,
    }
}

/// True for an absolute web address on a plain domain: the parser takes it, whatever follows.
pub(super) fn is_on_plain_domain(text: &str) -> bool {
    let host = host_in(text.as_bytes()).and_then(|host| text.as_bytes().get(host..));
    host.and_then(plain_domain).is_some()
}

/// The length of the domain at the beginning of what follows the scheme, up to where another part begins:
/// labels of letters, digits and hyphens, none of them Punycode, the last one no number.
fn plain_domain(rest: &[u8]) -> Option<usize> {
    let (mut at, mut dots, mut label) = (0, 0_usize, 0);
    loop {
        match run_of(rest.get(at..)?, IN_LABEL) {
            0 => return None,
            run => at += run,
        }
        match rest.get(at) {
            Some(b'.') => {
                dots += 1;
                label = at + 1;
            }
            Some(b'-') => {}
            None | Some(b'/' | b'?' | b'#') => break,
            Some(_) => return None,
        }
        at += 1;
    }
    (dots > 0 && at <= 253 && rest.get(label)?.is_ascii_lowercase()).then_some(at)
}

/// The length of the path at the beginning of `rest`, if it has no segment that begins with a dot,
/// however it is spelt, and no empty one in between.
fn plain_path(rest: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += run_of(rest.get(at..)?, IN_SEGMENT);
        let odd = match rest.get(at..)? {
            [b'/', next, ..] => matches!(next, b'.' | b'/'),
            [b'%', b'2', next, ..] => matches!(next, b'e' | b'E'),
            [b'/' | b'%', ..] => false,
            _ => return Some(at),
        };
        if odd {
            return None;
        }
        at += 1;
    }
}

const IN_LABEL: u8 = 1;
/// Without the slash and the per cent sign, which have to be looked at.
const IN_SEGMENT: u8 = 2;
const IN_QUERY: u8 = 4;

/// What each byte may stand in.
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let segment = b".-_~,@+=:!$();*&";
    let mut at = 0;
    while at < segment.len() {
        classes[segment[at] as usize] = IN_SEGMENT | IN_QUERY;
        at += 1;
    }
    let mut byte = 0_u8;
    while byte < 128 {
        if byte.is_ascii_alphanumeric() {
            classes[byte as usize] = IN_SEGMENT | IN_QUERY;
        }
        if byte.is_ascii_lowercase() || byte.is_ascii_digit() {
            classes[byte as usize] |= IN_LABEL;
        }
        byte += 1;
    }
    classes[b'/' as usize] = IN_QUERY;
    classes[b'%' as usize] = IN_QUERY;
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
