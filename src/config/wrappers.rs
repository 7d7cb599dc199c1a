//! `images.unwrap`: the owner's own wrappers of pictures, read and judged.

use toml::de::DeTable;

use super::input::{Input, Read};
use crate::transform::clean::images::unwrap::{Holds, Rule, Rules, unknown_group};

const KEYS: [&str; 7] = ["hosts", "path", "parameter", "after", "as", "match", "replace"];

/// A word of `as`, and what it says of an address.
type Grammar = (&'static str, fn() -> Holds);

/// The words of `as`.
const GRAMMARS: [Grammar; 4] = [
    ("weserv", || Holds::Weserv),
    ("path", || Holds::Path),
    ("base64", || Holds::Base64),
    ("fragment", || Holds::Fragment),
];

/// Reads the list of rules.
pub(super) fn rules(input: &Input<'_>) -> Read<Rules> {
    input.tables(&KEYS, rule).map(Rules::from)
}

fn rule(table: &DeTable<'_>, input: &Input<'_>) -> Read<Rule> {
    let Some(hosts) = input.at(table, "hosts") else {
        return input.problem("a rule needs `hosts`, such as [\"img.example\", \"*.cdn.example\"]");
    };
    let names = hosts.list(host)?;
    if names.is_empty() {
        return hosts.problem("a rule needs at least one host");
    }
    let path = match input.at(table, "path") {
        Some(path) if !path.text()?.starts_with(['/', '*']) => {
            return path.problem("a path begins with `/` or `*`, such as \"/thumb/*\"");
        }
        Some(path) => path.text()?.to_owned(),
        None => "*".to_owned(),
    };
    Ok(Rule {
        hosts: names,
        path,
        holds: holds(table, input)?,
    })
}

/// A host, where `*` is any run of characters.
fn host(text: &str) -> Result<String, String> {
    let text = text.trim().trim_end_matches('.').to_ascii_lowercase();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'*');
    if text.is_empty() || !text.bytes().all(fits) {
        return Err(format!(
            "`{text}` is no host, such as \"img.example\" or \"*.cdn.example\" (an international name as xn--…)"
        ));
    }
    Ok(text)
}

/// The one thing that tells where the origin stands.
fn holds(table: &DeTable<'_>, input: &Input<'_>) -> Read<Holds> {
    let told = ["parameter", "after", "as", "match"].map(|key| input.at(table, key));
    let replace = input.at(table, "replace");
    match (told, replace) {
        ([Some(name), None, None, None], None) => Ok(Holds::Parameter(filled(&name)?)),
        ([None, Some(mark), None, None], None) => Ok(Holds::After(filled(&mark)?)),
        ([None, None, Some(word), None], None) => Ok(word.choice(&GRAMMARS)?()),
        ([None, None, None, Some(_)], Some(replace)) => {
            let Some(pattern) = input.pattern(table, "match")? else {
                return input.problem("a rule needs both `match` and `replace`");
            };
            let text = replace.text()?;
            if let Some(group) = unknown_group(&pattern, text) {
                return replace.problem(format!(
                    "`match` has no group `{group}`; a number with letters behind it is written ${{1}}"
                ));
            }
            Ok(Holds::Pattern(pattern, text.to_owned()))
        }
        ([.., Some(_)], None) | ([None, None, None, None], Some(_)) => {
            input.problem("a rule needs both `match` and `replace`")
        }
        _ => input.problem(
            "a rule needs one of `parameter`, `after`, `as`, or `match` with `replace`, to tell where the address stands",
        ),
    }
}

fn filled(input: &Input<'_>) -> Read<String> {
    match input.text()? {
        "" => input.problem("this must not be empty"),
        text => Ok(text.to_owned()),
    }
}
