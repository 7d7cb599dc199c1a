//! The attributes of one tag.

use std::borrow::Cow;

use super::super::lean;
use super::super::sanitize::{self, Element};
use super::super::text::push_attribute;

/// The name and the value of an attribute, references read.
pub(in super::super) type Attribute<'t> = (Cow<'t, str>, Cow<'t, str>);

/// A start tag, whoever read it.
#[derive(Clone, Copy)]
pub(in super::super) struct StartTag<'t> {
    pub name: &'t str,
    pub self_closing: bool,
    pub attributes: &'t [Attribute<'t>],
}

/// The attributes of one tag.
#[derive(Clone, Copy)]
pub(super) struct Attributes<'t>(pub &'t [Attribute<'t>]);

impl<'t> Attributes<'t> {
    /// The value of an attribute.
    pub(super) fn get(self, name: &str) -> Option<&'t str> {
        self.0
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| &**value)
    }

    /// The first of these attributes that is there and not blank.
    pub(super) fn first(self, names: &[&str]) -> Option<&'t str> {
        names
            .iter()
            .find_map(|name| self.get(name).filter(|value| !value.trim().is_empty()))
    }

    /// True when there are attributes that only scripts read.
    pub(super) fn has_data(self) -> bool {
        self.0.iter().any(|(name, _)| name.starts_with("data-"))
    }

    /// The name of this place in the document.
    pub(super) fn id(self) -> Option<&'t str> {
        self.first(&["id"])
    }

    /// True when one of the attributes stays on `element`.
    pub(super) fn any_kept(self, element: &str) -> bool {
        let is_one = |element| self.0.iter().any(|(name, value)| is_kept(element, name, value));
        sanitize::kept(element).is_some_and(is_one)
    }

    /// Writes those that stay on `element` as they are.
    pub(super) fn write_kept(self, out: &mut String, element: &Element) {
        for (name, value) in self.0 {
            if is_kept(element, name, value) && lean::fits(value) {
                push_attribute(out, name, value);
            }
        }
    }
}

/// True for attributes that are copied; those with addresses, and what we set, are written elsewhere.
fn is_kept(element: &Element, name: &str, value: &str) -> bool {
    match name {
        "id" | "src" | "srcset" | "href" | "poster" | "controls" | "preload" | "loading"
        | "referrerpolicy" => false,
        _ if element.attribute(name).is_none() => false,
        "width" | "height" | "border" | "cellpadding" | "cellspacing" | "hspace" | "vspace" => {
            is_length(value)
        }
        "colspan" | "rowspan" | "span" => value.len() <= 4 && value.bytes().all(|byte| byte.is_ascii_digit()),
        "dir" => ["", "ltr", "rtl", "auto"]
            .iter()
            .any(|known| value.eq_ignore_ascii_case(known)),
        _ => true,
    }
}

/// A number, of pixels or per cent, or nothing.
fn is_length(value: &str) -> bool {
    let value = value.trim();
    if value.is_empty() {
        return true;
    }
    let number = value
        .strip_suffix('%')
        .or_else(|| value.strip_suffix("px"))
        .unwrap_or(value);
    (1..=8).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}
