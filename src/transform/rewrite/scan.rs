//! The document as pieces: events that know where they stand, so that whatever is not touched is
//! copied byte for byte.

use std::collections::VecDeque;

use quick_xml::NsReader;
use quick_xml::events::Event;
use quick_xml::name::{Prefix, QName, ResolveResult};

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
    reader: NsReader<&'t [u8]>,
    /// Pieces read ahead and given back.
    ahead: VecDeque<Piece<'t>>,
    at: usize,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let mut reader = NsReader::from_str(text);
        // Names are checked when the document is repaired and when the output is checked.
        reader.config_mut().check_end_names = false;
        Self {
            text,
            reader,
            ahead: VecDeque::new(),
            at: 0,
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
        let event = self.reader.read_event().map_err(|_| Error::Unsound)?;
        self.at = usize::try_from(self.reader.buffer_position()).map_err(|_| Error::Unsound)?;
        let raw = self.text.get(at..self.at).ok_or(Error::Unsound)?;
        let kind = match event {
            Event::Start(_) => Kind::Open(self.name(raw)),
            Event::Empty(_) => Kind::Empty(self.name(raw)),
            Event::End(_) => Kind::Close,
            Event::Text(_) | Event::GeneralRef(_) | Event::CData(_) => Kind::Text,
            Event::Comment(_) => Kind::Comment,
            Event::PI(_) | Event::DocType(_) => Kind::Instruction,
            Event::Decl(_) => Kind::Declaration,
            Event::Eof => Kind::End,
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

    /// Every prefix in scope with its namespace, in order of declaration.
    pub(super) fn bindings(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.reader.resolver().bindings().map(|(prefix, namespace)| {
            let prefix = match prefix {
                quick_xml::name::PrefixDeclaration::Default => &b""[..],
                quick_xml::name::PrefixDeclaration::Named(name) => name,
            };
            (prefix, namespace.into_inner())
        })
    }

    fn name(&self, raw: &'t str) -> Name<'t> {
        let qualified = element_name(raw);
        let (prefix, local) = qualified.split_once(':').unwrap_or(("", qualified));
        let resolver = self.reader.resolver();
        let (namespace, _) = resolver.resolve_element(QName(qualified.as_bytes()));
        let default = resolver.resolve_prefix(None::<Prefix<'_>>, true);
        let vocabulary_of = |result: &ResolveResult<'_>| match result {
            ResolveResult::Bound(namespace) => {
                vocabulary(std::str::from_utf8(namespace.into_inner()).unwrap_or_default())
            }
            ResolveResult::Unbound => Vocabulary::Rss,
            ResolveResult::Unknown(_) => Vocabulary::Other,
        };
        let own = vocabulary_of(&namespace);
        Name {
            vocabulary: own,
            local,
            qualified,
            xhtml_is_default: if prefix.is_empty() {
                own == Vocabulary::Xhtml
            } else {
                vocabulary_of(&default) == Vocabulary::Xhtml
            },
        }
    }
}

/// The name in a start tag, as written.
fn element_name(raw: &str) -> &str {
    let inside = raw.trim_start_matches('<');
    let end = inside
        .find(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>')
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
