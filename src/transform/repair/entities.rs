//! The entities that a DOCTYPE defines, within a small budget: nothing is ever expanded twice.

/// How many entities of a DOCTYPE are kept.
const MOST_ENTITIES: usize = 64;
/// The longest text of an entity, in bytes.
const LONGEST_TEXT: usize = 256;
/// How many bytes all expansions of one document may add.
const EXPANSION_BUDGET: usize = 64 << 10;

/// The entities that a document defines for itself.
#[derive(Debug)]
pub(super) struct Entities<'s> {
    named: Vec<(&'s str, String)>,
    budget: usize,
}

impl Default for Entities<'_> {
    fn default() -> Self {
        Self {
            named: Vec::new(),
            budget: EXPANSION_BUDGET,
        }
    }
}

impl<'s> Entities<'s> {
    /// The text of the entity `name`, while the budget lasts.
    pub(super) fn expand(&mut self, name: &str) -> Option<String> {
        let (_, text) = self.named.iter().find(|(known, _)| *known == name)?;
        self.budget = self.budget.checked_sub(text.len())?;
        Some(text.clone())
    }

    /// Keeps `name`, which stands for `text`. The first definition counts.
    pub(super) fn define(&mut self, name: &'s str, text: String) {
        let is_new = self.named.iter().all(|(known, _)| *known != name);
        if is_new && self.named.len() < MOST_ENTITIES && text.len() <= LONGEST_TEXT {
            self.named.push((name, text));
        }
    }
}
