//! What is wrong with the settings: all of it at once, each with its line, a caret and a next step.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A text that settings were read from.
#[derive(Debug)]
pub struct Source {
    /// A file's path, or `--set`, or `environment`.
    pub name: String,
    /// What it says.
    pub text: String,
    /// Where its lines begin, once somebody asked: each of thousands of settings has a line.
    lines: OnceLock<Vec<usize>>,
}

impl Source {
    /// A text under the name that its faults are told with.
    #[must_use]
    pub fn new(name: String, text: String) -> Self {
        Self {
            name,
            text,
            lines: OnceLock::new(),
        }
    }

    /// The number of the line that the byte `at` stands on, from 1.
    fn line(&self, at: usize) -> usize {
        let begins = self.lines.get_or_init(|| {
            let after = memchr::memchr_iter(b'\n', self.text.as_bytes()).map(|newline| newline + 1);
            after.collect()
        });
        begins.partition_point(|&begin| begin <= at) + 1
    }
}

/// Where in a [`Source`] something stands.
#[derive(Clone, Debug)]
pub struct Place {
    /// The text.
    pub source: Arc<Source>,
    /// Bytes of it.
    pub span: Range<usize>,
    /// Whether the line holds a secret: then it is never printed.
    pub secret: bool,
}

impl Place {
    /// What stands there.
    pub(super) fn text(&self) -> &str {
        self.source.text.get(self.span.clone()).unwrap_or_default()
    }

    /// Line and column, both from 1, the column in characters.
    #[must_use]
    pub fn line_and_column(&self) -> (usize, usize) {
        let before = self.source.text.get(..self.span.start).unwrap_or_default();
        let line = self.source.line(self.span.start);
        let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
        (line, column)
    }

    /// The line it begins on, in three parts: before, itself (up to the line's end), behind.
    fn line(&self) -> (&str, &str, &str) {
        let text = self.source.text.as_str();
        let start = text
            .get(..self.span.start)
            .and_then(|t| t.rfind('\n'))
            .map_or(0, |i| i + 1);
        let end = text
            .get(self.span.start..)
            .and_then(|t| t.find('\n'))
            .map_or(text.len(), |i| self.span.start + i);
        let stop = self.span.end.min(end);
        let part = |range: Range<usize>| text.get(range).unwrap_or_default();
        (
            part(start..self.span.start),
            part(self.span.start..stop),
            part(stop..end),
        )
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What is wrong, as a sentence without a full stop.
    pub message: String,
    /// What to do instead: `did you mean …?`
    pub help: Option<String>,
    /// Where, if it is about a place.
    pub place: Option<Place>,
}

/// Everything that is wrong. Never empty when it is an error.
#[derive(Clone, Debug, Default)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// Notes one more.
    pub fn add(&mut self, place: Option<Place>, message: impl Into<String>, help: Option<String>) {
        self.0.push(Fault {
            message: message.into(),
            help,
            place,
        });
    }

    /// `Ok` when nothing was noted.
    ///
    /// # Errors
    /// Itself, in the order of the texts.
    pub fn or<T>(mut self, value: T) -> Result<T, Self> {
        if self.0.is_empty() {
            return Ok(value);
        }
        // The parser gives keys in the order of the alphabet, and people read from top to bottom.
        self.0.sort_by(|a, b| a.key().cmp(&b.key()));
        Err(self)
    }
}

impl Fault {
    fn key(&self) -> Option<(&str, usize)> {
        let place = self.place.as_ref()?;
        Some((place.source.name.as_str(), place.span.start))
    }
}

