//! Well-nested markup: what the parser after us reads is exactly what stands there.
//!
//! The rules of HTML's tree builder (§13.2.6.4.7 and the table modes) for the elements that are kept,
//! done once, in one direction: implied end tags are written out, misnested formatting is closed and
//! opened again, a table holds nothing outside its cells. So html5ever's quadratic repairs (the adoption
//! agency, foster parenting, reconstruction) never start, and what comes out of the sanitizer is what
//! went in: the fixpoint.

mod room;

use std::ops::Range;

use memchr::{memchr2_iter, memrchr2};

use super::elements::{self, Kind};
use super::sanitize::{self, Element};
use super::text::{printable, push_escaped};
use crate::transform::work;

/// Writes tags and text so that they nest.
#[derive(Debug)]
pub(super) struct Nesting {
    /// What was written so far.
    pub out: String,
    open: Vec<Open>,
    /// How many of them are formatting.
    formatting: usize,
    /// Formatting closed by another element's end, outermost first: it goes on before the next text.
    pending: Vec<Open>,
    /// A line feed right after `<pre>` is no text to a parser.
    at_pre_start: bool,
    /// Tags written, each weighted with the formatting open around it.
    cost: usize,
    /// Bytes of formatting tags written again.
    repeated: usize,
    /// The run of text that ends here.
    run: Run,
    /// Bytes that the serializer after us will look at again and again.
    rescanned: usize,
    limits: Limits,
    exceeded: bool,
}

/// Ceilings of what is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Open elements.
    pub depth: usize,
    /// Open formatting elements × tags.
    pub cost: usize,
    /// Bytes of repeated formatting tags.
    pub repeated: usize,
    /// Bytes the serializer may scan in vain: html5ever looks for the next `<` or `>` of a text, to its
    /// end if there is none, after every `&` and no-break space.
    pub rescanned: usize,
}

/// Text without `<` and `>`: its length, and how often it must be escaped.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    length: usize,
    escapes: usize,
}

#[derive(Clone, Debug)]
struct Open {
    name: &'static str,
    kind: Kind,
    /// Its start tag in `out`, so that formatting can be written again.
    tag: Range<usize>,
    /// Its end tag came while a block inside it was open: it ends as soon as that does.
    ended: bool,
    /// For a cell: how much formatting was pending outside it.
    floor: usize,
}

impl Nesting {
    pub(super) fn new(capacity: usize, limits: Limits) -> Self {
        Self {
            out: String::with_capacity(capacity),
            open: Vec::new(),
            formatting: 0,
            pending: Vec::new(),
            at_pre_start: false,
            cost: 0,
            repeated: 0,
            run: Run::default(),
            rescanned: 0,
            limits,
            exceeded: false,
        }
    }

    /// True when a ceiling was passed: what was written is not to be used.
    pub(super) fn exceeded(&self) -> bool {
        self.exceeded
    }

    /// True when an element `name` is open.
    pub(super) fn has_open(&self, name: &str) -> bool {
        self.open.iter().rev().any(|open| open.name == name)
    }

    /// True when the innermost open element is `name`.
    pub(super) fn is_innermost(&self, name: &str) -> bool {
        self.open.last().is_some_and(|top| top.name == name)
    }

    /// True where a block may stand: no paragraph, heading or inline element is open here.
    pub(super) fn is_block_place(&self) -> bool {
        self.open.last().is_none_or(|top| {
            top.kind.is_special() && !top.kind.is_heading() && !matches!(top.name, "p" | "pre" | "summary")
        })
    }

    /// True in a table outside its cells.
    pub(super) fn is_table_frame(&self) -> bool {
        self.open.last().is_some_and(|top| top.kind.is_table_frame())
    }

    /// Writes text that is written as it stands: no markup, no references, no control characters and no
    /// no-break spaces.
    pub(super) fn plain_text(&mut self, text: &str) {
        if self.at_pre_start || self.out.is_empty() || self.is_interrupted() {
            return self.text(text);
        }
        self.run.length += text.len();
        self.out.push_str(text);
    }

