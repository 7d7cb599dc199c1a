//! The document as pieces: events that know where they stand, so that whatever is not touched is
//! copied byte for byte.

use std::collections::VecDeque;

use crate::transform::Error;
use crate::transform::fields::{Vocabulary, vocabulary};

/// One event and the bytes it stands in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'t> {
    pub(super) kind: Kind<'t>,
    pub(super) raw: &'t str,
    /// Where `raw` begins in the document.
    pub(super) at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind<'t> {
    Open(Name<'t>),
    Empty(Name<'t>),
    Close,
    /// Characters and references, or a CDATA section.
    Text,
    Comment,
    Instruction,
    /// The XML declaration.
    Declaration,
    End,
}

/// The name of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name<'t> {
    pub(super) vocabulary: Vocabulary,
    /// Without the prefix.
    pub(super) local: &'t str,
    /// As written.
    pub(super) qualified: &'t str,
    /// Whether elements without a prefix are XHTML here.
    pub(super) xhtml_is_default: bool,
}

impl Name<'_> {
    pub(super) fn is(&self, vocabulary: Vocabulary, local: &str) -> bool {
        self.vocabulary == vocabulary && self.local.eq_ignore_ascii_case(local)
    }
}

/// Reads pieces from a well-formed document.
pub(super) struct Scanner<'t> {
    text: &'t str,
    /// Pieces read ahead and given back.
    ahead: VecDeque<Piece<'t>>,
    at: usize,
    /// Namespaces in scope, in order of declaration.
    bindings: Vec<Binding<'t>>,
    /// How many of them were in scope around each open element.
    marks: Vec<usize>,
    /// How many are in scope around the element that was opened last.
    around: usize,
}

/// A prefix (empty: none) and its namespace, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Binding<'t> {
    pub(super) prefix: &'t str,
    pub(super) namespace: &'t str,
    vocabulary: Vocabulary,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            ahead: VecDeque::new(),
            at: 0,
            bindings: Vec::new(),
            marks: Vec::new(),
            around: 0,
        }
    }

    /// Gives pieces back: they come again, in order, before what follows them.
    pub(super) fn give_back(&mut self, pieces: impl DoubleEndedIterator<Item = Piece<'t>>) {
        for piece in pieces.rev() {
            self.ahead.push_front(piece);
        }
    }

    pub(super) fn next(&mut self) -> Result<Piece<'t>, Error> {
        if let Some(piece) = self.ahead.pop_front() {
            return Ok(piece);
        }
        let at = self.at;
        let rest = self.text.get(at..).ok_or(Error::Unsound)?;
        let (shape, length) = shape(rest.as_bytes()).ok_or(Error::Unsound)?;
        let raw = rest.get(..length).ok_or(Error::Unsound)?;
        self.at += length;
        let kind = match shape {
            Shape::Tag if raw.ends_with("/>") => {
                let name = self.open(raw);
                self.close();
                Kind::Empty(name)
            }
            Shape::Tag => Kind::Open(self.open(raw)),
            Shape::Close => {
                self.close();
                Kind::Close
            }
            Shape::Text => Kind::Text,
            Shape::Comment => Kind::Comment,
            Shape::Instruction => Kind::Instruction,
            Shape::Declaration => Kind::Declaration,
            Shape::End => Kind::End,
        };
        Ok(Piece { kind, raw, at })
    }

    /// Passes over everything up to and including the close of the element just opened.
    pub(super) fn skip_to_close(&mut self) -> Result<(), Error> {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.next()?.kind {
                Kind::Open(_) => depth += 1,
                Kind::Close => depth -= 1,
                Kind::End => return Err(Error::Unsound),
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes everything up to and including the close of the element just opened.
    pub(super) fn take_to_close(&mut self) -> Result<Vec<Piece<'t>>, Error> {
        let mut depth = 1_usize;
        let mut pieces = Vec::new();
        while depth > 0 {
            let piece = self.next()?;
            match piece.kind {
                Kind::Open(_) => depth += 1,
                Kind::Close => depth -= 1,
                Kind::End => return Err(Error::Unsound),
                _ => {}
            }
            pieces.push(piece);
        }
        Ok(pieces)
    }

    /// Everything between two places of the document.
    pub(super) fn slice(&self, from: usize, to: usize) -> &'t str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// The namespaces in scope in the element just opened, in order of declaration; of one prefix, the last counts.
    pub(super) fn bindings(&self) -> &[Binding<'t>] {
        &self.bindings
    }

    /// Those in scope around the element just opened.
    pub(super) fn bindings_around(&self) -> &[Binding<'t>] {
        self.bindings.get(..self.around).unwrap_or_default()
    }

    /// Brings into scope what a start tag declares, and reads its name.
    fn open(&mut self, raw: &'t str) -> Name<'t> {
        self.around = self.bindings.len();
        self.marks.push(self.around);
        let declares = |raw: &[u8]| memchr::memmem::find(raw, b"xmlns").is_some();
        if memchr::memchr(b'=', raw.as_bytes()).is_some() && declares(raw.as_bytes()) {
            let declared = attributes(raw).filter_map(|attribute| {
                let prefix = match attribute.name.strip_prefix("xmlns")? {
                    "" => "",
                    named => named.strip_prefix(':')?,
                };
                Some(Binding {
                    prefix,
                    namespace: attribute.raw,
                    vocabulary: vocabulary(attribute.raw),
                })
            });
            self.bindings.extend(declared);
        }
        let qualified = element_name(raw);
        let (prefix, local) = qualified.split_once(':').unwrap_or(("", qualified));
        let own = self.vocabulary(prefix);
        Name {
            vocabulary: own,
            local,
            qualified,
            xhtml_is_default: Vocabulary::Xhtml
                == if prefix.is_empty() {
                    own
                } else {
                    self.vocabulary("")
                },
        }
    }

    /// Ends the scope of what the innermost element declared.
    fn close(&mut self) {
        self.bindings.truncate(self.marks.pop().unwrap_or_default());
    }

    fn vocabulary(&self, prefix: &str) -> Vocabulary {
        let bound = self.bindings.iter().rev().find(|bound| bound.prefix == prefix);
        match bound {
            Some(bound) => bound.vocabulary,
            None if prefix.is_empty() => Vocabulary::Rss,
            None => Vocabulary::Other,
        }
    }
}

/// What a piece is, by its first characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Tag,
    Close,
    Text,
    Comment,
    Instruction,
    Declaration,
    End,
}

