//! The recent past of each feed, and the episodes in which one was in trouble. Bounded, in memory.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Millis;

/// Refreshes remembered of one feed: a week of hourly ones.
const MAX_REFRESHES: usize = 168;
/// Days counted of one feed: four weeks.
const MAX_DAYS: usize = 28;
const DAY: Millis = 24 * 3_600_000;
/// Feeds whose past is remembered.
const MAX_FEEDS: usize = 2_000;
/// Beginnings and ends of trouble that are told.
const MAX_EPISODES: usize = 100;
/// That a feed has become another one is told again after so long: some do it every day.
const SWAPPED: Millis = 7 * 24 * 3_600_000;
/// So many failures in a row are an episode; fewer are the weather.
pub const EPISODE: u32 = 3;

/// One refresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refresh {
    pub at: Millis,
    /// In milliseconds, from the first question to the cleaned feed.
    pub took: u32,
    /// Of the cleaned feed.
    pub bytes: u64,
    pub outcome: Outcome,
}

/// What a refresh brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Other bytes than before.
    New,
    /// Nothing new.
    Same,
    /// Nothing usable; says why, without a word of the origin's.
    Failed(Arc<str>),
}

/// The refreshes of one day (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// Days since 1970.
    pub number: u64,
    pub refreshes: u32,
    pub failed: u32,
}

/// What is known of one feed's past.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// The oldest first.
    pub refreshes: VecDeque<Refresh>,
    /// Days on which there was a refresh, the oldest first.
    pub days: VecDeque<Day>,
    pub last_success: Option<Millis>,
    /// Failures since then.
    pub failures: u32,
    /// When the first of them was.
    pub failing_since: Option<Millis>,
    /// When readers got other bytes last.
    pub last_change: Option<Millis>,
    /// When all its entries and its title changed at once, if that was told lately.
    pub swapped: Option<Millis>,
    /// What cleaning removed or replaced, by the reason's name.
    pub removed: BTreeMap<&'static str, u64>,
}

/// What kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Something fails.
    Failing,
    /// A feed has become another one at once.
    Swapped,
}

/// The beginning or the end of trouble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Episode {
    pub trouble: Trouble,
    /// The feed's name; `None`: Limpid itself.
    pub feed: Option<Arc<str>>,
    /// When the trouble began: with the feed's name, what the episode is known by.
    pub since: Millis,
    /// When this was noticed.
    pub at: Millis,
    /// Whether it is over.
    pub over: bool,
    /// What is wrong, or was.
    pub sentence: Arc<str>,
}

/// The past of all feeds.
#[derive(Debug, Default)]
pub struct History {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    feeds: HashMap<Arc<str>, Past>,
    /// The oldest first.
    episodes: VecDeque<Episode>,
    /// The settings in force are not those that were last written.
    settings: Option<(Millis, Arc<str>)>,
}

impl History {
    /// A refresh of `feed` has ended.
    pub fn note(&self, feed: &str, refresh: Refresh) {
        let mut inner = self.inner();
        let Some((name, past)) = inner.past(feed) else {
            return;
        };
        let episode = past.take(&name, &refresh);
        past.count(&refresh);
        past.refreshes.push_back(refresh);
        if past.refreshes.len() > MAX_REFRESHES {
            past.refreshes.pop_front();
        }
        inner.tell(episode);
    }

    /// Cleaning `feed` removed or replaced so many things for a reason.
    pub fn removed(&self, feed: &str, reason: &'static str, count: u64) {
        if let Some((_, past)) = self.inner().past(feed) {
            *past.removed.entry(reason).or_default() += count;
        }
    }

    /// What the store tells of a feed after a restart. What was noted since is better.
    pub fn remember(&self, feed: &str, told: Past, failing: Option<Arc<str>>) {
        let mut inner = self.inner();
        let Some((name, past)) = inner.past(feed) else {
            return;
        };
        if *past != Past::default() {
            return;
        }
        let episode = match (told.failing_since, failing) {
            (Some(since), Some(sentence)) if told.failures >= EPISODE => Some(Episode {
                trouble: Trouble::Failing,
                feed: Some(name),
                since,
                at: since,
                over: false,
                sentence,
            }),
            _ => None,
        };
        *past = told;
        inner.tell(episode);
    }

