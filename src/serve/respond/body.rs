//! What an answer carries: bytes that are there, or a part of a file, read as it is sent.

use std::convert::Infallible;
use std::fs::File;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Frame, SizeHint};
use tokio::sync::Semaphore;

use crate::images::{read_part, read_ready};

/// Bytes of a file in memory for one reader: the next ones are read when these are sent.
const BLOCK: u64 = 64 << 10;

/// Files read at once: what is in the page cache is fast, and a disk gets no faster by more.
static READING: Semaphore = Semaphore::const_new(16);

type Reading = Pin<Box<dyn Future<Output = io::Result<Bytes>> + Send>>;

/// The body of an answer.
#[derive(Default)]
pub struct Body {
    kind: Kind,
}

enum Kind {
    Whole(Full<Bytes>),
    Part(Part),
}

impl Default for Kind {
    fn default() -> Self {
        Self::Whole(Full::default())
    }
}

/// A part of a file.
struct Part {
    file: Arc<File>,
    next: u64,
    end: u64,
    reading: Option<Reading>,
}

impl Body {
    /// Bytes that are there.
    #[must_use]
    pub fn whole(bytes: Bytes) -> Self {
        Self {
            kind: Kind::Whole(Full::new(bytes)),
        }
    }

    /// The bytes of `file` from `first` to before `end`. If they cannot be read, the answer breaks off.
    #[must_use]
    pub fn part(file: Arc<File>, first: u64, end: u64) -> Self {
        Self {
            kind: Kind::Part(Part {
                file,
                next: first,
                end,
                reading: None,
            }),
        }
    }
}

impl Part {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let left = self.end - self.next;
        if left == 0 {
            return Poll::Ready(None);
        }
        let length = usize::try_from(left.min(BLOCK)).unwrap_or(usize::MAX);
        // What a disk must give is read elsewhere: this thread has other readers.
        let ready = match self.reading {
            None => read_ready(&self.file, self.next, length),
            Some(_) => None,
        };
        let (file, next) = (&self.file, self.next);
        let read = match ready {
            Some(bytes) => Ok(bytes),
            None => {
                let begin = || -> Reading { Box::pin(read(Arc::clone(file), next, length)) };
                let read = ready!(self.reading.get_or_insert_with(begin).as_mut().poll(cx));
                self.reading = None;
                read
            }
        };
        Poll::Ready(Some(read.map(|bytes| {
            self.next += bytes.len() as u64;
            Frame::data(bytes)
        })))
    }
}

async fn read(file: Arc<File>, at: u64, length: usize) -> io::Result<Bytes> {
    // Never closed.
    let _turn = READING.acquire().await;
    tokio::task::spawn_blocking(move || read_part(&file, at, length))
        .await
        .map_err(io::Error::other)?
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match &mut self.get_mut().kind {
            Kind::Whole(full) => Pin::new(full)
                .poll_frame(cx)
                .map(|frame| frame.map(|frame| frame.map_err(|never: Infallible| match never {}))),
            Kind::Part(part) => part.poll(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Whole(full) => full.is_end_stream(),
            Kind::Part(part) => part.next == part.end,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Whole(full) => full.size_hint(),
            Kind::Part(part) => SizeHint::with_exact(part.end - part.next),
        }
    }
}
