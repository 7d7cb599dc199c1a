//! ★ The one pass over a field: every token is read, decided on, and written anew.
//!
//! A [`TokenSink`] behind html5ever's tokenizer. Nothing reaches the sanitizer but what is written
//! here: start tags with attributes that the tables keep and addresses that were cleaned, and escaped
//! text. How elements nest is left to [`Nesting`], ids and links to them to [`Places`].

mod anchors;
mod media;
mod attributes;
mod places;

use std::borrow::Cow;
use std::cell::RefCell;

use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use url::Url;

use super::Cleaner;
use super::Reason;
use super::elements::{self, RawText};
use super::nesting::{Limits, Nesting};
use super::sanitize::{self, Element};
use crate::transform::work;
use attributes::Attributes;
pub(super) use attributes::{Attribute, StartTag};
use places::Places;

/// The field could not be rewritten within the ceilings.
#[derive(Debug)]
pub(super) struct TooDeep;

/// Rewrites a field: cleaned and well-nested markup. `length`: what it was before anything was taken out.
pub(super) fn rewrite(
    html: &str,
    length: usize,
    base: Option<&Url>,
    cleaner: &mut Cleaner<'_>,
) -> Result<String, TooDeep> {
    let sink = Sink(RefCell::new(Pass::new(length, base, cleaner)));
    tokens(html, sink).0.into_inner().end()
}

/// What a field says, without any of its markup.
pub(super) fn text_of(html: &str) -> String {
    struct Text(RefCell<(String, Option<String>)>);
    impl TokenSink for Text {
        type Handle = ();
        fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
            let (out, dropping) = &mut *self.0.borrow_mut();
            match token {
                Token::CharacterTokens(text) if dropping.is_none() => out.push_str(&text),
                Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                    if dropping.is_none()
                        && (elements::is_dropped(&tag.name) || &*tag.name == "iframe")
                        && &*tag.name != "svg"
                    {
                        *dropping = Some(tag.name.to_string());
                    }
                    return raw_state(&tag);
                }
                Token::TagToken(tag) if dropping.as_deref() == Some(&*tag.name) => *dropping = None,
                _ => {}
            }
            TokenSinkResult::Continue
        }
    }
    tokens(html, Text(RefCell::default())).0.into_inner().0
}

/// Feeds all of a field's tokens to a sink.
fn tokens<S: TokenSink>(html: &str, sink: S) -> S {
    let options = TokenizerOpts {
        discard_bom: false,
        ..TokenizerOpts::default()
    };
    let tokenizer = Tokenizer::new(sink, options);
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(html));
    // It pauses only when a sink asks for it, and ours never do.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink
}

/// The state the tokenizer enters after a start tag, as a browser without scripts would.
fn raw_state(tag: &Tag) -> TokenSinkResult<()> {
    if tag.self_closing && elements::may_close_itself(&tag.name) {
        return TokenSinkResult::Continue;
    }
    match elements::raw_text(&tag.name) {
        Some(RawText::Script) => TokenSinkResult::RawData(RawKind::ScriptData),
        Some(RawText::Rawtext) => TokenSinkResult::RawData(RawKind::Rawtext),
        Some(RawText::Rcdata) => TokenSinkResult::RawData(RawKind::Rcdata),
        Some(RawText::Plaintext) => TokenSinkResult::Plaintext,
        None => TokenSinkResult::Continue,
    }
}

struct Sink<'a, 'c, 'p>(RefCell<Pass<'a, 'c, 'p>>);

impl TokenSink for Sink<'_, '_, '_> {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut pass = self.0.borrow_mut();
        if pass.exceeded() {
            return TokenSinkResult::Continue;
        }
        match token {
            Token::CharacterTokens(text) => pass.text(&text),
            Token::TagToken(tag) => match tag.kind {
                TagKind::StartTag => {
                    // The tokenizer compared each with all before it.
                    work::did(tag.attrs.len() * tag.attrs.len());
                    let attributes: Vec<Attribute<'_>> = tag
                        .attrs
                        .iter()
                        .map(|attribute| {
                            let name = Cow::Borrowed(&*attribute.name.local);
                            (name, Cow::Borrowed(&*attribute.value))
                        })
                        .collect();
                    pass.start_tag(StartTag {
                        name: &tag.name,
                        self_closing: tag.self_closing,
                        attributes: &attributes,
                    });
                    return raw_state(&tag);
                }
                TagKind::EndTag => pass.end_tag(&tag.name),
            },
            // Comments may hold markup that an old reader believes in.
            Token::CommentToken(_)
            | Token::DoctypeToken(_)
            | Token::NullCharacterToken
            | Token::EOFToken
            | Token::ParseError(_) => {}
        }
        TokenSinkResult::Continue
    }
}

