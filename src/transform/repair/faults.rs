//! What was wrong and where. Places are byte offsets until the end: then one pass counts the lines.

use std::collections::BTreeMap;

use crate::transform::report::{MAX_NOTES, Report};

/// The repairs of one walk.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// The first [`MAX_NOTES`].
    places: Vec<(usize, &'static str)>,
    /// How many more there were.
    more: BTreeMap<&'static str, u64>,
}

impl Faults {
    /// Notes that `what` was done at byte `at` of the source.
    pub(super) fn note(&mut self, at: usize, what: &'static str) {
        if self.places.len() < MAX_NOTES {
            self.places.push((at, what));
        } else {
            *self.more.entry(what).or_default() += 1;
        }
    }

    /// How many are noted: what [`Faults::undo`] goes back to.
    pub(super) fn mark(&self) -> usize {
        self.places.len()
    }

    /// Forgets what was noted after `mark` and is still told with its place.
    pub(super) fn undo(&mut self, mark: usize) {
        self.places.truncate(mark);
    }

    /// Reports them with line and column in `source`.
    pub(super) fn tell(mut self, source: &str, report: &mut Report) {
        self.places.sort_by_key(|(at, _)| *at);
        let mut place = Place::default();
        for (at, what) in self.places {
            place.advance(source, at);
            report.repaired(place.line + 1, place.column + 1, what);
        }
        for (what, count) in self.more {
            *report.counts.entry(what).or_default() += count;
        }
    }
}

/// A place that only moves forward, so that counting lines is linear in total.
#[derive(Debug, Default)]
struct Place {
    at: usize,
    line: usize,
    column: usize,
}

impl Place {
    fn advance(&mut self, source: &str, to: usize) {
        for c in source.get(self.at..to).unwrap_or_default().chars() {
            if c == '\n' {
                self.line += 1;
                self.column = 0;
            } else {
                self.column += 1;
            }
        }
        self.at = self.at.max(to);
    }
}
