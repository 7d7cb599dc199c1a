//! One start tag: its attributes are addresses, text or data; only what changes is written anew.

use std::borrow::Cow;
use std::rc::Rc;

use url::{ParseError, Url};

use super::identity::{self, Fate};
use super::scan::{Attr, Kind, Name, Piece, attributes};
use super::stream::Stream;
use super::text::{decode_value, escape_value};
use crate::transform::Error;
use crate::transform::clean::images::srcset;
use crate::transform::clean::{self, Role};
use crate::transform::fields::{self, Attribute, Vocabulary};
use crate::transform::report::Reason;

/// Whether the tag was written, or the whole element left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Tag,
    Dropped,
}

/// What becomes of one attribute.
enum Change {
    Keep,
    Replace(String),
    /// A picture that must go: so must an element that is nothing but this picture.
    NoPicture,
    Remove,
}

/// What becomes of an address.
pub(super) enum Place {
    Keep,
    Replace(String),
    Gone,
}

impl<'j> Stream<'j> {
    pub(super) fn write_tag(&mut self, piece: Piece<'j>, name: &Name<'j>) -> Result<Written, Error> {
        let raw = piece.raw;
        let begin = self.out.len();
        let base = self.base_within(raw);
        let mut copied = 0;
        let mut lost_picture = false;
        for attribute in attributes(raw) {
            let value = match self.attribute(&attribute, raw, name, base.as_ref()) {
                Change::Keep => continue,
                Change::Remove => {
                    let before = raw
                        .get(..attribute.at)
                        .and_then(|head| head.rfind(attribute.name));
                    self.out.push_str(
                        raw.get(copied..before.unwrap_or(copied))
                            .unwrap_or_default()
                            .trim_end(),
                    );
                    copied = attribute.at + attribute.raw.len() + 1;
                    continue;
                }
                Change::NoPicture => {
                    lost_picture = true;
                    String::new()
                }
                Change::Replace(value) => value,
            };
            self.out
                .push_str(raw.get(copied..attribute.at).unwrap_or_default());
            escape_value(&value, attribute.quote, &mut self.out);
            copied = attribute.at + attribute.raw.len();
        }
        let rest = raw.get(copied..).unwrap_or_default();
        match self.declaration_for_root(name) {
            Some(declaration) => {
                let end = rest.trim_end_matches(['>', '/']);
                self.out.push_str(end.trim_end());
                self.out.push_str(&declaration);
                self.out.push_str(rest.get(end.len()..).unwrap_or_default());
            }
            None => self.out.push_str(rest),
        }
        if lost_picture && self.is_childless(piece)? {
            self.out.truncate(begin);
            self.trim();
            return Ok(Written::Dropped);
        }
        Ok(Written::Tag)
    }

    /// Whether nothing stands in the element just opened; if so, its close is taken too.
    fn is_childless(&mut self, piece: Piece<'j>) -> Result<bool, Error> {
        if let Kind::Empty(_) = piece.kind {
            return Ok(true);
        }
        let next = self.scanner.next()?;
        let is_close = next.kind == Kind::Close;
        if !is_close {
            self.scanner.give_back(std::iter::once(next));
        }
        Ok(is_close)
    }

    fn attribute(
        &mut self,
        attribute: &Attr<'_>,
        raw: &str,
        name: &Name<'_>,
        base: Option<&Rc<Url>>,
    ) -> Change {
        let key = attribute.name;
        if key == "xmlns" || key.starts_with("xmlns:") {
            return Change::Keep;
        }
        if name.vocabulary == Vocabulary::Xhtml && (key.starts_with("on") || key == "style") {
            return Change::Remove;
        }
        let value = decode_value(attribute.raw);
        let role = match fields::attribute(name.vocabulary, name.local, key) {
            Some(Attribute::ByRelation) if self.is_own_self_link(name, raw) => {
                let ours = self.job.policy.self_url.as_ref().map_or("", Url::as_str);
                return if ours == value {
                    Change::Keep
                } else {
                    Change::Replace(ours.to_owned())
                };
            }
            Some(Attribute::SrcSet) => return self.srcset(&value, base),
            Some(Attribute::Address(role)) => role,
            Some(Attribute::ByType) => by_type(raw, &value),
            Some(Attribute::ByRelation) => by_relation(raw, &value),
            None if fields::names_an_address(key) => return self.unknown_address(&value),
            None => {
                return match self.default_rule(&value, false) {
                    Some(value) => Change::Replace(value),
                    None => Change::Keep,
                };
            }
        };
        match self.address(&value, base, role) {
            Place::Keep => Change::Keep,
            Place::Replace(value) => Change::Replace(value),
            // A person or a chapter is more than its picture.
            Place::Gone if role == Role::Image && (key == "img" || name.vocabulary == Vocabulary::Psc) => {
                Change::Remove
            }
            Place::Gone if role == Role::Image => Change::NoPicture,
            Place::Gone => Change::Replace(String::new()),
        }
    }

