//! What was said, and where: for `config show`, and for faults that come out later.

use std::borrow::Cow;

use super::fault::Place;
use super::layers::From;

/// What was said about one setting.
#[derive(Clone, Debug)]
pub struct Said {
    /// The value as TOML, where it was typed as something else.
    pub typed: Option<String>,
    /// Where.
    pub place: Place,
    /// What kind of place that is.
    pub from: From,
}

impl Said {
    /// The value as TOML, as written.
    #[must_use]
    pub fn value(&self) -> String {
        let written = || self.place.text().to_owned();
        self.typed.clone().unwrap_or_else(written)
    }

    /// `FILE:LINE`, `environment NAME`, `--set`.
    #[must_use]
    pub fn origin(&self) -> String {
        match self.from {
            From::File | From::FeedFile => {
                format!("{}:{}", self.place.source.name, self.place.line_and_column().0)
            }
            From::Environment | From::Flag => self.place.source.name.clone(),
        }
    }
}

/// What was said of one feed.
#[derive(Clone, Debug, Default)]
pub struct SaidOf {
    /// Where it was first named.
    pub named: Option<Place>,
    /// By `key`, `clean.key` and `refresh.key`; few enough to look through.
    all: Vec<(Cow<'static, str>, Said)>,
}

impl SaidOf {
    /// Notes what was said last about the setting `key`.
    pub fn note(&mut self, key: Cow<'static, str>, said: Said) {
        match self.all.iter_mut().find(|(known, _)| *known == key) {
            Some((_, before)) => *before = said,
            None => self.all.push((key, said)),
        }
    }

    /// What was said about the setting `key`.
    #[must_use]
    pub fn about(&self, key: &str) -> Option<&Said> {
        let said = self.all.iter().find(|(known, _)| known == key);
        said.map(|(_, said)| said)
    }

    /// All of it.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Said)> {
        self.all.iter().map(|(key, said)| (key.as_ref(), said))
    }
}
