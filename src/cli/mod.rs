//! One file per command; each calls the same ★ functions as the server.

mod serve;
mod clean;
mod explain;
mod explain_image;
mod check;
mod config;
mod feed;
mod opml;
mod sign;
mod key;
mod purge;
mod health;
mod doctor;
mod manual;
mod feed_file;
mod network;
mod keyring;
mod report;
mod failure;
mod output;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use crate::clock::Clock;
use crate::config::{Environment, Settings};
use failure::Failure;

/// Republish RSS, Atom and JSON feeds: clean, private and complete, for any feed reader.
#[derive(Debug, Parser)]
#[command(
    name = "limpid",
    version,
    after_help = "Examples:\n  limpid serve                          the built-in demo, if there are no settings yet\n  limpid config template > limpid.toml  all settings with their defaults\n  limpid clean feed.xml > clean.xml     the same cleaning without a server\n\nExit codes: 0 done, 1 failed, 2 wrong usage, 69 origin unavailable, 78 wrong settings."
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
struct Global {
    /// The settings file [default: ./limpid.toml, then ~/.config/limpid/limpid.toml, then /etc/limpid/limpid.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Any setting, stronger than file and environment: --set fetch.timeout=30s
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// How results are written
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORM")]
    output: Form,
}

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the proxy
    Serve(serve::Serve),
    /// Clean one feed without a server
    Clean(clean::Clean),
    /// Fetch once and tell each step
    Explain(explain::Explain),
    /// Report every fault in the settings
    Check(check::Check),
    /// Print settings: an annotated template, or those in force
    Config(config::Config),
    /// Add, list or remove configured feeds
    Feed(feed::Feed),
    /// Subscribe to the feeds of an OPML list, or write one
    Opml(opml::Opml),
    /// Print the signed address at which this instance serves a feed or picture
    Sign(sign::Sign),
    /// List, rotate or prune signing keys
    Key(key::Key),
    /// Take pictures away, to be fetched anew
    Purge(purge::Purge),
    /// Check the deployment as a reader meets it
    Doctor(doctor::Doctor),
    /// Ask the running server whether it is ready
    Health(health::Health),
    /// Print completions for a shell
    Completions(manual::Completions),
    /// Print the man page
    Man(manual::Man),
}

/// What a command works with.
struct Context {
    global: Global,
    environment: Environment,
    clock: Clock,
}

impl Context {
    /// The settings in force.
    fn settings(&self) -> Result<Settings, Failure> {
        let file = self.global.config.as_deref();
        Ok(crate::config::load(file, &self.global.set, &self.environment)?)
    }

    fn json(&self) -> bool {
        self.global.output == Form::Json
    }
}

/// Runs the command that `arguments` (the program's own name first) ask for.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(gathered(arguments)) {
        Ok(cli) => cli,
        // Help and version are such errors, too, with code 0. A closed pipe is no reason to complain.
        Err(error) => {
            let _closed = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let context = Context {
        global: cli.global,
        environment: Environment::of_process(),
        clock: Clock::system(),
    };
    match dispatch(&cli.command, &context) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn dispatch(command: &Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::Serve(serve) => serve.run(context),
        Command::Clean(clean) => clean.run(context),
        Command::Explain(explain) => explain.run(context),
        Command::Check(check) => check.run(context),
        Command::Config(config) => config.run(context),
        Command::Feed(feed) => feed.run(context),
        Command::Opml(opml) => opml.run(context),
        Command::Sign(sign) => sign.run(context),
        Command::Key(key) => key.run(context),
        Command::Purge(purge) => purge.run(context),
        Command::Doctor(doctor) => doctor.run(context),
        Command::Health(health) => health.run(context),
        Command::Completions(completions) => completions.run(Cli::command()),
        Command::Man(man) => man.run(Cli::command()),
    }
}

/// All `--set KEY=VALUE` behind everything else, in their order: clap keeps a repeated global option
/// only where it stands last, and would drop `--set` in front of a command for one behind it.
fn gathered(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments = arguments.into_iter();
    let (mut others, mut sets) = (Vec::new(), Vec::new());
    while let Some(argument) = arguments.next() {
        if argument == "--" {
            others.append(&mut sets);
            others.push(argument);
            others.extend(arguments);
            return others;
        }
        let text = argument.to_string_lossy();
        if text == "--set" {
            sets.push(argument);
            sets.extend(arguments.next());
        } else if text.starts_with("--set=") {
            sets.push(argument);
        } else {
            others.push(argument);
        }
    }
    others.append(&mut sets);
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn settings_count_wherever_they_stand() {
        let parse = |line: &str| Cli::try_parse_from(gathered(line.split(' ').map(OsString::from))).unwrap();
        let cli = parse("limpid --set a=1 config --set=b=2 show --set c=3");
        assert_eq!(cli.global.set, ["a=1", "b=2", "c=3"]);
        let cli = parse("limpid --set a=1 clean -- --set");
        assert_eq!(cli.global.set, ["a=1"]);
        assert!(Cli::try_parse_from(gathered(["limpid", "serve", "--set"].map(OsString::from))).is_err());
    }
}
