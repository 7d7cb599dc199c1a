//! Markup that the sanitizer would hand back as it is, told in one forward scan.
//!
//! The sanitizer parses a field, takes out of the tree what is not on its lists, and writes the tree.
//! It changes nothing where three things hold: every name, attribute and scheme is on the lists; every
//! character is spelt as the serializer spells it; and HTML's tree builder (§13.2.6) puts every tag
//! where it stands. [`is_settled`] says yes only where it can prove all three, byte by byte; about
//! anything else the sanitizer is asked.
//!
//! This is a security boundary: what is settled is not sanitized. So it knows nothing of who wrote the
//! markup, shares no code with him, and trusts no rule of nesting but its own. Tests compare it with the
//! sanitizer over markup made to tell them apart; a debug build compares every field.

use memchr::{memchr, memchr2, memchr3};
use url::Url;

use super::address;
use super::sanitize::{self, Element, SCHEMES};
use super::text;

/// Elements open at once; deeper ones are rare.
const MAX_DEPTH: usize = 256;

/// True when [`sanitize::sanitize`] would hand `html` back byte for byte. It may be false although it would.
pub(super) fn is_settled(html: &str) -> bool {
    let mut scan = Scan {
        html,
        at: 0,
        open: Vec::with_capacity(16),
        paragraphs: 0,
        links: 0,
    };
    is_plain(html) && scan.run().is_some() && scan.open.is_empty()
}

/// Whether no character is dropped by a parser or replaced, and there are no no-break spaces, which are
/// written as references.
fn is_plain(html: &str) -> bool {
    let bytes = html.as_bytes();
    !html.starts_with('\u{feff}') && memchr2(b'\0', b'\r', bytes).is_none() && !text::holds_nbsp(bytes)
}

/// Whether the claim holds for `html`: for `examples/both_ways.rs`, which goes on for as long as one likes.
#[must_use]
pub fn is_told_truly(html: &str) -> bool {
    !is_settled(html) || sanitize::sanitize(html) == html
}

struct Scan<'h> {
    html: &'h str,
    at: usize,
    open: Vec<&'static Element>,
    /// How many paragraphs are open, and how many links.
    paragraphs: usize,
    links: usize,
}

