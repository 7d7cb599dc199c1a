//! JSON that is nearly JSON: cut off, with commas too many or too few, comments, characters that had
//! to be escaped, halves of surrogate pairs. What is whole before a cut is kept.

use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::faults::Faults;
use crate::transform::report::Report;

/// `text` as JSON (RFC 8259). What needs no repair is borrowed.
pub(super) fn json<'t>(text: &'t str, report: &mut Report) -> Cow<'t, str> {
    let text = text.trim_start_matches('\u{FEFF}').trim();
    // Halves of surrogate pairs are found by looking at them alone.
    let may_halve = memchr::memmem::find(text.as_bytes(), b"\\ud").is_some()
        || memchr::memmem::find(text.as_bytes(), b"\\uD").is_some();
    if !may_halve && serde_json::from_str::<IgnoredAny>(text).is_ok() {
        return Cow::Borrowed(text);
    }
    let mut walk = Walk {
        source: text,
        at: 0,
        out: String::with_capacity(text.len()),
        open: Vec::new(),
        faults: Faults::default(),
    };
    walk.run();
    walk.faults.tell(text, report);
    Cow::Owned(walk.out)
}

/// An open object or array.
struct Level {
    close: char,
    /// How long the output was after its last whole member.
    whole: usize,
    is_empty: bool,
    pending: Pending,
}

/// What of a member of an object is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pending {
    Nothing,
    Key,
    Colon,
}

struct Walk<'s> {
    source: &'s str,
    at: usize,
    out: String,
    open: Vec<Level>,
    faults: Faults,
}

impl<'s> Walk<'s> {
    fn run(&mut self) {
        while let Some(c) = self.peek() {
            match c {
                '{' => self.enter('}'),
                '[' => self.enter(']'),
                '}' | ']' => self.leave(c),
                ':' => self.colon(),
                // Commas are written where they belong.
                ',' => self.at += 1,
                '"' => self.string(),
                '/' => self.comment(),
                c if c.is_whitespace() => self.at += c.len_utf8(),
                _ => self.word(),
            }
            if self.open.is_empty() && !self.out.is_empty() {
                self.note_if(!self.rest().trim().is_empty(), "text after the document dropped");
                return;
            }
        }
        self.note_if(!self.open.is_empty(), "cut document closed");
        while let Some(close) = self.open.last().map(|level| level.close) {
            self.close(close);
        }
    }

    fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn note_if(&mut self, happened: bool, what: &'static str) {
        if happened {
            self.faults.note(self.at, what);
        }
    }

    /// Makes room for a value: its comma, and in an object its key. False: it will be a key itself.
    fn begin(&mut self, may_be_key: bool) -> bool {
        let Some(level) = self.open.last_mut() else {
            return true;
        };
        if level.pending == Pending::Nothing && !level.is_empty {
            self.out.push(',');
        }
        if level.close == '}' {
            match level.pending {
                Pending::Nothing if may_be_key => return false,
                Pending::Nothing => self.out.push_str("\"\":"),
                Pending::Key => self.out.push(':'),
                Pending::Colon => {}
            }
        }
        true
    }

    /// A whole value or key was written.
    fn finish(&mut self, is_value: bool) {
        let Some(level) = self.open.last_mut() else {
            return;
        };
        if is_value {
            level.whole = self.out.len();
            level.is_empty = false;
            level.pending = Pending::Nothing;
        } else {
            level.pending = Pending::Key;
        }
    }

    fn enter(&mut self, close: char) {
        self.begin(false);
        self.out.push(if close == '}' { '{' } else { '[' });
        self.open.push(Level {
            close,
            whole: self.out.len(),
            is_empty: true,
            pending: Pending::Nothing,
        });
        self.at += 1;
    }

    /// Closes what this closes, and what stands open in it.
    fn leave(&mut self, close: char) {
        let found = self.open.iter().rposition(|level| level.close == close);
        self.note_if(
            found.is_none_or(|at| at + 1 != self.open.len()),
            "bracket that closes something else repaired",
        );
        if let Some(at) = found {
            while let Some(inner) = self.open.get(at + 1).and(self.open.last()) {
                self.close(inner.close);
            }
            self.close(close);
        }
        self.at += 1;
    }

    /// Closes the innermost level; what of a member is not whole is left out.
    fn close(&mut self, close: char) {
        if let Some(level) = self.open.pop() {
            self.out.truncate(level.whole);
            self.out.push(close);
            self.finish(true);
        }
    }

    fn colon(&mut self) {
        if let Some(level) = self.open.last_mut().filter(|level| level.pending == Pending::Key) {
            level.pending = Pending::Colon;
            self.out.push(':');
        }
        self.at += 1;
    }

    fn comment(&mut self) {
        let rest = self.rest();
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else {
            1
        };
        self.note_if(true, "comment dropped");
        self.at += length;
    }

    /// A number or a name; what is neither becomes text.
    fn word(&mut self) {
        let rest = self.rest();
        let is_end = |c: char| c.is_whitespace() || ",:{}[]\"/".contains(c);
        let word = rest
            .get(..rest.find(is_end).unwrap_or(rest.len()))
            .unwrap_or_default();
        let is_value = self.begin(true);
        let is_json = is_value && serde_json::from_str::<IgnoredAny>(word).is_ok();
        if is_json {
            self.out.push_str(word);
        } else if is_value && ["NaN", "undefined", "Infinity", "-Infinity", "None"].contains(&word) {
            self.out.push_str("null");
        } else {
            self.out.push('"');
            for c in word.chars() {
                self.push_literal(c);
            }
            self.out.push('"');
        }
        self.note_if(!is_json, "bare word quoted");
        self.finish(is_value);
        self.at += word.len();
    }