impl std::error::Error for Faults {}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in &self.0 {
            writeln!(f, "{fault}")?;
        }
        match self.0.len() {
            1 => write!(f, "1 fault in the settings"),
            n => write!(f, "{n} faults in the settings"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", self.message)?;
        let Some(place) = &self.place else {
            return self
                .help
                .as_ref()
                .map_or(Ok(()), |help| writeln!(f, "  = help: {help}"));
        };
        let (line, column) = place.line_and_column();
        let gutter = " ".repeat(line.to_string().len());
        writeln!(f, "{gutter}--> {}:{line}:{column}", place.source.name)?;
        if !place.secret {
            let (before, itself, behind) = place.line();
            let pad: String = before.chars().map(blank).collect();
            let carets = "^".repeat(itself.chars().map(width).sum::<usize>().max(1));
            writeln!(f, "{gutter} |")?;
            writeln!(f, "{line} | {before}{itself}{}", behind.trim_end())?;
            writeln!(f, "{gutter} | {pad}{carets}")?;
        }
        match &self.help {
            Some(help) => writeln!(f, "{gutter} = help: {help}"),
            None => Ok(()),
        }
    }
}

/// What stands below `c` so that the caret stays in its column.
fn blank(c: char) -> &'static str {
    match (c, width(c)) {
        ('\t', _) => "\t",
        (_, 2) => "  ",
        _ => " ",
    }
}

/// How many cells of a terminal `c` takes (the wide blocks of UAX #11).
fn width(c: char) -> usize {
    match u32::from(c) {
        0x1100..=0x115F
        | 0x2E80..=0xA4CF
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1FAFF
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

/// `did you mean …?`, when one of `known` is close to `said`.
#[must_use]
pub fn did_you_mean<'a>(said: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    known
        .into_iter()
        .map(|name| (distance(said, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len().min(said.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| format!("did you mean `{name}`?"))
}

/// Letters to insert, drop, replace or swap with their neighbour (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous = None;
    for (row, letter) in a.chars().enumerate() {
        let mut now = vec![row + 1];
        for (column, other) in b.iter().enumerate() {
            let at = |line: &[usize], column: usize| line.get(column).copied().unwrap_or(usize::MAX / 2);
            let mut least = (at(&last, column + 1) + 1)
                .min(at(&now, column) + 1)
                .min(at(&last, column) + usize::from(letter != *other));
            let swapped = column > 0 && previous == Some(*other) && b.get(column - 1) == Some(&letter);
            if swapped {
                least = least.min(at(&before_last, column - 1) + 1);
            }
            now.push(least);
        }
        before_last = std::mem::replace(&mut last, now);
        previous = Some(letter);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str, span: Range<usize>, secret: bool) -> String {
        let source = Arc::new(Source::new("limpid.toml".into(), text.into()));
        Fault {
            message: "unknown setting `x`".into(),
            help: Some("did you mean `y`?".into()),
            place: Some(Place { source, span, secret }),
        }
        .to_string()
    }

    #[test]
    fn a_fault_shows_its_line_with_a_caret_below() {
        let shown = fault("a = 1\n  x = 22\n", 8..9, false);
        assert_eq!(
            shown,
            "error: unknown setting `x`\n --> limpid.toml:2:3\n  |\n2 |   x = 22\n  |   ^\n  = help: did you mean `y`?\n"
        );
    }

    #[test]
    fn carets_stay_below_wide_characters() {
        let shown = fault("t = \"德国\" x", 13..14, false);
        assert!(shown.contains("\n  |            ^\n"), "{shown}");
        assert!(shown.contains("limpid.toml:1:10"), "{shown}");
    }

    #[test]
    fn a_line_with_a_secret_is_not_printed() {
        assert!(!fault("x = \"hush\"", 4..10, true).contains("hush"));
    }

    #[test]
    fn a_span_that_is_out_of_range_does_no_harm() {
        assert!(fault("x", 90..99, false).contains("limpid.toml:1:1"));
    }

    #[test]
    fn only_a_close_name_is_suggested() {
        assert_eq!(
            did_you_mean("sever", ["server", "store"]).as_deref(),
            Some("did you mean `server`?")
        );
        assert_eq!(did_you_mean("zzz", ["server", "store"]), None);
    }
}
