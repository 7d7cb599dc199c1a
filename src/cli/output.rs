//! Results to stdout, all else to stderr; neither panics when nobody reads.

use std::io::{self, Write as _};

use serde::Serialize;

use super::failure::Failure;

/// Writes a result.
pub(super) fn result(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()?;
    Ok(())
}

/// Writes a line of a result.
pub(super) fn line(text: &str) -> Result<(), Failure> {
    result(format!("{text}\n").as_bytes())
}

/// Writes a result as JSON.
pub(super) fn json(value: &impl Serialize) -> Result<(), Failure> {
    line(&to_json(value))
}

/// Tells people something. There is nobody to tell if that fails.
pub(super) fn note(text: &str) {
    let _nobody = writeln!(io::stderr().lock(), "{text}");
}

/// Tells programs something, on stderr.
pub(super) fn json_note(value: &impl Serialize) {
    note(&to_json(value));
}

fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_| "null".to_owned())
}
