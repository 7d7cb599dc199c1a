//! Two pieces of markup, word by word. Pure.

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Words compared; what comes after them is not shown.
const MAX_WORDS: usize = 4_000;

/// A stretch of one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) text: String,
    /// It is not on the other side.
    pub(super) is_changed: bool,
}

/// Both sides of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Diff {
    pub(super) before: Vec<Part>,
    pub(super) after: Vec<Part>,
    /// More was there than is shown.
    pub(super) is_cut: bool,
}

/// Compares.
pub(super) fn diff(before: &str, after: &str) -> Diff {
    let (old, old_cut) = words(before);
    let (new, new_cut) = words(after);
    let mut diff = Diff {
        is_cut: old_cut || new_cut,
        ..Diff::default()
    };
    let (mut old_changed, mut new_changed) = (vec![true; old.len()], vec![true; new.len()]);
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        if let DiffOp::Equal { .. } = op {
            old_changed
                .get_mut(op.old_range())
                .unwrap_or_default()
                .fill(false);
            new_changed
                .get_mut(op.new_range())
                .unwrap_or_default()
                .fill(false);
        }
    }
    diff.before = parts(&old, joined(&old, slid(&old, old_changed)));
    diff.after = parts(&new, joined(&new, slid(&new, new_changed)));
    diff
}

/// Where a change may stand at two places, it begins with a tag, not with the end of the one before it.
fn slid(words: &[&str], mut changed: Vec<bool>) -> Vec<bool> {
    let mut start = None;
    for at in 0..words.len() {
        let is_changed = changed.get(at) == Some(&true);
        match (start, is_changed) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                if words.get(from) == Some(&">") && words.get(at) == Some(&">") {
                    changed.swap(from, at);
                }
                start = None;
            }
            _ => {}
        }
    }
    changed
}

/// The end of a tag, or a space, that stays between two words that go is of no interest by itself.
fn joined(words: &[&str], mut changed: Vec<bool>) -> Vec<bool> {
    for at in 1..words.len() {
        let between = [at - 1, at + 1].map(|at| changed.get(at) == Some(&true)) == [true, true];
        let little = words
            .get(at)
            .is_some_and(|word| *word == ">" || word.trim().is_empty());
        if let Some(changed) = changed.get_mut(at).filter(|_| between && little) {
            *changed = true;
        }
    }
    changed
}

fn parts(words: &[&str], changed: Vec<bool>) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for (word, is_changed) in words.iter().zip(changed) {
        let broken = begins_block(word) && !parts.is_empty();
        let text = format!("{}{word}", if broken { "\n" } else { "" });
        match parts.last_mut() {
            Some(last) if last.is_changed == is_changed => last.text.push_str(&text),
            _ => parts.push(Part { text, is_changed }),
        }
    }
    parts
}

/// Markup reads better when a block begins on its own line.
fn begins_block(word: &str) -> bool {
    const BLOCKS: [&str; 22] = [
        "p",
        "div",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "table",
        "tr",
        "figure",
        "figcaption",
        "img",
        "iframe",
        "blockquote",
        "script",
        "style",
        "form",
        "noscript",
    ];
    word.strip_prefix('<').is_some_and(|rest| {
        let name = rest.split(['>', '/']).next().unwrap_or_default();
        BLOCKS.iter().any(|block| name.eq_ignore_ascii_case(block))
    })
}

/// Words, spaces, tag names, attributes and Chinese or Japanese characters, each for itself.
fn words(text: &str) -> (Vec<&str>, bool) {
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() && words.len() < MAX_WORDS {
        let (word, left) = rest.split_at(length(rest));
        words.push(word);
        rest = left;
    }
    (words, !rest.is_empty())
}

/// Bytes of the first word.
fn length(text: &str) -> usize {
    let mut chars = text.char_indices();
    let Some((_, first)) = chars.next() else { return 0 };
    if first.is_whitespace() {
        return text.find(|c: char| !c.is_whitespace()).unwrap_or(text.len());
    }
    if first == '>' || is_dense(first) {
        return first.len_utf8();
    }
    chars
        .find(|(_, c)| c.is_whitespace() || matches!(c, '<' | '>') || is_dense(*c))
        .map_or(text.len(), |(at, _)| at)
}

/// Scripts that put no spaces between words.
fn is_dense(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(side: &[Part]) -> Vec<&str> {
        let parts = side.iter().filter(|part| part.is_changed);
        parts.map(|part| part.text.trim()).collect()
    }

    fn whole(side: &[Part]) -> String {
        side.iter().map(|part| part.text.replace('\n', "")).collect()
    }

    #[test]
    fn only_what_differs_is_marked() {
        let before = "<p style=\"x\">河水变清 <b>now</b></p><script>alert(1)</script>";
        let after = "<p>河水变清 <b>now</b></p>";
        let diff = diff(before, after);
        assert_eq!(
            changed(&diff.before),
            ["style=\"x\"", "<script>alert(1)</script>"]
        );
        assert!(changed(&diff.after).is_empty());
        assert_eq!(whole(&diff.before), before);
        assert_eq!(whole(&diff.after), after);
        assert!(!diff.is_cut);
    }

    #[test]
    fn what_is_long_is_cut_and_says_so() {
        let long = "word ".repeat(MAX_WORDS);
        assert!(diff(&long, "").is_cut);
    }
}