/// The state of one pass.
pub(super) struct Pass<'a, 'c, 'p> {
    cleaner: &'c mut Cleaner<'p>,
    base: Option<&'a Url>,
    nesting: Nesting,
    places: Places,
    dropping: Option<Dropping>,
    /// Open noscript elements.
    noscript: usize,
    last_image: Option<media::LastImage>,
    last_embed: Option<String>,
}

/// An element that is being left out with all it holds.
struct Dropping {
    name: String,
    /// Open elements of the same name.
    depth: usize,
    /// Its end tag may be missing: a tag of this kind ends it too.
    until: Until,
    /// For svg: open elements whose children are HTML again.
    integration: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    /// Only its own end tag.
    End,
    /// A sibling, or anything that ends a paragraph.
    Sibling,
    /// A block's start or end.
    Block,
    /// An HTML tag, outside SVG's integration points.
    Breakout,
}

impl<'a, 'c, 'p> Pass<'a, 'c, 'p> {
    /// A pass over a field of so many bytes.
    pub(super) fn new(length: usize, base: Option<&'a Url>, cleaner: &'c mut Cleaner<'p>) -> Self {
        let limits = Limits {
            depth: cleaner.policy.limits.depth,
            // The budgets grow with the field, so that time stays linear.
            cost: cleaner.policy.limits.cost.min(4_096 + 2 * length),
            repeated: 16_384 + length,
            rescanned: (16 << 20) + 4_096 * length,
        };
        Self {
            cleaner,
            base,
            nesting: Nesting::new(length + length / 4, limits),
            places: Places::default(),
            dropping: None,
            noscript: 0,
            last_image: None,
            last_embed: None,
        }
    }

    /// True when a ceiling was passed: what follows does not matter.
    pub(super) fn exceeded(&self) -> bool {
        self.nesting.exceeded()
    }

    /// All that was written.
    pub(super) fn end(mut self) -> Result<String, TooDeep> {
        self.nesting.finish();
        if self.nesting.exceeded() {
            return Err(TooDeep);
        }
        Ok(self.places.settle(self.nesting.out))
    }
}

