//! Start tags: names repaired, prefixes bound, attributes told apart.

use std::borrow::Cow;

use super::{Place, Walk};
use crate::transform::repair::attributes::Attribute;
use crate::transform::repair::names;
use crate::transform::repair::namespaces::repair_uri;
use crate::transform::repair::output::Output;
use crate::transform::repair::stack::{self, Open};
use crate::transform::repair::text::{self, Within};
use crate::transform::repair::tokens::StartTag;
use crate::transform::work;

/// An attribute as it is to be written.
struct Ready<'s> {
    name: Cow<'s, str>,
    source: Attribute<'s>,
    /// The value, if it is repaired already.
    value: Option<String>,
}

impl<'s> Walk<'s> {
    pub(super) fn start(&mut self, tag: StartTag<'s>, at: usize) {
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
        element.written = self.bound_name(&element.name, element.at, &["xml", "xmlns"]);
        // A declaration has its value already; its prefix is no prefix.
        for attribute in ready.iter_mut().filter(|attribute| attribute.value.is_none()) {
            if let Some(name) = self.bound_name(&attribute.name, attribute.source.at, &["xmlns"]) {
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
                self.place = Place::Epilog;
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
        let mut value = Output::new(source.value);
        let within = Within::Quotes(source.quote);
        text::write(
            &mut value,
            source.value,
            source.value_at,
            within,
            &mut self.entities,
            &mut self.faults,
        );
        let value = value.into_text();
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
            value.clone().into_owned()
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
    /// declares is declared on the root. Some are `taken`: `xml:lang` is an attribute, but no parser in
    /// use reads an element `xml:a`.
    fn bound_name(&mut self, name: &str, at: usize, taken: &[&str]) -> Option<String> {
        let (prefix, local) = names::split(name);
        let is_possible = !taken.contains(&prefix);
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
}
