//! How many people read a feed, about, without knowing any of them.
//!
//! Services that read for many say for how many in their `User-Agent` (`12 subscribers`): that is believed.
//! All other readers are told apart by a keyed hash (SipHash) of the week, their agent and address, whose key
//! never leaves the memory; of the hash one bit in a table is kept. So nobody can be looked up, the memory is
//! bounded, and a hit costs a hash and an atomic or.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError, RwLock};

use memchr::memmem::Finder;

use crate::clock::Millis;

/// Bits of one table: it tells apart some ten thousand readers of a feed.
const BITS: usize = 4096;
const WORDS: usize = BITS / 64;
/// Services remembered of one feed.
const MAX_SERVICES: usize = 64;
/// Feeds counted.
const MAX_FEEDS: usize = 10_000;
/// More subscribers are not believed.
const MAX_CLAIM: u64 = 10_000_000;
const WEEK: Millis = 7 * 24 * 3_600_000;

/// The readers of all feeds.
#[derive(Debug, Default)]
pub struct Readers {
    key: RandomState,
    feeds: RwLock<HashMap<Box<str>, Box<OfFeed>>>,
}

/// The readers of one feed.
#[derive(Debug)]
struct OfFeed {
    /// This week's table and last week's, by the parity of the week.
    tables: [Table; 2],
    services: Mutex<HashMap<u64, Claim>>,
}

#[derive(Debug)]
struct Table {
    week: AtomicU64,
    bits: [AtomicU64; WORDS],
}

/// What a service said.
#[derive(Clone, Copy, Debug)]
struct Claim {
    readers: u64,
    week: u64,
}

impl Readers {
    /// Someone with this `User-Agent` and address asked for `feed`.
    pub fn note(&self, feed: &str, agent: &str, address: Option<IpAddr>, now: Millis) {
        let week = now / WEEK;
        let claimed = claimed(agent);
        let hash = match claimed {
            Some((service, _)) => self.hash(0, service, None),
            None => self.hash(week, agent, address),
        };
        self.with_feed(feed, |of| match claimed {
            Some((_, readers)) => of.claim(hash, Claim { readers, week }),
            None => of.mark(hash, week),
        });
    }

    /// How many read `feed` this week or the last.
    #[must_use]
    pub fn of(&self, feed: &str, now: Millis) -> u64 {
        let feeds = self.feeds.read().unwrap_or_else(PoisonError::into_inner);
        let week = now / WEEK;
        feeds.get(feed).map_or(0, |of| of.count(week))
    }

    /// Only these feeds are counted from now on.
    pub fn keep(&self, is_kept: impl Fn(&str) -> bool) {
        let mut feeds = self.feeds.write().unwrap_or_else(PoisonError::into_inner);
        feeds.retain(|name, _| is_kept(name));
    }

    fn with_feed(&self, feed: &str, note: impl FnOnce(&OfFeed)) {
        let known = self.feeds.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(of) = known.get(feed) {
            return note(of);
        }
        drop(known);
        let mut feeds = self.feeds.write().unwrap_or_else(PoisonError::into_inner);
        if feeds.len() < MAX_FEEDS || feeds.contains_key(feed) {
            note(feeds.entry(feed.into()).or_default());
        }
    }

    fn hash(&self, week: u64, agent: &str, address: Option<IpAddr>) -> u64 {
        self.key.hash_one((week, agent, address))
    }
}

impl Default for OfFeed {
    fn default() -> Self {
        let table = || Table {
            week: AtomicU64::new(0),
            bits: std::array::from_fn(|_| AtomicU64::new(0)),
        };
        Self {
            tables: [table(), table()],
            services: Mutex::default(),
        }
    }
}

impl OfFeed {
    fn table(&self, week: u64) -> &Table {
        let [even, odd] = &self.tables;
        if week.is_multiple_of(2) { even } else { odd }
    }

    fn mark(&self, hash: u64, week: u64) {
        let table = self.table(week);
        // A look before each write: readers who are known write to no place that others look at.
        if table.week.load(Ordering::Relaxed) != week && table.week.swap(week, Ordering::Relaxed) != week {
            for word in &table.bits {
                word.store(0, Ordering::Relaxed);
            }
        }
        let bit = usize::try_from(hash % BITS as u64).unwrap_or(0);
        let mask = 1 << (bit % 64);
        if let Some(word) = table.bits.get(bit / 64)
            && word.load(Ordering::Relaxed) & mask == 0
        {
            word.fetch_or(mask, Ordering::Relaxed);
        }
    }

