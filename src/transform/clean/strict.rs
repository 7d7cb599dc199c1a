//! The fast way into a field: its tokens, told in one forward scan.
//!
//! It takes only what every tokenizer reads alike (HTML §13.2.5): tags with quoted or plain values,
//! whole references, comments that end, raw text without markup in it. What it reads goes to the same
//! [`Pass`] that html5ever's tokenizer feeds, so both ways write the same. At anything else it gives up,
//! and the field is read by html5ever.
//!
//! Tests run both ways over markup made to tell them apart, byte for byte; a debug build compares every
//! field.

use std::borrow::Cow;

use memchr::{memchr, memchr3};
use url::Url;

use super::elements::{self, RawText};
use super::pass::{Attribute, Pass, StartTag, TooDeep};
use super::{Cleaner, lean, spelling, text};

/// Attributes of one tag; as many are compared with each other.
const MAX_ATTRIBUTES: usize = 20;
/// Bytes of one attribute's value.
const MAX_VALUE: usize = 4 << 10;
/// Bytes of a name that is not in lower case.
const MAX_NAME: usize = 24;

/// Rewrites a field as [`super::pass::rewrite`] does; `None`: it is for the tokenizer to read, and
/// `cleaner` is as it was.
pub(super) fn rewrite(
    html: &str,
    base: Option<&Url>,
    cleaner: &mut Cleaner<'_>,
) -> Option<Result<String, TooDeep>> {
    let nbsp = look(html)?;
    let before = cleaner.mark();
    let mut reader = Reader {
        html,
        at: 0,
        nbsp,
        attributes: Vec::new(),
        pass: Pass::new(html.len(), base, cleaner),
    };
    if reader.run().is_some() {
        return Some(reader.pass.end());
    }
    cleaner.reset(before);
    None
}

/// Whether a field holds no-break spaces, which are written as references. `None`: it holds characters that
/// a parser drops or replaces, or that XML cannot hold.
fn look(html: &str) -> Option<bool> {
    let is_plain = text::is_printable(html.as_bytes()) && !html.starts_with('\u{feff}');
    is_plain.then(|| text::holds_nbsp(html.as_bytes()))
}

struct Reader<'h, 'a, 'c, 'p> {
    html: &'h str,
    at: usize,
    /// The field holds no-break spaces, which are written as references.
    nbsp: bool,
    /// Those of the tag being read.
    attributes: Vec<Attribute<'h>>,
    pass: Pass<'a, 'c, 'p>,
}

impl<'h> Reader<'h, '_, '_, '_> {
    /// Each step is `None` where it gives up.
    fn run(&mut self) -> Option<()> {
        while self.at < self.html.len() && !self.pass.exceeded() {
            self.text()?;
            match self.html.as_bytes().get(self.at + 1) {
                None => {}
                Some(b'/') => self.end_tag()?,
                Some(b'!') => self.comment()?,
                Some(_) => self.start_tag()?,
            }
        }
        Some(())
    }

    /// Text up to the next `<` that opens something.
    fn text(&mut self) -> Option<()> {
        let rest = self.html.get(self.at..)?;
        let bytes = rest.as_bytes();
        let plain = match bytes.first() {
            Some(b'<') => 0,
            _ => memchr3(b'&', b'<', b'>', bytes).unwrap_or(bytes.len()),
        };
        let mut length = plain;
        while length < bytes.len() {
            match bytes.get(length..)? {
                [b'<', b'a'..=b'z' | b'A'..=b'Z' | b'/' | b'!', ..] => break,
                [b'<', b'?', ..] => return None,
                [_, after @ ..] => length += 1 + memchr(b'<', after).unwrap_or(after.len()),
                [] => break,
            }
        }
        let text = rest.get(..length)?;
        self.at += text.len();
        if text.len() > plain {
            self.pass.text(&decoded(text, false)?);
        } else if self.nbsp {
            self.pass.text(text);
        } else if !text.is_empty() {
            self.pass.plain_text(text);
        }
        Some(())
    }

    fn comment(&mut self) -> Option<()> {
        let inside = self.html.get(self.at..)?.strip_prefix("<!--")?;
        self.at += "<!--".len() + lean::comment_end(inside.as_bytes())?;
        Some(())
    }

    fn end_tag(&mut self) -> Option<()> {
        self.at += 2;
        let mut folded = [0; MAX_NAME];
        let name = name_at(self.html.get(self.at..)?, &mut folded)?;
        self.at += name.len();
        self.html.as_bytes().get(self.at).filter(|byte| **byte == b'>')?;
        self.at += 1;
        self.pass.end_tag(name);
        Some(())
    }

    fn start_tag(&mut self) -> Option<()> {
        self.at += 1;
        let mut folded = [0; MAX_NAME];
        let name = name_at(self.html.get(self.at..)?, &mut folded)?;
        self.at += name.len();
        let self_closing = self.attributes()?;
        self.pass.start_tag(StartTag {
            name,
            self_closing,
            attributes: &self.attributes,
        });
        match elements::raw_text(name) {
            Some(_) if self_closing && elements::may_close_itself(name) => Some(()),
            Some(kind) => self.raw_text(name, kind),
            None => Some(()),
        }
    }

    /// What stands in an element whose content is no markup, and its end.
    fn raw_text(&mut self, name: &str, kind: RawText) -> Option<()> {
        let rest = self.html.get(self.at..)?;
        let (inside, after) = rest.split_once("</")?;
        after.strip_prefix(name)?.strip_prefix('>')?;
        let is_plain = match kind {
            RawText::Script => !inside.contains("<!--"),
            RawText::Rawtext => true,
            RawText::Rcdata => !inside.contains('&'),
            RawText::Plaintext => false,
        };
        if !is_plain {
            return None;
        }
        self.pass.text(inside);
        self.pass.end_tag(name);
        self.at += inside.len() + name.len() + "</>".len();
        Some(())
    }

    /// Reads the attributes of a tag up to behind its `>`. Whether it closes itself.
    fn attributes(&mut self) -> Option<bool> {
        let bytes = self.html.as_bytes();
        self.attributes.clear();
        let mut ignored = 0;
        loop {
            let begin = self.at;
            while is_space(*bytes.get(self.at)?) {
                self.at += 1;
            }
            match bytes.get(self.at)? {
                b'>' => {
                    self.at += 1;
                    return Some(false);
                }
                b'/' if bytes.get(self.at + 1) == Some(&b'>') => {
                    self.at += 2;
                    return Some(true);
                }
                _ if begin == self.at => return None,
                _ => {}
            }
            let attribute = self.attribute()?;
            // Nothing asks for them.
            if matches!(&*attribute.0, "class" | "target") {
                ignored += 1;
            } else {
                self.attributes.push(attribute);
            }
            if self.attributes.len() + ignored > MAX_ATTRIBUTES {
                return None;
            }
        }
    }

    fn attribute(&mut self) -> Option<Attribute<'h>> {
        let rest = self.html.get(self.at..)?;
        let (length, is_lower) = name_length(rest);
        let name = match rest.get(..length)? {
            "" => return None,
            name if is_lower => Cow::Borrowed(name),
            name => Cow::Owned(name.to_ascii_lowercase()),
        };
        // A second one of the same name would not count.
        if self.attributes.iter().any(|(other, _)| *other == name) {
            return None;
        }
        let rest = rest.get(length..)?;
        let (value, written) = match rest.as_bytes() {
            [b'>' | b' ' | b'\n' | b'\t' | b'/', ..] => ("", 0),
            [b'=', quote @ (b'"' | b'\''), value @ ..] => {
                let length = memchr(*quote, value)?;
                (rest.get(2..2 + length)?, length + 3)
            }
            [b'=', ..] => {
                let value = rest.get(1..)?;
                let value = value.get(..value.bytes().position(|byte| !is_unquoted(byte))?)?;
                (value, value.len() + 1)
            }
            _ => return None,
        };
        self.at += length + written;
        // An unquoted value is not empty, and ends where the tag goes on.
        let is_whole = written != 1 && value.len() <= MAX_VALUE;
        if !is_whole {
            return None;
        }
        let value = if memchr(b'&', value.as_bytes()).is_some() {
            Cow::Owned(decoded(value, true)?)
        } else {
            Cow::Borrowed(value)
        };
        Some((name, value))
    }
}

