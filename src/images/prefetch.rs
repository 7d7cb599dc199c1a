//! Fetching pictures before anyone reads, so that no origin learns when they are read: each after a
//! random wait, one host's not faster than its pace.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;
use url::Url;

use super::{Images, Key, Options};
use crate::transform::Picture;

/// Hosts whose pace is remembered before those long past are forgotten.
const SWEEP_AT: usize = 256;

/// Who waits, and when each host's next turn is.
#[derive(Debug)]
pub(super) struct Prefetch {
    waiting: Arc<Semaphore>,
    pace: Duration,
    turns: Mutex<HashMap<String, Instant>>,
}

impl Prefetch {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            waiting: Arc::new(Semaphore::new(options.prefetch_queue.min(Semaphore::MAX_PERMITS))),
            pace: options.prefetch_pace,
            turns: Mutex::default(),
        }
    }

    /// The first moment at or after `wanted` when `url`'s host may be asked; the next one comes a pace later.
    fn turn(&self, url: &Url, wanted: Instant, now: Instant) -> Instant {
        let host = url.host_str().unwrap_or_default();
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() >= SWEEP_AT {
            turns.retain(|_, next| *next > now);
        }
        let next = turns.entry(host.to_owned()).or_insert(now);
        let turn = wanted.max(*next);
        *next = turn + self.pace;
        turn
    }
}

impl Images {
    /// Fetches pictures of new entries after a random wait, in a random order. What does not fit into the
    /// queue is fetched when it is read. Needs a running tokio runtime.
    pub fn prefetch(&self, pictures: &[Picture]) {
        let inner = &self.inner;
        if !inner.options.prefetch {
            return;
        }
        let now = Instant::now();
        let mut due: Vec<(Instant, &Picture)> = pictures
            .iter()
            .filter(|picture| !inner.memory.contains_key(&Key::of_picture(picture)))
            .map(|picture| (now + random_part(inner.options.prefetch_delay), picture))
            .collect();
        due.sort_by_key(|(wanted, _)| *wanted);
        for (wanted, picture) in due {
            let Ok(place) = Arc::clone(&inner.prefetch.waiting).try_acquire_owned() else {
                return;
            };
            let Some(url) = picture.url.to_url() else {
                continue;
            };
            let turn = inner.prefetch.turn(&url, wanted, now);
            let images = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep_until(turn).await;
                // Why it failed is remembered for who reads it.
                let _ = images.kept(Key::of(&url), &url).await;
                drop(place);
            });
        }
    }
}

/// Some random part of `longest`.
fn random_part(longest: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    longest.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_host_is_asked_at_its_pace_whenever_its_pictures_are_wanted() {
        let options = Options {
            prefetch_pace: Duration::from_secs(10),
            ..Options::default()
        };
        let prefetch = Prefetch::new(&options);
        let now = Instant::now();
        let after = |seconds| now + Duration::from_secs(seconds);
        let turn = |host: &str, wanted| {
            let url = Url::parse(&format!("https://{host}/p")).expect("url");
            prefetch.turn(&url, after(wanted), now)
        };
        let turns: Vec<_> = [0, 1, 2, 60, 61].map(|wanted| turn("a.example", wanted)).into();
        assert_eq!(turns, [0, 10, 20, 60, 70].map(after));
        assert_eq!(turn("b.example", 5), after(5), "another host has its own");
    }

    #[test]
    fn hosts_whose_turn_is_long_past_are_forgotten() {
        let prefetch = Prefetch::new(&Options::default());
        let now = Instant::now();
        for n in 0..SWEEP_AT as u64 * 4 {
            let url = Url::parse(&format!("https://{n}.example/p")).expect("url");
            let later = now + Duration::from_secs(n);
            prefetch.turn(&url, later, later);
        }
        assert!(prefetch.turns.lock().expect("lock").len() <= SWEEP_AT);
    }

    #[test]
    fn a_wait_is_random_and_bounded() {
        let longest = Duration::from_mins(1);
        let waits: Vec<_> = (0..64).map(|_| random_part(longest)).collect();
        assert!(waits.iter().all(|wait| *wait <= longest));
        assert!(waits.iter().any(|wait| *wait != waits[0]));
    }
}