    fn claim(&self, service: u64, claim: Claim) {
        let mut services = self.services.lock().unwrap_or_else(PoisonError::into_inner);
        if services.len() >= MAX_SERVICES && !services.contains_key(&service) {
            services.retain(|_, known| known.week + 1 >= claim.week);
        }
        if services.len() < MAX_SERVICES || services.contains_key(&service) {
            services.insert(service, claim);
        }
    }

    fn count(&self, week: u64) -> u64 {
        let services = self.services.lock().unwrap_or_else(PoisonError::into_inner);
        let claimed: u64 = services
            .values()
            .filter(|claim| claim.week + 1 >= week)
            .map(|claim| claim.readers)
            .sum();
        let marked = [week, week.saturating_sub(1)].map(|week| self.table(week).count(week));
        claimed + marked.into_iter().max().unwrap_or(0)
    }
}

impl Table {
    /// Linear counting: so many readers leave so many bits unmarked.
    fn count(&self, week: u64) -> u64 {
        if self.week.load(Ordering::Relaxed) != week {
            return 0;
        }
        let marked: u32 = self
            .bits
            .iter()
            .map(|word| word.load(Ordering::Relaxed).count_ones())
            .sum();
        let all = f64::from(u16::try_from(BITS).unwrap_or(u16::MAX));
        let free = (all - f64::from(marked)).max(1.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and a hundred thousand"
        )]
        let count = (all * (all / free).ln()).round() as u64;
        count
    }
}

/// Which service reads for how many: the number in front of `subscriber(s)` or `reader(s)`, and what stands
/// in front of the number (an id of the service's own feed included).
fn claimed(agent: &str) -> Option<(&str, u64)> {
    /// Made once: a search that is new each time costs more than the search.
    static WORDS: LazyLock<[(&str, Finder<'_>); 2]> =
        LazyLock::new(|| ["subscriber", "reader"].map(|word| (word, Finder::new(word))));
    for (word, finder) in WORDS.iter() {
        let mut rest = agent;
        while let Some(at) = finder.find(rest.as_bytes()) {
            let (before, after) = rest.split_at(at);
            let start = agent.len() - rest.len();
            let before = before.trim_end_matches(' ');
            let digits = before.len() - before.bytes().rev().take_while(u8::is_ascii_digit).count();
            if let Some(Ok(number)) = before
                .get(digits..)
                .filter(|d| !d.is_empty())
                .map(str::parse::<u64>)
            {
                return Some((agent.get(..start + digits)?, number.min(MAX_CLAIM)));
            }
            rest = after.get(word.len()..).unwrap_or_default();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u32) -> Option<IpAddr> {
        Some(IpAddr::from(n.to_be_bytes()))
    }

    #[test]
    fn a_service_says_for_how_many_it_reads() {
        let cases = [
            (
                "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 32 subscribers; like FeedFetcher-Google)",
                Some(32),
            ),
            ("Feedbin feed-id:1373711 - 141 subscribers", Some(141)),
            (
                "Inoreader/1.0 (+http://www.inoreader.com/feed-fetcher; 1 subscriber; )",
                Some(1),
            ),
            (
                "NewsBlur Feed Fetcher - 7 readers - https://www.newsblur.com/site/1",
                Some(7),
            ),
            ("a reader for 3 subscribers", Some(3)),
            ("subscribers", None),
            ("99999999999999999999999 subscribers", None),
            ("NetNewsWire (RSS Reader; https://netnewswire.com/)", None),
            ("", None),
        ];
        for (agent, expected) in cases {
            assert_eq!(claimed(agent).map(|(_, readers)| readers), expected, "{agent}");
        }
    }

    #[test]
    fn a_service_counts_once_and_other_readers_one_by_one() {
        let readers = Readers::default();
        for _ in 0..5 {
            readers.note("blog", "Feedbin feed-id:1 - 10 subscribers", address(1), 0);
            readers.note("blog", "Feedbin feed-id:1 - 12 subscribers", address(2), 0);
            readers.note("blog", "NetNewsWire", address(3), 0);
            readers.note("blog", "NetNewsWire", address(4), 0);
            readers.note("blog", "Newsboat", address(4), 0);
        }
        assert_eq!(readers.of("blog", 0), 12 + 3);
        assert_eq!(readers.of("other", 0), 0);
    }

    #[test]
    fn thousands_are_counted_about_right_and_forgotten_after_two_weeks() {
        let readers = Readers::default();
        for n in 0..3_000 {
            readers.note("blog", "Miniflux", address(n), WEEK);
        }
        let counted = readers.of("blog", WEEK);
        assert!((2_700..3_300).contains(&counted), "{counted}");
        assert_eq!(
            readers.of("blog", 2 * WEEK),
            counted,
            "a new week has not begun to count"
        );
        assert_eq!(readers.of("blog", 3 * WEEK), 0);
    }
}