/// The length of what may be a name, and whether it is in lower case.
fn name_length(text: &str) -> (usize, bool) {
    let mut seen = 0;
    let end = text.bytes().position(|byte| {
        let class = CLASSES[usize::from(byte)];
        seen |= class;
        class == NO_NAME
    });
    (end.unwrap_or(text.len()), seen & UPPER == 0)
}

const NO_NAME: u8 = 0;
const LOWER: u8 = 1;
const UPPER: u8 = 2;

/// What each byte is in a name.
static CLASSES: [u8; 256] = {
    let mut classes = [NO_NAME; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        if byte.is_ascii_uppercase() {
            classes[byte as usize] = UPPER;
        } else if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':') {
            classes[byte as usize] = LOWER;
        }
        byte += 1;
    }
    classes
};

/// The name of a tag, in lower case: as it stands, or in `folded`.
fn name_at<'n>(text: &'n str, folded: &'n mut [u8; MAX_NAME]) -> Option<&'n str> {
    let (length, is_lower) = name_length(text);
    let name = text.get(..length)?;
    if !name.bytes().next()?.is_ascii_alphabetic() {
        return None;
    }
    if is_lower {
        return Some(name);
    }
    let folded = folded.get_mut(..name.len())?;
    folded.copy_from_slice(name.as_bytes());
    folded.make_ascii_lowercase();
    std::str::from_utf8(folded).ok()
}

/// What an unquoted value may hold without anybody reading it in another way.
const fn is_unquoted(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'#' | b'%' | b'&' | b'+' | b',' | b'-' | b'.' | b'/' | b':' | b';' | b'=' | b'?' | b'@' | b'_'
        )
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\t')
}

/// Text or a value with its references read: whole ones of one character, and ampersands that begin
/// none. `None` at any other.
fn decoded(text: &str, is_value: bool) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr(b'&', rest.as_bytes()) {
        out.push_str(rest.get(..at)?);
        rest = rest.get(at..)?;
        let after = rest.get(1..)?;
        let name = after
            .bytes()
            .position(|byte| !byte.is_ascii_alphanumeric())
            .unwrap_or(after.len());
        let next = after.as_bytes().get(name);
        if (name == 0 && next != Some(&b'#'))
            // Whatever known name this begins with, it is none before an equals sign (§13.2.5.73).
            || (is_value && name > 0 && next == Some(&b'='))
        {
            out.push('&');
            rest = after;
            continue;
        }
        let (character, length) = spelling::reference(rest)?;
        if character == '\u{feff}' || matches!(character, '\n' | '\t') {
            return None;
        }
        out.push(character);
        rest = rest.get(length..)?;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
pub(super) mod tests;
