//! One walk over a document: token after token, each written as it should have been.

use std::borrow::Cow;

use super::attributes::Attribute;
use super::doctype;
use super::entities::Entities;
use super::faults::Faults;
use super::namespaces::{Scope, repair_uri};
use super::stack::{self, Open};
use super::text::{self, Within};
use super::tokens::{StartTag, Token, Tokens};
use super::{names, roots, work};
use crate::message::Kind;
use crate::transform::{Error, Limits};

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";

/// A walk over one document.
pub(super) struct Walk<'s> {
    source: &'s str,
    depth: usize,
    attributes: usize,
    /// Where the start tags of elements stand that are never closed, in order, as an earlier walk found.
    never_closed: &'s [usize],
    tokens: Tokens<'s>,
    out: String,
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
    BeforeRoot,
    InRoot,
    AfterRoot,
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
pub(super) struct Walked {
    pub(super) text: String,
    pub(super) kind: Kind,
    pub(super) faults: Faults,
    /// Where the start tags of elements stand that nothing closed.
    pub(super) unclosed: Vec<usize>,
}

impl<'s> Walk<'s> {
    /// A walk over `source`, which holds only legal characters.
    pub(super) fn new(source: &'s str, limits: &Limits, never_closed: &'s [usize]) -> Self {
        Self {
            source,
            depth: limits.depth.max(1),
            attributes: limits.attributes,
            never_closed,
            tokens: Tokens::new(source, limits.attributes),
            out: String::with_capacity(source.len() + source.len() / 16 + DECLARATION.len()),
            faults: Faults::default(),
            entities: Entities::default(),
            scope: Scope::new(limits.namespaces),
            open: Vec::new(),
            too_deep: 0,
            unclosed: Vec::new(),
            place: Place::BeforeRoot,
            last_text: 0,
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
    pub(super) fn run(mut self) -> Result<Walked, Error> {
        self.out.push_str(DECLARATION);
        if !self.source.starts_with("<?xml") {
            self.out.push('\n');
        }
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
            text: self.out,
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
                Place::BeforeRoot => self.root(tag, at)?,
                Place::InRoot => self.start(tag, at),
                Place::AfterRoot => self.start_after_root(tag, at),
            },
            Token::End(name, tail) => self.end(&names::repair(name), tail, at),
            Token::Cut => self.faults.note(at, "cut tag at the end dropped"),
        }
        Ok(())
    }

    fn text(&mut self, text: &str, at: usize) {
        let is_blank = text.trim_matches([' ', '\t', '\n', '\r']).is_empty();
        if self.place == Place::InRoot {
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
        } else if self.place == Place::AfterRoot || self.source.starts_with("<?xml") {
            self.out.push_str(text);
        }
    }

