//! One walk over a document: token after token, each written as it should have been.

mod start;
mod end;

use std::borrow::Cow;

use super::doctype;
use super::entities::Entities;
use super::faults::Faults;
use super::namespaces::Scope;
use super::output::Output;
use super::stack::Open;
use super::text::{self, Within};
use super::tokens::{StartTag, Token, Tokens};
use super::{names, roots};
use crate::message::Kind;
use crate::transform::{Error, Limits};

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";

/// A walk over one document.
pub(super) struct Walk<'s> {
    source: &'s str,
    depth: usize,
    attributes: usize,
    /// Where the start tags of elements stand that are never closed, in order, as an earlier walk found.
    never_closed: Vec<usize>,
    tokens: Tokens<'s>,
    out: Output<'s>,
    faults: Faults,
    entities: Entities<'s>,
    scope: Scope,
    open: Vec<Open<'s>>,
    /// Open elements below the depth limit: only counted.
    too_deep: usize,
    unclosed: Vec<usize>,
    place: Place,
    /// Where the output ended when text was last written.
    last_text: usize,
    /// Where the output stood when nothing but the declaration was written.
    prolog: usize,
    /// Where the root's start tag can take another declaration.
    root_end: usize,
    kind: Option<Kind>,
    /// The channel as it was before its end tag, while nothing but white space follows it.
    channel: Option<Reopen<'s>>,
    /// What an entry behind the root's end is put back into.
    reopen: Option<Vec<Reopen<'s>>>,
    doctype_is_html: bool,
    saw_doctype_without_end: bool,
    saw_element: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before the root element.
    Prolog,
    /// In it.
    Root,
    /// Behind it.
    Epilog,
}

/// An element that has ended, and could be opened again.
#[derive(Clone, Debug)]
struct Reopen<'s> {
    element: Open<'s>,
    /// Where its end tag begins in the output.
    end_tag: usize,
    /// Where its end tag ends in the output.
    after: usize,
}

/// What a walk brings.
pub(super) struct Walked<'s> {
    pub(super) text: Cow<'s, str>,
    pub(super) kind: Kind,
    pub(super) faults: Faults,
    /// Where the start tags of elements stand that nothing closed.
    pub(super) unclosed: Vec<usize>,
}

impl<'s> Walk<'s> {
    /// A walk over `source`, which holds only legal characters.
    pub(super) fn new(source: &'s str, limits: &Limits, never_closed: Vec<usize>) -> Self {
        Self {
            source,
            depth: limits.depth.max(1),
            attributes: limits.attributes,
            never_closed,
            tokens: Tokens::new(source, limits.attributes),
            out: Output::new(source),
            faults: Faults::default(),
            entities: Entities::default(),
            scope: Scope::new(limits.namespaces),
            open: Vec::new(),
            too_deep: 0,
            unclosed: Vec::new(),
            place: Place::Prolog,
            last_text: 0,
            prolog: 0,
            root_end: 0,
            kind: None,
            channel: None,
            reopen: None,
            doctype_is_html: false,
            saw_doctype_without_end: false,
            saw_element: false,
        }
    }