/// The first piece of what is left of a well-formed document, and its length.
fn shape(rest: &[u8]) -> Option<(Shape, usize)> {
    let up_to = |end: &[u8], from: usize| {
        let at = memchr::memmem::find(rest.get(from..)?, end)?;
        Some(from + at + end.len())
    };
    Some(match rest {
        [] => (Shape::End, 0),
        [b'<', b'/', ..] => (Shape::Close, memchr::memchr(b'>', rest)? + 1),
        [b'<', b'!', b'-', b'-', ..] => (Shape::Comment, up_to(b"-->", 4)?),
        [b'<', b'!', b'[', ..] => (Shape::Text, up_to(b"]]>", 9)?),
        [b'<', b'!', ..] => (Shape::Instruction, up_to(b">", 2)?),
        [b'<', b'?', b'x', b'm', b'l', b' ' | b'\t' | b'\r' | b'\n', ..] => {
            (Shape::Declaration, up_to(b"?>", 5)?)
        }
        [b'<', b'?', ..] => (Shape::Instruction, up_to(b"?>", 2)?),
        [b'<', ..] => (Shape::Tag, tag_length(rest)?),
        _ => (Shape::Text, memchr::memchr(b'<', rest).unwrap_or(rest.len())),
    })
}

/// Up to the first `>` that stands in no quotes.
fn tag_length(tag: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += memchr::memchr3(b'>', b'"', b'\'', tag.get(at..)?)?;
        match tag.get(at) {
            Some(b'>') => return Some(at + 1),
            Some(quote) => at += 2 + memchr::memchr(*quote, tag.get(at + 1..)?)?,
            None => return None,
        }
    }
}

/// The start tag of a well-formed element.
pub(super) fn start_tag(element: &str) -> &str {
    let length = tag_length(element.as_bytes()).unwrap_or_default();
    element.get(..length).unwrap_or_default()
}

/// The name in a start tag, as written.
fn element_name(raw: &str) -> &str {
    let inside = raw.strip_prefix('<').unwrap_or(raw);
    let end = inside
        .bytes()
        .position(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>'))
        .unwrap_or(inside.len());
    inside.get(..end).unwrap_or_default()
}

/// An attribute of a start tag.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attr<'t> {
    /// As written, with its prefix.
    pub(super) name: &'t str,
    /// As written, between the quotes.
    pub(super) raw: &'t str,
    /// Where `raw` begins in the tag.
    pub(super) at: usize,
    pub(super) quote: char,
}

/// The attributes of a well-formed start tag, in order.
pub(super) fn attributes(tag: &str) -> impl Iterator<Item = Attr<'_>> {
    let mut at = 1 + element_name(tag).len();
    std::iter::from_fn(move || {
        let rest = tag.get(at..)?;
        let begin = at + rest.find(|c: char| !c.is_ascii_whitespace())?;
        let (name, value) = tag.get(begin..)?.split_once('=')?;
        let value_at = begin + name.len() + 1;
        let padding = value.len() - value.trim_start().len();
        let quote = value.trim_start().chars().next()?;
        let from = value_at + padding + 1;
        let raw = tag.get(from..)?.split(quote).next()?;
        at = from + raw.len() + 1;
        Some(Attr {
            name: name.trim_end(),
            raw,
            at: from,
            quote,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_put_together_are_the_document() {
        let text = "<?xml version='1.0'?>\n<!-- c --><a:feed xmlns:a='http://www.w3.org/2005/Atom'>t&amp;u<![CDATA[<]]><b x = \"1>2\"/>é</a:feed>\n";
        let mut scanner = Scanner::new(text);
        let mut together = String::new();
        let mut names = Vec::new();
        loop {
            let piece = scanner.next().expect("well-formed");
            together.push_str(piece.raw);
            match piece.kind {
                Kind::End => break,
                Kind::Open(name) | Kind::Empty(name) => names.push((name.vocabulary, name.local)),
                _ => {}
            }
        }
        assert_eq!(together, text);
        assert_eq!(names, [(Vocabulary::Atom, "feed"), (Vocabulary::Rss, "b")]);
    }

    #[test]
    fn attributes_are_found_where_they_stand() {
        let tag = "<x:a one='1' b:two = \"'>\"\n three=''/>";
        let all: Vec<_> = attributes(tag).map(|a| (a.name, a.raw, a.quote)).collect();
        assert_eq!(
            all,
            [("one", "1", '\''), ("b:two", "'>", '"'), ("three", "", '\'')]
        );
        assert!(attributes(tag).all(|a| tag[a.at..].starts_with(a.raw)));
        assert_eq!(attributes("<a/>").count(), 0);
    }
}