    /// Writes text.
    pub(super) fn text(&mut self, text: &str) {
        let text = printable(text);
        let mut text = &*text;
        if self.out.is_empty() {
            // A parser drops a byte order mark at the beginning.
            text = text.trim_start_matches('\u{feff}');
        }
        if self.at_pre_start {
            text = text.trim_start_matches('\n');
        }
        if text.is_empty() {
            return;
        }
        self.at_pre_start = false;
        if self.is_interrupted() {
            // White space stays where it is; only words need a place.
            let words = text.trim_start_matches([' ', '\n', '\t', '\x0c']);
            self.write(&text[..text.len() - words.len()]);
            if words.is_empty() {
                return;
            }
            self.enter_cell();
            self.reopen();
            text = words;
        }
        self.write(text);
    }

    /// Words here need a cell first, or formatting that goes on.
    fn is_interrupted(&self) -> bool {
        !self.pending.is_empty() || self.is_table_frame()
    }

    fn write(&mut self, text: &str) {
        self.lengthen(text);
        push_escaped(&mut self.out, text);
    }

    fn lengthen(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let last = memrchr2(b'<', b'>', bytes);
        self.run.length += last.map_or(bytes.len(), |at| at + 1);
        self.run.escapes += memchr2_iter(b'&', 0xC2, &bytes[..last.unwrap_or(bytes.len())]).count();
        if let Some(at) = last {
            self.end_run();
            self.run.length = bytes.len() - at;
            self.run.escapes = memchr2_iter(b'&', 0xC2, &bytes[at..]).count();
        }
    }

