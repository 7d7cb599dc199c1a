//! How commands fail: one sentence and an exit code.

use std::io;
use std::process::ExitCode;

use super::output;
use crate::config::{Faults, keys};
use crate::{explain, fetch, transform};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// It could not be done: 1.
    #[error("{0}")]
    Failed(String),
    /// It cannot be asked for like that: 2.
    #[error("{0}")]
    Usage(String),
    /// An origin gave nothing: 69 (EX_UNAVAILABLE of sysexits.h).
    #[error(transparent)]
    Unavailable(#[from] fetch::Error),
    /// The same, with what to do next: 69.
    #[error("{0}")]
    Advised(String),
    /// It is told already how it failed: this code.
    #[error("")]
    Shown(u8),
    /// What came is no feed: 1.
    #[error(transparent)]
    Transform(#[from] transform::Error),
    /// The signing keys: 1.
    #[error(transparent)]
    Keys(#[from] keys::Error),
    /// The settings: 78 (EX_CONFIG).
    #[error(transparent)]
    Settings(#[from] Faults),
    /// The faults are told already: 78.
    #[error("")]
    Told,
    /// Nobody reads our results.
    #[error("the result could not be written: {}", crate::local::why(.0))]
    Output(#[from] io::Error),
}

impl Failure {
    /// Tells it on stderr; the exit code.
    pub(super) fn report(&self) -> ExitCode {
        let code = match self {
            // `limpid clean … | head` is no failure.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
            Self::Failed(_) | Self::Transform(_) | Self::Keys(_) | Self::Output(_) => 1,
            Self::Usage(_) => 2,
            Self::Unavailable(_) | Self::Advised(_) => 69,
            Self::Shown(code) => *code,
            Self::Settings(_) | Self::Told => 78,
        };
        match self {
            Self::Told | Self::Shown(_) => {}
            Self::Settings(faults) => output::note(&faults.to_string()),
            Self::Unavailable(error) => {
                output::note(&format!("limpid: {error}. {}", explain::after_fetch(error)));
            }
            // What to do about a web page is not clear from its name.
            Self::Transform(error @ transform::Error::WebPage) => {
                output::note(&format!("limpid: {error}. {}", explain::after_transform(error)));
            }
            other => output::note(&format!("limpid: {other}")),
        }
        ExitCode::from(code)
    }
}