impl Scan<'_> {
    /// Each step is `None` at the first thing that is not proven.
    fn run(&mut self) -> Option<()> {
        let bytes = self.html.as_bytes();
        while self.at < bytes.len() {
            self.text()?;
            match bytes.get(self.at + 1) {
                None if self.at == bytes.len() => {}
                Some(b'/') => self.end_tag()?,
                Some(b'a'..=b'z') => self.start_tag()?,
                _ => return None,
            }
        }
        Some(())
    }

    /// Text up to the next tag. Between the parts of a table only white space stays where it stands.
    fn text(&mut self) -> Option<()> {
        let text = self.html.as_bytes().get(self.at..)?;
        if text.first() == Some(&b'<') {
            return Some(());
        }
        let mut length = 0;
        let end = loop {
            let rest = text.get(length..)?;
            let Some(found) = memchr3(b'<', b'>', b'&', rest) else {
                break text.len();
            };
            match rest.get(found)? {
                b'<' => break length + found,
                b'&' => length += found + reference(rest.get(found..)?, IN_TEXT)?,
                _ => return None,
            }
        };
        self.at += end;
        let in_frame = self
            .open
            .last()
            .is_some_and(|parent| parent.kind.is_table_frame());
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\t');
        (!in_frame || text.get(..end)?.iter().all(is_space)).then_some(())
    }

    /// An end tag closes the innermost element, or nothing is proven.
    fn end_tag(&mut self) -> Option<()> {
        let element = self.open.pop()?;
        let rest = self.html.get(self.at + 2..)?;
        let length = element.name.len();
        if rest.get(..length)? != element.name || rest.as_bytes().get(length) != Some(&b'>') {
            return None;
        }
        self.at += length + 3;
        self.paragraphs -= usize::from(element.name == "p");
        self.links -= usize::from(element.name == "a");
        Some(())
    }

    fn start_tag(&mut self) -> Option<()> {
        let rest = self.html.get(self.at + 1..)?;
        let length = rest.bytes().position(|byte| matches!(byte, b' ' | b'>'))?;
        let element = sanitize::kept(rest.get(..length)?)?;
        self.at += 1 + length;
        if !self.may_stand(element) {
            return None;
        }
        self.attributes(element)?;
        if element.kind.is_void() {
            return Some(());
        }
        self.paragraphs += usize::from(element.name == "p");
        self.links += usize::from(element.name == "a");
        self.open.push(element);
        // A line feed right after `<pre>` is dropped.
        let dropped = element.name == "pre" && self.html.as_bytes().get(self.at) == Some(&b'\n');
        (!dropped && self.open.len() <= MAX_DEPTH).then_some(())
    }

    /// Whether the tree builder leaves this element where it stands (§13.2.6.4.7, and the modes of
    /// tables). All that is open was left where it stands, so no formatting is waiting to be opened again.
    fn may_stand(&self, element: &Element) -> bool {
        let parent = self.open.last();
        let parent_is = |names: &[&str]| parent.is_some_and(|parent| names.contains(&parent.name));
        match element.name {
            "tr" => parent_is(&["tbody", "thead", "tfoot"]),
            "td" | "th" => parent_is(&["tr"]),
            _ if element.kind.is_table_part() => parent_is(&["table"]),
            _ if parent.is_some_and(|parent| parent.kind.is_table_frame()) => false,
            "a" => self.links == 0,
            "li" => self.paragraphs == 0 && self.ends_none(&["li"]),
            "dd" | "dt" => self.paragraphs == 0 && self.ends_none(&["dd", "dt"]),
            "rb" | "rtc" => parent_is(&["ruby"]),
            "rt" | "rp" => parent_is(&["ruby", "rtc"]),
            _ if element.kind.is_heading() => {
                self.paragraphs == 0 && !parent.is_some_and(|parent| parent.kind.is_heading())
            }
            _ => self.paragraphs == 0 || !element.kind.closes_paragraph(),
        }
    }

    /// Whether the start of an item ends none of those open.
    fn ends_none(&self, items: &[&str]) -> bool {
        let is_bound = |open: &&&Element| {
            items.contains(&open.name)
                || (open.kind.is_special() && !matches!(open.name, "address" | "div" | "p"))
        };
        let bound = self.open.iter().rev().find(is_bound);
        bound.is_none_or(|bound| !items.contains(&bound.name))
    }

    /// Attributes up to behind the `>`: each once, each kept, each between double quotes.
    fn attributes(&mut self, element: &Element) -> Option<()> {
        let mut seen = 0_u128;
        loop {
            let rest = self.html.get(self.at..)?;
            match rest.as_bytes().first()? {
                b'>' => {
                    self.at += 1;
                    return Some(());
                }
                b' ' => {}
                _ => return None,
            }
            let equals = rest.bytes().position(|byte| byte == b'=')?;
            let name = rest.get(1..equals)?;
            let bit = 1 << element.attribute(name)?;
            let value = rest.get(equals + 1..)?.strip_prefix('"')?;
            let value = value.get(..memchr(b'"', value.as_bytes())?)?;
            let is_address = matches!(name, "href" | "src" | "poster");
            if seen & bit != 0 || !is_spelled(value) || (is_address && !leads_on(value)) {
                return None;
            }
            seen |= bit;
            self.at += equals + value.len() + 3;
        }
    }
}

/// References that the serializer writes, in text and in values.
const IN_TEXT: &[&str] = &["&amp;", "&lt;", "&gt;", "&nbsp;"];
const IN_VALUE: &[&str] = &["&amp;", "&quot;", "&lt;", "&gt;", "&nbsp;"];

/// The length of the reference at the beginning of `text`, if it is one of `known`.
fn reference(text: &[u8], known: &[&str]) -> Option<usize> {
    let found = known.iter().find(|known| text.starts_with(known.as_bytes()));
    found.map(|found| found.len())
}

/// Whether a value is spelt as the serializer spells it.
fn is_spelled(value: &str) -> bool {
    let mut rest = value.as_bytes();
    while let Some(found) = memchr3(b'<', b'>', b'&', rest) {
        match rest
            .get(found..)
            .and_then(|rest| Some((rest, reference(rest, IN_VALUE)?)))
        {
            Some((after, length)) => rest = after.get(length..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

/// Whether the sanitizer keeps an address (given as it is spelt in a value).
fn leads_on(value: &str) -> bool {
    if address::is_on_plain_domain(value) {
        return true;
    }
    let unescaped = [
        ("&quot;", "\""),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&nbsp;", "\u{a0}"),
        ("&amp;", "&"),
    ];
    let address = unescaped
        .iter()
        .fold(value.to_owned(), |value, (reference, character)| {
            value.replace(reference, character)
        });
    match Url::parse(&address) {
        Ok(url) => SCHEMES.contains(&url.scheme()),
        Err(url::ParseError::RelativeUrlWithoutBase) => sanitize::is_local_link(&address),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests;
