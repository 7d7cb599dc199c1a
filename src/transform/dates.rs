//! Dates as feeds write them: RFC 822 and 2822, RFC 3339 and W3C-DTF, asctime, and what else is met.
//! Lenient in form, never in fact: what does not name a day is no date.

use std::sync::LazyLock;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, TimeDelta, Utc};
use regex::{Captures, Regex};

/// Longer text is no date.
const MAX_LENGTH: usize = 100;

/// The moment that `written` means. Without a zone: UTC. Without a time: midnight. Of a year or month
/// alone: its first day (W3C-DTF).
#[must_use]
pub fn parse(written: &str) -> Option<DateTime<Utc>> {
    let written = written.trim();
    if written.is_empty() || written.len() > MAX_LENGTH {
        return None;
    }
    iso(written)
        .or_else(|| by_words(written))
        .or_else(|| by_pattern(written))
}

/// As RSS wants it (RFC 822 with four digits for the year).
#[must_use]
pub fn to_rfc822(date: DateTime<Utc>) -> String {
    date.format("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// As Atom and JSON Feed want it (RFC 3339), with a fraction only if there is one.
#[must_use]
pub fn to_rfc3339(date: DateTime<Utc>) -> String {
    date.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// `2004-12-31T23:59:59.5+01:00` and every shorter form, with or without separators.
#[expect(clippy::expect_used, reason = "the pattern is fixed, and a test compiles it")]
static ISO: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?x)^
        (?<year>\d{4}) (?: -? (?<month>\d{1,2}) (?: -? (?<day>\d{1,2})
        (?: (?:T|\s+|T\s+) (?<hour>\d{1,2}) :? (?<minute>\d{2}) (?: :? (?<second>\d{2}) (?: [.,] (?<fraction>\d+) )? )?
        \s* (?<zone>Z|[+-]\d{1,2}(?::\d{0,2}|\d{2})?|[A-Z]{1,5})? )? )? )? $";
    regex::RegexBuilder::new(pattern)
        .case_insensitive(true)
        .build()
        .expect("a fixed pattern")
});

fn iso(written: &str) -> Option<DateTime<Utc>> {
    let found = ISO.captures(written)?;
    let date = NaiveDate::from_ymd_opt(
        number(&found, "year")?,
        number(&found, "month").unwrap_or(1),
        number(&found, "day").unwrap_or(1),
    )?;
    let fraction = found.name("fraction").map_or("", |digits| digits.as_str());
    let clock = Clock {
        hour: number(&found, "hour").unwrap_or(0),
        minute: number(&found, "minute").unwrap_or(0),
        second: number(&found, "second").unwrap_or(0),
        nanosecond: nanoseconds(fraction),
    };
    let zone = found.name("zone").map_or(Some(0), |zone| offset(zone.as_str()));
    moment(date, clock, zone.unwrap_or(0))
}

fn number<T: std::str::FromStr>(found: &Captures<'_>, name: &str) -> Option<T> {
    found.name(name)?.as_str().parse().ok()
}

/// A time of day.
#[derive(Clone, Copy, Debug, Default)]
struct Clock {
    hour: u32,
    minute: u32,
    second: u32,
    nanosecond: u32,
}

/// `offset` in seconds east of Greenwich.
fn moment(date: NaiveDate, clock: Clock, offset: i64) -> Option<DateTime<Utc>> {
    // Midnight at the end of a day, and leap seconds, are legal.
    let (date, hour) = if clock.hour == 24 {
        (date.checked_add_days(Days::new(1))?, 0)
    } else {
        (date, clock.hour)
    };
    let second = if clock.second == 60 { 59 } else { clock.second };
    let time = NaiveTime::from_hms_nano_opt(hour, clock.minute, second, clock.nanosecond)?;
    let moment = date
        .and_time(time)
        .checked_sub_signed(TimeDelta::try_seconds(offset)?)?;
    // What chrono can hold but no format can write is no date.
    (0..=9999).contains(&moment.year()).then(|| moment.and_utc())
}

fn nanoseconds(digits: &str) -> u32 {
    let nine: String = digits.chars().chain("000000000".chars()).take(9).collect();
    nine.parse().unwrap_or(0)
}