    /// What stands where an address should, in an element that the table does not know: markup in it is
    /// none, and stays between its quotes.
    fn unknown_address(&mut self, value: &str) -> Change {
        if fields::is_script(value) {
            let report = &mut self.cleaner.report;
            report.changed(self.cleaner.entry, Reason::Address, value);
            return Change::Replace(String::new());
        }
        match clean::quotable(value) {
            Cow::Borrowed(_) => Change::Keep,
            Cow::Owned(quotable) => Change::Replace(quotable),
        }
    }

    fn is_own_self_link(&self, name: &Name<'_>, raw: &str) -> bool {
        let fate = identity::fate(name, raw, self.is_in_feed(), self.job.policy.self_url.is_some());
        fate == Some(Fate::OurAddress)
    }

    /// An address outside markup. It is resolved against `xml:base`, else the document's own
    /// address, else the feed's page.
    ///
    /// A link or a file that is absolute and stays what it is keeps its spelling, but for what would end
    /// the quotes that a reader may put around it. A picture is always
    /// spelled our way, as in markup: readers tell duplicates by equal strings.
    pub(super) fn address(&mut self, value: &str, base: Option<&Rc<Url>>, role: Role) -> Place {
        let trimmed = value.trim();
        if trimmed.is_empty() {
            return Place::Keep;
        }
        let base = base.map(|base| Url::clone(base));
        let base = base
            .or_else(|| self.job.base.cloned())
            .or_else(|| self.feed_link.clone());
        let parsed = Url::parse(trimmed);
        match (&parsed, &base) {
            // It cannot be resolved, and harms nobody as it is.
            (Err(ParseError::RelativeUrlWithoutBase), None) if !fields::is_script(trimmed) => {
                return kept(trimmed);
            }
            // No browser could follow it; other readers may.
            (Err(_), _) if role != Role::Image && is_broken_web_address(trimmed) => {
                return kept(trimmed);
            }
            _ => {}
        }
        match self.cleaner.address(trimmed, base.as_ref(), role) {
            None => Place::Gone,
            Some(clean) if clean == value => Place::Keep,
            Some(clean)
                if !trimmed.contains(|c: char| c.is_control() || matches!(c, '"' | '<' | '>'))
                    && parsed.is_ok_and(|parsed| parsed.as_str() == clean) =>
            {
                Place::Keep
            }
            Some(clean) => Place::Replace(clean),
        }
    }

    /// Candidates of one picture, each through us; what browsers would leave out goes.
    fn srcset(&mut self, value: &str, base: Option<&Rc<Url>>) -> Change {
        let mut clean = String::new();
        for candidate in srcset::parse(value) {
            let address = match self.address(candidate.address, base, Role::Image) {
                Place::Keep => candidate.address.to_owned(),
                Place::Replace(address) => address,
                Place::Gone => continue,
            };
            srcset::push(&mut clean, &address, candidate.descriptor);
        }
        if clean.is_empty() {
            Change::NoPicture
        } else if clean == value {
            Change::Keep
        } else {
            Change::Replace(clean)
        }
    }
}

/// An address that stays, in a spelling that no quotes end.
fn kept(address: &str) -> Place {
    match clean::quotable(address) {
        Cow::Borrowed(_) => Place::Keep,
        Cow::Owned(quotable) => Place::Replace(quotable),
    }
}

fn is_broken_web_address(address: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| {
        address
            .get(..scheme.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(scheme))
    })
}

fn value_of(raw: &str, name: &str) -> Option<String> {
    attributes(raw)
        .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
        .map(|attribute| decode_value(attribute.raw).trim().to_ascii_lowercase())
        .filter(|value| !value.is_empty())
}

/// A picture or other media, by `type`, `medium` or the extension.
fn by_type(raw: &str, address: &str) -> Role {
    /// Extensions of pictures.
    const PICTURES: [&str; 9] = [
        ".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".svg", ".bmp", ".ico",
    ];
    let is_picture = match (value_of(raw, "type"), value_of(raw, "medium")) {
        (Some(media_type), _) if media_type.starts_with("image/") => true,
        (_, Some(medium)) => medium == "image",
        (Some(media_type), None) if media_type != "application/octet-stream" => false,
        _ => {
            let path = address
                .split(['?', '#'])
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase();
            PICTURES.iter().any(|extension| path.ends_with(extension))
        }
    };
    if is_picture { Role::Image } else { Role::Media }
}

/// What a link of Atom leads to.
fn by_relation(raw: &str, address: &str) -> Role {
    let relation = identity::relation(raw).unwrap_or_default();
    let picture = ["icon", "image", "preview", "logo"];
    if relation == "enclosure" {
        by_type(raw, address)
    } else if picture.iter().any(|word| relation.contains(word)) {
        Role::Image
    } else {
        Role::Link
    }
}
