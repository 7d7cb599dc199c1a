//! The annotated settings file, from the tables.

use std::fmt::Write as _;

use super::schema::{FEED, SECTIONS};
use super::setting::{About, variable};

/// Columns of a comment.
const WIDTH: usize = 110;

/// All settings at their defaults, each with what it is for; an example of a feed at the end.
#[must_use]
pub fn template() -> String {
    let mut out = String::new();
    comment(
        &mut out,
        "#",
        "Settings of Limpid. Everything here is the default: change what you need, drop the rest. Stronger than this \
         file are environment variables (LIMPID_SERVER_LISTEN for server.listen; a secret also from a file, \
         LIMPID_SIGN_KEYS_FILE) and, strongest, --set server.listen=… on the command line. Times and sizes carry \
         their unit. Files in feeds.d/ beside this one hold more [feeds.NAME].",
    );
    for section in &SECTIONS {
        out.push('\n');
        comment(&mut out, "#", section.doc);
        let _ = writeln!(out, "[{}]", section.name);
        for about in section.abouts() {
            comment(&mut out, "#", about.doc);
            let _ = writeln!(out, "{} = {}", about.key, about.default);
        }
    }
    out.push('\n');
    comment(
        &mut out,
        "#",
        "A feed, served at /feeds/NAME (a to z, 0 to 9 and -). [feeds.NAME.clean] and [feeds.NAME.refresh] treat it \
         unlike the others.",
    );
    out.push_str("# [feeds.blog]\n");
    for row in FEED {
        comment(&mut out, "# #", row.about.doc);
        let _ = writeln!(out, "# {} = {}", row.about.key, row.about.default);
    }
    out
}

/// All settings as a page of Markdown.
#[must_use]
pub fn reference() -> String {
    let mut out = String::from(
        "# Settings\n\nWritten by `limpid config reference`. Strongest first: `--set section.key=value`, the variable, a \
         secret's `…_FILE`, the file, the default. Times and sizes carry their unit.\n",
    );
    let row = |out: &mut String, about: &About, variable: &str| {
        let doc = about.doc.replace('|', "\\|");
        let default = about.default.replace('|', "\\|");
        let _ = writeln!(out, "| `{}` | `{default}` | {doc}{variable} |", about.key);
    };
    for section in &SECTIONS {
        let _ = writeln!(
            out,
            "\n## [{}]\n\n{}\n\n| key | default | |\n| --- | --- | --- |",
            section.name, section.doc
        );
        for about in section.abouts() {
            let name = variable(section.name, about.key);
            let file = if about.secret {
                format!(", `{name}_FILE`")
            } else {
                String::new()
            };
            row(&mut out, &about, &format!(" `{name}`{file}"));
        }
    }
    out.push_str(
        "\n## [feeds.NAME]\n\nA feed, served at `/feeds/NAME`.\n\n| key | default | |\n| --- | --- | --- |\n",
    );
    for setting in FEED {
        row(&mut out, &setting.about, "");
    }
    out
}

/// Writes `text` in lines that begin with `mark`.
fn comment(out: &mut String, mark: &str, text: &str) {
    let mut column = 0;
    for word in text.split(' ') {
        let width = word.chars().count() + 1;
        if column == 0 || column + width > WIDTH {
            if column > 0 {
                out.push('\n');
            }
            out.push_str(mark);
            column = mark.len();
        }
        out.push(' ');
        out.push_str(word);
        column += width;
    }
    out.push('\n');
}