/// Reads `Thu, 01 Jan 2004 19:48:21 GMT` and its relatives word by word, in any order: a missing or
/// wrong weekday, full names, `01-Jan-04`, a year of two digits, asctime.
fn by_words(written: &str) -> Option<DateTime<Utc>> {
    let (mut day, mut month, mut year) = (None, None, None);
    let (mut clock, mut zone) = (Clock::default(), None);
    let mut timed = false;
    let words = written.split(|c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')'));
    for word in words.filter(|word| !word.is_empty()) {
        if word.contains(':') && word.starts_with(|c: char| c.is_ascii_digit()) && !timed {
            let (time, rest) = clock_of(word)?;
            (clock, timed) = (time, true);
            zone = offset(rest).or(zone);
        } else if timed && matches!(word.to_ascii_lowercase().as_str(), "am" | "pm") {
            let afternoon = word.starts_with(['p', 'P']);
            clock.hour = clock.hour % 12 + if afternoon { 12 } else { 0 };
        } else if timed && zone.is_none() && offset(word).is_some() {
            zone = offset(word);
        } else {
            for part in word.split(['-', '/', '.']).filter(|part| !part.is_empty()) {
                match part
                    .trim_end_matches(|c: char| c.is_ascii_alphabetic())
                    .parse::<i32>()
                {
                    Ok(value)
                        if day.is_none() && (1..=31).contains(&value) && part.len() <= 4 && is_day(part) =>
                    {
                        day = u32::try_from(value).ok();
                    }
                    Ok(value) if year.is_none() => year = Some(full_year(value, part.len())),
                    Ok(_) => {}
                    Err(_) => month = month_of(part).or(month),
                }
            }
        }
    }
    let date = NaiveDate::from_ymd_opt(year?, month?, day?)?;
    moment(date, clock, zone.unwrap_or(0))
}

/// One or two digits, perhaps with `st`, `nd`, `rd`, `th`.
fn is_day(part: &str) -> bool {
    part.bytes().take_while(u8::is_ascii_digit).count() <= 2
}

