//! Between markup and plain text: what a reader sees of HTML, and text written as HTML.

use std::borrow::Cow;
use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};

/// The text that HTML shows: tags gone, character references decoded, a line break where a block or
/// `<br>` stood; the text of scripts and styles is not shown, so it is left out.
#[must_use]
pub fn from_html(html: &str) -> String {
    if !html.contains(['<', '&']) {
        return html.to_owned();
    }
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from_slice(html));
    let tokenizer = Tokenizer::new(Shown::default(), html5ever::tokenizer::TokenizerOpts::default());
    // It stops early for scripts only, which this sink never reports.
    let _ = tokenizer.feed(&queue);
    tokenizer.end();
    tokenizer.sink.text.into_inner()
}

/// Text as HTML that shows it: `&`, `<`, `>` and quotes become references.
#[must_use]
pub fn to_html(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 8);
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            other => html.push(other),
        }
    }
    html
}

/// Whether `text` holds what HTML would read as a character reference (`&amp;`, `&#8217;`).
#[must_use]
pub fn holds_reference(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        rest = rest.get(at + 1..).unwrap_or_default();
        // The longest name HTML knows has 32 characters.
        let name = rest
            .bytes()
            .take(33)
            .take_while(|b| b.is_ascii_alphanumeric() || *b == b'#')
            .count();
        if name > 1 && rest.as_bytes().get(name) == Some(&b';') {
            return true;
        }
    }
    false
}

/// `text` without the characters that XML 1.0 does not allow (§2.2), not even as references.
#[must_use]
pub fn xml_characters(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_xml_character) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().filter(|c| is_xml_character(*c)).collect())
    }
}

fn is_xml_character(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Collects the text that is shown.
#[derive(Default)]
struct Shown {
    text: RefCell<String>,
    /// The element whose text is not shown, while in it.
    hidden: RefCell<Option<html5ever::LocalName>>,
}

impl Shown {
    fn tag(&self, tag: &Tag) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        if tag.kind == TagKind::EndTag {
            if self.hidden.borrow().as_ref() == Some(&tag.name) {
                self.hidden.replace(None);
            }
        } else if matches!(name, "script" | "style") && !tag.self_closing {
            self.hidden.replace(Some(tag.name.clone()));
            return TokenSinkResult::RawData(RawKind::Rawtext);
        }
        if BREAKS.contains(&name) {
            let mut text = self.text.borrow_mut();
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
        }
        TokenSinkResult::Continue
    }
}

/// Elements that begin and end a line.
#[rustfmt::skip]
const BREAKS: &[&str] = &[
    "address", "article", "aside", "blockquote", "br", "dd", "details", "div", "dl", "dt", "figcaption",
    "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p",
    "pre", "section", "summary", "table", "td", "th", "tr", "ul",
];

impl TokenSink for Shown {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(tag) => self.tag(&tag),
            Token::CharacterTokens(characters) => {
                if self.hidden.borrow().is_none() {
                    self.text.borrow_mut().push_str(&characters);
                }
                TokenSinkResult::Continue
            }
            _ => TokenSinkResult::Continue,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_becomes_the_text_it_shows() {
        for (html, text) in [
            ("plain", "plain"),
            ("<p>one</p><p>two &amp; three</p>", "one\ntwo & three\n"),
            ("a<br>b", "a\nb"),
            ("<script>alert('<p>')</script>after", "after"),
            ("x<style>p{}</style>y", "xy"),
            ("1 &lt; 2", "1 < 2"),
            ("<b>bold</b>ly", "boldly"),
        ] {
            assert_eq!(from_html(html), text, "{html}");
        }
    }

    #[test]
    fn text_shown_as_html_is_the_same_text() {
        for text in [
            "a & b",
            "Vec<T>",
            "&amp;",
            "\"quoted\"",
            "<script>alert(1)</script>",
        ] {
            assert_eq!(from_html(&to_html(text)), text);
        }
    }

    #[test]
    fn a_reference_is_seen_and_a_bare_ampersand_is_none() {
        assert!(holds_reference("AT&amp;T"));
        assert!(holds_reference("it&#8217;s"));
        assert!(!holds_reference("AT&T; x"), "one letter is no name");
        assert!(!holds_reference("a & b; c"));
    }

    #[test]
    fn characters_that_xml_does_not_allow_are_left_out() {
        assert_eq!(xml_characters("a\u{0}b\u{8}c\td"), "abc\td");
    }
}
