//! What must be known of a document before it is rewritten: where its entries stand, what they link
//! to, and whether the feed names itself.

use std::ops::Range;

use super::identity;
use super::scan::{Kind, Name, Scanner, attributes, start_tag};
use super::text::{decode, decode_value};
use crate::transform::Error;
use crate::transform::fields::{ATOM, Vocabulary};

/// The first look at a document.
#[derive(Debug, Default)]
pub struct Outline {
    pub(super) entries: Vec<Place>,
    /// The page the feed belongs to, as written.
    pub(super) link: Option<String>,
    /// Whether the feed has a self link.
    pub(super) has_self: bool,
    pub(super) has_title: bool,
    /// Whether there is an element for what is said of the feed itself.
    pub(super) has_container: bool,
    /// The prefix of Atom 1.0 where the feed's own elements stand.
    pub(super) atom_prefix: Option<String>,
    /// Whether the prefix `atom` means anything there.
    pub(super) atom_is_taken: bool,
}

/// Where an entry stands, and what it links to.
#[derive(Debug, Default)]
pub(super) struct Place {
    pub(super) span: Range<usize>,
    /// As written.
    pub(super) link: Option<String>,
    /// Whether it has an id of its own.
    pub(super) has_id: bool,
}

/// `item` or `entry`, in any vocabulary of feeds.
pub(super) fn is_entry(name: &Name<'_>) -> bool {
    is_of_feeds(name, &["item", "entry"])
}

/// The element that holds what is said of the feed itself; `depth` is 0 for the root.
pub(super) fn is_container(name: &Name<'_>, depth: usize) -> bool {
    match depth {
        0 => is_of_feeds(name, &["feed", "channel"]),
        1 => is_of_feeds(name, &["channel"]),
        _ => false,
    }
}

/// Atom without a namespace and RSS with Atom's are read as well.
fn is_of_feeds(name: &Name<'_>, locals: &[&str]) -> bool {
    matches!(name.vocabulary, Vocabulary::Rss | Vocabulary::Atom)
        && locals.iter().any(|local| name.local.eq_ignore_ascii_case(local))
}

/// Where the scan is.
#[derive(Default)]
struct State {
    depth: usize,
    /// The depth of the container's children.
    container: Option<usize>,
    /// The depth of the current entry's children.
    entry: Option<usize>,
    /// Where the text of a link began.
    link_text: Option<usize>,
    /// Where the text of an entry's id began.
    id_text: Option<usize>,
}

impl Outline {
    /// `text`, whose outline this is, with nothing in its entries.
    pub(in crate::transform) fn emptied(&self, text: &str) -> String {
        let mut emptied = String::new();
        let mut done = 0;
        for Place { span, .. } in &self.entries {
            let entry = text.get(span.clone()).unwrap_or_default();
            let tag = start_tag(entry);
            emptied.push_str(text.get(done..span.start).unwrap_or_default());
            emptied.push_str(tag.trim_end_matches(['/', '>']));
            emptied.push_str("/>");
            done = span.end;
        }
        emptied.push_str(text.get(done..).unwrap_or_default());
        emptied
    }

    pub(super) fn read(text: &str) -> Result<Self, Error> {
        let mut scanner = Scanner::new(text);
        let mut outline = Self::default();
        let mut state = State::default();
        loop {
            let piece = scanner.next()?;
            match piece.kind {
                Kind::End => return Ok(outline),
                Kind::Open(name) => {
                    if is_container(&name, state.depth) && state.container.is_none() {
                        state.container = Some(state.depth + 1);
                        if !outline.has_container {
                            outline.look_at_prefixes(&scanner);
                        }
                        outline.has_container = true;
                    }
                    outline.element(&name, piece.raw, piece.at, &mut state);
                    state.depth += 1;
                    if name.is(Vocabulary::Rss, "link") {
                        state.link_text = Some(piece.at + piece.raw.len());
                    } else if state.entry == Some(state.depth - 1) && is_of_feeds(&name, &["guid", "id"]) {
                        state.id_text = Some(piece.at + piece.raw.len());
                    }
                }
                Kind::Empty(name) => {
                    outline.element(&name, piece.raw, piece.at, &mut state);
                    if state.entry == Some(state.depth + 1) {
                        outline.close_entry(&mut state, piece.at + piece.raw.len());
                    }
                }
                Kind::Close => {
                    if let Some(from) = state.link_text.take() {
                        let link = decode(scanner.slice(from, piece.at));
                        outline.link(link.trim(), &state, state.depth - 1);
                    }
                    if let Some(from) = state.id_text.take() {
                        outline.id(scanner.slice(from, piece.at));
                    }
                    if state.entry == Some(state.depth) {
                        outline.close_entry(&mut state, piece.at + piece.raw.len());
                    }
                    state.container = state.container.filter(|container| *container != state.depth);
                    state.depth = state.depth.saturating_sub(1);
                }
                _ => {}
            }
        }
    }

    fn look_at_prefixes(&mut self, scanner: &Scanner<'_>) {
        let (mut prefix, mut taken) = (None, false);
        let bindings = scanner.bindings();
        for (at, bound) in bindings.iter().enumerate() {
            let is_hidden = || {
                bindings
                    .iter()
                    .skip(at + 1)
                    .any(|later| later.prefix == bound.prefix)
            };
            taken |= bound.prefix == "atom";
            if bound.namespace == ATOM && !bound.prefix.is_empty() && !is_hidden() {
                prefix = Some(bound.prefix.to_owned());
            }
        }
        self.atom_prefix = prefix;
        self.atom_is_taken = taken;
    }

    fn element(&mut self, name: &Name<'_>, raw: &str, at: usize, state: &mut State) {
        if state.entry.is_none() && is_entry(name) {
            state.entry = Some(state.depth + 1);
            self.entries.push(Place {
                span: at..at,
                link: None,
                has_id: attributes(raw).any(|a| a.name.ends_with(":about") && !a.raw.trim().is_empty()),
            });
            return;
        }
        let in_feed = state.entry.is_none() && state.container == Some(state.depth);
        if in_feed && name.local.eq_ignore_ascii_case("title") {
            self.has_title |= matches!(name.vocabulary, Vocabulary::Rss | Vocabulary::Atom);
        }
        if !name.is(Vocabulary::Atom, "link") && !name.is(Vocabulary::Rss, "link") {
            return;
        }
        let Some(href) = attributes(raw).find(|a| a.name.eq_ignore_ascii_case("href")) else {
            return;
        };
        let relation = identity::relation(raw);
        match relation.as_deref() {
            None | Some("alternate") => {
                self.link(decode_value(href.raw).trim(), state, state.depth);
            }
            Some("self") if in_feed => self.has_self = true,
            _ => {}
        }
    }

    /// Keeps the first link of the feed or of the current entry; `depth` is where it stands.
    fn link(&mut self, link: &str, state: &State, depth: usize) {
        let place = match state.entry {
            Some(entry) if entry == depth => self.entries.last_mut().map(|place| &mut place.link),
            None if state.container == Some(depth) => Some(&mut self.link),
            _ => None,
        };
        if let Some(place) = place.filter(|place| place.is_none() && !link.is_empty()) {
            *place = Some(link.to_owned());
        }
    }

    fn id(&mut self, written: &str) {
        if let Some(place) = self.entries.last_mut() {
            place.has_id |= !decode(written).trim().is_empty();
        }
    }

    fn close_entry(&mut self, state: &mut State, end: usize) {
        state.entry = None;
        if let Some(place) = self.entries.last_mut() {
            place.span.end = end;
        }
    }
}