/// RFC 2822 §4.3: 00 to 49 are of this century, 50 to 999 count from 1900.
fn full_year(value: i32, digits: usize) -> i32 {
    match (digits, value) {
        (..=2, 0..=49) => value + 2000,
        (..=3, 0..=999) => value + 1900,
        _ => value,
    }
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// A month's name or its beginning, at least three letters.
fn month_of(word: &str) -> Option<u32> {
    let word = word.to_ascii_lowercase();
    if word.len() < 3 {
        return None;
    }
    let at = MONTHS.iter().position(|month| month.starts_with(&word))?;
    u32::try_from(at + 1).ok()
}

/// `19:48[:21[.5]]`, and what follows it without a space.
fn clock_of(word: &str) -> Option<(Clock, &str)> {
    let end = word
        .find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.'))
        .unwrap_or(word.len());
    let (time, rest) = word.split_at_checked(end)?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let mut parts = time.split(':').map(|part| part.parse::<u32>().ok());
    let clock = Clock {
        hour: parts.next()??,
        minute: parts.next()??,
        second: parts.next().unwrap_or(Some(0))?,
        nanosecond: nanoseconds(fraction),
    };
    Some((clock, rest))
}

/// Names of zones (RFC 822 §5.1 and others in use), in minutes east of Greenwich. Names that several
/// zones share (IST, AST, BST after 1971 apart) are not here.
#[rustfmt::skip]
const ZONES: &[(&str, i64)] = &[
    ("UT", 0), ("UTC", 0), ("GMT", 0), ("Z", 0), ("WET", 0),
    ("EST", -300), ("EDT", -240), ("CST", -360), ("CDT", -300), ("MST", -420), ("MDT", -360), ("PST", -480),
    ("PDT", -420), ("AKST", -540), ("AKDT", -480), ("HST", -600), ("NST", -210), ("NDT", -150), ("AST", -240),
    ("ADT", -180), ("ET", -300), ("CT", -360), ("MT", -420), ("PT", -480),
    ("BST", 60), ("WEST", 60), ("CET", 60), ("MET", 60), ("MEZ", 60), ("CEST", 120), ("MEST", 120), ("MESZ", 120),
    ("EET", 120), ("SAST", 120), ("EEST", 180), ("MSK", 180), ("MSD", 240), ("HKT", 480), ("SGT", 480),
    ("AWST", 480), ("JST", 540), ("KST", 540), ("ACST", 570), ("AEST", 600), ("AEDT", 660), ("NZST", 720), ("NZDT", 780),
];

/// In seconds east of Greenwich: `+0100`, `+01:00`, `+1`, `GMT+0100`, a name.
fn offset(zone: &str) -> Option<i64> {
    let upper = zone.trim().to_ascii_uppercase();
    if let Some((_, minutes)) = ZONES.iter().find(|(name, _)| *name == upper) {
        return Some(minutes * 60);
    }
    let signed = upper.trim_start_matches("GMT").trim_start_matches("UTC");
    let (sign, digits) = match signed.as_bytes().first()? {
        b'+' => (1, signed.get(1..)?),
        b'-' => (-1, signed.get(1..)?),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() > 2 => digits.split_at_checked(digits.len() - 2)?,
        None => (digits, ""),
    };
    let short = |part: &str| match part.len() {
        0 => Some(0),
        1 | 2 => part.parse::<u8>().ok().map(i64::from),
        _ => None,
    };
    let (hours, minutes) = (short(hours)?, short(minutes)?);
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Other forms that name a day without doubt. `1/2/2004` alone is not among them: it names two.
#[rustfmt::skip]
const PATTERNS: &[&str] = &[
    "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y.%m.%d %H:%M:%S", "%Y.%m.%d %H:%M", "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p", "%Y年%m月%d日 %H:%M:%S",
    "%Y年%m月%d日 %H:%M",
];
const DAY_PATTERNS: &[&str] = &["%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%Y年%m月%d日"];

fn by_pattern(written: &str) -> Option<DateTime<Utc>> {
    let with_time = PATTERNS
        .iter()
        .find_map(|pattern| NaiveDateTime::parse_from_str(written, pattern).ok());
    let midnight = || {
        let date = DAY_PATTERNS
            .iter()
            .find_map(|pattern| NaiveDate::parse_from_str(written, pattern).ok());
        date.map(|date| date.and_time(NaiveTime::MIN))
    };
    let moment = with_time.or_else(midnight)?;
    (0..=9999).contains(&moment.year()).then(|| moment.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dates_are_read_in_every_common_form() {
        for (written, means) in [
            ("Thu, 01 Jan 2004 19:48:21 GMT", "2004-01-01T19:48:21Z"),
            ("01 Jan 2004 19:48:21 GMT", "2004-01-01T19:48:21Z"),
            ("Mon, 01 Jan 2004 19:48:21 GMT", "2004-01-01T19:48:21Z"),
            ("Thu, 1 Jan 04 19:48 EST", "2004-01-02T00:48:00Z"),
            ("Thursday, 01 January 2004 19:48:21 +0200", "2004-01-01T17:48:21Z"),
            ("Thu, 01 Jan 2004 19:48:21 -05:30", "2004-01-02T01:18:21Z"),
            ("Thu, 01 Jan 2004 19:48:21 GMT+0100", "2004-01-01T18:48:21Z"),
            ("Thu,01 Jan 2004 19:48:21GMT", "2004-01-01T19:48:21Z"),
            ("Thu, 01 Jan 1999", "1999-01-01T00:00:00Z"),
            ("01 Jan 70 00:00:01 Z", "1970-01-01T00:00:01Z"),
            ("Sun Jan  4 16:29:06 PST 2004", "2004-01-05T00:29:06Z"),
            ("Sun Jan  4 16:29:06 2004", "2004-01-04T16:29:06Z"),
            ("January 4th, 2004 4:29 PM", "2004-01-04T16:29:00Z"),
            ("12-Sep-2011 08:00:00 CEST", "2011-09-12T06:00:00Z"),
            ("Tue, 31 Dec 2019 24:00:00 UTC", "2020-01-01T00:00:00Z"),
            ("2003-12-31T10:14:55Z", "2003-12-31T10:14:55Z"),
            ("2003-12-31T10:14:55.123-08:00", "2003-12-31T18:14:55.123Z"),
            ("2003-12-31 10:14:55 +0100", "2003-12-31T09:14:55Z"),
            ("2003-12-31T10:14:55+00:0", "2003-12-31T10:14:55Z"),
            ("2003-12-31T10:14:55+1:30", "2003-12-31T08:44:55Z"),
            ("2003-12-31T10:14", "2003-12-31T10:14:00Z"),
            ("2003-12-31t10:14:60z", "2003-12-31T10:14:59Z"),
            ("2003-12-31", "2003-12-31T00:00:00Z"),
            ("20031231", "2003-12-31T00:00:00Z"),
            ("20031231T101455Z", "2003-12-31T10:14:55Z"),
            ("2003-12", "2003-12-01T00:00:00Z"),
            ("2003", "2003-01-01T00:00:00Z"),
            ("2004/02/29 12:30", "2004-02-29T12:30:00Z"),
            ("29.02.2004", "2004-02-29T00:00:00Z"),
            ("2024年04月07日 12:47", "2024-04-07T12:47:00Z"),
            ("4/7/2024 1:05:00 PM", "2024-04-07T13:05:00Z"),
        ] {
            let read = parse(written).map(to_rfc3339);
            assert_eq!(read.as_deref(), Some(means), "{written}");
        }
    }

    #[test]
    fn what_names_no_day_is_no_date() {
        for written in [
            "",
            "soon",
            "19:48",
            "Jan 2004",
            "1/2/2004",
            "2003-13-01",
            "31 Jun 2004",
            "99999999999",
            "0",
        ] {
            assert_eq!(parse(written), None, "{written}");
        }
    }

    #[test]
    fn a_written_date_reads_the_same() {
        let date = parse("2024-04-07T12:47:03Z").unwrap();
        assert_eq!(to_rfc822(date), "Sun, 07 Apr 2024 12:47:03 +0000");
        assert_eq!(parse(&to_rfc822(date)), Some(date));
        assert_eq!(parse(&to_rfc3339(date)), Some(date));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}") {
            let _ = parse(&text);
        }

        #[test]
        fn no_date_like_text_makes_it_panic(text in "[0-9A-Za-z:+. /,-]{0,40}") {
            if let Some(date) = parse(&text) {
                prop_assert!(parse(&to_rfc3339(date)).is_some());
            }
        }

        #[test]
        fn every_moment_survives_both_forms(seconds in 0_i64..4_000_000_000) {
            let date = DateTime::from_timestamp(seconds, 0).unwrap();
            prop_assert_eq!(parse(&to_rfc822(date)), Some(date));
            prop_assert_eq!(parse(&to_rfc3339(date)), Some(date));
        }
    }
}
