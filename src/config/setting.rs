//! What a setting is: what is said about it, and how its value is put into its place.

use super::choices::{Choices, Clean, Refresh};
use super::input::{Input, Read};

/// What is said about a setting.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Its key within its section.
    pub key: &'static str,
    /// Its default, as TOML.
    pub default: &'static str,
    /// What it is for: one or two plain sentences.
    pub doc: &'static str,
    /// Never shown; may be given in a file named by `…_FILE`.
    pub secret: bool,
}

/// One setting of a `T`.
pub struct Setting<T> {
    pub about: About,
    /// Reads the value into its place.
    pub set: fn(&mut T, &Input<'_>) -> Read<()>,
}

/// The settings of a section, by what they are settings of.
pub enum Rows {
    General(&'static [Setting<Choices>]),
    Refresh(&'static [Setting<Refresh>]),
    Clean(&'static [Setting<Clean>]),
}

/// A `[section]`.
pub struct Section {
    pub name: &'static str,
    pub doc: &'static str,
    pub rows: Rows,
}

impl Section {
    /// Its settings, in order.
    pub fn abouts(&self) -> Vec<About> {
        match self.rows {
            Rows::General(rows) => rows.iter().map(|row| row.about).collect(),
            Rows::Refresh(rows) => rows.iter().map(|row| row.about).collect(),
            Rows::Clean(rows) => rows.iter().map(|row| row.about).collect(),
        }
    }

    /// Reads one value into its place; `None` when there is no such key.
    pub fn set(&self, choices: &mut Choices, key: &str, input: &Input<'_>) -> Option<Set> {
        match self.rows {
            Rows::General(rows) => set(rows, choices, key, input),
            Rows::Refresh(rows) => set(rows, &mut choices.refresh, key, input),
            Rows::Clean(rows) => set(rows, &mut choices.clean, key, input),
        }
    }
}

/// A setting whose value was put into its place, or not.
pub type Set = (&'static About, Read<()>);

/// Reads one value into its place in `target`; `None` when there is no such key.
pub fn set<T>(rows: &'static [Setting<T>], target: &mut T, key: &str, input: &Input<'_>) -> Option<Set> {
    let row = rows.iter().find(|row| row.about.key == key)?;
    Some((&row.about, (row.set)(target, input)))
}

/// The keys of `rows`.
pub fn keys<T>(rows: &[Setting<T>]) -> Vec<&'static str> {
    rows.iter().map(|row| row.about.key).collect()
}

/// The variable that says `section.key`.
pub fn variable(section: &str, key: &str) -> String {
    format!("LIMPID_{section}_{key}").to_uppercase()
}

/// Rows of a table of settings: `key = default, doc, |place, input| what is done;`.
macro_rules! rows {
    (@) => { false };
    (@ secret) => { true };
    ($($key:literal = $default:literal, $($secret:ident,)? $doc:literal, |$target:ident, $input:ident| $place:expr;)*) => {
        &[$(Setting {
            about: About { key: $key, default: $default, doc: $doc, secret: rows!(@ $($secret)?) },
            set: |$target, $input| { $place; Ok(()) },
        }),*]
    };
}

/// A row whose value is never shown.
macro_rules! secret {
    ($key:literal = $default:literal, $doc:literal, |$target:ident, $input:ident| $place:expr) => {
        Setting {
            about: About {
                key: $key,
                default: $default,
                doc: $doc,
                secret: true,
            },
            set: |$target, $input| {
                $place;
                Ok(())
            },
        }
    };
}

pub(super) use {rows, secret};
