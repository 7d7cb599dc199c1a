//! Text outside fields: the default rule for whatever no row of the table names.

use std::borrow::Cow;

use super::field::may_be_packed;
use super::scan::{Kind, Piece, Scanner};
use super::stream::Stream;
use super::tag::Place;
use super::text::{decode, escape, form, hides_markup, write, write_core};
use crate::transform::report::Reason;
use crate::transform::{Error, clean, fields};

/// The text written last, as long as nothing was written after it.
pub(super) struct Run<'t> {
    /// Where it begins and ends in the output.
    begin: usize,
    end: usize,
    /// As in the document.
    raw: Cow<'t, str>,
    /// How many runs were joined to it.
    joined: usize,
    /// Whether it was judged as one before an element.
    mixed: bool,
}

/// Runs joined to one, at most: each is read again, and time must stay linear.
const MAX_JOINED: usize = 8;

/// Words beside elements are no address, though a browser would make one of them.
fn is_words(text: &str) -> bool {
    text.trim().contains(char::is_whitespace) && !fields::is_script(text)
}

impl<'j> Stream<'j> {
    /// Text that stands between elements which are no fields: the default rule.
    pub(super) fn run_of_text(&mut self, first: Piece<'j>) -> Result<(), Error> {
        let mut next = self.scanner.next()?;
        while !self.frames.is_empty() && matches!(next.kind, Kind::Text | Kind::Comment | Kind::Instruction) {
            next = self.scanner.next()?;
        }
        self.scanner.give_back(std::iter::once(next));
        let raw = self.scanner.slice(first.at, next.at);
        // What stood between two runs was left out: they are one now, and may mean more together.
        let run = match self
            .run
            .take()
            .filter(|run| run.end == self.out.len() && run.joined < MAX_JOINED)
        {
            Some(run) => {
                self.out.truncate(run.begin);
                Run {
                    raw: Cow::Owned(run.raw.into_owned() + raw),
                    joined: run.joined + 1,
                    ..run
                }
            }
            None => Run {
                begin: self.out.len(),
                end: 0,
                raw: Cow::Borrowed(raw),
                joined: 0,
                mixed: false,
            },
        };
        let mixed = matches!(next.kind, Kind::Open(_) | Kind::Empty(_));
        self.write_run(&run.raw, mixed);
        let end = self.out.len();
        self.run = Some(Run { end, mixed, ..run });
        Ok(())
    }

    /// The innermost element ends, and what was to go from it is gone: text that stood beside that is judged
    /// again, as if it had come without it.
    pub(super) fn settle(&mut self) {
        let run = self.run.take();
        let Some(frame) = self.frames.last() else { return };
        if let Some(field) = frame.field.filter(|field| self.is_text_from(field.content)) {
            let (name, base) = (frame.name, frame.base.clone());
            let written = self.out.split_off(field.content);
            let whole = run.filter(|run| run.begin == field.content);
            let text = whole.map_or(Cow::Owned(written), |run| run.raw);
            return self.write_leaf(&text, field.node, &name, field.tag, base.as_ref());
        }
        let field = frame.field.filter(|_| frame.inline);
        let base = frame.base.clone();
        if let Some(run) = run.filter(|run| run.mixed && run.end == self.out.len()) {
            self.out.truncate(run.begin);
            self.write_run(&run.raw, false);
        }
        // What went may have stood within base64.
        if let Some(field) = field.filter(|field| may_be_packed(field.tag))
            && let Some(text) = self.text_from(field.content)
            && let Some(clean) = self.clean_packed(&text, base.as_ref())
        {
            self.out.truncate(field.content);
            escape(&clean, &mut self.out);
        }
    }

    /// All characters that were written since `from`, unless some stand apart.
    fn text_from(&self, from: usize) -> Option<String> {
        if self.carried >= from {
            return None;
        }
        let mut written = Scanner::new(self.out.get(from..)?);
        let mut text = String::new();
        loop {
            match written.next().ok()? {
                Piece { kind: Kind::End, .. } => return Some(text),
                Piece {
                    kind: Kind::Text,
                    raw,
                    ..
                } => text.push_str(&decode(raw)),
                _ => {}
            }
        }
    }

    /// Whether nothing but characters was written since `from`.
    fn is_text_from(&self, from: usize) -> bool {
        if self.carried >= from {
            return false;
        }
        let mut written = Scanner::new(self.out.get(from..).unwrap_or_default());
        loop {
            match written.next().map(|piece| piece.kind) {
                Ok(Kind::Text | Kind::Comment | Kind::Instruction) => {}
                Ok(Kind::End) => return true,
                _ => return false,
            }
        }
    }

    fn write_run(&mut self, raw: &str, mixed: bool) {
        let decoded = decode(raw);
        let frame = self.frames.last();
        let place = frame.and_then(|frame| Some((frame.address()?, frame.base.clone())));
        let ruled = match &place {
            Some(_) if !is_words(&decoded) => None,
            _ => self.default_rule(&decoded, mixed),
        };
        // What is left of words may be one: then it is what it would be if it had come alone.
        let left = ruled.as_deref().unwrap_or(&decoded);
        if let Some((role, base)) = place.filter(|_| !is_words(left)) {
            return match self.address(left.trim(), base.as_ref(), role) {
                Place::Keep if ruled.is_none() => self.out.push_str(raw),
                Place::Keep => write(left, form(raw), &mut self.out),
                Place::Replace(address) => write_core(left, &address, form(raw), &mut self.out),
                Place::Gone => {}
            };
        }
        match ruled {
            Some(text) => write(&text, form(raw), &mut self.out),
            None if self.frames.last().is_some_and(|frame| frame.inline) && hides_markup(raw) => {
                write(&decoded, form(raw), &mut self.out);
            }
            None => self.out.push_str(raw),
        }
    }

    /// Text or a value that no row of the table names: `None` when it is harmless.
    ///
    /// Before an element (`mixed`) a tag can be torn apart, and a reader that joins the texts around
    /// it would put it together again: a tag left open there counts as one.
    pub(super) fn default_rule(&mut self, value: &str, mixed: bool) -> Option<String> {
        if fields::is_script(value) {
            self.cleaner
                .report
                .changed(self.cleaner.entry, Reason::Address, value);
            return Some(String::new());
        }
        if !value.contains('<') {
            return None;
        }
        let torn = mixed && value.rsplit('<').next().is_some_and(|last| !last.contains('>'));
        if !torn && !clean::holds_known_tag(value) {
            return match clean::closed(value) {
                Cow::Borrowed(_) => None,
                Cow::Owned(closed) => Some(closed),
            };
        }
        let base = self.markup_base(self.frames.last().and_then(|frame| frame.base.clone()).as_ref());
        let cleaned = if torn {
            self.cleaner.html(value, base.as_ref())
        } else {
            self.cleaner.text_or_html(value, base.as_ref())
        };
        if fields::is_script(&cleaned) {
            return Some(String::new());
        }
        (!clean::is_same_markup(value, &cleaned)).then_some(cleaned)
    }

    /// Takes back the white space before something that is left out.
    pub(super) fn trim(&mut self) {
        let last = self.run.as_ref().filter(|run| run.end == self.out.len());
        if let Some(blank) = last.filter(|run| run.raw.trim().is_empty()) {
            self.out.truncate(blank.begin);
            self.run = None;
        }
    }
}
