//! Where settings are said, from the weakest to the strongest: the file, `feeds.d/*.toml`, secrets in
//! files, the environment, the command line. Each becomes a TOML table with its text.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Faults, Place, Source, did_you_mean};
use super::places::{self, Environment};
use super::schema::SECTIONS;
use super::setting::variable;
use crate::local::why;

/// The largest settings file, in bytes.
const MAX_FILE: u64 = 4 << 20;

/// What kind of place a layer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// The settings file.
    File,
    /// A file of `feeds.d`: feeds only.
    FeedFile,
    /// A variable, or the file it names.
    Environment,
    /// `--set`.
    Flag,
}

/// A text in which settings are said.
#[derive(Debug)]
pub struct Text {
    from: From,
    source: Arc<Source>,
    /// What relative paths in it are meant from.
    base: PathBuf,
    /// A variable's section and key.
    names: Option<(&'static str, &'static str)>,
    /// `KEY=0`, for a flag whose value is no TOML: the key alone.
    key_only: String,
}

/// One place where settings are said.
#[derive(Debug)]
pub struct Layer<'t> {
    pub from: From,
    pub source: Arc<Source>,
    pub table: DeTable<'t>,
    /// The one value as typed, where it was typed without regard to TOML.
    pub raw: Option<&'t str>,
    /// What relative paths in it are meant from.
    pub base: &'t Path,
    /// Lines with broken syntax: what else is wrong there follows from it and is not told.
    broken: BTreeSet<usize>,
}

impl Layer<'_> {
    /// A place in this layer.
    pub fn at(&self, span: Range<usize>) -> Place {
        Place {
            source: self.source.clone(),
            span,
            secret: false,
        }
    }

    /// Whether the line of `place` could not be read as TOML.
    pub fn is_broken_at(&self, place: &Place) -> bool {
        self.broken.contains(&place.line_and_column().0)
    }

    /// `value` as TOML, if it was typed without regard to that; else it stands in the text.
    pub fn typed(&self, value: &Spanned<DeValue<'_>>) -> Option<String> {
        match (value.get_ref(), &self.raw) {
            (DeValue::String(text), Some(_)) => Some(toml::Value::from(text.as_ref()).to_string()),
            _ => None,
        }
    }
}

/// All texts, the weakest first.
pub fn texts(
    place: &places::Place,
    environment: &Environment,
    flags: &[String],
    faults: &mut Faults,
) -> Vec<Text> {
    let mut texts = Vec::new();
    if let Some(path) = &place.file {
        texts.extend(file(path, From::File, &place.folder, faults));
    }
    for path in feed_files(&place.folder.join("feeds.d"), faults) {
        texts.extend(file(&path, From::FeedFile, &place.folder, faults));
    }
    texts.extend(variables(environment, faults));
    texts.extend(flags.iter().map(|text| Text {
        from: From::Flag,
        source: Arc::new(Source::new("--set".to_owned(), text.clone())),
        base: environment.folder.clone(),
        names: None,
        key_only: format!("{}=0", text.split('=').next().unwrap_or_default()),
    }));
    texts
}

impl Text {
    /// Reads it as TOML. What is wrong is noted; a file is read on behind it.
    pub fn parse(&self, faults: &mut Faults) -> Option<Layer<'_>> {
        let mut layer = Layer {
            from: self.from,
            source: self.source.clone(),
            table: DeTable::new(),
            raw: None,
            base: &self.base,
            broken: BTreeSet::new(),
        };
        match self.names {
            Some(names) => {
                let (table, raw) = variable_table(names, &self.source.text);
                layer.table = table;
                layer.raw = Some(raw);
            }
            None if self.from == From::Flag => {
                layer.raw = self.source.text.split_once('=').map(|(_, value)| value.trim());
                let Some(table) = self.flag_table() else {
                    let message = "--set needs KEY=VALUE, such as fetch.timeout=30s";
                    faults.add(Some(layer.at(0..self.source.text.len())), message, None);
                    return None;
                };
                layer.table = table;
            }
            None => {
                let (table, errors) = DeTable::parse_recoverable(&self.source.text);
                layer.table = table.into_inner();
                for error in errors {
                    let place = layer.at(error.span().unwrap_or_default());
                    // One broken line gives one fault, however often the parser stumbles on it.
                    if layer.broken.insert(place.line_and_column().0) {
                        faults.add(Some(place), error.message(), None);
                    }
                }
            }
        }
        Some(layer)
    }

    /// `KEY=VALUE`: TOML if it is, else VALUE is a text.
    fn flag_table(&self) -> Option<DeTable<'_>> {
        let text = self.source.text.as_str();
        let (key, value) = text.split_once('=')?;
        if let Ok(table) = DeTable::parse(text) {
            return Some(table.into_inner());
        }
        let mut table = DeTable::parse(&self.key_only).ok()?.into_inner();
        let value = DeValue::String(value.trim().into());
        replace_leaf(&mut table, &Spanned::new(key.len() + 1..text.len(), value));
        Some(table)
    }
}

