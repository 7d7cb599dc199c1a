//! How long an answer is fresh and how long it may be served stale (RFC 9111, RFC 5861). Pure.

pub mod rhythm;

use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, header};

use crate::clock::Millis;
use crate::transform::Hints;

/// Without any word of the origin's, a feed is asked for at least this often (RFC 9111 §4.2.2
/// leaves the heuristic to us; a tenth of the age of a quiet feed would be days).
const HEURISTIC_MAX: Duration = Duration::from_hours(1);
/// The first wait after a failure; it doubles with each.
const BACKOFF_FIRST: Duration = Duration::from_mins(1);
const BACKOFF_MAX: Duration = Duration::from_hours(1);
/// `Retry-After` is obeyed between these.
const RETRY_AFTER_MIN: Duration = Duration::from_mins(1);
const RETRY_AFTER_MAX: Duration = Duration::from_hours(24);
/// A failure without any copy is remembered this long.
const NEGATIVE: Duration = Duration::from_secs(30);
const HOUR: Millis = 3_600_000;
/// By so much the clocks of two machines may differ.
const SKEW: Millis = 5 * 60_000;

/// The owner's bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Never ask sooner.
    pub min: Duration,
    /// Never ask later.
    pub max: Duration,
    /// How long after `fresh_until` a copy is served while a refresh runs behind.
    pub stale_while_revalidate: Duration,
    /// How long a copy is served when the origin fails.
    pub stale_if_error: Duration,
    /// While a hub tells of changes.
    pub pushed: Option<Pushed>,
}

/// A hub tells of changes, so that the origin need not be asked so often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// Until then, unless we subscribe again.
    pub until: Millis,
    /// The origin is asked no sooner on our own.
    pub poll: Duration,
}

impl Policy {
    /// `lifetime`, or longer while a hub tells of changes: within the owner's bounds, and so that a quarter of the
    /// lease is left for renewing it.
    #[must_use]
    pub fn while_pushed(&self, lifetime: Duration, now: Millis) -> Duration {
        let Some(pushed) = self.pushed else {
            return lifetime;
        };
        let left = Duration::from_millis(pushed.until.saturating_sub(now)) / 4 * 3;
        lifetime.max(pushed.poll.min(left).min(self.max))
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            min: Duration::from_mins(15),
            max: Duration::from_hours(24),
            stale_while_revalidate: Duration::from_hours(1),
            stale_if_error: Duration::from_hours(30 * 24),
            pushed: None,
        }
    }
}

/// When a stored response was dated, and until when it may be served how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freshness {
    pub stored_at: Millis,
    pub fresh_until: Millis,
    pub stale_while_revalidate_until: Millis,
    pub stale_if_error_until: Millis,
}

/// What may be done with a stored response now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Serve it.
    Fresh,
    /// Serve it, and refresh behind.
    Stale,
    /// Refresh; serve it if that fails.
    Old,
    /// Not to be served any more.
    Spent,
}

/// True when `moment`, at which something happened, lies ahead of `now`: it was noted by a clock that was wrong and
/// has been set back. What depends on it would wait for as long as the clock was ahead.
#[must_use]
pub fn is_ahead(moment: Millis, now: Millis) -> bool {
    moment > now.saturating_add(SKEW)
}

impl Freshness {
    /// Dates a response that came `now` and is fresh for `lifetime`.
    #[must_use]
    pub fn new(now: Millis, lifetime: Duration, policy: &Policy) -> Self {
        let fresh_until = now.saturating_add(millis(lifetime));
        Self {
            stored_at: now,
            fresh_until,
            stale_while_revalidate_until: fresh_until.saturating_add(millis(policy.stale_while_revalidate)),
            stale_if_error_until: fresh_until.saturating_add(millis(policy.stale_if_error)),
        }
    }

    /// What may be done with it `now`.
    #[must_use]
    pub fn state(&self, now: Millis) -> State {
        if is_ahead(self.stored_at, now) {
            State::Stale
        } else if now < self.fresh_until {
            State::Fresh
        } else if now < self.stale_while_revalidate_until {
            State::Stale
        } else if now < self.stale_if_error_until {
            State::Old
        } else {
            State::Spent
        }
    }

    /// Seconds since it was dated.
    #[must_use]
    pub fn age(&self, now: Millis) -> u64 {
        now.saturating_sub(self.stored_at) / 1000
    }

    /// Seconds until it is stale; below 0 when it is (RFC 9211 §2.4).
    #[must_use]
    pub fn ttl(&self, now: Millis) -> i64 {
        if is_ahead(self.stored_at, now) {
            return 0;
        }
        let difference = i128::from(self.fresh_until) - i128::from(now);
        i64::try_from(difference.div_euclid(1000)).unwrap_or(i64::MAX)
    }
}

