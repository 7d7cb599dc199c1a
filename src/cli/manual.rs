//! `limpid completions` and `limpid man`: both from the command line's own definition.

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
    pub(super) fn run(&self, command: Command) -> Result<(), Failure> {
        let Self {} = self;
        let mut text = Vec::new();
        clap_mangen::Man::new(command).render(&mut text)?;
        output::result(&text)
    }
}
