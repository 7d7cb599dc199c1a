//! One entry: left out, copied because it did not change, or cleaned.

use std::sync::Arc;

use url::Url;

use super::outline::Place;
use super::scan::{Kind, Name, Piece};
use super::stream::{Stream, resolve};
use crate::transform::clean::Cleaner;
use crate::transform::digest::digest;
use crate::transform::report::Reason;
use crate::transform::{EntryMark, Error, Picture};

impl<'j> Stream<'j> {
    pub(super) fn entry(&mut self, piece: Piece<'j>, name: Name<'j>) -> Result<(), Error> {
        let (index, place) = self.place_at(piece.at).ok_or(Error::Unsound)?;
        let stub = self.stub_at(place.span.start);
        self.stubs += usize::from(stub.is_some());
        if !self.job.keeps(place.span.start, self.done.entries.len()) {
            self.cleaner.report.changed(Some(index), Reason::Selection, "");
            return self.drop_quietly(piece);
        }
        let hash = stub.unwrap_or_else(|| {
            let source = self.scanner.slice(place.span.start, place.span.end);
            digest(source.as_bytes())
        });
        let unnamed = (stub.is_none() && !place.has_id).then_some(place.span.start);
        let context = self.context();
        self.collect();
        let begin = self.length();
        // An entry that is the document itself is never copied: what is written would not be one.
        let known = self.memo.find(hash, context).filter(|_| !self.frames.is_empty());
        let pictures = match known {
            Some(mark) => self.copy(piece, mark)?,
            None if stub.is_some() => return Err(Error::Unsound),
            None => {
                self.entry_link = place.link.as_deref().and_then(|link| {
                    let base = self.frames.last().and_then(|frame| frame.base.as_deref());
                    resolve(link, base.or(self.job.base).or(self.feed_link.as_ref()))
                });
                self.clean_entry(piece, name, index)?
            }
        };
        self.done.show(&pictures, &mut self.seen);
        self.done
            .unnamed
            .extend(unnamed.map(|start| (self.done.entries.len(), start)));
        // Its id depends on what the entries say that are not here.
        if unnamed.is_some() && !self.job.stubs.is_empty() {
            return Err(Error::Unsound);
        }
        self.done.entries.push(EntryMark {
            hash,
            context,
            id: None,
            span: begin..self.length(),
            pictures,
        });
        Ok(())
    }

    /// The entry that the outline found at `start`, and which one it is. What it found in a field was none.
    fn place_at(&mut self, start: usize) -> Option<(usize, Place)> {
        let left = self.outline.entries.get_mut(self.met..)?;
        let passed = left.iter().position(|place| place.span.start == start)?;
        let place = left.get_mut(passed).map(std::mem::take)?;
        self.met += passed + 1;
        Some((self.met - 1, place))
    }

    /// The digest of the entry that a stub at `start` stands for, if one is there.
    fn stub_at(&self, start: usize) -> Option<[u8; 16]> {
        let next = self.job.stubs.get(self.stubs)?;
        (self.job.text.len() - start == next.from_end).then_some(next.hash)
    }

    /// Copies the entry from the last document.
    fn copy(&mut self, piece: Piece<'j>, mark: &EntryMark) -> Result<Arc<[Picture]>, Error> {
        if let Kind::Open(_) = piece.kind {
            self.scanner.skip_to_close()?;
        }
        let bytes = self.memo.bytes(mark).ok_or(Error::Unsound)?;
        self.put(bytes);
        // Text before the entry and text behind it do not meet.
        self.run = None;
        Ok(Arc::clone(&mark.pictures))
    }

    fn clean_entry(
        &mut self,
        piece: Piece<'j>,
        name: Name<'j>,
        index: usize,
    ) -> Result<Arc<[Picture]>, Error> {
        self.in_entry = true;
        self.cleaner.entry = Some(index);
        let depth = self.frames.len();
        self.structure(piece, name, false)?;
        while self.frames.len() > depth {
            if !self.step()? {
                return Err(Error::Unsound);
            }
        }
        self.in_entry = false;
        self.entry_link = None;
        let cleaner = std::mem::replace(&mut self.cleaner, Cleaner::new(&self.job.policy.clean));
        self.done.report.absorb(cleaner.report);
        Ok(cleaner.pictures.into())
    }

    /// What its clean bytes depend on beside its own bytes.
    fn context(&mut self) -> [u8; 16] {
        for bound in self.scanner.bindings_around() {
            self.context.add(bound.prefix.as_bytes());
            self.context.add(bound.namespace.as_bytes());
        }
        for frame in &self.frames {
            self.context.add(frame.name.qualified.as_bytes());
        }
        let base = self.frames.last().and_then(|frame| frame.base.as_deref());
        self.context.add(base.map_or("", Url::as_str).as_bytes());
        self.context.hash()
    }
}
