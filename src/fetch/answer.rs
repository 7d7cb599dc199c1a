//! What an answer's head says. Pure.

use std::time::SystemTime;

use super::body::Ceiling;
use super::{Error, fault};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, DATE, RETRY_AFTER, TRANSFER_ENCODING};

/// The longest wait an origin may ask for, in seconds: a day.
const MAX_RETRY_AFTER: u64 = 24 * 3600;

/// Refuses a head that is too large (hyper's own limit is only as exact as its buffer), and one that
/// gives its body two lengths: one of the two hides something (RFC 9112 §6.3).
pub(super) fn check(headers: &HeaderMap, max_head: usize) -> Result<(), Error> {
    let size: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if size > max_head {
        return Err(fault::protocol("the head is too large"));
    }
    if headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH) {
        return Err(fault::protocol("both Transfer-Encoding and Content-Length"));
    }
    Ok(())
}

impl Ceiling {
    /// This ceiling for an answer with these headers: what is compressed cannot be told by its first bytes.
    pub(super) fn for_answer(mut self, headers: &HeaderMap) -> Self {
        if headers.contains_key(CONTENT_ENCODING) {
            self.wanted = None;
        }
        self
    }
}

/// `Retry-After` in seconds from now: as written, or a date taken from the answer's own `Date`, so that
/// a clock that is wrong on either side does no harm.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        value.parse().unwrap_or(u64::MAX)
    } else {
        let date = |text: &str| -> Option<SystemTime> { httpdate::parse_http_date(text.trim()).ok() };
        let now = date(headers.get(DATE)?.to_str().ok()?)?;
        date(value)?.duration_since(now).map_or(0, |wait| wait.as_secs())
    };
    Some(seconds.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date_and_bounded() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        for (value, expected) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("99999999999999999999", Some(86_400)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("Fri, 06 Nov 2099 08:00:00 GMT", Some(86_400)),
            ("-5", None),
            ("soon", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(DATE, date.parse().expect("date"));
            headers.insert(RETRY_AFTER, value.parse().expect("value"));
            assert_eq!(retry_after(&headers), expected, "{value}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
