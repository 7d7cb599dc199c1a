//! How often a feed really changes, and how much longer a quiet one is left alone. Pure.

use std::time::Duration;

use super::{Policy, millis};
use crate::clock::Millis;

/// A quiet feed is left alone for this part of its usual silence: news are that late, at most.
const PART: u64 = 8;
/// And for at most this part of the owner's longest time: the rest is for origins that ask for it.
const OF_MAX: u64 = 4;

/// How often a feed really changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rhythm {
    /// When the last change was seen, or the feed for the first time.
    pub changed_at: Millis,
    /// The usual time between two changes, in milliseconds; 0: none was seen yet.
    pub interval: Millis,
}

impl Rhythm {
    /// The rhythm of a feed that is seen for the first time.
    #[must_use]
    pub fn new(now: Millis) -> Self {
        Self {
            changed_at: now,
            interval: 0,
        }
    }

    /// The rhythm after a look that found a change or none.
    #[must_use]
    pub fn after(self, changed: bool, now: Millis) -> Self {
        if !changed {
            return self;
        }
        let last = now.saturating_sub(self.changed_at);
        // The last one counts a quarter: a burst shortens the interval within a few changes.
        let interval = if self.interval == 0 {
            last
        } else {
            self.interval - self.interval / 4 + last / 4
        };
        Self {
            changed_at: now,
            interval,
        }
    }

    /// `lifetime`, or longer for a feed that changes seldom. A silence longer than usual counts itself.
    #[must_use]
    pub fn stretch(self, lifetime: Duration, policy: &Policy, now: Millis) -> Duration {
        let silence = self.interval.max(now.saturating_sub(self.changed_at));
        let quiet = (silence / PART).min(millis(policy.max) / OF_MAX);
        lifetime.max(Duration::from_millis(quiet))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Millis = 3_600_000;

    fn stretched(rhythm: Rhythm, now: Millis) -> u64 {
        let policy = Policy::default();
        rhythm.stretch(policy.min, &policy, now).as_secs() / 60
    }

    #[test]
    fn a_new_feed_is_asked_as_often_as_allowed_and_silence_lets_it_rest() {
        let rhythm = Rhythm::new(0);
        for (hours, minutes) in [(0, 15), (1, 15), (4, 30), (24, 180), (24 * 30, 360)] {
            assert_eq!(
                stretched(rhythm.after(false, hours * HOUR), hours * HOUR),
                minutes,
                "{hours} h"
            );
        }
    }

    #[test]
    fn a_daily_feed_is_asked_every_few_hours_and_a_busy_one_at_the_minimum() {
        let mut daily = Rhythm::new(0);
        for day in 1..9 {
            daily = daily.after(true, day * 24 * HOUR);
        }
        assert_eq!(stretched(daily, 8 * 24 * HOUR), 180);
        // It wakes up: within a few changes it is asked often again.
        let mut busy = daily;
        for hour in 1..20 {
            busy = busy.after(true, 8 * 24 * HOUR + hour * HOUR);
        }
        assert_eq!(stretched(busy, 8 * 24 * HOUR + 19 * HOUR), 15);
    }

    #[test]
    fn what_an_origin_asks_for_is_never_shortened() {
        let policy = Policy::default();
        let day = Duration::from_hours(24);
        assert_eq!(Rhythm::new(0).stretch(day, &policy, HOUR), day);
    }
}
