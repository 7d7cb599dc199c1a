//! One value as someone said it, read as what a setting needs.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use regex::Regex;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use url::Url;

use super::fault::did_you_mean;
use super::units;

/// Why a value does not fit. Becomes a fault once it is known which text it stands in.
#[derive(Debug)]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// Where, in the value's text.
    pub span: Range<usize>,
    /// What to do instead.
    pub help: Option<String>,
}

/// A value, or everything that is wrong with it.
pub type Read<T> = Result<T, Vec<Problem>>;

/// One value as someone said it.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The TOML value.
    pub value: &'a Spanned<DeValue<'a>>,
    /// The characters as typed, on the command line and in the environment, where `title=2024` means a text.
    pub raw: Option<&'a str>,
    /// The folder that relative paths in it are meant from.
    pub base: &'a Path,
}

impl<'a> Input<'a> {
    /// A problem with the whole value.
    pub fn problem<T>(&self, message: impl Into<String>) -> Read<T> {
        Err(vec![self.note(message.into())])
    }

    fn note(&self, message: String) -> Problem {
        Problem {
            message,
            span: self.value.span(),
            help: None,
        }
    }

    fn item<'b>(&'b self, value: &'b Spanned<DeValue<'b>>) -> Input<'b> {
        Input {
            value,
            raw: None,
            base: self.base,
        }
    }

    fn parsed<T>(&self, parse: impl FnOnce(&str) -> Result<T, String>) -> Read<T> {
        parse(self.text()?).or_else(|message| self.problem(message))
    }

    /// A text.
    pub fn text(&self) -> Read<&'a str> {
        match (self.value.get_ref(), self.raw) {
            (DeValue::String(text), _) => Ok(text),
            (_, Some(raw)) => Ok(raw),
            (DeValue::Integer(_), None) => self.problem("a text in quotes is needed here, not a bare number"),
            _ => self.problem("a text in quotes is needed here"),
        }
    }

    /// `true` or `false`.
    pub fn flag(&self) -> Read<bool> {
        match self.value.get_ref() {
            DeValue::Boolean(flag) => Ok(*flag),
            _ => self.problem("`true` or `false` is needed here"),
        }
    }

    /// A whole number from `least` on.
    pub fn count(&self, least: u64) -> Read<u64> {
        let number = match self.value.get_ref() {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        match number {
            Some(number) if number >= least => Ok(number),
            _ => self.problem(format!("a whole number is needed here, {least} or more")),
        }
    }

    /// The same, for what is counted in memory.
    pub fn number(&self, least: usize) -> Read<usize> {
        let number = self.count(u64::try_from(least).unwrap_or(u64::MAX))?;
        usize::try_from(number).or_else(|_| self.problem("this number is too large"))
    }

    /// A time with its unit.
    pub fn duration(&self) -> Read<Duration> {
        self.parsed(units::duration)
    }

    /// A time with its unit, longer than nothing.
    pub fn timeout(&self) -> Read<Duration> {
        match self.duration()? {
            Duration::ZERO => self.problem("this time must be longer than nothing"),
            time => Ok(time),
        }
    }

    /// A size with its unit, in bytes.
    pub fn size(&self) -> Read<u64> {
        self.parsed(units::size)
    }

    /// A size with its unit, for what is held in memory.
    pub fn bytes(&self) -> Read<usize> {
        let size = self.size()?;
        usize::try_from(size).or_else(|_| self.problem("this size is too large"))
    }

    /// One of the words of `choices`.
    pub fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Read<T> {
        let said = self.text()?;
        if let Some((_, value)) = choices.iter().find(|(word, _)| *word == said) {
            return Ok(*value);
        }
        let words: Vec<String> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        Err(vec![Problem {
            help: did_you_mean(said, choices.iter().map(|(word, _)| *word)),
            ..self.note(format!("`{said}` is none of {}", words.join(", ")))
        }])
    }

    /// An http(s) address, without a user name in it.
    pub fn url(&self) -> Read<Url> {
        self.parsed(web_address)
    }

    /// A list, or one text of it, or (in the environment) several with commas between.
    pub fn list<T>(&self, mut item: impl FnMut(&str) -> Result<T, String>) -> Read<Vec<T>> {
        match (self.value.get_ref(), self.raw) {
            (DeValue::Array(items), _) => self.each(items.iter(), |input| input.parsed(&mut item)),
            (DeValue::String(text), Some(_)) => text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(|part| item(part).map_err(|message| vec![self.note(message)]))
                .collect(),
            (DeValue::String(_), None) => Ok(vec![self.parsed(item)?]),
            _ => self.problem("a list of texts is needed here, such as [\"…\", \"…\"]"),
        }
    }

    /// A list of tables, each read by `item`.
    pub fn tables<T>(
        &self,
        known: &[&str],
        mut item: impl FnMut(&DeTable<'_>, &Input<'_>) -> Read<T>,
    ) -> Read<Vec<T>> {
        let DeValue::Array(items) = self.value.get_ref() else {
            return self.problem(format!(
                "a list of tables is needed here, such as [{{ {} = … }}]",
                known[0]
            ));
        };
        self.each(items.iter(), |input| {
            let DeValue::Table(table) = input.value.get_ref() else {
                return input.problem(format!("a table is needed here, such as {{ {} = … }}", known[0]));
            };
            let strangers: Vec<Problem> = table
                .keys()
                .filter(|key| !known.contains(&key.get_ref().as_ref()))
                .map(|key| Problem {
                    message: format!("unknown key `{}`", key.get_ref()),
                    span: key.span(),
                    help: did_you_mean(key.get_ref(), known.iter().copied()),
                })
                .collect();
            if strangers.is_empty() {
                item(table, &input)
            } else {
                Err(strangers)
            }
        })
    }

    /// Reads each item; all problems together.
    fn each<'b, T>(
        &'b self,
        items: impl Iterator<Item = &'b Spanned<DeValue<'b>>>,
        mut read: impl FnMut(Input<'b>) -> Read<T>,
    ) -> Read<Vec<T>> {
        let mut values = Vec::new();
        let mut problems = Vec::new();
        for item in items {
            match read(self.item(item)) {
                Ok(value) => values.push(value),
                Err(more) => problems.extend(more),
            }
        }
        if problems.is_empty() {
            Ok(values)
        } else {
            Err(problems)
        }
    }

    /// The value at `key` of a table in this value, if it is there.
    pub fn at<'b>(&'b self, table: &'b DeTable<'b>, key: &str) -> Option<Input<'b>> {
        table.get(key).map(|value| self.item(value))
    }

    /// The text at `key` of a table in this value, if it is there.
    pub fn member(&self, table: &DeTable<'_>, key: &str) -> Read<Option<String>> {
        table
            .get(key)
            .map(|value| self.item(value).text().map(str::to_owned))
            .transpose()
    }

    /// The regular expression at `key` of a table in this value, if it is there.
    pub fn pattern(&self, table: &DeTable<'_>, key: &str) -> Read<Option<Regex>> {
        table
            .get(key)
            .map(|value| self.item(value).parsed(regex))
            .transpose()
    }
}

/// An http(s) address without a user name.
pub fn web_address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| match Url::parse(&format!("https://{text}")) {
        Ok(meant) if text.contains('.') => format!("`{text}` is no address; did you mean {meant} ?"),
        _ => format!("`{text}` is no address, such as \"https://blog.example/feed\""),
    })?;
    match url.scheme() {
        "http" | "https" if url.username().is_empty() && url.password().is_none() => Ok(url),
        "http" | "https" => Err("an address with a user name or password in it is not fetched".to_owned()),
        other => Err(format!("`{other}:` is not fetched, only http and https")),
    }
}

fn regex(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| {
        // The message draws the pattern over several lines; its last line says what is wrong.
        let message = error.to_string();
        let reason = message.lines().last().unwrap_or_default();
        format!(
            "`{text}` is no regular expression: {}",
            reason.trim().trim_start_matches("error: ")
        )
    })
}
