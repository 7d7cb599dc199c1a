//! A connection that tells whether anything moves on it.
//!
//! hyper's own timeouts begin when it knows which HTTP is spoken (hyper#3756) and end with the head
//! of a request; a connection that says nothing, or takes nothing, would stay for ever.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::socket::Stream;

/// What moves on one connection.
#[derive(Debug, Default)]
pub(super) struct Activity {
    /// Counts reads and writes that moved something.
    moves: AtomicU32,
    /// Requests being answered.
    answering: AtomicU32,
}

impl Activity {
    /// How much has moved so far; `None` while a request is being answered.
    pub(super) fn resting_at(&self) -> Option<u32> {
        (self.answering.load(Ordering::Relaxed) == 0).then(|| self.moves.load(Ordering::Relaxed))
    }

    /// A request is being answered for as long as the result lives.
    pub(super) fn answering(self: &Arc<Self>) -> Answering {
        self.answering.fetch_add(1, Ordering::Relaxed);
        Answering(Arc::clone(self))
    }

    fn moved(&self) {
        self.moves.fetch_add(1, Ordering::Relaxed);
    }
}

/// See [`Activity::answering`].
#[derive(Debug)]
pub(super) struct Answering(Arc<Activity>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.moved();
        self.0.answering.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A stream that notes in `activity` what moves.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) stream: Stream,
    pub(super) activity: Arc<Activity>,
}

impl Watched {
    fn noted<T>(&self, moved: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if matches!(moved, Poll::Ready(Ok(_))) {
            self.activity.moved();
        }
        moved
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let moved = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.noted(moved)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let moved = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.noted(moved)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let moved = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.noted(moved)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
