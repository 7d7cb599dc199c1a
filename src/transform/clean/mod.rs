//! 8 CLEAN: what happens to one field, in order: embeds, images, links, trackers; then the
//! sanitizer, which has the last word.
//!
//! Structure and addresses are changed in one pass over the field's tokens ([`pass`]) *before* ammonia.
//! What ammonia parses is only what that pass wrote, so no element escapes the rewriting, and nothing
//! touches markup after the sanitizer.
//!
//! Most fields need neither a tokenizer with all its states nor a tree. [`strict`] reads tokens that
//! every tokenizer reads alike, and [`settled`] tells what the sanitizer would hand back as it is.

mod pass;
mod lean;
mod nesting;
pub mod embeds;
pub mod images;
mod links;
mod address;
mod sanitize;
mod trackers;
mod strict;
mod settled;
mod spelling;
mod elements;
mod text;
mod unclosed;
pub(super) mod folded;

pub use links::{in_ascii, is_harmless, quotable, quoted_id};
pub use settled::is_told_truly;
pub use spelling::is_same_markup;
pub use unclosed::closed;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use regex::Regex;
use url::Url;

use super::report::{Reason, Report};
use super::{Picture, work};
use address::Simple;
use folded::fold;

/// What is done to markup and addresses.
#[derive(Clone, Debug)]
pub struct Policy {
    /// What becomes of pictures.
    pub images: images::Policy,
    /// What becomes of iframes, objects and embeds.
    pub embeds: embeds::Policy,
    /// Whether tracking pixels, parameters and redirectors are removed.
    pub trackers: bool,
    /// Addresses rewritten by the owner's rules.
    pub rewrite: Arc<[RewriteRule]>,
    /// Wrappers of pictures that the owner knows.
    pub unwrap: images::unwrap::Rules,
    /// Ceilings of one field.
    pub limits: FieldLimits,
    /// Whether tokenizer and sanitizer are asked only about what is not proven without them. What comes
    /// out is the same: off, if that should ever be in doubt.
    pub fast: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            images: images::Policy::default(),
            embeds: embeds::Policy::default(),
            trackers: false,
            rewrite: Arc::default(),
            unwrap: images::unwrap::Rules::default(),
            limits: FieldLimits::default(),
            fast: true,
        }
    }
}

/// One of the owner's rules for addresses: `replace` may name groups (`$1`).
#[derive(Clone, Debug)]
pub struct RewriteRule {
    pub matches: Regex,
    pub replace: String,
}

/// Ceilings of one field of markup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldLimits {
    /// Bytes; beyond it the field becomes text.
    pub bytes: usize,
    /// Nested elements; beyond it the field becomes text.
    pub depth: usize,
    /// Work the tree builder would do (open formatting elements × tags); beyond it the field becomes text.
    pub cost: usize,
}

impl Default for FieldLimits {
    fn default() -> Self {
        Self {
            bytes: 4 << 20,
            depth: 256,
            cost: 2_000_000,
        }
    }
}

/// What an address is for: decides what is done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A picture that loads by itself: proxied as the image policy says.
    Image,
    /// A page a person goes to: rewritten by rule, trackers off.
    Link,
    /// Audio, video or a file: stays at its origin.
    Media,
}

/// Cleans the fields of one document (or of one entry of it).
///
/// All methods are pure but for what they add to `report` and `pictures`.
pub struct Cleaner<'p> {
    policy: &'p Policy,
    /// The entry being cleaned, for the report.
    pub entry: Option<usize>,
    /// Whether the field is a line (a title, rights): it has no room for a link to what was embedded.
    pub is_line: bool,
    /// What was changed.
    pub report: Report,
    /// Every picture placed so far, each once.
    pub pictures: Vec<Picture>,
    /// Where each picture stands in `pictures`, by the hash of its address.
    recorded: HashMap<u64, usize>,
    /// Bytes cleaned since other threads were last let go first.
    turn: usize,
}

