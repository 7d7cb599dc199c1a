//! Reads every layer into [`Choices`] and feeds, the strongest last, and notes all that is wrong on the way.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::choices::{Choices, Feed};
use super::fault::{Faults, Place, did_you_mean};
use super::input::Input;
use super::layers::{From, Layer};
use super::schema::{self, CLEAN, FEED, REFRESH, SECTIONS, Set, Setting, USER_AGENT};

/// What was said about one setting, for `config show` and for faults that come out later.
#[derive(Clone, Debug)]
pub struct Said {
    /// The value as TOML, where it was typed as something else.
    typed: Option<String>,
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
}

/// What all layers say together.
#[derive(Debug, Default)]
pub struct Applied {
    pub choices: Choices,
    pub feeds: BTreeMap<String, Feed>,
    /// By `section.key` and `feeds.NAME.key`.
    pub said: BTreeMap<String, Said>,
    /// Where each feed was first named.
    pub named: BTreeMap<String, Place>,
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
                        self.note(layer, section.name, known, (key, value), set);
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
            self.name_feed(layer, key);
            let mut feed = self
                .feeds
                .remove(name)
                .unwrap_or_else(|| Feed::like(&self.choices));
            self.feed(layer, name, table, &mut feed);
            self.feeds.insert(name.to_owned(), feed);
        }
    }

    /// Notes where a feed is named: in one file only, else the one would silently change the other.
    fn name_feed(&mut self, layer: &Layer<'_>, key: Key<'_>) {
        let name = key.get_ref().as_ref();
        match self.named.get(name) {
            Some(first) if layer.from == From::FeedFile => {
                let message = format!("the feed `{name}` is already there, in {}", first.source.name);
                self.fault(layer, layer.at(key.span()), message, None);
            }
            Some(_) => {}
            None => {
                self.named.insert(name.to_owned(), layer.at(key.span()));
            }
        }
    }

    fn feed(&mut self, layer: &Layer<'_>, name: &str, table: &DeTable<'_>, feed: &mut Feed) {
        let prefix = format!("feeds.{name}");
        for (key, value) in table {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("clean", DeValue::Table(table)) => {
                    let section = format!("{prefix}.clean");
                    self.part(layer, &section, (CLEAN, &mut feed.clean), table);
                }
                ("refresh", DeValue::Table(table)) => {
                    let section = format!("{prefix}.refresh");
                    self.part(layer, &section, (REFRESH, &mut feed.refresh), table);
                }
                (part @ ("clean" | "refresh"), _) => {
                    self.not_a_table(layer, &format!("{prefix}.{part}"), value);
                }
                (word, _) => {
                    let set = schema::set(FEED, feed, word, &input(layer, value));
                    self.note(layer, &prefix, || schema::keys(FEED), (key, value), set);
                }
            }
        }
    }

    /// `clean` or `refresh` of one feed.
    fn part<T>(
        &mut self,
        layer: &Layer<'_>,
        section: &str,
        (rows, target): (&[Setting<T>], &mut T),
        table: &DeTable<'_>,
    ) {
        for (key, value) in table {
            let set = schema::set(rows, target, key.get_ref(), &input(layer, value));
            self.note(layer, section, || schema::keys(rows), (key, value), set);
        }
    }

    /// Notes what came of reading one setting: what was said, or what is wrong with it.
    fn note(
        &mut self,
        layer: &Layer<'_>,
        section: &str,
        known: impl FnOnce() -> Vec<&'static str>,
        (key, value): (Key<'_>, Value<'_>),
        set: Option<Set>,
    ) {
        let word = key.get_ref().as_ref();
        let full = format!("{section}.{word}");
        let Some(Set { secret, read }) = set else {
            let help = did_you_mean(word, known()).or_else(|| home_of(word));
            return self.fault(
                layer,
                layer.at(key.span()),
                format!("unknown setting `{full}`"),
                help,
            );
        };
        let place = |span| Place {
            secret,
            ..layer.at(span)
        };
        if let Err(problems) = read {
            for problem in problems {
                let message = format!("{full}: {}", problem.message);
                self.fault(layer, place(problem.span), message, problem.help);
            }
        }
        let said = Said {
            typed: layer.typed(value),
            place: place(value.span()),
            from: layer.from,
        };
        self.said.insert(full, said);
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
