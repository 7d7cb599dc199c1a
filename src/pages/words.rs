//! Times and sizes as people say them. Pure.

use crate::clock::Millis;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// `just now`, `5 minutes ago`, `3 days ago`.
pub(super) fn ago(at: Millis, now: Millis) -> String {
    match now.saturating_sub(at) / 1000 {
        0..MINUTE => "just now".to_owned(),
        seconds => format!("{} ago", span(seconds)),
    }
}

/// `now`, `in 5 minutes`.
pub(super) fn ahead(at: Millis, now: Millis) -> String {
    match at.saturating_sub(now) / 1000 {
        0 => "on demand".to_owned(),
        1..MINUTE => "in a moment".to_owned(),
        seconds => format!("in {}", span(seconds)),
    }
}

/// `5 minutes`, `2 hours`, `12 days`.
pub(super) fn span(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..MINUTE => (seconds, "second"),
        MINUTE..HOUR => (seconds / MINUTE, "minute"),
        HOUR..DAY => (seconds / HOUR, "hour"),
        DAY.. => (seconds / DAY, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// `120 ms`, `1.4 s`.
pub(super) fn took(millis: u64) -> String {
    match millis {
        0..1000 => format!("{millis} ms"),
        _ => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
    }
}

/// `900 B`, `12 KiB`, `3.4 MiB`.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{}.{} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_read_as_people_say_them() {
        assert_eq!(ago(0, 59_999), "just now");
        assert_eq!(ago(0, 60_000), "1 minute ago");
        assert_eq!(ago(0, 7_200_000), "2 hours ago");
        assert_eq!(ahead(0, 5), "on demand");
        assert_eq!(ahead(180_000, 0), "in 3 minutes");
        assert_eq!(ago(9, 3), "just now");
        assert_eq!(took(1_450), "1.4 s");
        assert_eq!(size(3_566_000), "3.4 MiB");
    }
}
