//! How long a picture, or the lack of one, is believed. Pure.

use std::time::Duration;

use http::HeaderMap;
use http::header::CACHE_CONTROL;

use super::Error;
use crate::fetch;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// How long a picture is fresh when its origin does not say.
const DEFAULT: Duration = Duration::from_hours(7 * 24);

/// How long a picture may be asked for again by its origin, at most.
const LONGEST: Duration = Duration::from_hours(30 * 24);

/// How long a picture is fresh: `max-age`, between an hour and 30 days; a week when nothing is said.
pub(super) fn lifetime(headers: &HeaderMap) -> Duration {
    let mut lifetime = DEFAULT;
    let directives = headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    for directive in directives {
        let directive = directive.trim().to_ascii_lowercase();
        match directive.split_once('=') {
            Some(("max-age", seconds)) => {
                let seconds = seconds.trim_matches('"').parse().unwrap_or(0);
                lifetime = Duration::from_secs(seconds);
            }
            // A reader's picture is shown to that reader: shorter, but never not at all.
            _ if matches!(directive.as_str(), "no-store" | "no-cache") => return HOUR,
            _ => {}
        }
    }
    lifetime.clamp(HOUR, LONGEST)
}

/// How long a failure is believed, the `failures`-th in a row.
pub(super) fn penalty(error: &Error, failures: u32) -> Duration {
    match error {
        Error::Fetch(fetch::Error::Status {
            status: 404 | 410, ..
        }) => 6 * HOUR,
        Error::Fetch(fetch::Error::Status {
            status: 401 | 403, ..
        }) => HOUR / 2,
        Error::Fetch(fetch::Error::Refused(_) | fetch::Error::Address(_) | fetch::Error::TooLarge(_))
        | Error::NotAPicture
        | Error::SvgBlocked
        | Error::TooManyPixels => DAY,
        Error::Fetch(fetch::Error::Status {
            retry_after: Some(seconds),
            ..
        }) => Duration::from_secs(*seconds).clamp(2 * MINUTE, DAY),
        Error::Fetch(_) | Error::Unprepared => {
            (2 * MINUTE * 2_u32.pow(failures.saturating_sub(1).min(5))).min(HOUR)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_fresh_as_long_as_its_origin_says_within_bounds() {
        for (value, hours) in [
            ("", 7 * 24),
            ("public", 7 * 24),
            ("public, max-age=86400", 24),
            ("MAX-AGE=\"86400\"", 24),
            ("max-age=0", 1),
            ("max-age=99999999999", 30 * 24),
            ("max-age=soon", 1),
            ("no-store, max-age=86400", 1),
            ("max-age=86400, no-cache", 1),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CACHE_CONTROL, value.parse().expect("value"));
            assert_eq!(lifetime(&headers), hours * HOUR, "{value}");
        }
        assert_eq!(lifetime(&HeaderMap::new()), DEFAULT);
    }

    #[test]
    fn a_failure_is_believed_for_as_long_as_it_is_likely_to_last() {
        let status = |status, retry_after| Error::Fetch(fetch::Error::Status { status, retry_after });
        assert_eq!(penalty(&status(404, None), 1), 6 * HOUR);
        assert_eq!(penalty(&status(403, None), 1), HOUR / 2);
        assert_eq!(penalty(&Error::NotAPicture, 1), DAY);
        assert_eq!(penalty(&status(503, Some(600)), 1), 10 * MINUTE);
        assert_eq!(penalty(&status(503, Some(0)), 1), 2 * MINUTE);
        let doubled: Vec<_> = [1, 2, 3, 9, u32::MAX]
            .map(|n| penalty(&status(500, None), n) / 60)
            .into();
        assert_eq!(doubled, [2, 4, 8, 60, 60].map(Duration::from_secs));
    }
}
