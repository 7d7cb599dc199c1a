//! Takes out, before the tokenizer, what would cost it more than its length.
//!
//! html5ever compares every attribute of a tag with all before it. So comments go here, and of each tag
//! only the first attributes, and none with a value that no reader has a use for (a picture as `data:`).

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

use super::elements;
use super::text::push_attribute;
use crate::transform::work;

/// Attributes kept of one tag.
const MAX_ATTRIBUTES: usize = 128;

/// Bytes kept of one attribute's value; a longer one goes with its attribute.
const MAX_VALUE: usize = 16 << 10;

/// What else of a tag counts for the value: a name, an equals sign, quotes.
const AROUND: usize = 64;

/// True when `value`, written out, is not taken for a huge one when it is read again.
pub(super) fn fits(value: &str) -> bool {
    // No character becomes more than six bytes for each of its own.
    value.len() * 6 + AROUND <= MAX_VALUE || {
        let mut written = String::with_capacity(value.len() + AROUND);
        push_attribute(&mut written, "", value);
        written.len() + AROUND <= MAX_VALUE
    }
}

/// What a comment becomes.
const EMPTY_COMMENT: &str = "<!---->";

/// Fields shorter than this hold nothing that costs much.
const SHORT: usize = 4 << 10;

/// The same markup with empty comments, without floods of attributes and huge values.
pub(super) fn lean(html: &str) -> Cow<'_, str> {
    if html.len() < SHORT {
        return Cow::Borrowed(html);
    }
    let mut scan = Scan {
        html,
        bytes: html.as_bytes(),
        at: 0,
        out: String::new(),
        kept: 0,
    };
    scan.run();
    if scan.kept == 0 {
        return Cow::Borrowed(html);
    }
    scan.out.push_str(html.get(scan.kept..).unwrap_or_default());
    Cow::Owned(scan.out)
}

/// Where a comment ends whose content `rest` begins with: at `-->`, `--!>` or right away.
pub(super) fn comment_end(rest: &[u8]) -> Option<usize> {
    let end = memchr_iter(b'>', rest).find(|&at| {
        let before = &rest[..at];
        before.ends_with(b"--") || before.ends_with(b"--!") || before.is_empty() || before == b"-"
    });
    end.map(|at| at + 1)
}

/// Follows the tokenizer's states (HTML §13.2.5) as far as tags and comments go.
struct Scan<'h> {
    html: &'h str,
    bytes: &'h [u8],
    at: usize,
    out: String,
    /// Up to here the markup is written to `out`, or cut.
    kept: usize,
}