/// How long an answer that came `now` is fresh, within the owner's bounds.
///
/// In order: `s-maxage` (we are a shared cache), `max-age`, `Expires` − `Date` (RFC 9111 §4.2.1),
/// each less the age it came with (§4.2.3); else a tenth of its age since `Last-Modified`, at most
/// an hour (§4.2.2). The feed's own `ttl` may lengthen that, never shorten it; skipped hours and
/// days push the end to the next hour that is not skipped.
#[must_use]
pub fn lifetime(headers: &HeaderMap, hints: &Hints, policy: &Policy, now: Millis) -> Duration {
    let control = CacheControl::read(headers);
    let stated = if control.refused {
        Some(Duration::ZERO)
    } else if let Some(seconds) = control.s_maxage.or(control.max_age) {
        Some(Duration::from_secs(seconds).saturating_sub(current_age(headers, now)))
    } else if headers.contains_key(header::EXPIRES) {
        // An invalid date means already expired (RFC 9111 §5.3).
        let expires = date(headers, &header::EXPIRES).unwrap_or(0);
        let date = date(headers, &header::DATE).unwrap_or(now);
        let lifetime = Duration::from_millis(expires.saturating_sub(date));
        Some(lifetime.saturating_sub(current_age(headers, now)))
    } else {
        None
    };
    let lifetime = stated.unwrap_or_else(|| {
        date(headers, &header::LAST_MODIFIED).map_or(Duration::ZERO, |modified| {
            Duration::from_millis(now.saturating_sub(modified) / 10).min(HEURISTIC_MAX)
        })
    });
    let hinted = Duration::from_secs(hints.ttl.unwrap_or(0));
    let bounded = clamp(lifetime.max(hinted), policy);
    let end = after_skips(now.saturating_add(millis(bounded)), hints);
    clamp(Duration::from_millis(end.saturating_sub(now)), policy)
}

/// How long not to ask again after `failures` failures in a row: doubling, spread by up to a fifth
/// either way so that feeds which failed together do not return together. The spread is a function
/// of `key` alone. `Retry-After` (in seconds) lengthens it.
#[must_use]
pub fn backoff(failures: u32, retry_after: Option<u64>, key: &str) -> Duration {
    let doubled = BACKOFF_FIRST.saturating_mul(1 << failures.saturating_sub(1).min(6));
    let wait = jitter(doubled.min(BACKOFF_MAX), failures, key);
    wait.max(asked(retry_after))
}

/// How long a failure is told from memory when there is no copy at all.
#[must_use]
pub fn negative(failures: u32, retry_after: Option<u64>, key: &str) -> Duration {
    let doubled = NEGATIVE.saturating_mul(failures.clamp(1, 2));
    jitter(doubled, failures, key).max(asked(retry_after))
}

fn asked(retry_after: Option<u64>) -> Duration {
    retry_after.map_or(Duration::ZERO, |seconds| {
        Duration::from_secs(seconds).clamp(RETRY_AFTER_MIN, RETRY_AFTER_MAX)
    })
}

fn jitter(wait: Duration, failures: u32, key: &str) -> Duration {
    let hash = blake3::Hasher::new()
        .update(key.as_bytes())
        .update(&failures.to_le_bytes())
        .finalize();
    let fifths = u32::from(hash.as_bytes()[0]) * 400 / 255; // 0 to 400 thousandths
    wait * (800 + fifths) / 1000
}

fn clamp(lifetime: Duration, policy: &Policy) -> Duration {
    // Not `clamp`: it panics when an owner writes min > max.
    lifetime.min(policy.max).max(policy.min)
}

/// The first moment from `end` on that lies in no skipped hour or day. A feed that skips everything
/// skips nothing.
fn after_skips(end: Millis, hints: &Hints) -> Millis {
    let skipped = |moment: Millis| {
        let hours = moment / HOUR;
        // 1970-01-01 was a Thursday; day 0 is Monday.
        let (hour, day) = (hours % 24, (hours / 24 + 3) % 7);
        hints.skip_hours.iter().any(|&skip| u64::from(skip) == hour)
            || hints.skip_days.iter().any(|&skip| u64::from(skip) == day)
    };
    if !skipped(end) {
        return end;
    }
    let next_hour = end / HOUR + 1;
    (next_hour..next_hour + 7 * 24)
        .map(|hour| hour * HOUR)
        .find(|&moment| !skipped(moment))
        .unwrap_or(end)
}

/// How old the answer was when it came: the larger of what `Age` and `Date` say (RFC 9111 §4.2.3).
fn current_age(headers: &HeaderMap, now: Millis) -> Duration {
    let stated = text(headers, &header::AGE).and_then(|age| age.trim().parse().ok());
    let apparent = date(headers, &header::DATE).map_or(0, |date| now.saturating_sub(date));
    Duration::from_secs(stated.unwrap_or(0)).max(Duration::from_millis(apparent))
}

/// The directives of `Cache-Control` that concern a shared cache (RFC 9111 §5.2.2).
#[derive(Debug, Default)]
struct CacheControl {
    max_age: Option<u64>,
    s_maxage: Option<u64>,
    /// `no-store`, `no-cache` or `private`: ask again as soon as the owner's bounds allow.
    refused: bool,
}

impl CacheControl {
    fn read(headers: &HeaderMap) -> Self {
        let mut control = Self::default();
        let values = headers.get_all(header::CACHE_CONTROL).iter();
        let directives = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        for directive in directives {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            let name = name.trim();
            // A number that is none counts as stale (§4.2.1); too large a one as very large (§1.2.2).
            let seconds = || {
                let digits = value.trim().trim_matches('"');
                let numeric = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
                Some(if numeric {
                    digits.parse().unwrap_or(u64::from(u32::MAX))
                } else {
                    0
                })
            };
            if name.eq_ignore_ascii_case("max-age") {
                control.max_age = control.max_age.or_else(seconds);
            } else if name.eq_ignore_ascii_case("s-maxage") {
                control.s_maxage = control.s_maxage.or_else(seconds);
            } else if ["no-store", "no-cache", "private"]
                .iter()
                .any(|refusal| name.eq_ignore_ascii_case(refusal))
            {
                control.refused = true;
            }
        }
        control
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<Millis> {
    let time = httpdate::parse_http_date(text(headers, name)?).ok()?;
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    Some(millis(since))
}

/// A duration in milliseconds.
#[must_use]
pub fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

#[cfg(test)]
mod tests;
