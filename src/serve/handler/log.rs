//! Names for counters and logs that allocate nothing, and a name for each answer that went wrong.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderName, HeaderValue, Method};

use crate::clock::Millis;
use crate::serve::respond::reply::Reply;

/// By which a reader's report and a log line find each other.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Methods that have a name of their own in counters.
pub(super) fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Answers that went wrong that are logged in one minute; the rest only for who looks closely (`debug`), so that
/// nobody fills the log by asking for a feed that cannot be had.
const MAX_A_MINUTE: u64 = 60;
const MINUTE: Millis = 60_000;

/// Gives an answer that went wrong a name, and logs it under that name.
pub(super) fn name(reply: &mut Reply, route: &'static str, now: Millis) {
    static LOGGED: Allowance = Allowance::new();
    let id = next();
    let status = reply.status().as_u16();
    if status >= 500 && LOGGED.take(now) {
        tracing::warn!(request = id, route, status, "a request went wrong");
    } else {
        tracing::debug!(request = id, route, status, "a request was refused");
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        reply.headers_mut().insert(X_REQUEST_ID, value);
    }
}

/// So many in one minute.
#[derive(Debug)]
struct Allowance {
    minute: AtomicU64,
    taken: AtomicU64,
}

impl Allowance {
    const fn new() -> Self {
        Self {
            minute: AtomicU64::new(0),
            taken: AtomicU64::new(0),
        }
    }

    /// True [`MAX_A_MINUTE`] times a minute, about.
    fn take(&self, now: Millis) -> bool {
        let minute = now / MINUTE;
        if self.minute.swap(minute, Ordering::Relaxed) != minute {
            self.taken.store(0, Ordering::Relaxed);
        }
        self.taken.fetch_add(1, Ordering::Relaxed) < MAX_A_MINUTE
    }
}

/// Unique in this process, and most likely among processes.
fn next() -> String {
    static FIRST: OnceLock<u64> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let first = FIRST.get_or_init(|| getrandom::u64().unwrap_or(0));
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{:016x}", first.wrapping_add(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_failures_takes_some_lines_a_minute_and_the_next_minute_others() {
        let allowance = Allowance::new();
        for minute in [1, 2, 7, 3] {
            let lines = (0..1000).filter(|_| allowance.take(minute * MINUTE)).count();
            assert_eq!(lines as u64, MAX_A_MINUTE);
        }
    }
}