    fn cdata(&mut self, inside: &str, at: usize) {
        if self.place == Place::InRoot {
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
        let is_prolog = self.place == Place::BeforeRoot;
        self.doctype_is_html |= is_prolog && name.eq_ignore_ascii_case("html");
        let length = if is_prolog && !self.saw_doctype_without_end {
            doctype::read(rest, &mut self.entities)
        } else {
            None
        };
        match length {
            Some(length) => self.tokens.skip(length),
            None => {
                self.saw_doctype_without_end |= is_prolog;
                self.tokens.up_to_bracket();
            }
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
        let kind = roots::kind(local, namespace.map_or("", |a| a.value.trim()), !self.saw_element);
        self.saw_element = true;
        match kind {
            Some(kind) => {
                self.kind = Some(kind);
                self.place = Place::InRoot;
                self.start(tag, at);
            }
            None if local.eq_ignore_ascii_case("html") || self.doctype_is_html => return Err(Error::WebPage),
            None => self.faults.note(at, "element before the root dropped"),
        }
        Ok(())
    }

    fn start(&mut self, tag: StartTag<'s>, at: usize) {
        let name = names::repair(tag.name);
        if matches!(name, Cow::Owned(_)) {
            self.faults.note(at, "invalid name repaired");
        }
        self.close_before(&name);
        if self.too_deep > 0 || self.open.len() >= self.depth {
            self.faults
                .note(at, "element nested beyond the limit replaced by its text");
            self.too_deep += usize::from(!tag.self_closing);
            return;
        }
        let element = Open {
            name,
            written: None,
            at,
            out: self.out.len(),
            mark: self.scope.mark(),
        };
        self.write_start(tag, element);
    }

    /// Closes open elements that are never closed and cannot hold an element called `name`.
    fn close_before(&mut self, name: &str) {
        if self.never_closed.is_empty() || self.too_deep > 0 {
            return;
        }
        let mut close = None;
        for (index, element) in self.open.iter().enumerate().skip(1).rev() {
            if !self.is_never_closed(element.at) {
                break;
            }
            if stack::ends_before(&element.name, name) {
                close = Some(index);
            }
        }
        while close.is_some_and(|index| self.open.len() > index) {
            self.close_unclosed();
        }
    }

    fn is_never_closed(&self, at: usize) -> bool {
        self.never_closed.binary_search(&at).is_ok()
    }

    fn write_start(&mut self, tag: StartTag<'s>, mut element: Open<'s>) {
        let mut ready = Vec::with_capacity(tag.attributes.len());
        for attribute in tag.attributes {
            ready.extend(self.declaration_or_attribute(attribute, element.mark));
        }
        if self.open.is_empty() {
            self.scope
                .root_is_read(self.attributes.saturating_sub(ready.len()));
        }
        element.written = self.bound_name(&element.name, element.at);
        // A declaration has its value already; its prefix is no prefix.
        for attribute in ready.iter_mut().filter(|attribute| attribute.value.is_none()) {
            if let Some(name) = self.bound_name(&attribute.name, attribute.source.at) {
                attribute.name = Cow::Owned(name);
            }
        }
        self.out.push('<');
        self.out.push_str(element.written());
        self.write_attributes(&ready);
        if self.open.is_empty() {
            self.root_end = self.out.len();
        }
        self.out.push_str(tag.tail);
        let is_void = !tag.self_closing
            && !self.open.is_empty()
            && self.is_never_closed(element.at)
            && stack::is_void(
                &element.name,
                ready.iter().map(|attribute| attribute.name.as_ref()),
            );
        if is_void {
            self.faults.note(element.at, "empty element closed");
        }
        if tag.self_closing || is_void {
            self.out.push_str("/>");
            self.scope.leave(element.mark);
            if self.open.is_empty() {
                self.place = Place::AfterRoot;
            }
        } else {
            self.out.push('>');
            self.open.push(element);
        }
    }

    /// Repairs an attribute's name; a namespace declaration comes into scope. `None`: it goes.
    fn declaration_or_attribute(&mut self, source: Attribute<'s>, mark: usize) -> Option<Ready<'s>> {
        let name = names::repair(source.name);
        let prefix = match names::split(source.name) {
            ("xmlns", _) => names::split(&name).1.to_owned(),
            ("", "xmlns") => String::new(),
            _ => {
                if matches!(name, Cow::Owned(_)) {
                    self.faults.note(source.at, "invalid name repaired");
                }
                return Some(Ready {
                    name,
                    source,
                    value: None,
                });
            }
        };
        let mut value = String::new();
        let within = Within::Quotes(source.quote);
        text::write(
            &mut value,
            source.value,
            source.value_at,
            within,
            &mut self.entities,
            &mut self.faults,
        );
        let written = quick_xml::escape::unescape(&value).unwrap_or(Cow::Borrowed(&value));
        let uri = repair_uri(&written);
        if uri != written {
            self.faults.note(source.value_at, "namespace name repaired");
        }
        if !self.scope.may_declare(&prefix, &uri, mark) || source.name.ends_with(':') {
            self.faults
                .note(source.at, "impossible namespace declaration dropped");
            return None;
        }
        let value = if uri == written {
            value.clone()
        } else {
            uri.replace('&', "&amp;").replace('\'', "&apos;")
        };
        let uri = uri.into_owned();
        if !self.scope.declare(prefix, uri) {
            self.faults
                .note(source.at, "namespace declaration beyond the limit dropped");
            return None;
        }
        Some(Ready {
            name,
            source,
            value: Some(value),
        })
    }

    /// The name to write for an element or attribute whose prefix cannot stay. A prefix that nothing
    /// declares is declared on the root.
    fn bound_name(&mut self, name: &str, at: usize) -> Option<String> {
        let (prefix, local) = names::split(name);
        let is_possible = prefix != "xmlns";
        if prefix.is_empty() || (is_possible && self.scope.resolve(prefix).is_some()) {
            return None;
        }
        if is_possible && self.scope.add(prefix) {
            self.faults.note(at, "undeclared prefix declared");
            return None;
        }
        self.faults.note(at, "impossible prefix made part of the name");
        Some(format!("{prefix}_{local}"))
    }

    fn write_attributes(&mut self, attributes: &[Ready<'s>]) {
        for (index, attribute) in attributes.iter().enumerate() {
            let earlier = attributes.get(..index).unwrap_or_default();
            work::did(index);
            if earlier
                .iter()
                .any(|other| self.are_same(&attribute.name, &other.name))
            {
                self.faults
                    .note(attribute.source.at, "duplicate attribute dropped");
                continue;
            }
            let source = &attribute.source;
            self.out.push_str(source.lead);
            self.out.push_str(&attribute.name);
            self.out.push_str(source.equals);
            self.out.push(source.quote);
            if let Some(value) = &attribute.value {
                self.out.push_str(value);
            } else {
                let within = Within::Quotes(source.quote);
                let (entities, faults) = (&mut self.entities, &mut self.faults);
                text::write(
                    &mut self.out,
                    source.value,
                    source.value_at,
                    within,
                    entities,
                    faults,
                );
            }
            self.out.push(source.quote);
        }
    }

    /// True for two attributes of one expanded name (Namespaces in XML §6.3).
    fn are_same(&self, name: &str, other: &str) -> bool {
        let ((prefix, local), (other_prefix, other_local)) = (names::split(name), names::split(other));
        let namespace = |prefix: &str| {
            if prefix.is_empty() {
                None
            } else {
                self.scope.resolve(prefix)
            }
        };
        local == other_local && (prefix == other_prefix || namespace(prefix) == namespace(other_prefix))
    }

    fn end(&mut self, name: &str, tail: &str, at: usize) {
        if self.too_deep > 0 {
            // Whatever is missing down there, an end tag of the feed's own skeleton gets us out.
            let skeleton = self.open.get(..3).unwrap_or(&self.open);
            if skeleton.iter().all(|element| element.name != name) {
                self.too_deep -= 1;
                return;
            }
            self.too_deep = 0;
        }
        let Some(index) = stack::closed_by(&self.open, name).filter(|_| self.place == Place::InRoot) else {
            self.faults.note(at, "end tag without a start dropped");
            return;
        };
        while self.open.len() > index + 1 {
            self.close_unclosed();
        }
        let Some(element) = self.open.pop() else { return };
        if element.name != name {
            self.faults.note(at, "end tag given the name of its start");
        }
        self.write_end(element, tail);
    }

    /// Closes the innermost element, whose end tag is missing.
    fn close_unclosed(&mut self) {
        if let Some(element) = self.open.pop() {
            self.faults.note(element.at, "element closed");
            self.unclosed.push(element.at);
            self.write_end(element, "");
        }
    }

    fn write_end(&mut self, element: Open<'s>, tail: &str) {
        let end_tag = self.out.len();
        work::did(element.written().len());
        self.out.push_str("</");
        self.out.push_str(element.written());
        self.out.push_str(tail);
        self.out.push('>');
        if !self.open.is_empty() {
            self.scope.leave(element.mark);
        }
        match self.open.len() {
            0 => self.root_ended(Reopen {
                element,
                end_tag,
                after: self.out.len(),
            }),
            1 if names::local(&element.name).eq_ignore_ascii_case("channel") => {
                self.channel = Some(Reopen {
                    element,
                    end_tag,
                    after: self.out.len(),
                });
            }
            _ => {}
        }
    }

    /// An entry may follow: until then the root's declarations stay in scope.
    fn root_ended(&mut self, root: Reopen<'s>) {
        self.place = Place::AfterRoot;
        let between = |channel: &Reopen<'_>| self.out.get(channel.after..root.end_tag).unwrap_or("-");
        let channel = self
            .channel
            .take()
            .filter(|channel| between(channel).trim().is_empty());
        self.reopen = Some(std::iter::once(root).chain(channel).collect());
    }

    /// Behind the root's end only entries count: they are put back where they belong.
    fn start_after_root(&mut self, tag: StartTag<'s>, at: usize) {
        let reopen = self.reopen.take_if(|_| roots::is_entry(names::local(tag.name)));
        let Some(innermost) = reopen.as_ref().and_then(|elements| elements.last()) else {
            self.faults.note(at, "element behind the root dropped");
            return;
        };
        self.faults
            .note(at, "entry behind the root put back into the feed");
        work::did(self.out.len() - innermost.end_tag);
        self.out.truncate(innermost.end_tag);
        self.open
            .extend(reopen.into_iter().flatten().map(|element| element.element));
        self.place = Place::InRoot;
        self.start(tag, at);
    }

    /// Closes what is open. A cut entry that has no text yet is worth nothing.
    fn end_of_document(&mut self) {
        let entry = self
            .open
            .iter()
            .position(|element| roots::is_entry(names::local(&element.name)));
        let empty = entry.filter(|index| {
            *index > 0
                && self
                    .open
                    .get(*index)
                    .is_some_and(|element| self.last_text <= element.out)
        });
        if let Some(element) = empty.and_then(|index| self.open.get(index)) {
            self.faults.note(element.at, "cut entry without text dropped");
            self.out.truncate(element.out);
            self.open.truncate(empty.unwrap_or_default());
        }
        while !self.open.is_empty() {
            self.close_unclosed();
        }
    }
}

/// An attribute as it is to be written.
struct Ready<'s> {
    name: Cow<'s, str>,
    source: Attribute<'s>,
    /// The value, if it is repaired already.
    value: Option<String>,
}
