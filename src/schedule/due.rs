//! When a feed is due. Pure: a function of what is stored of it, the owner's bounds and the feed's key, so that
//! a restart finds every feed where it was.

use std::time::Duration;

use crate::cache::freshness::{Policy, is_ahead, millis};
use crate::cache::stored::Timing;
use crate::clock::Millis;

/// A feed is asked up to this part of its lifetime before or after it expires: what was fetched in one
/// minute does not come back in one minute.
const SPREAD_PART: u64 = 10;
const SPREAD_MAX: Millis = 5 * 60_000;
/// After a long pause all feeds are due. They begin within this time.
const START_SPREAD: Millis = 60_000;

/// When a feed with this `timing` is to be asked again.
///
/// Readers get the copy with the time until it expires; so it is renewed a little before, as far as the
/// owner's `min` allows, else a little after.
#[must_use]
pub fn due(timing: &Timing, policy: &Policy, key: &str, now: Millis) -> Millis {
    let freshness = &timing.freshness;
    if let Some(retry_at) = timing.retry_at {
        // Nothing waits longer than `max`, unless the clock was wrong when it failed.
        let was_wrong = is_ahead(retry_at, now.saturating_add(millis(policy.max)));
        return if was_wrong { now } else { retry_at };
    }
    if is_ahead(freshness.stored_at, now) {
        return now;
    }
    let lifetime = freshness.fresh_until.saturating_sub(freshness.stored_at);
    let most = (lifetime / SPREAD_PART).min(SPREAD_MAX);
    let spread = share(key, most);
    if lifetime.saturating_sub(most) >= millis(policy.min) {
        freshness.fresh_until - spread
    } else {
        freshness.fresh_until.saturating_add(spread)
    }
}

/// When a feed is due first, `now` being the start: as stored, but what is overdue does not come all at once.
/// A feed of which nothing is stored is due at once.
#[must_use]
pub fn first(timing: Option<&Timing>, policy: &Policy, key: &str, now: Millis) -> Millis {
    timing.map_or(now, |timing| match due(timing, policy, key, now) {
        overdue if overdue <= now => now.saturating_add(share(key, START_SPREAD)),
        due => due,
    })
}

/// True when nobody has read the feed for so long that it may sleep until somebody does. 0: never.
#[must_use]
pub fn is_paused(timing: &Timing, pause_after: Duration, now: Millis) -> bool {
    !pause_after.is_zero() && now.saturating_sub(timing.last_read) >= millis(pause_after)
}

/// A part of `most` that is always the same for this key.
fn share(key: &str, most: Millis) -> Millis {
    let hash = blake3::hash(key.as_bytes());
    let [first, second, ..] = *hash.as_bytes();
    most * u64::from(u16::from_le_bytes([first, second])) / u64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::freshness::Freshness;

    const MINUTE: Millis = 60_000;

    fn timing(lifetime: Millis) -> Timing {
        Timing {
            freshness: Freshness::new(0, Duration::from_millis(lifetime), &Policy::default()),
            retry_at: None,
            last_read: 0,
        }
    }

    #[test]
    fn a_feed_is_due_near_its_expiry_and_never_before_the_owners_minimum() {
        let policy = Policy::default();
        for n in 0..100 {
            let key = format!("feed-{n}");
            let hourly = due(&timing(60 * MINUTE), &policy, &key, 0);
            assert!((55 * MINUTE..=60 * MINUTE).contains(&hourly), "{hourly}");
            let at_minimum = due(&timing(15 * MINUTE), &policy, &key, 0);
            assert!(
                (15 * MINUTE..=16 * MINUTE + 30_000).contains(&at_minimum),
                "{at_minimum}"
            );
        }
    }

    #[test]
    fn feeds_fetched_together_are_spread_and_each_stays_where_it_is() {
        let policy = Policy::default();
        let all = || (0..1000).map(|n| due(&timing(60 * MINUTE), &policy, &n.to_string(), 0));
        let mut in_minutes = [0; 6];
        for due in all() {
            in_minutes[usize::try_from((60 * MINUTE - due) / MINUTE).expect("small")] += 1;
        }
        assert!(in_minutes[..5].iter().all(|&count| count > 150), "{in_minutes:?}");
        assert!(all().eq(all()));
    }

    #[test]
    fn a_failing_feed_is_due_when_it_may_be_tried_again() {
        let failing = Timing {
            retry_at: Some(7),
            ..timing(MINUTE)
        };
        assert_eq!(due(&failing, &Policy::default(), "a", 0), 7);
    }

    #[test]
    fn what_a_wrong_clock_noted_is_due_when_the_clock_is_right() {
        let (policy, year) = (Policy::default(), 365 * 24 * 60 * MINUTE);
        let now = 1_000 * year;
        let (ahead, lifetime) = (now + year, Duration::from_hours(1));
        let kept = Timing {
            freshness: Freshness::new(ahead, lifetime, &policy),
            ..timing(MINUTE)
        };
        let failing = Timing {
            retry_at: Some(ahead),
            ..kept
        };
        for timing in [kept, failing] {
            assert_eq!(due(&timing, &policy, "a", now), now);
            assert!(first(Some(&timing), &policy, "a", now) <= now + START_SPREAD);
            // Another machine's clock may be a little ahead of ours.
            assert!(due(&timing, &policy, "a", ahead - MINUTE) > ahead - MINUTE);
        }
    }

    #[test]
    fn after_a_long_pause_feeds_begin_within_a_minute_and_new_ones_at_once() {
        let (policy, now) = (Policy::default(), 1_000 * MINUTE);
        for n in 0..100 {
            let first = first(Some(&timing(MINUTE)), &policy, &n.to_string(), now);
            assert!((now..=now + MINUTE).contains(&first));
        }
        assert_eq!(first(None, &policy, "new", now), now);
    }

    #[test]
    fn a_feed_that_nobody_reads_sleeps() {
        let week = Duration::from_hours(168);
        assert!(!is_paused(&timing(MINUTE), week, millis(week) - 1));
        assert!(is_paused(&timing(MINUTE), week, millis(week)));
        assert!(!is_paused(&timing(MINUTE), Duration::ZERO, Millis::MAX));
    }
}
