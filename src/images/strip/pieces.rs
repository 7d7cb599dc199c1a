//! What a stripped picture is made of, in order: parts of the old one, and a few new bytes.

use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;

use crate::images::source::{BLOCK, Source};

/// A picture in more pieces is left as it came: an honest one has a few dozen.
const MAX_PIECES: usize = 4096;

#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Kept(Range<u64>),
    New(Vec<u8>),
}

/// The pieces of one picture.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::images) struct Pieces {
    pieces: Vec<Piece>,
}

impl Pieces {
    /// Keeps a part; what adjoins the last one makes one piece with it.
    pub(super) fn keep(&mut self, part: Range<u64>) {
        match self.pieces.last_mut() {
            Some(Piece::Kept(last)) if last.end == part.start => last.end = part.end,
            _ if part.is_empty() => {}
            _ => self.pieces.push(Piece::Kept(part)),
        }
    }

    /// Puts new bytes here.
    pub(super) fn put(&mut self, bytes: Vec<u8>) {
        self.pieces.push(Piece::New(bytes));
    }

    /// Puts all of `others` here.
    pub(super) fn append(&mut self, mut others: Self) {
        self.pieces.append(&mut others.pieces);
    }

    /// Itself, unless there are too many.
    pub(super) fn bounded(self) -> Option<Self> {
        (self.pieces.len() <= MAX_PIECES).then_some(self)
    }

    pub(super) fn is_full(&self) -> bool {
        self.pieces.len() > MAX_PIECES
    }

    /// True when these are all of `length` bytes, as they came.
    pub(super) fn is_whole(&self, length: u64) -> bool {
        matches!(&self.pieces[..], [Piece::Kept(all)] if *all == (0..length))
    }

    /// Bytes of all pieces.
    pub(super) fn length(&self) -> u64 {
        let length = |piece: &Piece| match piece {
            Piece::Kept(part) => part.end - part.start,
            Piece::New(bytes) => bytes.len() as u64,
        };
        self.pieces.iter().map(length).sum()
    }

    /// Gives all bytes to `out`, a block at a time.
    pub(in crate::images) fn write(
        &self,
        source: Source<'_>,
        out: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut reader = source.reader();
        let mut block = vec![0; BLOCK];
        for piece in &self.pieces {
            match piece {
                Piece::New(bytes) => out(bytes)?,
                Piece::Kept(part) => {
                    reader.seek(SeekFrom::Start(part.start))?;
                    let mut left = part.end - part.start;
                    while left > 0 {
                        let count = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK);
                        let (now, _) = block.split_at_mut(count);
                        reader.read_exact(now)?;
                        out(now)?;
                        left -= count as u64;
                    }
                }
            }
        }
        Ok(())
    }
}
