//! Which records go when there are too many. Pure.

use super::Space;

/// How much may be kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ceiling {
    pub(super) bytes: u64,
    pub(super) records: usize,
}

/// How much is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) bytes: u64,
    pub(super) records: usize,
}

impl Held {
    pub(super) fn add(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.records = self.records.saturating_add(1);
    }

    pub(super) fn remove(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_sub(bytes);
        self.records = self.records.saturating_sub(1);
    }

    /// The record of one key, by its size before and after.
    pub(super) fn replace(&mut self, before: Option<u64>, after: Option<u64>) {
        if let Some(bytes) = before {
            self.remove(bytes);
        }
        if let Some(bytes) = after {
            self.add(bytes);
        }
    }
}

/// One record that may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) fence: u64,
    pub(super) space: Space,
    pub(super) key: String,
    pub(super) bytes: u64,
}

impl Ceiling {
    pub(super) fn exceeded_by(self, held: Held) -> bool {
        held.bytes > self.bytes || held.records > self.records
    }

    /// Those refreshed longest ago, until a tenth below the ceiling, so that the next records come in without
    /// another search.
    pub(super) fn choose(self, mut held: Held, mut all: Vec<Candidate>) -> Vec<Candidate> {
        let goal = Self {
            bytes: self.bytes - self.bytes / 10,
            records: self.records - self.records / 10,
        };
        all.sort_unstable_by_key(|candidate| candidate.fence);
        let count = all
            .iter()
            .take_while(|candidate| {
                let go_on = goal.exceeded_by(held);
                held.remove(candidate.bytes);
                go_on
            })
            .count();
        all.truncate(count);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_refreshed_longest_ago_go_first_and_a_tenth_stays_free() {
        let ceiling = Ceiling {
            bytes: 1000,
            records: 100,
        };
        let all: Vec<_> = [5, 1, 9, 3]
            .map(|fence| Candidate {
                fence,
                space: Space::Feed,
                key: fence.to_string(),
                bytes: 260,
            })
            .to_vec();
        let held = Held {
            bytes: 1040,
            records: 4,
        };
        assert!(ceiling.exceeded_by(held));
        let gone: Vec<_> = ceiling
            .choose(held, all)
            .into_iter()
            .map(|candidate| candidate.fence)
            .collect();
        assert_eq!(gone, [1]);
    }

    #[test]
    fn too_many_small_ones_go_as_well() {
        let ceiling = Ceiling {
            bytes: 1000,
            records: 10,
        };
        let all: Vec<_> = (0..11)
            .map(|fence| Candidate {
                fence,
                space: Space::Image,
                key: String::new(),
                bytes: 1,
            })
            .collect();
        assert_eq!(
            ceiling
                .choose(
                    Held {
                        bytes: 11,
                        records: 11
                    },
                    all
                )
                .len(),
            2
        );
    }
}
