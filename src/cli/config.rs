//! `limpid config`: an annotated template, or the settings in force.

use std::fmt::Write as _;

use clap::{Args, Subcommand};

use super::failure::Failure;
use super::{Context, output};
use crate::config::template::{reference, template};

/// Print settings
#[derive(Debug, Args)]
pub(super) struct Config {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// An annotated settings file with every default
    #[command(after_help = "Example:\n  limpid config template > limpid.toml")]
    Template,
    /// All settings as a page of Markdown
    #[command(after_help = "Example:\n  limpid config reference > docs/settings.md")]
    Reference,
    /// The settings in force and where each came from; secrets are hidden
    #[command(after_help = "Example:\n  limpid config show --set clean.images=direct")]
    Show,
}

impl Config {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        match self.what {
            What::Template => output::result(template().as_bytes()),
            What::Reference => output::result(reference().as_bytes()),
            What::Show => show(context),
        }
    }
}

fn show(context: &Context) -> Result<(), Failure> {
    let shown = context.settings()?.shown();
    if context.json() {
        return output::json(&shown);
    }
    let width = shown
        .iter()
        .map(|shown| shown.key.len() + shown.value.chars().count() + 3)
        .filter(|&width| width <= 60)
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for shown in &shown {
        let said = format!("{} = {}", shown.key, shown.value);
        let _ = writeln!(text, "{said:width$}  # {}", shown.from);
    }
    output::result(text.as_bytes())
}