/// The files of `feeds.d` in the order of their names; none if there is no such folder.
fn feed_files(folder: &Path, faults: &mut Faults) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = match std::fs::read_dir(folder) {
        Ok(entries) => entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|e| e == "toml"))
            .collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            faults.add(
                None,
                format!("{} cannot be read: {}", folder.display(), why(&error)),
                None,
            );
            Vec::new()
        }
    };
    files.sort();
    files
}

fn read(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path).map_err(|error| why(&error))?.len();
    if size > MAX_FILE {
        return Err(format!("it is larger than {MAX_FILE} bytes"));
    }
    let bytes = std::fs::read(path).map_err(|error| why(&error))?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}

fn file(path: &Path, from: From, base: &Path, faults: &mut Faults) -> Option<Text> {
    let text = read(path)
        .map_err(|why| faults.add(None, format!("{} cannot be read: {why}", path.display()), None))
        .ok()?;
    Some(Text {
        from,
        source: Arc::new(Source::new(path.display().to_string(), text)),
        base: base.to_owned(),
        names: None,
        key_only: String::new(),
    })
}

/// One text for each variable that names a setting. A secret may stand in a file named by `…_FILE`.
fn variables(environment: &Environment, faults: &mut Faults) -> Vec<Text> {
    let mut texts = Vec::new();
    let mut known = BTreeSet::from(["LIMPID_CONFIG".to_owned()]);
    for section in &SECTIONS {
        for about in section.abouts() {
            let name = variable(section.name, about.key);
            let file_name = format!("{name}_FILE");
            // Set to nothing is not set: `${VAR:-}` in a compose file.
            let value = environment.get(&name);
            if about.secret {
                match (value, environment.get(&file_name)) {
                    (Some(_), Some(_)) => faults.add(
                        None,
                        format!("both {name} and {file_name} are set: which one is meant?"),
                        None,
                    ),
                    (None, Some(path)) => match read(&environment.folder.join(path)) {
                        Ok(text) => texts.push(variable_text(
                            (section.name, about.key),
                            &file_name,
                            text.trim(),
                            environment,
                        )),
                        Err(why) => {
                            faults.add(None, format!("{file_name}: {path} cannot be read: {why}"), None);
                        }
                    },
                    _ => {}
                }
                known.insert(file_name);
            }
            if let Some(value) = value {
                texts.push(variable_text(
                    (section.name, about.key),
                    &name,
                    value,
                    environment,
                ));
            }
            known.insert(name);
        }
    }
    strangers(environment, &known, faults);
    texts
}

/// Variables that look like settings and are none. Kubernetes sets some of its own for a service
/// called `limpid` (`LIMPID_SERVICE_HOST`, `LIMPID_PORT_80_TCP`): those are not ours.
fn strangers(environment: &Environment, known: &BTreeSet<String>, faults: &mut Faults) {
    for name in environment.variables.keys() {
        let Some(rest) = name.strip_prefix("LIMPID_") else {
            continue;
        };
        let kubernetes = rest == "PORT"
            || ["SERVICE_HOST", "SERVICE_PORT", "PORT_"]
                .iter()
                .any(|mark| rest.contains(mark))
            || rest.ends_with("_PORT");
        if known.contains(name) || kubernetes {
            continue;
        }
        faults.add(
            None,
            format!("the environment variable {name} names no setting"),
            did_you_mean(name, known.iter().map(String::as_str)),
        );
    }
}

fn variable_text(
    names: (&'static str, &'static str),
    name: &str,
    value: &str,
    environment: &Environment,
) -> Text {
    Text {
        from: From::Environment,
        source: Arc::new(Source::new(
            format!("environment {name}"),
            format!("{name}={value}"),
        )),
        base: environment.folder.clone(),
        names: Some(names),
        key_only: String::new(),
    }
}

/// `NAME=value` as the setting it names, and the value as it is.
fn variable_table<'t>((section, key): (&'t str, &'t str), text: &'t str) -> (DeTable<'t>, &'t str) {
    let (name, raw) = text.split_once('=').unwrap_or((text, ""));
    let span = name.len() + 1..text.len();
    let value = match DeTable::parse(text).map(Spanned::into_inner) {
        // A value with a line break could say more than it should.
        Ok(mut table) if table.len() == 1 => table.remove(name),
        _ => None,
    };
    let value = value.unwrap_or_else(|| Spanned::new(span, DeValue::String(raw.into())));
    let mut inner = DeTable::new();
    inner.insert(Spanned::new(0..name.len(), key.into()), value);
    let mut table = DeTable::new();
    table.insert(
        Spanned::new(0..name.len(), section.into()),
        Spanned::new(0..text.len(), DeValue::Table(inner)),
    );
    (table, raw)
}

fn replace_leaf<'t>(table: &mut DeTable<'t>, leaf: &Spanned<DeValue<'t>>) {
    for (_, value) in table.iter_mut() {
        match value.get_mut() {
            DeValue::Table(inner) => replace_leaf(inner, leaf),
            _ => *value = leaf.clone(),
        }
    }
}