    /// Whether anything is known of `feed`.
    #[must_use]
    pub fn knows(&self, feed: &str) -> bool {
        self.inner().feeds.contains_key(feed)
    }

    /// What is known of `feed`.
    #[must_use]
    pub fn of(&self, feed: &str) -> Past {
        self.inner().feeds.get(feed).cloned().unwrap_or_default()
    }

    /// The settings were read again, with this fault or none.
    pub fn reloaded(&self, fault: Option<&str>, now: Millis) {
        let mut inner = self.inner();
        let before = inner.settings.take();
        let episode = match (before, fault) {
            (None, Some(fault)) => {
                let sentence: Arc<str> = fault.into();
                inner.settings = Some((now, Arc::clone(&sentence)));
                Some((now, false, sentence))
            }
            (Some((since, sentence)), None) => Some((since, true, sentence)),
            (before, _) => {
                inner.settings = before;
                None
            }
        };
        let episode = episode.map(|(since, over, sentence)| Episode {
            trouble: Trouble::Failing,
            feed: None,
            since,
            at: now,
            over,
            sentence,
        });
        inner.tell(episode);
    }

    /// All entries and the title of `feed` changed at once. False: that was told a short while ago.
    pub fn swapped(&self, feed: &str, now: Millis) -> bool {
        let mut inner = self.inner();
        let Some((name, past)) = inner.past(feed) else {
            return false;
        };
        let told = past.swapped.replace(now);
        if told.is_some_and(|told| now.saturating_sub(told) < SWAPPED) {
            return false;
        }
        inner.tell(Some(Episode {
            trouble: Trouble::Swapped,
            feed: Some(name),
            since: now,
            at: now,
            over: false,
            sentence: "no entry and not even the title is left of what it was".into(),
        }));
        true
    }

    /// Only these feeds are remembered from now on.
    pub fn keep(&self, is_kept: impl Fn(&str) -> bool) {
        self.inner().feeds.retain(|name, _| is_kept(name));
    }

    /// The newest first.
    #[must_use]
    pub fn episodes(&self) -> Vec<Episode> {
        self.inner().episodes.iter().rev().cloned().collect()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn past(&mut self, feed: &str) -> Option<(Arc<str>, &mut Past)> {
        if !self.feeds.contains_key(feed) {
            if self.feeds.len() >= MAX_FEEDS {
                return None;
            }
            self.feeds.insert(feed.into(), Past::default());
        }
        let name = self.feeds.get_key_value(feed).map(|(name, _)| Arc::clone(name))?;
        let past = self.feeds.get_mut(feed)?;
        Some((name, past))
    }

    fn tell(&mut self, episode: Option<Episode>) {
        let Some(episode) = episode else { return };
        self.episodes.push_back(episode);
        if self.episodes.len() > MAX_EPISODES {
            self.episodes.pop_front();
        }
    }
}

impl Past {
    /// When the feed became another one, if that was a short while ago.
    #[must_use]
    pub fn swapped_lately(&self, now: Millis) -> Option<Millis> {
        self.swapped.filter(|at| now.saturating_sub(*at) < SWAPPED)
    }

    /// Adds `refresh` to its day.
    fn count(&mut self, refresh: &Refresh) {
        let number = refresh.at / DAY;
        if self.days.back().is_none_or(|day| day.number < number) {
            self.days.push_back(Day {
                number,
                refreshes: 0,
                failed: 0,
            });
            if self.days.len() > MAX_DAYS {
                self.days.pop_front();
            }
        }
        if let Some(day) = self.days.back_mut() {
            day.refreshes += 1;
            day.failed += u32::from(matches!(refresh.outcome, Outcome::Failed(_)));
        }
    }

