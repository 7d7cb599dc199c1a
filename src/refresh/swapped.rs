//! A feed that became another one at once: whoever got an abandoned domain fills its old addresses. Pure.
//!
//! Nobody can tell it from a new beginning of the same owner's, so it is served, and the owner is told.

use std::collections::HashSet;

use crate::cache::stored::Version;
use crate::transform::read::{Entry, Feed, read};

/// True when no entry and not even the title is left of what the feed was.
pub(crate) fn is_another(before: &Version, after: &Version) -> bool {
    let (known, now) = (before.marks.unpack().entries, after.marks.unpack().entries);
    let known: HashSet<_> = known.iter().map(|entry| entry.hash).collect();
    // Nearly always one is left, and nothing has to be read.
    if now.iter().any(|entry| known.contains(&entry.hash)) {
        return false;
    }
    match (feed(before), feed(after)) {
        (Some(before), Some(after)) => differ(&before, &after),
        _ => false,
    }
}

fn feed(version: &Version) -> Option<Feed> {
    let made = &version.representation;
    let body = made.identity()?;
    read(std::str::from_utf8(&body).ok()?, made.kind)
}

fn differ(before: &Feed, after: &Feed) -> bool {
    let ids = |feed: &Feed| feed.entries.iter().filter_map(id).collect::<HashSet<_>>();
    let (before_ids, after_ids) = (ids(before), ids(after));
    !before_ids.is_empty()
        && !after_ids.is_empty()
        && before_ids.is_disjoint(&after_ids)
        && before.title.to_plain() != after.title.to_plain()
}

fn id(entry: &Entry) -> Option<String> {
    entry.id.clone().or_else(|| entry.link.clone())
}