impl Scan<'_> {
    fn run(&mut self) {
        while let Some(next) = self.find(b'<') {
            self.at = next + 1;
            match self.peek() {
                Some(b'!') if self.bytes[self.at..].starts_with(b"!--") => self.comment(next),
                Some(b'!' | b'?') => self.skip_past(b'>'),
                Some(b'/') => {
                    self.at += 1;
                    if self.peek().is_some_and(|byte| byte.is_ascii_alphabetic()) {
                        self.tag();
                    } else {
                        self.skip_past(b'>');
                    }
                }
                Some(byte) if byte.is_ascii_alphabetic() => {
                    let begin = self.at;
                    let self_closing = self.tag();
                    self.raw_text(begin, self_closing);
                }
                _ => {}
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn find(&self, byte: u8) -> Option<usize> {
        let found = memchr(byte, self.bytes.get(self.at..)?).map(|found| self.at + found);
        work::did(found.unwrap_or(self.bytes.len()) - self.at);
        found
    }

    fn skip_past(&mut self, byte: u8) {
        self.at = self.find(byte).map_or(self.bytes.len(), |found| found + 1);
    }

    fn cut(&mut self, from: usize, to: usize) {
        self.out
            .push_str(self.html.get(self.kept..from).unwrap_or_default());
        self.kept = to;
    }

    /// A comment that began at `begin`: what it parts stays parted (`<<!-- x -->b>` holds no tag).
    fn comment(&mut self, begin: usize) {
        let content = begin + 4;
        let rest = self.bytes.get(content..).unwrap_or_default();
        self.at = match comment_end(rest) {
            Some(end) => content + end,
            None => self.bytes.len(),
        };
        if self.at - begin > EMPTY_COMMENT.len() {
            self.cut(begin, self.at);
            self.out.push_str(EMPTY_COMMENT);
        }
    }

    /// One tag from its name to its end. True when it closes itself.
    fn tag(&mut self) -> bool {
        self.skip_while(|byte| !is_space(byte) && !matches!(byte, b'/' | b'>'));
        let mut count = 0;
        loop {
            self.skip_while(|byte| is_space(byte) || byte == b'/');
            let begin = self.at;
            match self.peek() {
                None => return false,
                Some(b'>') => {
                    self.at += 1;
                    return self.bytes[..begin].ends_with(b"/");
                }
                Some(_) => self.attribute(),
            }
            count += 1;
            if count > MAX_ATTRIBUTES || self.at - begin > MAX_VALUE {
                self.cut(begin, self.at);
            }
        }
    }

    fn attribute(&mut self) {
        // An equals sign may begin a name.
        self.at += 1;
        self.skip_while(|byte| !is_space(byte) && !matches!(byte, b'/' | b'>' | b'='));
        let name_end = self.at;
        self.skip_while(is_space);
        if self.peek() != Some(b'=') {
            self.at = name_end;
            return;
        }
        self.at += 1;
        self.skip_while(is_space);
        match self.peek() {
            Some(quote @ (b'"' | b'\'')) => {
                self.at += 1;
                self.skip_past(quote);
            }
            Some(b'>') | None => {}
            Some(_) => self.skip_while(|byte| !is_space(byte) && byte != b'>'),
        }
    }

    fn skip_while(&mut self, which: impl Fn(u8) -> bool) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|&byte| !which(byte)).unwrap_or(rest.len());
    }

    /// After the start tag of an element whose content is text: on to its end tag.
    fn raw_text(&mut self, begin: usize, self_closing: bool) {
        let name: String = self
            .bytes
            .get(begin..)
            .unwrap_or_default()
            .iter()
            .take(10)
            .map_while(|&byte| {
                byte.is_ascii_alphabetic()
                    .then(|| char::from(byte.to_ascii_lowercase()))
            })
            .collect();
        if elements::raw_text(&name).is_none() || (self_closing && elements::may_close_itself(&name)) {
            return;
        }
        while let Some(next) = self.find(b'<') {
            let end = self
                .bytes
                .get(next + 1..next + 2 + name.len())
                .unwrap_or_default();
            if end.first() == Some(&b'/') && end[1..].eq_ignore_ascii_case(name.as_bytes()) {
                self.at = next;
                return;
            }
            self.at = next + 1;
        }
        self.at = self.bytes.len();
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\t' | b'\r' | b'\x0c')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Long enough to be looked at.
    fn padded(html: &str) -> String {
        format!("{html}{}", "\u{e4}".repeat(SHORT))
    }

    #[test]
    fn comments_floods_and_huge_values_go_and_the_rest_stays() {
        let flood: String = (0..1000)
            .map(|n| format!(" a{n}=\"<!--\""))
            .collect::<Vec<_>>()
            .concat();
        let few: String = (0..MAX_ATTRIBUTES)
            .map(|n| format!(" a{n}=\"<!--\""))
            .collect::<Vec<_>>()
            .concat();
        let huge = "A".repeat(MAX_VALUE + 1);
        for (given, told) in [
            (
                "a<!-- <b> -- > -->c<!-->d<!--->e<!--x--!>f".to_owned(),
                "a<!---->c<!-->d<!--->e<!---->f".to_owned(),
            ),
            (
                format!("<p{flood}>x</p{flood}>"),
                format!(
                    "<p{few}{}>x</p{few}{}>",
                    " ".repeat(1000 - MAX_ATTRIBUTES),
                    " ".repeat(1000 - MAX_ATTRIBUTES)
                ),
            ),
            (
                format!("<img src=\"data:{huge}\" alt=x>"),
                "<img  alt=x>".to_owned(),
            ),
            (
                "<script>a<b=\"<!--</script>x".to_owned(),
                "<script>a<b=\"<!--</script>x".to_owned(),
            ),
            ("<iframe/><!--x-->y".to_owned(), "<iframe/><!---->y".to_owned()),
            (
                "<!x <a b=\">\"y<!--z-->".to_owned(),
                "<!x <a b=\">\"y<!---->".to_owned(),
            ),
            ("<<!-- -->b>".to_owned(), "<<!---->b>".to_owned()),
        ] {
            assert_eq!(lean(&padded(&given)), padded(&told));
        }
        let plain = padded("<p title='a > b'>x</p> 1 < 2");
        assert!(matches!(lean(&plain), Cow::Borrowed(_)));
    }
}
