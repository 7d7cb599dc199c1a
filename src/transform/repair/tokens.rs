//! Cuts a document into tokens. Every byte belongs to exactly one, and nothing is looked at twice
//! more often than a fixed number of times.

use super::attributes::{Attribute, Inside, Outcome, Reader};
use super::faults::Faults;
use super::{names, roots, stack};
use crate::transform::work;

/// One token.
#[derive(Debug)]
pub(super) enum Token<'s> {
    /// Text up to the next markup; a `<` in it begins nothing.
    Text(&'s str),
    /// What stands between `<!--` and `-->`.
    Comment(&'s str),
    /// What stands between `<![CDATA[` and `]]>`.
    Cdata(&'s str),
    /// What stands between `<?` and `?>`.
    Instruction(&'s str),
    /// `<!DOCTYPE`; what follows it is not read yet: [`Tokens::skip`].
    Doctype,
    /// Any other `<!…>`.
    Bogus,
    /// A start tag.
    Start(StartTag<'s>),
    /// The name of an end tag, not yet repaired, and the white space behind it.
    End(&'s str, &'s str),
    /// The rest of the document is half a tag.
    Cut,
}

/// A start tag.
#[derive(Debug)]
pub(super) struct StartTag<'s> {
    /// Its name, not yet repaired.
    pub(super) name: &'s str,
    pub(super) attributes: Vec<Attribute<'s>>,
    /// White space before its end.
    pub(super) tail: &'s str,
    pub(super) self_closing: bool,
}

/// The tokens of a document.
#[derive(Debug)]
pub(super) struct Tokens<'s> {
    source: &'s str,
    at: usize,
    attributes: Reader<'s>,
    /// What was looked for and will not be found again.
    no_more: NoMore,
}

#[derive(Debug, Default)]
struct NoMore {
    comment_end: bool,
    cdata_end: bool,
    instruction_end: bool,
    bracket: bool,
}

impl<'s> Tokens<'s> {
    /// The tokens of `source`; of a tag's attributes at most `most`.
    pub(super) fn new(source: &'s str, most: usize) -> Self {
        Self {
            source,
            at: 0,
            attributes: Reader::new(source, most),
            no_more: NoMore::default(),
        }
    }

    /// Where the next token starts.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// What is not read yet.
    pub(super) fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or_default()
    }

    /// Leaves out `length` bytes.
    pub(super) fn skip(&mut self, length: usize) {
        self.at = (self.at + length).min(self.source.len());
    }

    /// The next token. `open` is the name of the element it stands in, which ends a CDATA section
    /// that nothing else ends.
    pub(super) fn next(&mut self, open: Option<&str>, faults: &mut Faults) -> Option<Token<'s>> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        Some(match (bytes.first()?, bytes.get(1)) {
            (b'<', Some(b'!')) => self.declaration(rest, open, faults),
            (b'<', Some(b'?')) => self.instruction(rest, faults),
            (b'<', Some(b'/')) if begins_name(rest, 2) => self.end_tag(rest, faults),
            (b'<', Some(_)) if begins_name(rest, 1) => self.start_tag(rest, faults),
            _ => self.text(bytes),
        })
    }

    /// At least one byte, up to the next `<`.
    fn text(&mut self, bytes: &[u8]) -> Token<'s> {
        let end = memchr::memchr(b'<', bytes.get(1..).unwrap_or_default()).map_or(bytes.len(), |n| n + 1);
        Token::Text(self.take(end))
    }

    fn take(&mut self, length: usize) -> &'s str {
        work::did(length);
        let taken = self.rest().get(..length).unwrap_or_default();
        self.skip(length);
        taken
    }

    fn declaration(&mut self, rest: &'s str, open: Option<&str>, faults: &mut Faults) -> Token<'s> {
        if rest.starts_with("<!--") {
            return self.comment(faults);
        }
        if starts_with_ignore_case(rest, "<![CDATA[") {
            return self.cdata(rest, open, faults);
        }
        if starts_with_ignore_case(rest, "<!DOCTYPE") {
            self.skip("<!DOCTYPE".len());
            return Token::Doctype;
        }
        match find(rest, ">", &mut self.no_more.bracket) {
            Some(end) => {
                self.skip(end + 1);
                Token::Bogus
            }
            None => Token::Text(self.take(1)),
        }
    }

    fn comment(&mut self, faults: &mut Faults) -> Token<'s> {
        let at = self.at;
        self.skip(4);
        let rest = self.rest();
        // HTML closes a comment here that XML leaves open.
        if let Some(length) = [">", "->"]
            .iter()
            .find_map(|end| rest.starts_with(end).then_some(end.len()))
        {
            faults.note(at, "comment closed");
            self.skip(length);
            return Token::Comment("");
        }
        if let Some(end) = find(rest, "-->", &mut self.no_more.comment_end) {
            let inside = self.take(end);
            self.skip(3);
            return Token::Comment(inside);
        }
        faults.note(at, "comment closed");
        Token::Comment(self.up_to_bracket())
    }

    /// Takes what stands before the next angle bracket, and that bracket if it is a closing one.
    pub(super) fn up_to_bracket(&mut self) -> &'s str {
        let rest = self.rest();
        let end = memchr::memchr2(b'<', b'>', rest.as_bytes()).unwrap_or(rest.len());
        let inside = self.take(end);
        if self.rest().starts_with('>') {
            self.skip(1);
        }
        inside
    }

    fn cdata(&mut self, rest: &'s str, open: Option<&str>, faults: &mut Faults) -> Token<'s> {
        let at = self.at;
        if !rest.starts_with("<![CDATA[") {
            faults.note(at, "CDATA written in capitals");
        }
        self.skip("<![CDATA[".len());
        let rest = self.rest();
        if let Some(end) = find(rest, "]]>", &mut self.no_more.cdata_end) {
            let inside = self.take(end);
            self.skip(3);
            return Token::Cdata(inside);
        }
        faults.note(at, "CDATA section closed");
        let end_tag = open.map(|name| format!("</{name}"));
        let end = end_tag
            .and_then(|end_tag| rest.find(&end_tag))
            .unwrap_or(rest.len());
        Token::Cdata(self.take(end))
    }

    fn instruction(&mut self, rest: &'s str, faults: &mut Faults) -> Token<'s> {
        let at = self.at;
        let body = rest.get(2..).unwrap_or_default();
        let end = find(body, "?>", &mut self.no_more.instruction_end).and_then(|end| body.get(..end));
        self.skip(2);
        match end {
            // An XML declaration holds no `>`: this one was never closed.
            Some(inside) if !(inside.starts_with("xml ") && inside.contains('>')) => {
                self.skip(inside.len() + 2);
                Token::Instruction(inside)
            }
            _ => {
                faults.note(at, "processing instruction closed");
                Token::Instruction(self.up_to_bracket())
            }
        }
    }

    fn end_tag(&mut self, rest: &'s str, faults: &mut Faults) -> Token<'s> {
        let body = rest.get(2..).unwrap_or_default();
        let end = memchr::memchr2(b'<', b'>', body.as_bytes());
        let closed = end.is_some_and(|end| body.as_bytes().get(end) == Some(&b'>'));
        if !closed {
            faults.note(self.at, "end tag closed");
        }
        let end = end.unwrap_or(body.len());
        work::did(end);
        self.skip(end + 2 + usize::from(closed));
        let inside = body.get(..end).unwrap_or_default();
        let name = name_of(inside);
        let tail = inside
            .get(name.len()..)
            .filter(|tail| tail.bytes().all(|b| b.is_ascii_whitespace()));
        Token::End(name, tail.unwrap_or_default())
    }

    fn start_tag(&mut self, rest: &'s str, faults: &mut Faults) -> Token<'s> {
        let name = name_of(rest.get(1..).unwrap_or_default());
        let mark = faults.mark();
        match self.attributes.read(self.at + 1 + name.len(), faults) {
            Outcome::Interrupted(inside) if !is_tag_without_end(name, &inside) => {
                faults.undo(mark);
                Token::Text(self.take(inside.end - self.at))
            }
            Outcome::Tag(inside) | Outcome::Interrupted(inside) => {
                if !rest
                    .get(..inside.end - self.at)
                    .is_some_and(|tag| tag.ends_with('>'))
                {
                    faults.note(self.at, "tag closed");
                }
                self.at = inside.end;
                Token::Start(StartTag {
                    name,
                    attributes: inside.attributes,
                    tail: inside.tail,
                    self_closing: inside.self_closing,
                })
            }
            Outcome::Cut => {
                self.at = self.source.len();
                Token::Cut
            }
        }
    }
}

fn begins_name(rest: &str, at: usize) -> bool {
    rest.get(at..)
        .and_then(|rest| rest.chars().next())
        .is_some_and(names::starts_name)
}

/// True for `<item` and `<a b="c"` before another tag; `x <y` before one is text.
fn is_tag_without_end(name: &str, inside: &Inside<'_>) -> bool {
    if roots::is_skeleton(names::local(name)) {
        return true;
    }
    if inside.attributes.is_empty() {
        return stack::is_field(name) && (inside.tail.is_empty() || inside.tail.contains('\n'));
    }
    inside.attributes.iter().all(|attribute| attribute.is_quoted)
}

/// The name at the start of a tag.
fn name_of(tag: &str) -> &str {
    let end = tag.bytes().position(names::ends_name);
    work::did(end.unwrap_or(tag.len()));
    tag.get(..end.unwrap_or(tag.len())).unwrap_or_default()
}

fn starts_with_ignore_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Finds `end`, unless an earlier search already showed that there is none.
fn find(text: &str, end: &str, no_more: &mut bool) -> Option<usize> {
    let found = if *no_more {
        None
    } else {
        memchr::memmem::find(text.as_bytes(), end.as_bytes())
    };
    work::did(if *no_more { 0 } else { found.unwrap_or(text.len()) });
    *no_more |= found.is_none();
    found
}
