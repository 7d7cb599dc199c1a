//! `limpid completions` and `limpid man`: both from the command line's own definition.

use std::io::{self, Write as _};

use clap::{Args, Command};
use clap_complete::Shell;

use super::failure::Failure;
use super::output;

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  limpid completions bash > ~/.local/share/bash-completion/completions/limpid"
)]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self, mut command: Command) -> Result<(), Failure> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut command, "limpid", &mut text);
        output::result(&text)
    }
}

/// Print the man page
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  limpid man > ~/.local/share/man/man1/limpid.1")]
pub(super) struct Man {}

impl Man {
    pub(super) fn run(&self, mut command: Command) -> Result<(), Failure> {
        let Self {} = self;
        // Only then every command knows its whole name and the options of all.
        command.build();
        let mut text = Vec::new();
        let page = clap_mangen::Man::new(command.clone());
        page.render(&mut text)?;
        below(&command, &mut text)?;
        output::result(&text)
    }
}

/// All that stands below `command`, each with its options and examples, in one page.
fn below(command: &Command, text: &mut Vec<u8>) -> io::Result<()> {
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let name = sub.get_bin_name().unwrap_or_default().to_uppercase();
        writeln!(text, ".SH \"{name}\"")?;
        let page = clap_mangen::Man::new(sub.clone());
        let mut part = Vec::new();
        page.render_synopsis_section(&mut part)?;
        page.render_description_section(&mut part)?;
        if sub.get_subcommands().next().is_none() {
            page.render_options_section(&mut part)?;
            page.render_extra_section(&mut part)?;
        }
        // Sections of a page of their own are parts of one here.
        text.extend(
            String::from_utf8_lossy(&part)
                .replace(".SH ", ".SS ")
                .into_bytes(),
        );
        below(sub, text)?;
    }
    Ok(())
}
