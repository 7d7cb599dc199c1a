//! One entry: left out, copied because it did not change, or cleaned.

use url::Url;

use super::scan::{Kind, Name, Piece};
use super::stream::{Stream, resolve};
use crate::transform::clean::Cleaner;
use crate::transform::report::Reason;
use crate::transform::{EntryMark, Error, Picture};

impl<'j> Stream<'j> {
    pub(super) fn entry(&mut self, piece: Piece<'j>, name: Name<'j>) -> Result<(), Error> {
        let index = self.met;
        self.met += 1;
        let place = self.outline.entries.get(index).ok_or(Error::Unsound)?;
        if !self.job.keeps(place.span.start, self.done.entries.len()) {
            self.cleaner.report.changed(Some(index), Reason::Selection, "");
            return self.drop_quietly(piece);
        }
        let source = self.scanner.slice(place.span.start, place.span.end);
        let hash = self.hash(source);
        let link = place.link.clone();
        let unnamed = (!place.has_id).then_some(place.span.start);
        self.collect();
        let begin = self.out.len();
        let pictures = if let Some((bytes, mark)) = self.memo.find(&hash) {
            self.out.push_str(bytes);
            if let Kind::Open(_) = piece.kind {
                self.scanner.skip_to_close()?;
            }
            mark.pictures.clone()
        } else {
            self.entry_link = link.as_deref().and_then(|link| {
                let base = self.frames.last().and_then(|frame| frame.base.as_deref());
                resolve(link, base.or(self.job.base).or(self.feed_link.as_ref()))
            });
            self.clean_entry(piece, name, index)?
        };
        self.done.show(&pictures, &mut self.seen);
        self.done
            .unnamed
            .extend(unnamed.map(|start| (self.done.entries.len(), start)));
        self.done.entries.push(EntryMark {
            hash,
            id: None,
            span: begin..self.out.len(),
            pictures,
        });
        Ok(())
    }

    fn clean_entry(&mut self, piece: Piece<'j>, name: Name<'j>, index: usize) -> Result<Vec<Picture>, Error> {
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
        Ok(cleaner.pictures)
    }

    fn hash(&self, source: &str) -> [u8; 16] {
        let mut hasher = self.hasher.clone();
        for (prefix, namespace) in self.scanner.bindings() {
            hasher.part(prefix).part(namespace);
        }
        for frame in &self.frames {
            hasher.part(frame.name.qualified.as_bytes());
        }
        let base = self.frames.last().and_then(|frame| frame.base.as_deref());
        hasher.part(base.map_or("", Url::as_str).as_bytes());
        hasher.part(source.as_bytes()).finish()
    }
}
