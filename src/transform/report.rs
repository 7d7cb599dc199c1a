//! What was repaired and removed, and why: bounded, for people.

use std::collections::BTreeMap;

/// Kept in full up to this many notes; beyond it they are only counted.
pub const MAX_NOTES: usize = 500;

/// Everything one transform changed.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What had to be repaired so that the document is well-formed.
    pub repairs: Vec<Repair>,
    /// What was removed or replaced while cleaning.
    pub changes: Vec<Change>,
    /// How often each thing was done, by [`Reason::name`] or the repair's `what`.
    pub counts: BTreeMap<&'static str, u64>,
    /// The charset the document was in, and why we think so.
    pub charset: String,
}

/// One repair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// Where in the source, from 1.
    pub line: usize,
    /// Where in the line, in characters from 1.
    pub column: usize,
    /// What was done, as a short plain phrase (`"bare & escaped"`).
    pub what: &'static str,
}

/// One thing removed or replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which entry, from 0; `None`: the feed itself.
    pub entry: Option<usize>,
    /// Why.
    pub reason: Reason,
    /// What it was, cut to 200 characters: an address, a tag.
    pub what: String,
}

/// Why something was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// An iframe, object or embed became a link or was dropped.
    Embed,
    /// A script, style, form or other element that is not for reading.
    Element,
    /// An attribute that is not for reading.
    Attribute,
    /// An address whose scheme is not allowed.
    Address,
    /// A picture now comes through us (or as the image policy says).
    Image,
    /// A wrapper around a picture's address was taken off.
    Unwrapped,
    /// A tracking pixel.
    Pixel,
    /// Tracking parameters of a link.
    Parameters,
    /// A link to a redirector replaced by its target.
    Redirector,
    /// A share button or counter.
    ShareButton,
    /// Markup nested or expanded beyond the limit: its text was kept.
    TooDeep,
    /// A node that would lead readers past us: hub, cloud, paging, new-feed-url, the origin's self link, a stylesheet.
    Identity,
    /// An entry that the selection dropped.
    Selection,
}

impl Reason {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 13] = [
        Self::Embed,
        Self::Image,
        Self::Unwrapped,
        Self::Pixel,
        Self::Parameters,
        Self::Redirector,
        Self::ShareButton,
        Self::Element,
        Self::Attribute,
        Self::Address,
        Self::TooDeep,
        Self::Identity,
        Self::Selection,
    ];

    /// The stable name, for counters and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Embed => "embed",
            Self::Element => "element",
            Self::Attribute => "attribute",
            Self::Address => "address",
            Self::Image => "image",
            Self::Unwrapped => "unwrapped",
            Self::Pixel => "pixel",
            Self::Parameters => "parameters",
            Self::Redirector => "redirector",
            Self::ShareButton => "share-button",
            Self::TooDeep => "too-deep",
            Self::Identity => "identity",
            Self::Selection => "selection",
        }
    }
}

/// At most 200 characters of `what`.
fn cut(what: &str) -> &str {
    const MOST: usize = 200;
    // So few bytes are no more characters.
    if what.len() <= MOST {
        return what;
    }
    let end = what.char_indices().nth(MOST).map_or(what.len(), |(at, _)| at);
    what.get(..end).unwrap_or(what)
}

impl Report {
    /// Notes a repair.
    pub fn repaired(&mut self, line: usize, column: usize, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
        if self.repairs.len() < MAX_NOTES {
            self.repairs.push(Repair { line, column, what });
        }
    }

    /// Notes a change.
    pub fn changed(&mut self, entry: Option<usize>, reason: Reason, what: &str) {
        *self.counts.entry(reason.name()).or_default() += 1;
        if self.changes.len() < MAX_NOTES {
            self.changes.push(Change {
                entry,
                reason,
                what: cut(what).to_owned(),
            });
        }
    }

    /// Adds what another report notes; its charset is left out.
    pub fn absorb(&mut self, other: Self) {
        for (name, count) in other.counts {
            *self.counts.entry(name).or_default() += count;
        }
        self.repairs.extend(other.repairs);
        self.repairs.truncate(MAX_NOTES);
        self.changes.extend(other.changes);
        self.changes.truncate(MAX_NOTES);
    }

    /// How often something was done for `reason`.
    #[must_use]
    pub fn count(&self, reason: Reason) -> u64 {
        self.counts.get(reason.name()).copied().unwrap_or(0)
    }
}
