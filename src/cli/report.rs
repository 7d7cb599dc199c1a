//! What a transform changed, told in plain words or as JSON.

use serde_json::{Value, json};

use crate::explain::reasons::why;
use crate::transform::report::{Reason, Report};

/// For people: how often each thing was done and why, then each thing.
pub(super) fn text(report: &Report) -> String {
    let mut lines = vec![format!("charset: {}", report.charset)];
    for reason in Reason::ALL {
        let (count, why) = (report.count(reason), why(reason));
        if count > 0 {
            lines.push(format!("{count} × {}: {}", why.short, why.sentence));
        }
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
            why(change.reason).short,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_what_was_done_and_why() {
        let mut report = Report {
            charset: "UTF-8, the default".to_owned(),
            ..Report::default()
        };
        report.repaired(3, 7, "bare & escaped");
        report.changed(Some(0), Reason::Pixel, "https://t.example/p.gif?\u{1b}[2J");
        report.changed(None, Reason::Identity, "atom:link");
        assert_eq!(
            text(&report),
            "charset: UTF-8, the default\n\
             1 × tracking pixels: An invisible picture only tells its sender that somebody reads.\n\
             1 × ways past us: It would lead readers past Limpid to the uncleaned feed.\n\
             repaired, line 3, column 7: bare & escaped\n\
             entry 1, tracking pixels: https://t.example/p.gif? [2J\n\
             feed, ways past us: atom:link"
        );
    }
}