    /// Walks to the end.
    pub(super) fn run(mut self) -> Result<Walked<'s>, Error> {
        self.out.push_str(DECLARATION);
        if !self.source.starts_with("<?xml") {
            self.out.push('\n');
        }
        self.prolog = self.out.len();
        loop {
            let at = self.tokens.at();
            let open = self.open.last().map(|element| element.name.as_ref());
            let Some(token) = self.tokens.next(open, &mut self.faults) else {
                break;
            };
            self.token(token, at)?;
        }
        let Some(kind) = self.kind else {
            return Err(if self.doctype_is_html {
                Error::WebPage
            } else {
                Error::NotAFeed
            });
        };
        self.end_of_document();
        self.out.insert_str(self.root_end, &self.scope.added());
        Ok(Walked {
            text: self.out.into_text(),
            kind,
            faults: self.faults,
            unclosed: self.unclosed,
        })
    }

    fn token(&mut self, token: Token<'s>, at: usize) -> Result<(), Error> {
        match token {
            Token::Text(text) => self.text(text, at),
            Token::Comment(inside) => text::write_comment(&mut self.out, inside, at, &mut self.faults),
            Token::Cdata(inside) => self.cdata(inside, at),
            Token::Instruction(inside) => self.instruction(inside, at),
            Token::Doctype => self.doctype(at),
            Token::Bogus => self.faults.note(at, "unknown declaration dropped"),
            Token::Start(tag) => match self.place {
                Place::Prolog => self.root(tag, at)?,
                Place::Root => self.start(tag, at),
                Place::Epilog => self.start_after_root(tag, at),
            },
            Token::End(name, tail) => self.end(&names::repair(name), tail, at),
            Token::Cut => self.faults.note(at, "cut tag at the end dropped"),
        }
        Ok(())
    }

    fn text(&mut self, text: &str, at: usize) {
        let is_blank = text.trim_matches([' ', '\t', '\n', '\r']).is_empty();
        if self.place == Place::Root {
            text::write(
                &mut self.out,
                text,
                at,
                Within::Element,
                &mut self.entities,
                &mut self.faults,
            );
            if !is_blank {
                self.last_text = self.out.len();
            }
        } else if !is_blank {
            self.faults.note(at, "text outside the root dropped");
        } else if self.place == Place::Epilog
            || self.out.len() > self.prolog
            || self.source.starts_with("<?xml")
        {
            self.out.push_str(text);
        }
    }

    fn cdata(&mut self, inside: &str, at: usize) {
        if self.place == Place::Root {
            self.out.push_str("<![CDATA[");
            self.out.push_str(inside);
            self.out.push_str("]]>");
            if !inside.trim().is_empty() {
                self.last_text = self.out.len();
            }
        } else {
            self.faults.note(at, "text outside the root dropped");
        }
    }

    fn instruction(&mut self, inside: &str, at: usize) {
        let target = inside
            .split(|c: char| c.is_ascii_whitespace())
            .next()
            .unwrap_or_default();
        if target.eq_ignore_ascii_case("xml") {
            if at != 0 {
                self.faults.note(at, "XML declaration moved to the start");
            }
        } else if names::is_ncname(target) {
            self.out.push_str("<?");
            self.out.push_str(inside);
            self.out.push_str("?>");
        } else {
            self.faults
                .note(at, "processing instruction without a name dropped");
        }
    }

    fn doctype(&mut self, at: usize) {
        let rest = self.tokens.rest();
        let name = rest.trim_start().get(..4).unwrap_or_default();
        let is_prolog = self.place == Place::Prolog;
        self.doctype_is_html |= is_prolog && name.eq_ignore_ascii_case("html");
        let length = if is_prolog && !self.saw_doctype_without_end {
            doctype::read(rest, &mut self.entities)
        } else {
            None
        };
        if let Some(length) = length {
            self.tokens.skip(length);
        } else {
            self.saw_doctype_without_end |= is_prolog;
            self.tokens.up_to_bracket();
        }
        self.faults.note(at, "DOCTYPE dropped");
    }

    /// The first start tag that a feed can begin with becomes the root; others are junk.
    fn root(&mut self, tag: StartTag<'s>, at: usize) -> Result<(), Error> {
        let name = names::repair(tag.name);
        let (prefix, local) = names::split(&name);
        let namespace = tag
            .attributes
            .iter()
            .find(|attribute| match attribute.name.split_once(':') {
                Some(("xmlns", declared)) => declared == prefix,
                _ => attribute.name == "xmlns" && prefix.is_empty(),
            });
        let namespace = namespace.map_or("", |a| a.value.trim());
        let declares_rss = tag.attributes.iter().any(|attribute| {
            attribute.name.starts_with("xmlns") && roots::is_rss_in_rdf(attribute.value.trim())
        });
        let kind = roots::kind(local, namespace, !self.saw_element, declares_rss);
        self.saw_element = true;
        match kind {
            Some(kind) => {
                self.kind = Some(kind);
                self.place = Place::Root;
                self.start(tag, at);
            }
            None if local.eq_ignore_ascii_case("html") || self.doctype_is_html => return Err(Error::WebPage),
            None => self.faults.note(at, "element before the root dropped"),
        }
        Ok(())
    }
}