    /// How often each of the last `count` days failed, the one at `now` last; a day without a refresh with 0.
    #[must_use]
    pub fn failures_by_day(&self, count: u64, now: Millis) -> Vec<u32> {
        let today = now / DAY;
        let of = |number| {
            let day = self.days.iter().find(|day| day.number == number);
            day.map_or(0, |day| day.failed)
        };
        (0..count)
            .rev()
            .map(|back| of(today.saturating_sub(back)))
            .collect()
    }

    /// Counts `refresh`; an episode if one began or ended with it.
    fn take(&mut self, feed: &Arc<str>, refresh: &Refresh) -> Option<Episode> {
        let now = refresh.at;
        let episode = |since, over, sentence| Episode {
            trouble: Trouble::Failing,
            feed: Some(Arc::clone(feed)),
            since,
            at: now,
            over,
            sentence,
        };
        if let Outcome::Failed(sentence) = &refresh.outcome {
            self.failures = self.failures.saturating_add(1);
            let since = *self.failing_since.get_or_insert(now);
            return (self.failures == EPISODE).then(|| episode(since, false, Arc::clone(sentence)));
        }
        let before = (self.failures, self.failing_since.take());
        self.failures = 0;
        self.last_success = Some(now);
        if refresh.outcome == Outcome::New {
            self.last_change = Some(now);
        }
        match before {
            (EPISODE.., Some(since)) => Some(episode(since, true, "it works again".into())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refresh(at: Millis, outcome: Outcome) -> Refresh {
        Refresh {
            at,
            took: 1,
            bytes: 1,
            outcome,
        }
    }

    fn failed(at: Millis) -> Refresh {
        refresh(at, Outcome::Failed("the origin took too long".into()))
    }

    #[test]
    fn trouble_is_told_when_it_begins_and_when_it_ends_and_never_between() {
        let history = History::default();
        for at in 1..=9 {
            history.note("blog", failed(at));
        }
        history.note("blog", refresh(10, Outcome::New));
        history.note("blog", failed(11));
        history.note("blog", refresh(12, Outcome::Same));
        let told: Vec<_> = history
            .episodes()
            .iter()
            .map(|e| (e.since, e.at, e.over))
            .collect();
        assert_eq!(told, [(1, 10, true), (1, 3, false)]);
        let past = history.of("blog");
        assert_eq!(
            (past.last_success, past.last_change, past.failures),
            (Some(12), Some(10), 0)
        );
    }

    #[test]
    fn trouble_from_before_a_restart_is_the_same_episode() {
        let history = History::default();
        let told = Past {
            failures: 5,
            failing_since: Some(3),
            ..Past::default()
        };
        history.remember("blog", told.clone(), Some("gone".into()));
        history.remember("blog", told, Some("gone".into()));
        history.note("blog", failed(9));
        assert_eq!(history.episodes().len(), 1);
        assert_eq!(history.episodes()[0].since, 3);
    }

    #[test]
    fn failures_are_counted_by_day() {
        let history = History::default();
        for (day, outcome) in [
            (0, failed(0)),
            (0, failed(1)),
            (2, failed(2)),
            (2, refresh(3, Outcome::New)),
        ] {
            let at = day * DAY + outcome.at;
            history.note("blog", Refresh { at, ..outcome });
        }
        let past = history.of("blog");
        assert_eq!(past.failures_by_day(4, 3 * DAY), [2, 0, 1, 0]);
        assert_eq!(past.days.len(), 2);
    }

    #[test]
    fn nothing_grows_without_end() {
        let history = History::default();
        for at in 0..2_000 {
            history.note("old", failed(at * DAY));
            history.note("blog", refresh(at, Outcome::Same));
            history.note(&format!("feed-{at}"), failed(at));
            history.reloaded((at % 2 == 0).then_some("a fault"), at);
        }
        assert_eq!(history.of("blog").refreshes.len(), MAX_REFRESHES);
        assert_eq!(history.of("old").days.len(), MAX_DAYS);
        assert_eq!(history.inner().feeds.len(), MAX_FEEDS);
        assert_eq!(history.episodes().len(), MAX_EPISODES);
        history.keep(|name| name == "blog");
        assert_eq!(history.inner().feeds.len(), 1);
    }
}
