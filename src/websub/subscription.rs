//! A subscription of ours at a hub, and what is to be done about it now. Pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use super::links::Named;
use crate::cache::freshness::millis;
use crate::clock::Millis;

/// A hub that was asked has so long to verify that we mean it; then it is asked again.
const VERIFIES_WITHIN: Millis = 3_600_000;
/// The wait after a hub failed doubles up to a day.
const RETRY_FIRST: Millis = 3_600_000;
const RETRY_MAX: Millis = 24 * 3_600_000;
/// A hub that refuses is asked again after a week.
const REFUSED: Millis = 7 * 24 * 3_600_000;

/// A subscription of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Subscription {
    pub(super) hub: String,
    pub(super) topic: String,
    /// Part of the address that the hub calls: only it knows.
    pub(super) id: String,
    /// What it signs with.
    pub(super) secret: String,
    /// We wait for its verification.
    pub(super) asked: bool,
    pub(super) asked_at: Millis,
    /// Since when and until when it is verified; 0: it never was.
    pub(super) lease_from: Millis,
    pub(super) lease_until: Millis,
    /// In a row.
    pub(super) failures: u32,
    /// Not asked before.
    pub(super) next_try: Millis,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Nothing,
    /// Nobody announces the feed any more.
    Forget,
    /// With this; a new one if there was none, or it was for another hub or topic.
    Ask {
        anew: bool,
    },
}

/// What is to be done about the subscription of a feed that is announced as `named`.
pub(super) fn step(known: Option<&Subscription>, named: Option<&Named>, now: Millis) -> Step {
    let Some(named) = named else {
        return known.map_or(Step::Nothing, |_| Step::Forget);
    };
    let same = known.filter(|known| known.hub == named.hub.as_str() && known.topic == named.topic.as_str());
    let Some(known) = same else {
        return Step::Ask { anew: true };
    };
    let waits = known.asked && now < known.asked_at.saturating_add(VERIFIES_WITHIN);
    // A third of the lease is left for hubs that are away for a while.
    let renew_at = known
        .lease_until
        .saturating_sub(known.lease_until.saturating_sub(known.lease_from) / 3);
    if waits || now < renew_at || now < known.next_try {
        Step::Nothing
    } else {
        Step::Ask { anew: false }
    }
}

impl Subscription {
    pub(super) fn new(named: &Named, id: String, secret: String) -> Self {
        Self {
            hub: named.hub.to_string(),
            topic: named.topic.to_string(),
            id,
            secret,
            asked: false,
            asked_at: 0,
            lease_from: 0,
            lease_until: 0,
            failures: 0,
            next_try: 0,
        }
    }

    /// The hub is asked `now`. Until it verifies, that counts as a failure.
    pub(super) fn asking(mut self, now: Millis) -> Self {
        self.asked = true;
        self.asked_at = now;
        let wait = RETRY_FIRST
            .saturating_mul(1 << self.failures.min(5))
            .min(RETRY_MAX);
        self.next_try = now.saturating_add(wait);
        self.failures = self.failures.saturating_add(1);
        self
    }

    /// The hub verified, and grants so many seconds.
    pub(super) fn verified(mut self, granted: Option<u64>, most: Duration, now: Millis) -> Self {
        let granted = granted.map_or(most, Duration::from_secs).min(most);
        self.asked = false;
        self.failures = 0;
        self.next_try = 0;
        self.lease_from = now;
        self.lease_until = now.saturating_add(millis(granted));
        self
    }

    /// The hub refused.
    pub(super) fn refused(mut self, now: Millis) -> Self {
        self.asked = false;
        self.lease_until = 0;
        self.lease_from = 0;
        self.next_try = now.saturating_add(REFUSED);
        self
    }

    /// True while the hub may verify what we asked.
    pub(super) fn awaits(&self, topic: &str, now: Millis) -> bool {
        self.asked && self.topic == topic && now < self.asked_at.saturating_add(VERIFIES_WITHIN)
    }

    pub(super) fn hub(&self) -> Option<Url> {
        Url::parse(&self.hub).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Millis = 3_600_000;
    const DAYS: Duration = Duration::from_hours(10 * 24);

    fn named(hub: &str) -> Named {
        Named {
            hub: Url::parse(hub).expect("url"),
            topic: Url::parse("https://a.example/feed").expect("url"),
        }
    }

    #[test]
    fn a_hub_is_asked_once_and_again_when_a_third_of_the_lease_is_left() {
        let hub = named("https://hub.example/");
        assert_eq!(step(None, Some(&hub), 0), Step::Ask { anew: true });
        let asked = Subscription::new(&hub, "id".into(), "s".into()).asking(0);
        assert_eq!(
            step(Some(&asked), Some(&hub), HOUR / 2),
            Step::Nothing,
            "it has time to verify"
        );
        assert!(asked.awaits("https://a.example/feed", HOUR / 2));
        assert!(
            !asked.awaits("https://a.example/other", HOUR / 2)
                && !asked.awaits("https://a.example/feed", HOUR)
        );
        let active = asked.verified(Some(9 * 3600), DAYS, 0);
        assert_eq!(step(Some(&active), Some(&hub), 6 * HOUR - 1), Step::Nothing);
        assert_eq!(
            step(Some(&active), Some(&hub), 6 * HOUR),
            Step::Ask { anew: false }
        );
        assert!(
            !active.awaits("https://a.example/feed", 1),
            "verified once, not twice"
        );
        let greedy = active.clone().verified(Some(u64::MAX), DAYS, 0);
        assert_eq!(greedy.lease_until, 240 * HOUR, "no longer than asked for");
        let moved = named("https://other.example/");
        assert_eq!(step(Some(&active), Some(&moved), 1), Step::Ask { anew: true });
        assert_eq!(step(Some(&active), None, 1), Step::Forget);
        assert_eq!(step(None, None, 1), Step::Nothing);
    }

    #[test]
    fn a_hub_that_fails_or_refuses_is_left_in_peace_longer_and_longer() {
        let hub = named("https://hub.example/");
        let mut asked = Subscription::new(&hub, "id".into(), "s".into());
        let (mut now, mut waits) = (0, Vec::new());
        for _ in 0..7 {
            asked = asked.asking(now);
            let again = (1..1_000)
                .map(|hours| now + hours * HOUR)
                .find(|at| step(Some(&asked), Some(&hub), *at) == Step::Ask { anew: false });
            let again = again.expect("it is asked again");
            waits.push((again - now) / HOUR);
            now = again;
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 24, 24]);
        let refused = asked.refused(now);
        assert_eq!(
            step(Some(&refused), Some(&hub), now + 6 * 24 * HOUR),
            Step::Nothing
        );
        assert_eq!(
            step(Some(&refused), Some(&hub), now + 7 * 24 * HOUR),
            Step::Ask { anew: false }
        );
    }
}