    fn end_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        let rescanned = run.length.saturating_mul(run.escapes);
        // Looked at 32 bytes at a time.
        work::did(run.length + rescanned.min(self.limits.rescanned) / 32);
        self.rescanned = self.rescanned.saturating_add(rescanned);
        if self.rescanned > self.limits.rescanned {
            self.exceeded = true;
        }
    }

    /// Opens an element; `attributes` writes them. False: it has no place here and was left out.
    pub(super) fn start(&mut self, name: &str, attributes: impl FnOnce(&mut String, &Element)) -> bool {
        sanitize::kept(name)
            .is_some_and(|element| self.start_element(element, |out| attributes(out, element)))
    }

    /// As [`Self::start`], for an element that was looked up.
    pub(super) fn start_element(
        &mut self,
        element: &'static Element,
        attributes: impl FnOnce(&mut String),
    ) -> bool {
        if !self.make_room(element) {
            return false;
        }
        if !element.kind.is_special() {
            self.reopen();
        }
        let begin = self.out.len();
        self.out.push('<');
        self.out.push_str(element.name);
        let bare = self.out.len();
        attributes(&mut self.out);
        let written = self.out.as_bytes().get(bare..).unwrap_or_default();
        let escapes = if written.is_empty() {
            0
        } else {
            memchr2_iter(b'&', 0xC2, written).count()
        };
        self.out.push('>');
        self.at_pre_start = false;
        self.charge();
        self.end_run();
        self.run = Run {
            length: self.out.len() - begin,
            escapes,
        };
        self.end_run();
        if !element.kind.is_void() {
            self.at_pre_start = element.name == "pre";
            let tag = begin..self.out.len();
            self.push(element, tag);
        }
        true
    }

    /// Closes an element, if it is open where this end tag reaches.
    pub(super) fn end(&mut self, name: &str) {
        if let Some(top) = self.open.last_mut()
            && top.name == name
        {
            top.ended = true;
            self.close_to(self.open.len() - 1);
            return self.close_ended();
        }
        if elements::is_formatting(name) {
            self.end_formatting(name);
        } else if let Some(at) = self.reach(name) {
            self.close_to(at);
        }
        self.close_ended();
    }

    /// Closes everything.
    pub(super) fn finish(&mut self) {
        self.close_to(0);
        self.end_run();
    }

    fn push(&mut self, element: &'static Element, tag: Range<usize>) {
        self.formatting += usize::from(element.kind.is_formatting());
        self.open.push(Open {
            name: element.name,
            kind: element.kind,
            tag,
            ended: false,
            floor: self.pending.len(),
        });
        if self.open.len() + self.pending.len() > self.limits.depth {
            self.exceeded = true;
        }
    }

    fn charge(&mut self) {
        // The tree builder looks through them at each tag.
        work::did(self.formatting + self.open.len());
        self.cost += self.formatting;
        if self.cost > self.limits.cost {
            self.exceeded = true;
        }
    }

    // ---- end tags

    /// The open element an end tag closes: none beyond what bounds its scope.
    fn reach(&self, name: &str) -> Option<usize> {
        let kind = Kind::of(name);
        for (at, open) in self.open.iter().enumerate().rev() {
            if open.name == name || (kind.is_heading() && open.kind.is_heading()) {
                return Some(at);
            }
            let bound = if name == "table" || kind.is_table_part() {
                open.name == "table"
            } else if kind.is_special() {
                open.name == "table"
                    || open.kind.is_cell()
                    || (name == "li" && matches!(open.name, "ol" | "ul"))
            } else {
                open.kind.is_special()
            };
            if bound {
                return None;
            }
        }
        None
    }

    /// The innermost open element in this cell that fits.
    fn in_cell(&self, fits: impl Fn(&Open) -> bool) -> Option<usize> {
        for (at, open) in self.open.iter().enumerate().rev() {
            if fits(open) {
                return Some(at);
            }
            if open.kind.is_cell() {
                return None;
            }
        }
        None
    }

    fn end_formatting(&mut self, name: &str) {
        let Some(at) = self.in_cell(|open| open.name == name && !open.ended) else {
            let floor = self.floor();
            if let Some(at) = self.pending[floor..].iter().rposition(|open| open.name == name) {
                self.pending.remove(floor + at);
            }
            return;
        };
        self.open[at].ended = true;
        // A block stands in it: it goes on to the end of that block, rather than tear the block apart.
        if !self.open[at + 1..].iter().any(|open| open.kind.is_special()) {
            self.close_to(at);
        }
    }

    fn floor(&self) -> usize {
        self.in_cell(|open| open.kind.is_cell())
            .and_then(|at| self.open.get(at))
            .map_or(0, |cell| cell.floor)
    }

    fn close_ended(&mut self) {
        while self.open.last().is_some_and(|top| top.ended) {
            self.close_to(self.open.len() - 1);
        }
    }

    /// Closes the innermost elements until `length` are open.
    fn close_to(&mut self, length: usize) {
        if self.open.len() > length {
            self.end_run();
        }
        let mut first = self.pending.len();
        while self.open.len() > length {
            let Some(open) = self.open.pop() else { break };
            self.formatting -= usize::from(open.kind.is_formatting());
            self.out.push_str("</");
            self.out.push_str(open.name);
            self.out.push('>');
            self.at_pre_start = false;
            if open.kind.is_cell() {
                self.pending.truncate(open.floor);
                first = first.min(open.floor);
            } else if open.kind.is_formatting() && !open.ended && self.can_repeat(&open) {
                self.pending.push(open);
            }
        }
        if let Some(added) = self.pending.get_mut(first..) {
            added.reverse();
        }
    }

    /// A link to a place in the field gets its address only at the end: it is not to be copied yet.
    fn can_repeat(&self, open: &Open) -> bool {
        open.name != "a"
            || self
                .out
                .get(open.tag.clone())
                .is_some_and(|tag| tag.contains(" href="))
    }

    /// Opens again the formatting that another element's end closed.
    fn reopen(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let floor = self.floor();
        if self.pending.len() <= floor {
            return;
        }
        for mut open in self.pending.split_off(floor) {
            let begin = self.out.len();
            self.out.extend_from_within(open.tag.clone());
            self.repeated += open.tag.len();
            open.tag = begin..self.out.len();
            open.floor = floor;
            self.open.push(open);
            self.formatting += 1;
            self.charge();
        }
        self.at_pre_start = false;
        if self.repeated > self.limits.repeated {
            self.exceeded = true;
        }
    }
}
