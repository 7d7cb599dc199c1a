//! What a transform changed, told in plain words or as JSON.

use serde_json::{Value, json};

use crate::transform::report::Report;

/// For people: a count of each thing, then each thing.
pub(super) fn text(report: &Report) -> String {
    let mut lines = vec![format!("charset: {}", report.charset)];
    for (what, count) in &report.counts {
        lines.push(format!("{count} × {what}"));
    }
    for repair in &report.repairs {
        lines.push(format!(
            "repaired, line {}, column {}: {}",
            repair.line, repair.column, repair.what
        ));
    }
    for change in &report.changes {
        let place = match change.entry {
            Some(entry) => format!("entry {}", entry + 1),
            None => "feed".to_owned(),
        };
        lines.push(format!(
            "{place}, {}: {}",
            change.reason.name(),
            printable(&change.what)
        ));
    }
    lines.join("\n")
}

/// For programs.
pub(super) fn json(report: &Report) -> Value {
    json!({
        "charset": report.charset,
        "counts": report.counts,
        "repairs": report.repairs.iter().map(|repair| json!({
            "line": repair.line,
            "column": repair.column,
            "what": repair.what,
        })).collect::<Vec<_>>(),
        "changes": report.changes.iter().map(|change| json!({
            "entry": change.entry,
            "reason": change.reason.name(),
            "what": change.what,
        })).collect::<Vec<_>>(),
    })
}

/// An origin's words on a terminal: without what moves its cursor.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
