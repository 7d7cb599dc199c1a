//! The fast way through a field: one forward scan over markup in which nothing has to be put in order.
//!
//! It takes only what HTML's tree builder (§13.2.6) would leave where it stands: known elements in
//! lower case, each closed where it was opened, no paragraph around a block, no link in a link, no
//! tables, quoted attributes, plain characters. Such markup needs no tokenizer with all its states
//! and no tree: [`Pass`] decides on every tag as it always does, and what it writes is what the
//! sanitizer would make of it. At anything else the scan gives up, and the field goes the long way.
//!
//! This is a security boundary: what comes out is not sanitized again. So the rule is equality. Tests
//! run both ways over markup made to tell them apart, byte for byte; a debug build compares every
//! field.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memchr2_iter};
use url::Url;

use super::Cleaner;
use super::pass::{Pass, StartTag};
use super::spelling;
use crate::transform::characters::look_at_pairs;

/// Elements open at once; deeper ones are rare enough for the long way.
const MAX_DEPTH: usize = 64;
/// Attributes of one tag.
const MAX_ATTRIBUTES: usize = 20;
/// Bytes of one attribute's value.
const MAX_VALUE: usize = 4 << 10;
/// Bytes that the serializer would look at again and again, whatever the field's length allows: see
/// `Limits::rescanned`.
const MAX_RESCANNED: usize = 16 << 20;

/// How an element may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Anywhere; the tree builder keeps a list of those open (§13.2.4.3).
    Formatting,
    /// A formatting element that must not stand in itself.
    Link,
    /// Anywhere.
    Inline,
    /// Not in a paragraph.
    Block,
    /// Not in a paragraph nor in a heading.
    Heading,
    /// Right in a list.
    Item,
    /// Right in a list of descriptions.
    Description,
    /// Without content, anywhere.
    Void,
    /// Without content, not in a paragraph.
    VoidBlock,
    /// Not kept, but what stands in it is.
    Through,
    /// Its content is no markup.
    Frame,
}

/// The elements that the scan knows.
#[rustfmt::skip]
fn place(name: &str) -> Option<(&'static str, Place)> {
    macro_rules! table {
        ($($place:ident: $($name:literal)*;)*) => {
            match name { $($($name => Some(($name, Place::$place)),)*)* _ => None }
        };
    }
    table! {
        Block: "div" "p" "figure" "figcaption" "blockquote" "ul" "ol" "dl" "section" "article" "aside" "header"
            "footer" "main" "nav" "center" "address" "details" "summary" "pre";
        Formatting: "b" "strong" "i" "em" "small" "code" "u" "s" "strike" "tt" "big";
        Link: "a";
        Inline: "span" "sub" "sup" "cite" "abbr" "acronym" "q" "mark" "kbd" "var" "samp" "time" "del" "ins" "dfn";
        Heading: "h1" "h2" "h3" "h4" "h5" "h6";
        Item: "li";
        Description: "dt" "dd";
        Void: "br" "img" "wbr";
        VoidBlock: "hr";
        Through: "font";
        Frame: "iframe";
    }
}

/// Attributes that are kept on no element, and mean nothing to any but a picture.
const fn is_ignored(name: &[u8]) -> bool {
    matches!(name, b"class" | b"style" | b"target")
}

/// Cleans `html` in one scan; `None`: it has to go the long way, and `cleaner` is as it was.
pub(super) fn clean(html: &str, base: Option<&Url>, cleaner: &mut Cleaner<'_>) -> Option<String> {
    if html.len() > cleaner.policy.limits.bytes {
        return None;
    }
    let nbsp = look(html.as_bytes())?;
    let before = cleaner.mark();
    let mut scan = Scan {
        html,
        at: 0,
        nbsp,
        open: Vec::with_capacity(16),
        pass: Pass::in_order(html.len(), base, cleaner),
    };
    let cleaned = match scan.run() {
        Some(()) => scan.pass.end_in_order().filter(|out| is_cheap(out)),
        None => None,
    };
    if cleaned.is_none() {
        cleaner.reset(before);
    }
    cleaned
}

/// Whether a field holds nothing but plain characters: no control characters, no marks that parsers
/// drop, and none that XML cannot hold. If so, whether it holds no-break spaces.
fn look(bytes: &[u8]) -> Option<bool> {
    const ODD: u8 = 1;
    let seen = look_at_pairs(bytes, |byte, next| {
        let control = u8::from(byte < b' ') & u8::from(byte != b'\n') & u8::from(byte != b'\t');
        // U+FEC0 to U+FEFF and U+FFC0 to U+FFFF.
        let odd = u8::from(byte == 0xEF) & (u8::from(next == 0xBB) | u8::from(next == 0xBF));
        control | odd | (u8::from(byte == 0xC2) & u8::from(next == 0xA0)) << 1
    });
    (seen & ODD == 0).then_some(seen != 0)
}

