//! Places in a field that links of the same field lead to: footnotes and their way back.
//!
//! Only ids that such a link names are kept, and both get a prefix, so that no id of an article can
//! stand for anything on the page of a reader. Which ids are named is known only at the end; until
//! then each is a mark at a position of the output.

use std::borrow::Cow;
use std::collections::HashSet;

use super::super::text::push_attribute;

/// What every id begins with.
const PREFIX: &str = "fn-";

/// Ids and local links, in the order of the output.
#[derive(Debug, Default)]
pub(super) struct Places(Vec<(usize, Mark)>);

#[derive(Debug)]
enum Mark {
    /// The id of the element whose start tag is open here.
    Id(String),
    /// The id of an element that is not kept.
    Anchor(String),
    /// A link to a place, and where it leads when that is not in this field.
    Link(String, Option<String>),
}

impl Places {
    /// An id, at the end of an open start tag.
    pub(super) fn id(&mut self, out: &str, id: Option<&str>) {
        if let Some(id) = id.and_then(name) {
            self.0.push((out.len(), Mark::Id(id)));
        }
    }

    /// The place of an element that is not kept.
    pub(super) fn anchor(&mut self, out: &str, id: Option<&str>) {
        if let Some(id) = id.and_then(name) {
            self.0.push((out.len(), Mark::Anchor(id)));
        }
    }

    /// A link's target, at the end of an open start tag. False: this is no name.
    pub(super) fn link(&mut self, out: &str, fragment: &str, otherwise: Option<String>) -> bool {
        let Some(target) = name(&decoded(fragment)) else {
            return false;
        };
        self.0.push((out.len(), Mark::Link(target, otherwise)));
        true
    }

    /// Writes what the marks stand for.
    pub(super) fn settle(self, out: String) -> String {
        if self.0.is_empty() {
            return out;
        }
        let targets: HashSet<&str> = self
            .0
            .iter()
            .filter_map(|(_, mark)| match mark {
                Mark::Link(target, _) => Some(target.as_str()),
                _ => None,
            })
            .collect();
        let mut ids = HashSet::new();
        let kept: Vec<bool> = self
            .0
            .iter()
            .map(|(_, mark)| match mark {
                // The first of equal ids is the one.
                Mark::Id(id) | Mark::Anchor(id) => targets.contains(id.as_str()) && ids.insert(id.as_str()),
                Mark::Link(..) => true,
            })
            .collect();
        let mut settled = String::with_capacity(out.len() + 32 * self.0.len());
        let mut written = 0;
        for ((at, mark), keep) in self.0.iter().zip(kept) {
            settled.push_str(out.get(written..*at).unwrap_or_default());
            written = *at;
            match mark {
                _ if !keep => {}
                Mark::Id(id) => push_attribute(&mut settled, "id", id),
                Mark::Anchor(id) => {
                    settled.push_str("<span");
                    push_attribute(&mut settled, "id", id);
                    settled.push_str("></span>");
                }
                Mark::Link(target, otherwise) => match otherwise {
                    Some(address) if !ids.contains(target.as_str()) => {
                        push_attribute(&mut settled, "href", address);
                    }
                    _ => push_attribute(&mut settled, "href", &format!("#{}", encoded(target))),
                },
            }
        }
        settled.push_str(out.get(written..).unwrap_or_default());
        settled
    }
}

/// The name we give a place; `None` when it cannot be one.
fn name(id: &str) -> Option<String> {
    let id = id.trim();
    // As long with the prefix as without it.
    if id.is_empty()
        || id.strip_prefix(PREFIX).unwrap_or(id).len() > 200
        || id.chars().any(|c| c.is_whitespace() || c.is_control())
    {
        return None;
    }
    if id.starts_with(PREFIX) {
        Some(id.to_owned())
    } else {
        Some(format!("{PREFIX}{id}"))
    }
}

fn decoded(fragment: &str) -> Cow<'_, str> {
    if !fragment.contains('%') {
        return Cow::Borrowed(fragment);
    }
    let query = format!("f={}", fragment.replace('+', "%2B").replace('&', "%26"));
    match url::form_urlencoded::parse(query.as_bytes()).next() {
        Some((_, value)) => Cow::Owned(value.into_owned()),
        None => Cow::Borrowed(fragment),
    }
}

/// A per cent sign in a name is escaped, so that it is read back as it stands.
fn encoded(name: &str) -> Cow<'_, str> {
    if name.contains('%') {
        Cow::Owned(name.replace('%', "%25"))
    } else {
        Cow::Borrowed(name)
    }
}