impl Pass<'_, '_, '_> {
    pub(super) fn text(&mut self, text: &str) {
        if self.takes(text) {
            self.nesting.text(text);
        }
    }

    /// Writes text that is written as it stands: see [`Nesting::plain_text`].
    pub(super) fn plain_text(&mut self, text: &str) {
        if self.takes(text) {
            self.nesting.plain_text(text);
        }
    }

    /// False while all is left out.
    fn takes(&mut self, text: &str) -> bool {
        if self.dropping.is_some() {
            return false;
        }
        if self.last_image.is_some() && !text.trim().is_empty() {
            self.last_image = None;
        }
        true
    }

    pub(super) fn start_tag(&mut self, tag: StartTag<'_>) {
        if self.still_dropping_at_start(tag.name, tag.self_closing) {
            return;
        }
        let attributes = Attributes(tag.attributes);
        self.note_attributes(tag);
        if attributes.get("hidden").is_some() && elements::is_known(tag.name) {
            return self.drop_hidden(tag);
        }
        match sanitize::kept(tag.name) {
            Some(element) if !element.holds_addresses() => self.kept(element, attributes),
            _ => self.element(elements::renamed(tag.name), tag, attributes),
        }
    }

    /// An element that is more than a name for what stands in it.
    fn element(&mut self, name: &str, tag: StartTag<'_>, attributes: Attributes<'_>) {
        match name {
            "noscript" => self.noscript += 1,
            "img" => self.image(attributes),
            "picture" => self.picture(),
            "source" => self.source(attributes),
            "track" => self.track(attributes),
            "audio" | "video" => self.audio_or_video(name, attributes),
            "iframe" => self.iframe(tag.name, tag.self_closing, attributes),
            "embed" => self.embed(attributes),
            "object" => self.object(tag.name, attributes),
            "param" => self.param(attributes),
            "a" => self.link(attributes),
            name if elements::is_dropped(name) => self.drop_element(tag),
            name => {
                if elements::is_noted(tag.name) {
                    self.note(Reason::Element, tag.name);
                }
                match sanitize::kept(name) {
                    Some(element) => self.kept(element, attributes),
                    None => self.anchor(attributes),
                }
            }
        }
    }

    /// An element that needs nothing but the tables.
    fn kept(&mut self, element: &'static Element, attributes: Attributes<'_>) {
        let (places, id) = (&mut self.places, attributes.id());
        let begun = self.nesting.start_element(element, |out| {
            places.id(out, id);
            attributes.write_kept(out, element);
        });
        if !begun {
            self.anchor(attributes);
        }
    }

    /// The place of an element that is not kept, for links to it.
    fn anchor(&mut self, attributes: Attributes<'_>) {
        self.place_anchor(attributes.id());
    }

    fn place_anchor(&mut self, id: Option<&str>) {
        if !self.nesting.is_table_frame() {
            self.places.anchor(&self.nesting.out, id);
        }
    }

    pub(super) fn end_tag(&mut self, name: &str) {
        if self.dropping.is_some() && self.still_dropping_at_end(name) {
            return;
        }
        if self.nesting.is_innermost(name) {
            return self.nesting.end(name);
        }
        match elements::renamed(name) {
            "noscript" => self.noscript = self.noscript.saturating_sub(1),
            "br" => {
                // `</br>` is a line break to every browser.
                self.nesting.start("br", |_, _| {});
            }
            name => self.nesting.end(name),
        }
    }

    // ---- dropping

    fn drop_element(&mut self, tag: StartTag<'_>) {
        if tag.name != "title" {
            self.note(Reason::Element, tag.name);
        }
        let until = if tag.name == "svg" {
            Until::Breakout
        } else {
            Until::End
        };
        if !(tag.self_closing && matches!(tag.name, "svg" | "title")) {
            self.begin_drop(tag.name, until);
        }
    }

    fn drop_hidden(&mut self, tag: StartTag<'_>) {
        self.note(Reason::Element, tag.name);
        if elements::closes_paragraph(tag.name) {
            self.nesting.end("p");
        }
        if !elements::is_void(tag.name) {
            let until = match tag.name {
                "p" | "li" | "dd" | "dt" | "td" | "th" | "tr" | "option" => Until::Sibling,
                "svg" => Until::Breakout,
                _ => Until::End,
            };
            self.begin_drop(tag.name, until);
        }
    }

    fn begin_drop(&mut self, name: &str, until: Until) {
        self.dropping = Some(Dropping {
            name: name.to_owned(),
            depth: 1,
            until,
            integration: 0,
        });
    }

    /// True when a start tag belongs to what is being dropped.
    fn still_dropping_at_start(&mut self, name: &str, self_closing: bool) -> bool {
        let Some(dropping) = &mut self.dropping else {
            return false;
        };
        let ends = match dropping.until {
            Until::End => false,
            Until::Sibling => {
                name == dropping.name || (dropping.name == "p" && elements::closes_paragraph(name))
            }
            Until::Block => name == dropping.name || elements::is_special(name),
            Until::Breakout => dropping.integration == 0 && elements::breaks_out_of_svg(name),
        };
        if ends {
            self.dropping = None;
            return false;
        }
        if name == dropping.name && !elements::is_void(name) && !self_closing {
            dropping.depth += 1;
        }
        if dropping.until == Until::Breakout && !self_closing && elements::is_svg_integration_point(name) {
            dropping.integration += 1;
        }
        true
    }

    /// True when an end tag belongs to what is being dropped.
    fn still_dropping_at_end(&mut self, name: &str) -> bool {
        let Some(dropping) = &mut self.dropping else {
            return false;
        };
        if name == dropping.name {
            dropping.depth -= 1;
            if dropping.depth == 0 {
                self.dropping = None;
            }
            return true;
        }
        if dropping.until == Until::Breakout && elements::is_svg_integration_point(name) {
            dropping.integration = dropping.integration.saturating_sub(1);
        }
        let parent_ends = matches!(dropping.until, Until::Sibling | Until::Block)
            && elements::is_special(name)
            && self.nesting.has_open(elements::renamed(name));
        if parent_ends {
            self.dropping = None;
        }
        !parent_ends
    }

    // ---- notes

    fn note(&mut self, reason: Reason, what: &str) {
        self.cleaner.report.changed(self.cleaner.entry, reason, what);
    }

    /// Only attributes that act are worth a line: every class and style would drown the rest.
    fn note_attributes(&mut self, tag: StartTag<'_>) {
        for (name, _) in tag.attributes {
            if name.starts_with("on") {
                self.note(Reason::Attribute, name);
            }
        }
    }
}