    fn string(&mut self) {
        let is_value = self.begin(true);
        let from = self.at;
        self.at += 1;
        self.out.push('"');
        while let Some(c) = self.peek() {
            match c {
                '"' => {
                    self.at += 1;
                    self.out.push('"');
                    self.finish(is_value);
                    return;
                }
                '\\' => self.escape(),
                c => {
                    self.note_if(c < ' ', "control character escaped");
                    self.push_literal(c);
                    self.at += c.len_utf8();
                }
            }
        }
        // The document ends in it: closing the level takes it back.
        self.faults.note(from, "cut text dropped");
    }

    /// A character of a text, as itself if it may stand so (RFC 8259 §7).
    fn push_literal(&mut self, c: char) {
        match c {
            '"' => self.out.push_str("\\\""),
            '\\' => self.out.push_str("\\\\"),
            c if c < ' ' => self.out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => self.out.push(c),
        }
    }

    /// An escape; a backslash before what needs none is dropped.
    fn escape(&mut self) {
        let rest = self.rest();
        let known = rest.get(1..2).filter(|c| "\"\\/bfnrt".contains(*c));
        if let Some(c) = known {
            self.out.push('\\');
            self.out.push_str(c);
            self.at += 2;
            return;
        }
        match (unit(rest), rest.get(6..).and_then(unit)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => {
                self.out.push_str(rest.get(..12).unwrap_or_default());
                self.at += 12;
            }
            (Some(0xD800..=0xDFFF), _) => {
                self.faults.note(self.at, "half of a surrogate pair replaced");
                self.out.push(char::REPLACEMENT_CHARACTER);
                self.at += 6;
            }
            (Some(_), _) => {
                self.out.push_str(rest.get(..6).unwrap_or_default());
                self.at += 6;
            }
            (None, _) => {
                self.faults.note(self.at, "backslash dropped");
                self.at += 1;
            }
        }
    }
}

/// The UTF-16 unit of `\uXXXX` at the start of `text`.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
    is_hex.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn repaired(text: &str) -> String {
        json(text, &mut Report::default()).into_owned()
    }

    #[test]
    fn what_is_json_is_not_touched() {
        for text in [
            r#"{"a": [1, 2.50, true, null], "b": {"c": "d\u00e9"}}"#,
            "[]",
            r#"{"n": 12345678901234567890123}"#,
        ] {
            assert!(matches!(json(text, &mut Report::default()), Cow::Borrowed(same) if same == text));
        }
        assert_eq!(repaired(r#"{"a":"\ud83d\uDE00"}"#), r#"{"a":"\ud83d\uDE00"}"#);
    }

    #[test]
    fn what_is_nearly_json_is_read() {
        for (text, json) in [
            (r#"{"a":1,}"#, r#"{"a":1}"#),
            ("[1,,2,]", "[1,2]"),
            (r#"{"a":1 "b":2}"#, r#"{"a":1,"b":2}"#),
            ("{\"a\":\"x\ny\tz\"}", "{\"a\":\"x\\u000ay\\u0009z\"}"),
            (r#"{"a":"it\'s \x"}"#, r#"{"a":"it's x"}"#),
            (r#"{"a":"\ud800 \udc00"}"#, "{\"a\":\"\u{FFFD} \u{FFFD}\"}"),
            ("{/* c */\"a\":1 // d\n}", r#"{"a":1}"#),
            (r#"{"a":NaN,b:2024-01-01}"#, r#"{"a":null,"b":"2024-01-01"}"#),
            (r#"{"a":[1,2}"#, r#"{"a":[1,2]}"#),
            (r#"{"a":1}]} <!-- cached -->"#, r#"{"a":1}"#),
            (r#"{"a" 1, "b"}"#, r#"{"a":1}"#),
            (r#"{"a":1,{"b":2}}"#, r#"{"a":1,"":{"b":2}}"#),
        ] {
            assert_eq!(repaired(text), json, "{text}");
        }
    }

    #[test]
    fn what_is_whole_before_a_cut_is_kept() {
        let feed = r#"{"items":[{"id":"1","title":"A"},{"id":"2","title":"B"}],"title":"T"}"#;
        assert_eq!(
            repaired(&feed[..feed.find("B\"").unwrap()]),
            r#"{"items":[{"id":"1","title":"A"},{"id":"2"}]}"#
        );
        assert_eq!(
            repaired(&feed[..feed.find("T\"").unwrap()]),
            r#"{"items":[{"id":"1","title":"A"},{"id":"2","title":"B"}]}"#
        );
    }

    proptest! {
        #[test]
        fn whatever_begins_like_an_object_becomes_json(text in "\\{[\\{\\}\\[\\]:,\"\\\\/a-fu0-9 \\PC\\x00-\\x1f]{0,60}") {
            let once = repaired(&text);
            prop_assert!(serde_json::from_str::<serde_json::Value>(&once).is_ok(), "{} → {}", text, once);
            prop_assert_eq!(repaired(&once), once);
        }
    }
}