/// Bytes of markup cleaned at a stretch, a fifth of a millisecond of work: on a machine whose cores are all busy, readers
/// would wait for the rest of a time slice otherwise, which is twenty times as long.
const TURN: usize = 16 << 10;

impl<'p> Cleaner<'p> {
    /// A cleaner with nothing noted yet.
    #[must_use]
    pub fn new(policy: &'p Policy) -> Self {
        Self {
            policy,
            entry: None,
            is_line: false,
            report: Report::default(),
            pictures: Vec::new(),
            recorded: HashMap::default(),
            turn: 0,
        }
    }

    /// A cleaner for the same field with nothing noted yet.
    fn afresh(&self) -> Self {
        Self {
            is_line: self.is_line,
            ..Self::new(self.policy)
        }
    }

    /// ★ Cleans a field of HTML. Addresses in it are resolved against `base`.
    ///
    /// The result is a fixpoint: cleaned again, it stays the same.
    pub fn html(&mut self, html: &str, base: Option<&Url>) -> String {
        let html = &*unclosed::with_words(text::out_of_section(html));
        if memchr::memchr2(b'<', b'&', html.as_bytes()).is_none() {
            return text::printable(html).into_owned();
        }
        let clean = self.cleaned(html, base, self.policy.fast);
        debug_assert_eq!(clean, self.afresh().cleaned(html, base, false), "{html}");
        self.turn += html.len();
        if self.turn >= TURN {
            self.turn = 0;
            std::thread::yield_now();
        }
        clean
    }

    /// As [`Self::html`]; `fast`: markup that proves to be in order is neither tokenized nor parsed.
    fn cleaned(&mut self, html: &str, base: Option<&Url>, fast: bool) -> String {
        self.rewritten(html, base, fast)
            .and_then(|rewritten| self.sanitized(rewritten, base, fast))
            .unwrap_or_else(|| {
                self.report.changed(self.entry, Reason::TooDeep, "markup");
                let mut out = String::with_capacity(html.len());
                text::push_escaped(&mut out, &text::printable(&pass::text_of(&lean::lean(html))));
                out
            })
    }

    /// What the one pass makes of a field; `None`: it is over a ceiling.
    fn rewritten(&mut self, html: &str, base: Option<&Url>, fast: bool) -> Option<String> {
        work::did(html.len());
        let fits = |html: &str| html.len() <= self.policy.limits.bytes;
        if fast
            && fits(html)
            && let Some(read) = strict::rewrite(html, base, self)
        {
            return read.ok();
        }
        let lean = lean::lean(html);
        if !fits(&lean) {
            return None;
        }
        pass::rewrite(&lean, html.len(), base, self).ok()
    }

    /// What the sanitizer makes of what was written; `None`: it does not come to rest.
    fn sanitized(&mut self, rewritten: String, base: Option<&Url>, fast: bool) -> Option<String> {
        work::did(rewritten.len());
        if fast && settled::is_settled(&rewritten) {
            return Some(rewritten);
        }
        let mut clean = sanitize::sanitize(&rewritten);
        if clean == rewritten {
            return Some(clean);
        }
        // The sanitizer saw it otherwise than it was written. Markup that does not come to rest is
        // how sanitizers are outwitted: it must be the same twice, or it becomes text.
        for _ in 0..MAX_PASSES {
            work::did(clean.len());
            let again = pass::rewrite(&clean, clean.len(), base, &mut self.afresh()).ok()?;
            let next = sanitize::sanitize(&again);
            if next == clean {
                return Some(clean);
            }
            clean = next;
        }
        None
    }

    /// What was noted up to now, to come back to.
    fn mark(&self) -> Mark {
        Mark {
            changes: self.report.changes.len(),
            counts: self.report.counts.clone(),
            pictures: self.pictures.len(),
        }
    }

