use super::*;

/// Wednesday 2026-01-07 12:00:00 GMT.
const NOW: Millis = 1_767_787_200_000;
const DATE: &str = "Wed, 07 Jan 2026 12:00:00 GMT";

fn headers(lines: &str) -> HeaderMap {
    lines
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| {
            (
                name.parse::<HeaderName>().expect("name"),
                value.parse().expect("value"),
            )
        })
        .collect()
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

#[test]
fn a_lifetime_is_what_the_origin_and_the_feed_say_within_bounds() {
    // headers, ttl in minutes, lifetime in minutes. Bounds: 15 minutes and a day.
    let cases = [
        ("", None, 15),
        ("Cache-Control: max-age=1800", None, 30),
        ("Cache-Control: public , Max-Age=\"1800\"", None, 30),
        ("Cache-Control: max-age=1800, s-maxage=7200", None, 120),
        ("Cache-Control: max-age=0", None, 15),
        ("Cache-Control: max-age=-5", None, 15),
        ("Cache-Control: max-age=soon", None, 15),
        ("Cache-Control: max-age=99999999999999999999999", None, 1440),
        ("Cache-Control: max-age=7200, no-store", None, 15),
        (
            "Cache-Control: no-cache\nExpires: Wed, 07 Jan 2026 14:00:00 GMT",
            None,
            15,
        ),
        ("Cache-Control: max-age=7200\nAge: 1800", None, 90),
        ("Cache-Control: max-age=7200\nAge: 999999", None, 15),
        (
            "Cache-Control: max-age=7200\nDate: Wed, 07 Jan 2026 11:00:00 GMT",
            None,
            60,
        ),
        (
            "Cache-Control: max-age=7200\nDate: Thu, 08 Jan 2026 11:00:00 GMT",
            None,
            120,
        ),
        ("Expires: Wed, 07 Jan 2026 14:00:00 GMT", None, 120),
        (
            "Expires: Wed, 07 Jan 2026 14:00:00 GMT\nDate: Wed, 07 Jan 2026 13:00:00 GMT",
            None,
            60,
        ),
        ("Expires: 0", None, 15),
        (
            "Expires: Wed, 07 Jan 2026 14:00:00 GMT\nCache-Control: max-age=1200",
            None,
            20,
        ),
        ("Last-Modified: Wed, 07 Jan 2026 07:00:00 GMT", None, 30),
        ("Last-Modified: Mon, 07 Jan 2019 07:00:00 GMT", None, 60),
        ("Last-Modified: Wed, 07 Jan 2099 07:00:00 GMT", None, 15),
        ("", Some(45), 45),
        ("Cache-Control: max-age=1800", Some(120), 120),
        ("Cache-Control: max-age=7200", Some(1), 120),
        ("Cache-Control: max-age=31536000", None, 1440),
        ("", Some(1_000_000), 1440),
    ];
    for (lines, ttl, expected) in cases {
        let hints = Hints {
            ttl: ttl.map(|minutes: u64| minutes * 60),
            ..Hints::default()
        };
        let got = lifetime(&headers(lines), &hints, &Policy::default(), NOW);
        assert_eq!(got, minutes(expected), "{lines:?}, ttl {ttl:?}");
    }
    assert_eq!(
        httpdate::parse_http_date(DATE).expect("date"),
        UNIX_EPOCH + Duration::from_millis(NOW)
    );
}

#[test]
fn skipped_hours_and_days_push_the_end_to_the_next_open_hour() {
    let twelve_is_skipped = Hints {
        skip_hours: vec![12, 13],
        ..Hints::default()
    };
    let policy = Policy::default();
    assert_eq!(
        lifetime(&HeaderMap::new(), &twelve_is_skipped, &policy, NOW),
        minutes(120)
    );
    let wednesday_is_skipped = Hints {
        skip_days: vec![2],
        ..Hints::default()
    };
    assert_eq!(
        lifetime(&HeaderMap::new(), &wednesday_is_skipped, &policy, NOW),
        minutes(720)
    );
    let always = Hints {
        skip_days: (0..7).collect(),
        ..Hints::default()
    };
    assert_eq!(lifetime(&HeaderMap::new(), &always, &policy, NOW), minutes(15));
}

#[test]
fn a_lower_bound_above_the_upper_one_wins_and_nothing_panics() {
    let policy = Policy {
        min: minutes(60),
        max: minutes(10),
        ..Policy::default()
    };
    assert_eq!(
        lifetime(&HeaderMap::new(), &Hints::default(), &policy, NOW),
        minutes(60)
    );
}

#[test]
fn a_stored_response_is_fresh_then_stale_then_old_then_spent() {
    let dated = Freshness::new(0, minutes(15), &Policy::default());
    let state = |after: Duration| dated.state(millis(after));
    assert_eq!(state(minutes(14)), State::Fresh);
    assert_eq!(state(minutes(15)), State::Stale);
    assert_eq!(state(minutes(75)), State::Old);
    assert_eq!(state(minutes(30 * 24 * 60 + 15)), State::Spent);
    assert_eq!((dated.ttl(1), dated.ttl(millis(minutes(16)))), (899, -60));
    assert_eq!(dated.age(61_999), 61);
}

#[test]
fn waits_double_are_spread_and_obey_retry_after() {
    for failures in 1..=9 {
        let expected = Duration::from_secs(60 << (failures - 1).min(6)).min(BACKOFF_MAX);
        let wait = backoff(failures, None, "a");
        assert!(
            wait >= expected * 4 / 5 && wait <= expected * 6 / 5,
            "{failures}: {wait:?}"
        );
        assert_eq!(wait, backoff(failures, None, "a"), "the same every time");
    }
    let spread: std::collections::BTreeSet<_> = (0..50).map(|n| backoff(3, None, &n.to_string())).collect();
    assert!(spread.len() > 30);
    assert_eq!(backoff(1, Some(7200), "a"), minutes(120));
    assert_eq!(backoff(1, Some(u64::MAX), "a"), minutes(1440));
    assert!(backoff(1, Some(0), "a") >= minutes(1));
    assert!(negative(1, None, "a") <= Duration::from_secs(36));
    assert!(negative(900, None, "a") <= Duration::from_secs(72));
    assert_eq!(negative(1, Some(600), "a"), minutes(10));
}

#[test]
fn a_copy_from_the_future_is_served_and_made_anew() {
    let policy = Policy::default();
    let copy = Freshness::new(NOW + HOUR, Duration::from_hours(1), &policy);
    assert_eq!(copy.state(NOW), State::Stale);
    assert_eq!((copy.ttl(NOW), copy.age(NOW)), (0, 0));
    // The clock of another instance, a little ahead.
    assert_eq!(copy.state(NOW + HOUR - SKEW), State::Fresh);
}
