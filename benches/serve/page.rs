//! Tables, for the terminal and for `docs/performance.md`.

use std::fmt::{self, Display};
use std::path::Path;

/// One table with a sentence above it.
pub(crate) struct Table {
    pub(crate) about: String,
    pub(crate) head: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(about: impl Into<String>, head: &[&'static str]) -> Self {
        Self {
            about: about.into(),
            head: head.to_vec(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = impl ToString>) {
        self.rows
            .push(cells.into_iter().map(|cell| cell.to_string()).collect());
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.about)?;
        let rule = vec!["---"; self.head.len()];
        writeln!(f, "| {} |\n| {} |", self.head.join(" | "), rule.join(" | "))?;
        for row in &self.rows {
            writeln!(f, "| {} |", row.join(" | "))?;
        }
        Ok(())
    }
}

/// Replaces what stands between the marks of `part`, or adds it at the end.
pub(crate) fn write(part: &str, tables: &[Table]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/performance.md");
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    let (begin, end) = (format!("<!-- {part} -->\n"), format!("<!-- /{part} -->\n"));
    let tables: Vec<String> = tables.iter().map(ToString::to_string).collect();
    let new = format!("{begin}{}{end}", tables.join("\n"));
    let old = page
        .find(&begin)
        .and_then(|from| Some((from, page.find(&end)? + end.len())));
    let page = match old {
        Some((from, until)) => [&page[..from], &new, &page[until..]].concat(),
        None => format!("{page}\n{new}"),
    };
    std::fs::write(&path, page).expect("docs/performance.md is written");
}