    /// Forgets what was noted since `mark`.
    fn reset(&mut self, mark: Mark) {
        self.report.changes.truncate(mark.changes);
        self.report.counts = mark.counts;
        // Where a picture was recorded is looked up there again, and not believed.
        self.pictures.truncate(mark.pictures);
    }

    /// Cleans a field that may be text or HTML: only if it holds a tag that HTML knows is it cleaned
    /// as HTML; `Vec<T>` and `<me@example.org>` stay. What ends inside a tag gets a space behind its `<`.
    pub fn text_or_html(&mut self, text: &str, base: Option<&Url>) -> String {
        let text = text::printable(text);
        if holds_known_tag(&text) {
            self.html(&text, base)
        } else {
            unclosed::closed(&text).into_owned()
        }
    }

    /// Cleans a field that was declared as plain text: as [`Self::text_or_html`], but words that only
    /// look like harmless tags stay (`History of the <blink> tag`), as nothing comes of them even
    /// where a reader takes the text for HTML.
    pub fn text(&mut self, text: &str, base: Option<&Url>) -> String {
        let text = text::printable(text);
        if tags(&text).filter(Tag::is_known).all(|tag| tag.is_inert()) && !holds_active_tag(&text) {
            unclosed::closed(&text).into_owned()
        } else {
            self.html(&text, base)
        }
    }

    /// Cleans an address: absolute http(s) (or another harmless scheme, for [`Role::Link`]),
    /// rewritten for its role; `None`: it must go.
    pub fn address(&mut self, address: &str, base: Option<&Url>, role: Role) -> Option<String> {
        let cleaned = match role {
            Role::Link => self.link(address, base),
            Role::Media => links::file(address, base),
            Role::Image if matches!(self.policy.images, images::Policy::Strip) => None,
            Role::Image => {
                let placed = images::place(address, base, &self.policy.images, &self.policy.unwrap);
                placed.map(|placed| {
                    self.record_picture(&placed);
                    placed.address().to_owned()
                })
            }
        };
        if cleaned.is_none() {
            self.report.changed(self.entry, Reason::Address, address);
        }
        cleaned
    }

    /// The address of a link, cleaned and noted.
    fn link(&mut self, address: &str, base: Option<&Url>) -> Option<String> {
        let link = links::link(address, base, self.policy.trackers, &self.policy.rewrite)?;
        if link.redirector {
            self.report.changed(self.entry, Reason::Redirector, address);
        }
        if link.parameters {
            self.report.changed(self.entry, Reason::Parameters, address);
        }
        let rules = &self.policy.unwrap;
        let wrapped = match Simple::of(&link.address) {
            Some(simple) if images::unwrap::wraps_nothing(&simple, rules) => None,
            _ => Url::parse(&link.address)
                .ok()
                .and_then(|url| images::unwrap::unwrap_with(&url, rules)),
        };
        match wrapped {
            Some(unwrapped) => {
                self.report.changed(self.entry, Reason::Unwrapped, address);
                Some(unwrapped.url.into())
            }
            None => Some(link.address),
        }
    }

    /// Seen at once of most links: nothing is done to them.
    fn leaves(&self, link: &Simple<'_>) -> bool {
        let is_tracked = || link.query().is_some() || trackers::may_redirect(link);
        self.policy.rewrite.is_empty()
            && !(self.policy.trackers && is_tracked())
            && images::unwrap::wraps_nothing(link, &self.policy.unwrap)
    }

    /// Notes a picture that was placed.
    fn record_picture(&mut self, placed: &images::Placed) {
        if placed.unwrapped {
            self.report
                .changed(self.entry, Reason::Unwrapped, placed.picture.url.as_str());
        }
        if self.policy.images.is_private() && !placed.own {
            self.report
                .changed(self.entry, Reason::Image, placed.picture.url.as_str());
        }
        if self.recorded.is_empty() {
            // An article seldom has more; what grows is filled again and again.
            const USUAL: usize = 14;
            self.recorded.reserve(USUAL);
            self.pictures.reserve(USUAL);
        }
        let hash = fold(placed.picture.url.as_str());
        let at = self.recorded.entry(hash).or_insert(self.pictures.len());
        // The caller may have taken the list since.
        let known = self.pictures.get(*at);
        if known.is_none_or(|picture| picture.url != placed.picture.url) {
            *at = self.pictures.len();
            self.pictures.push(placed.picture.clone());
        }
    }
}

