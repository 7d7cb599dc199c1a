//! `limpid check`: every fault in the settings at once.

use clap::Args;
use serde_json::{Value, json};

use super::failure::Failure;
use super::{Context, output};
use crate::config::Fault;

/// Report every fault in the settings, each with file, line, column and a caret
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  limpid check --config limpid.toml")]
pub(super) struct Check {}

impl Check {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let Self {} = self;
        match context.settings() {
            Ok(settings) => {
                let feeds = settings.feeds.len();
                if let Some(warning) = settings.warning() {
                    output::note(&format!("limpid: {warning}"));
                }
                if context.json() {
                    return output::json(&json!({ "file": settings.file, "feeds": feeds, "faults": [] }));
                }
                let place = match &settings.file {
                    Some(file) => file.display().to_string(),
                    None => "no settings file (the built-in demo is served)".to_owned(),
                };
                let feeds = if feeds == 1 {
                    "1 feed".to_owned()
                } else {
                    format!("{feeds} feeds")
                };
                output::line(&format!("{place}: no faults, {feeds}"))
            }
            Err(Failure::Settings(faults)) if context.json() => {
                let faults: Vec<Value> = faults.0.iter().map(fault).collect();
                output::json(&json!({ "faults": faults }))?;
                Err(Failure::Told)
            }
            Err(failure) => Err(failure),
        }
    }
}

fn fault(fault: &Fault) -> Value {
    let place = fault.place.as_ref();
    let (line, column) = place.map(crate::config::fault::Place::line_and_column).unzip();
    json!({
        "message": fault.message,
        "help": fault.help,
        "file": place.map(|place| &place.source.name),
        "line": line,
        "column": column,
    })
}
