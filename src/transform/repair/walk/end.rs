//! End tags: what they close, what closes without one, and what follows the last.

use super::{Place, Reopen, Walk};
use crate::transform::repair::stack::{self, Open};
use crate::transform::repair::tokens::StartTag;
use crate::transform::repair::{names, roots};
use crate::transform::work;

impl<'s> Walk<'s> {
    pub(super) fn end(&mut self, name: &str, tail: &str, at: usize) {
        if self.too_deep > 0 {
            // Whatever is missing down there, an end tag of the feed's own skeleton gets us out.
            let skeleton = self.open.get(..3).unwrap_or(&self.open);
            if skeleton.iter().all(|element| element.name != name) {
                self.too_deep -= 1;
                return;
            }
            self.too_deep = 0;
        }
        let Some(index) = stack::closed_by(&self.open, name).filter(|_| self.place == Place::Root) else {
            self.faults.note(at, "end tag without a start dropped");
            return;
        };
        while self.open.len() > index + 1 {
            self.close_unclosed();
        }
        let Some(element) = self.open.pop() else { return };
        if element.name != name {
            self.faults.note(at, "end tag given the name of its start");
        }
        self.write_end(element, tail);
    }

    /// Closes the innermost element, whose end tag is missing.
    pub(super) fn close_unclosed(&mut self) {
        if let Some(element) = self.open.pop() {
            self.faults.note(element.at, "element closed");
            self.unclosed.push(element.at);
            self.write_end(element, "");
        }
    }

    fn write_end(&mut self, element: Open<'s>, tail: &str) {
        let end_tag = self.out.len();
        work::did(element.written().len());
        self.out.push_str("</");
        self.out.push_str(element.written());
        self.out.push_str(tail);
        self.out.push('>');
        if !self.open.is_empty() {
            self.scope.leave(element.mark);
        }
        match self.open.len() {
            0 => self.root_ended(Reopen {
                element,
                end_tag,
                after: self.out.len(),
            }),
            1 if names::local(&element.name).eq_ignore_ascii_case("channel") => {
                self.channel = Some(Reopen {
                    element,
                    end_tag,
                    after: self.out.len(),
                });
            }
            _ => {}
        }
    }

    /// An entry may follow: until then the root's declarations stay in scope.
    fn root_ended(&mut self, root: Reopen<'s>) {
        self.place = Place::Epilog;
        let between =
            |channel: &Reopen<'_>| self.out.as_str().get(channel.after..root.end_tag).unwrap_or("-");
        let channel = self
            .channel
            .take()
            .filter(|channel| between(channel).trim().is_empty());
        self.reopen = Some(std::iter::once(root).chain(channel).collect());
    }

    /// Behind the root's end only entries count: they are put back where they belong.
    pub(super) fn start_after_root(&mut self, tag: StartTag<'s>, at: usize) {
        let reopen = self.reopen.take_if(|_| roots::is_entry(names::local(tag.name)));
        let Some(innermost) = reopen.as_ref().and_then(|elements| elements.last()) else {
            self.faults.note(at, "element behind the root dropped");
            return;
        };
        self.faults
            .note(at, "entry behind the root put back into the feed");
        work::did(self.out.len() - innermost.end_tag);
        self.out.truncate(innermost.end_tag);
        self.open
            .extend(reopen.into_iter().flatten().map(|element| element.element));
        self.place = Place::Root;
        self.start(tag, at);
    }

    /// Closes what is open. A cut entry that has no text yet is worth nothing.
    pub(super) fn end_of_document(&mut self) {
        let entry = self
            .open
            .iter()
            .position(|element| roots::is_entry(names::local(&element.name)));
        let empty = entry.filter(|index| {
            *index > 0
                && self
                    .open
                    .get(*index)
                    .is_some_and(|element| self.last_text <= element.out)
        });
        if let Some(element) = empty.and_then(|index| self.open.get(index)) {
            self.faults.note(element.at, "cut entry without text dropped");
            self.out.truncate(element.out);
            self.open.truncate(empty.unwrap_or_default());
        }
        while !self.open.is_empty() {
            self.close_unclosed();
        }
    }
}