/// Whether the long way would not have been stopped for its cost (see `Limits::rescanned`).
fn is_cheap(out: &str) -> bool {
    let escapes = memchr2_iter(b'&', 0xC2, out.as_bytes()).count();
    escapes <= 4096 || escapes.saturating_mul(out.len()) <= MAX_RESCANNED
}

/// An open element.
struct Open {
    name: &'static str,
    place: Place,
    /// Whether it was written.
    kept: bool,
}

struct Scan<'h, 'a, 'c, 'p> {
    html: &'h str,
    at: usize,
    /// The field holds no-break spaces, which are written as references.
    nbsp: bool,
    open: Vec<Open>,
    pass: Pass<'a, 'c, 'p>,
}

/// One attribute, as it is written.
#[derive(Clone, Copy)]
struct Written<'h> {
    name: &'h str,
    value: &'h str,
}

impl<'h> Scan<'h, '_, '_, '_> {
    fn run(&mut self) -> Option<()> {
        let html = self.html;
        while self.at < html.len() {
            let rest = &html.as_bytes()[self.at..];
            let length = memchr(b'<', rest).unwrap_or(rest.len());
            if length > 0 {
                self.text(html.get(self.at..self.at + length)?)?;
                self.at += length;
            }
            match rest.get(length + 1) {
                None if length == rest.len() => return Some(()),
                Some(b'/') => self.end_tag()?,
                Some(b'a'..=b'z') => self.start_tag()?,
                Some(b'!') => self.comment()?,
                _ => return None,
            }
        }
        Some(())
    }

    fn text(&mut self, text: &str) -> Option<()> {
        if memchr2(b'&', b'>', text.as_bytes()).is_some() {
            self.pass.text(&decoded(text, false)?);
        } else {
            self.pass.plain_text(text, self.nbsp);
        }
        Some(())
    }

    /// A comment without angle brackets in it: nobody reads its end in another way.
    fn comment(&mut self) -> Option<()> {
        let inside = self.html.get(self.at..)?.strip_prefix("<!--")?;
        let end = memchr2(b'<', b'>', inside.as_bytes())?;
        let inside = inside.get(..=end)?.strip_suffix("-->")?;
        if inside.ends_with('-') || inside.ends_with("--!") {
            return None;
        }
        self.at += end + "<!--".len() + 1;
        Some(())
    }

    fn end_tag(&mut self) -> Option<()> {
        let rest = self.html.get(self.at + 2..)?;
        let end = memchr(b'>', rest.as_bytes())?;
        let open = self.open.pop()?;
        if rest.get(..end)? != open.name {
            return None;
        }
        self.at += end + 3;
        if open.kept {
            self.pass.end_here();
        } else if self.pass.has_open(open.name) {
            // Its end tag would close the other one.
            return None;
        }
        Some(())
    }

    fn start_tag(&mut self) -> Option<()> {
        let rest = self.html.get(self.at + 1..)?;
        let length = rest.bytes().position(|byte| !byte.is_ascii_alphanumeric())?;
        let (name, place) = place(rest.get(..length)?)?;
        self.at += 1 + length;
        self.may_stand(name, place)?;
        if self.html.as_bytes().get(self.at) == Some(&b'>') {
            self.at += 1;
            return self.element(name, place, &[], false);
        }
        let mut attributes = [Written { name: "", value: "" }; MAX_ATTRIBUTES];
        let (count, closes_itself) = self.attributes(&mut attributes, place)?;
        self.element(name, place, attributes.get(..count)?, closes_itself)
    }

    /// An element whose start tag was read.
    fn element(
        &mut self,
        name: &'static str,
        place: Place,
        attributes: &[Written<'_>],
        closes_itself: bool,
    ) -> Option<()> {
        match place {
            Place::Void | Place::VoidBlock => {
                self.through_pass(name, attributes, false)?;
            }
            _ if closes_itself => return None,
            Place::Frame => self.frame(attributes)?,
            Place::Through => {
                self.through_pass(name, attributes, false)?;
                self.push(name, place, false)?;
            }
            _ => {
                // A span without attributes is not kept.
                let kept = if attributes.is_empty() && place != Place::Link && name != "span" {
                    self.pass.start_here(name);
                    true
                } else {
                    self.through_pass(name, attributes, true)?
                };
                self.push(name, place, kept)?;
                // What follows right after `<pre>` may be dropped.
                if name == "pre" && !self.html[self.at..].starts_with(|c: char| c.is_ascii_alphanumeric()) {
                    return None;
                }
            }
        }
        Some(())
    }

    fn push(&mut self, name: &'static str, place: Place, kept: bool) -> Option<()> {
        self.open.push(Open { name, place, kept });
        (self.open.len() <= MAX_DEPTH).then_some(())
    }

    /// Whether the tree builder leaves this element where it stands.
    fn may_stand(&self, name: &str, place: Place) -> Option<()> {
        let has = |fits: &dyn Fn(&Open) -> bool| self.open.iter().any(fits);
        let in_paragraph = || has(&|open| open.name == "p");
        let parent = self.open.last().map_or("", |open| open.name);
        let fits = match place {
            Place::Formatting => !has(&|open| open.name == name),
            Place::Link | Place::Frame => !has(&|open| open.place == Place::Link),
            Place::Inline | Place::Void | Place::Through => true,
            Place::Block | Place::VoidBlock => !in_paragraph(),
            Place::Heading => !in_paragraph() && !has(&|open| open.place == Place::Heading),
            Place::Item => matches!(parent, "ul" | "ol"),
            Place::Description => parent == "dl",
        };
        fits.then_some(())
    }

    /// Hands a start tag to the pass. Whether it opened an element.
    fn through_pass(&mut self, name: &str, attributes: &[Written<'_>], opens: bool) -> Option<bool> {
        let mut values = [const { Cow::Borrowed("") }; MAX_ATTRIBUTES];
        for (decoded_value, Written { value, .. }) in values.iter_mut().zip(attributes) {
            *decoded_value = if memchr(b'&', value.as_bytes()).is_some() {
                Cow::Owned(decoded(value, true)?)
            } else {
                Cow::Borrowed(*value)
            };
        }
        let mut pairs = [("", ""); MAX_ATTRIBUTES];
        for (pair, (written, value)) in pairs.iter_mut().zip(attributes.iter().zip(&values)) {
            *pair = (written.name, value);
        }
        let tag = StartTag {
            name,
            self_closing: false,
            attributes: pairs.get(..attributes.len())?,
        };
        let before = self.pass.depth();
        self.pass.start_tag(tag);
        match self.pass.depth().checked_sub(before)? {
            0 => Some(false),
            1 if opens => Some(true),
            _ => None,
        }
        .filter(|_| name == "iframe" || self.pass.is_in_order())
    }

    /// An iframe and what stands in it: no markup to anyone, so it must end before any.
    fn frame(&mut self, attributes: &[Written<'_>]) -> Option<()> {
        self.through_pass("iframe", attributes, false)?;
        let rest = self.html.get(self.at..)?;
        let inside = memchr(b'<', rest.as_bytes())?;
        rest.get(inside..)?.strip_prefix("</iframe>")?;
        self.at += inside + "</iframe>".len();
        self.pass.end_tag("iframe");
        self.pass.is_in_order().then_some(())
    }

    /// Reads the attributes of a tag up to behind its `>`: how many there are that could matter, and
    /// whether the tag closes itself.
    fn attributes(&mut self, found: &mut [Written<'h>], place: Place) -> Option<(usize, bool)> {
        let html = self.html;
        let bytes = html.as_bytes();
        let picky = matches!(place, Place::Void | Place::Frame);
        let (mut count, mut all) = (0, 0);
        loop {
            let begin = self.at;
            while is_space(*bytes.get(self.at)?) {
                self.at += 1;
            }
            match bytes.get(self.at)? {
                b'>' => {
                    self.at += 1;
                    return Some((count, false));
                }
                b'/' if bytes.get(self.at + 1) == Some(&b'>') => {
                    self.at += 2;
                    return Some((count, true));
                }
                _ if begin == self.at => return None,
                _ => {}
            }
            let written = self.attribute()?;
            all += 1;
            // A second one of the same name would not count.
            if all > MAX_ATTRIBUTES || found.get(..count)?.iter().any(|other| other.name == written.name) {
                return None;
            }
            if picky || !is_ignored(written.name.as_bytes()) {
                *found.get_mut(count)? = written;
                count += 1;
            }
        }
    }

    fn attribute(&mut self) -> Option<Written<'h>> {
        let html = self.html;
        let rest = html.get(self.at..)?;
        let is_name = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        let length = rest.bytes().position(|byte| !is_name(byte))?;
        let name = rest.get(..length).filter(|name| !name.is_empty())?;
        self.at += length;
        match rest.as_bytes().get(length)? {
            b'=' => {}
            b'>' | b' ' | b'\n' | b'\t' | b'/' => return Some(Written { name, value: "" }),
            _ => return None,
        }
        let quote = *rest.as_bytes().get(length + 1)?;
        if !matches!(quote, b'"' | b'\'') {
            return None;
        }
        let value = rest.get(length + 2..)?;
        let end = memchr(quote, value.as_bytes()).filter(|end| *end <= MAX_VALUE)?;
        self.at += end + 3;
        Some(Written {
            name,
            value: value.get(..end)?,
        })
    }
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
        if (name == 0 && matches!(next, Some(b' ' | b'\n' | b'\t' | b'&')))
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
mod tests;