/// What a cleaner had noted at some time.
struct Mark {
    changes: usize,
    counts: BTreeMap<&'static str, u64>,
    pictures: usize,
}

/// After this many passes markup must have come to rest.
const MAX_PASSES: usize = 3;

/// `html` as it is; if it holds a tag that no cleaned field holds, with all such taken out. For what was an
/// element of a feed's own in one format and becomes markup in another (`<title/>` within Atom's content).
#[must_use]
pub fn without_other_elements(html: String) -> String {
    let is_kept = |tag: Tag<'_>| sanitize::kept(&tag.name.to_ascii_lowercase()).is_some();
    if tags(&html).all(is_kept) {
        html
    } else {
        sanitize::sanitize(&html)
    }
}

/// True when `text`, as HTML, holds a tag with a name that HTML, SVG or MathML knows, or any other
/// tag that runs something.
#[must_use]
pub fn holds_known_tag(text: &str) -> bool {
    let text = text::printable(text);
    tags(&text).any(|tag| tag.is_known()) || holds_active_tag(&text)
}

/// True when a tag of whatever name may have a handler (`<x onclick=…>`) or a namespace of its own.
///
/// It errs towards true: where tags end is not looked for, as attributes may hold `>`.
fn holds_active_tag(text: &str) -> bool {
    let first = tags(text).find_map(|tag| {
        let has_attributes = tag
            .rest
            .starts_with(|c: char| c.is_ascii_whitespace() || c == '/');
        (has_attributes && tag.name.starts_with(|c: char| c.is_ascii_alphabetic())).then_some(tag.rest)
    });
    first.is_some_and(holds_active_attribute)
}

/// True when something reads as a handler or as a declaration of a namespace.
fn holds_active_attribute(text: &str) -> bool {
    let is_boundary = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '"' | '\'' | '=' | '<' | '>');
    memchr::memchr_iter(b'=', text.as_bytes()).any(|at| {
        let name = text[..at]
            .trim_end()
            .rsplit(is_boundary)
            .next()
            .unwrap_or_default();
        let name = name
            .get(..name.len().min(16))
            .unwrap_or_default()
            .to_ascii_lowercase();
        name.starts_with("xmlns") || name.strip_prefix("on").is_some_and(|event| !event.is_empty())
    })
}

/// What may be a tag in some text.
struct Tag<'t> {
    /// What stands between `<` (and `/`) and the end of the name.
    name: &'t str,
    /// What follows the name.
    rest: &'t str,
}

/// Everything in `text` that starts as a tag does.
fn tags(text: &str) -> impl Iterator<Item = Tag<'_>> {
    memchr::memchr_iter(b'<', text.as_bytes()).map(|at| {
        let after = text[at + 1..].trim_start_matches('/');
        let end = after
            .find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '<'))
            .unwrap_or(after.len());
        let (name, rest) = after.split_at(end);
        Tag { name, rest }
    })
}

impl Tag<'_> {
    fn is_known(&self) -> bool {
        // No name is longer; what is cut short is none.
        self.name
            .get(..self.name.len().min(20))
            .is_some_and(|name| elements::is_known(&name.to_ascii_lowercase()))
    }

    /// Without attributes, and of an element that neither loads nor runs anything.
    fn is_inert(&self) -> bool {
        self.rest.starts_with('>') && elements::is_inert(&self.name.to_ascii_lowercase())
    }
}

#[cfg(test)]
mod tests;
