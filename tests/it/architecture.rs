//! The house keeps its shape: imports run downhill, the transform is pure, files stay small.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// Lines of code in one file, comments and tests aside.
const MAX_LINES: usize = 450;
/// Files that may be longer, each with its reason.
const LONGER: [(&str, &str); 1] = [(
    "transform::clean::images::unwrap",
    "the table of wrappers, and a few lines for each way that an origin stands in one",
)];

/// One source file.
struct Source {
    /// `transform::clean::links`
    module: Vec<String>,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("src").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("source");
                let module = module_of(path.strip_prefix(&root).expect("inside"));
                sources.push(Source { module, text });
            }
        }
    }
    sources
}

fn module_of(path: &Path) -> Vec<String> {
    let path: PathBuf = path.with_extension("");
    let mut names: Vec<_> = path
        .iter()
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    if names
        .last()
        .is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str()))
    {
        names.pop();
    }
    names
}

/// A source without its tests and comments.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The children of each module, in the order of its `mod` lines.
fn orders(sources: &[Source]) -> BTreeMap<Vec<String>, Vec<String>> {
    let line = Regex::new(r"(?m)^(?:pub(?:\([a-z]+\))? )?mod (\w+);").expect("regex");
    let children = |text: &str| {
        line.captures_iter(text)
            .map(|found| found[1].to_owned())
            .collect()
    };
    sources
        .iter()
        .filter(|source| source.module.last().is_none_or(|name| name != "tests"))
        .map(|source| (source.module.clone(), children(&source.text)))
        .filter(|(_, children): &(_, Vec<String>)| !children.is_empty())
        .collect()
}

/// Every path that begins with `crate::`, as segments; groups in braces are opened one level.
fn imports(code: &str) -> Vec<Vec<String>> {
    let path = Regex::new(r"crate::((?:\w+::)*)(\{[^;]*?\};|\w+)").expect("regex");
    let mut all = Vec::new();
    for found in path.captures_iter(code) {
        let base: Vec<String> = found[1]
            .split("::")
            .filter(|s| !s.is_empty())
            .map(Into::into)
            .collect();
        let ends: Vec<&str> = match found[2].strip_prefix('{') {
            Some(group) => group.trim_end_matches("};").split(',').map(str::trim).collect(),
            None => vec![&found[2]],
        };
        for end in ends {
            let first = end
                .split("::")
                .next()
                .unwrap_or_default()
                .trim_matches(['{', '}', ' ']);
            let mut path = base.clone();
            path.push(first.to_owned());
            all.push(path);
        }
    }
    all
}

#[test]
fn imports_run_downhill() {
    let sources = sources();
    let orders = orders(&sources);
    let mut uphill = Vec::new();
    for source in sources
        .iter()
        .filter(|source| source.module.last().is_none_or(|name| name != "tests"))
    {
        for import in imports(&code(&source.text)) {
            // Where the two paths part, the importer must stand above the imported.
            let shared = source
                .module
                .iter()
                .zip(&import)
                .take_while(|(a, b)| a == b)
                .count();
            let Some(order) = orders.get(&import[..shared]) else {
                continue;
            };
            let place = |path: &[String]| {
                let name = path.get(shared)?;
                order.iter().position(|child| child == name)
            };
            if let (Some(from), Some(to)) = (place(&source.module), place(&import))
                && from > to
            {
                uphill.push(format!(
                    "{} imports {}",
                    source.module.join("::"),
                    import.join("::")
                ));
            }
        }
    }
    assert!(uphill.is_empty(), "uphill:\n{}", uphill.join("\n"));
}

#[test]
fn the_transform_is_pure_and_the_rooms_keep_apart() {
    let forbidden = [
        (
            "transform",
            r"\b(tokio|hyper|hyper_util|moka|SystemTime|Instant)\b|std::(fs|net|env)\b",
        ),
        ("cache", r"crate::(fetch|images|refresh|endpoint|app|serve)\b"),
        ("fetch", r"crate::(transform|cache|images)\b"),
        ("store", r"crate::(transform|cache|images|fetch|message)\b"),
    ];
    for (room, words) in forbidden {
        let words = Regex::new(words).expect("regex");
        let mut found = 0;
        for source in sources()
            .iter()
            .filter(|source| source.module.first().is_some_and(|r| r == room))
        {
            found += 1;
            if source.module.last().is_some_and(|name| name == "tests") {
                continue;
            }
            let code = code(&source.text);
            let hit = words.find(&code).map(|hit| hit.as_str().to_owned());
            assert_eq!(hit, None, "{} must not know this", source.module.join("::"));
        }
        assert!(found > 0, "there is a room {room}");
    }
}

#[test]
fn no_file_is_long() {
    let mut long = Vec::new();
    for source in sources() {
        let name = source.module.join("::");
        let lines = code(&source.text).lines().count();
        let excused = LONGER.iter().any(|(module, _)| *module == name) || name.ends_with("tests");
        if lines > MAX_LINES && !excused {
            long.push(format!("{name}: {lines} lines"));
        }
    }
    assert!(
        long.is_empty(),
        "over {MAX_LINES} lines of code:\n{}",
        long.join("\n")
    );
}
