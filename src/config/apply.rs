//! Reads every layer into [`Choices`] and feeds, the strongest last, and notes all that is wrong on the way.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::choices::{Choices, Feed};
use super::fault::{Faults, Place, did_you_mean};
use super::input::Input;
use super::layers::{From, Layer};
use super::said::{Said, SaidOf};
use super::schema::{CLEAN, FEED, REFRESH, SECTIONS, USER_AGENT};
use super::setting::{self, Set, Setting};

/// What all layers say together.
#[derive(Debug, Default)]
pub struct Applied {
    pub choices: Choices,
    pub feeds: BTreeMap<String, Feed>,
    /// By `section.key`.
    pub said: BTreeMap<String, Said>,
    pub faults: Faults,
}

/// Reads all layers.
pub fn apply(layers: &[Layer<'_>], faults: Faults) -> Applied {
    let mut applied = Applied {
        faults,
        ..Applied::default()
    };
    USER_AGENT.clone_into(&mut applied.choices.fetch.user_agent);
    for layer in layers {
        applied.general(layer);
    }
    // A feed begins as [clean] and [refresh] say, so those come first, whatever the order of the texts.
    for layer in layers {
        applied.feeds(layer);
    }
    applied
}

type Key<'a> = &'a Spanned<DeString<'a>>;
type Value<'a> = &'a Spanned<DeValue<'a>>;

impl Applied {
    fn fault(&mut self, layer: &Layer<'_>, place: Place, message: String, help: Option<String>) {
        if !layer.is_broken_at(&place) {
            self.faults.add(Some(place), message, help);
        }
    }

    /// Sections and their settings.
    fn general(&mut self, layer: &Layer<'_>) {
        for (key, value) in &layer.table {
            let name = key.get_ref().as_ref();
            let section = SECTIONS.iter().find(|section| section.name == name);
            match (section, value.get_ref()) {
                _ if name == "feeds" => {}
                _ if layer.from == From::FeedFile => {
                    let message = format!("only [feeds.NAME] belongs in this file, not `{name}`");
                    self.fault(layer, layer.at(key.span()), message, None);
                }
                (Some(section), DeValue::Table(table)) => {
                    for (key, value) in table {
                        let input = input(layer, value);
                        let set = section.set(&mut self.choices, key.get_ref(), &input);
                        let known = || section.abouts().iter().map(|about| about.key).collect();
                        if let Some((word, said)) = self.said(layer, section.name, known, (key, value), set) {
                            self.said.insert(format!("{}.{word}", section.name), said);
                        }
                    }
                }
                (Some(_), _) => self.not_a_table(layer, name, value),
                (None, _) => {
                    let help = home_of(name)
                        .or_else(|| did_you_mean(name, SECTIONS.iter().map(|s| s.name).chain(["feeds"])));
                    self.fault(
                        layer,
                        layer.at(key.span()),
                        format!("unknown setting `{name}`"),
                        help,
                    );
                }
            }
        }
    }

    /// `[feeds.NAME]`, with `clean` and `refresh` below.
    fn feeds(&mut self, layer: &Layer<'_>) {
        let Some(feeds) = layer.table.get("feeds") else {
            return;
        };
        let DeValue::Table(feeds) = feeds.get_ref() else {
            return self.not_a_table(layer, "feeds", feeds);
        };
        for (key, value) in feeds {
            let name = key.get_ref().as_ref();
            if !is_name(name) {
                let message = format!(
                    "`{name}` is no name for a feed: only a to z, 0 to 9 and - may stand in it, and - not first"
                );
                self.fault(layer, layer.at(key.span()), message, None);
                continue;
            }
            let DeValue::Table(table) = value.get_ref() else {
                self.not_a_table(layer, &format!("feeds.{name}"), value);
                continue;
            };
            let before = self.feeds.remove(name);
            let mut feed = before.unwrap_or_else(|| Feed::like(&self.choices));
            self.name_feed(layer, key, &mut feed);
            self.feed(layer, name, table, &mut feed);
            self.feeds.insert(name.to_owned(), feed);
        }
    }

    /// Notes where a feed is named: in one file only, else the one would silently change the other.
    fn name_feed(&mut self, layer: &Layer<'_>, key: Key<'_>, feed: &mut Feed) {
        let here = layer.at(key.span());
        match &feed.said.named {
            Some(first) if layer.from == From::FeedFile => {
                let (name, first) = (key.get_ref(), &first.source.name);
                let message = format!("the feed `{name}` is already there, in {first}");
                self.fault(layer, here, message, None);
            }
            Some(_) => {}
            None => feed.said.named = Some(here),
        }
    }

    fn feed(&mut self, layer: &Layer<'_>, name: &str, table: &DeTable<'_>, feed: &mut Feed) {
        let prefix = format!("feeds.{name}");
        let Feed { said, .. } = feed;
        let mut said = std::mem::take(said);
        for (key, value) in table {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("clean", DeValue::Table(table)) => {
                    let (part, rows) = ((prefix.as_str(), "clean"), (CLEAN, &mut feed.clean));
                    self.part(layer, part, rows, table, &mut said);
                }
                ("refresh", DeValue::Table(table)) => {
                    let (part, rows) = ((prefix.as_str(), "refresh"), (REFRESH, &mut feed.refresh));
                    self.part(layer, part, rows, table, &mut said);
                }
                (part @ ("clean" | "refresh"), _) => {
                    self.not_a_table(layer, &format!("{prefix}.{part}"), value);
                }
                (word, _) => {
                    let set = setting::set(FEED, feed, word, &input(layer, value));
                    let known = || setting::keys(FEED);
                    if let Some((word, what)) = self.said(layer, &prefix, known, (key, value), set) {
                        said.note(word.into(), what);
                    }
                }
            }
        }
        feed.said = said;
    }

    /// `clean` or `refresh` of one feed.
    fn part<T>(
        &mut self,
        layer: &Layer<'_>,
        (prefix, part): (&str, &str),
        (rows, target): (&'static [Setting<T>], &mut T),
        table: &DeTable<'_>,
        said: &mut SaidOf,
    ) {
        let section = format!("{prefix}.{part}");
        for (key, value) in table {
            let set = setting::set(rows, target, key.get_ref(), &input(layer, value));
            let known = || setting::keys(rows);
            if let Some((word, what)) = self.said(layer, &section, known, (key, value), set) {
                said.note(format!("{part}.{word}").into(), what);
            }
        }
    }

    /// What was said about one setting, right or wrong; `None`: there is no such setting. What is wrong is noted.
    fn said(
        &mut self,
        layer: &Layer<'_>,
        section: &str,
        known: impl FnOnce() -> Vec<&'static str>,
        (key, value): (Key<'_>, Value<'_>),
        set: Option<Set>,
    ) -> Option<(&'static str, Said)> {
        let word = key.get_ref().as_ref();
        let Some((about, read)) = set else {
            let help = did_you_mean(word, known()).or_else(|| home_of(word));
            let message = format!("unknown setting `{section}.{word}`");
            self.fault(layer, layer.at(key.span()), message, help);
            return None;
        };
        let place = |span| Place {
            secret: about.secret,
            ..layer.at(span)
        };
        for problem in read.err().unwrap_or_default() {
            let message = format!("{section}.{word}: {}", problem.message);
            self.fault(layer, place(problem.span), message, problem.help);
        }
        let said = Said {
            typed: layer.typed(value),
            place: place(value.span()),
            from: layer.from,
        };
        Some((about.key, said))
    }

    fn not_a_table(&mut self, layer: &Layer<'_>, name: &str, value: Value<'_>) {
        let message = format!("`{name}` is a section: write [{name}] and its settings below");
        self.fault(layer, layer.at(value.span()), message, None);
    }
}

fn input<'a>(layer: &'a Layer<'a>, value: Value<'a>) -> Input<'a> {
    Input {
        value,
        raw: layer.raw,
        base: layer.base,
    }
}

/// Where a key that stands in the wrong place belongs.
fn home_of(key: &str) -> Option<String> {
    SECTIONS
        .iter()
        .find(|section| section.abouts().iter().any(|about| about.key == key))
        .map(|section| format!("`{key}` belongs under [{}]", section.name))
}

/// `[a-z0-9][a-z0-9-]*`
#[must_use]
pub fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('-')
        && name.len() <= 100
        && name
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}
