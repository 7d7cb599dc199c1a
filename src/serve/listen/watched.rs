//! A connection that tells whether it gets anywhere: whether requests are answered and answers taken.
//!
//! hyper's own timeouts begin when it knows which HTTP is spoken (hyper#3756), end with the head of a
//! request, and arm a timer for each; a connection that says nothing, or takes nothing, would stay for ever.
//! What a reader sends counts for nothing until it is a request: a head that comes byte by byte does not
//! keep a connection open.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::line_ends::LineEnds;
use super::socket::Stream;

/// Bytes that have to be taken, if no request is answered: whoever takes a byte now and then rests.
const ENOUGH: u64 = 1024;

/// What moves on one connection.
#[derive(Debug, Default)]
pub(super) struct Activity {
    /// Bytes written; an answer counts as [`ENOUGH`] of them.
    bytes: AtomicU64,
    /// Requests being answered.
    answering: AtomicU32,
    /// Something was written that the other end has no room for.
    stuck: AtomicBool,
}

/// See [`Activity::since`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// A request is, or was, answered; or bytes moved, and not one by one.
    Enough,
    /// Nothing, or next to nothing.
    Little,
}

impl Activity {
    /// What moved since the bytes `seen`, which become those of now when it is enough.
    pub(super) fn since(&self, seen: &mut u64) -> Moved {
        let now = self.bytes.load(Ordering::Relaxed);
        if now.saturating_sub(*seen) >= ENOUGH || self.answering.load(Ordering::Relaxed) > 0 {
            *seen = now;
            Moved::Enough
        } else {
            Moved::Little
        }
    }

    /// True while an answer waits for the other end to take some of it.
    pub(super) fn is_stuck(&self) -> bool {
        self.stuck.load(Ordering::Relaxed)
    }

    /// A request is being answered for as long as the result lives.
    pub(super) fn answering(self: &Arc<Self>) -> Answering {
        self.answering.fetch_add(1, Ordering::Relaxed);
        Answering(Arc::clone(self))
    }

    fn moved(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// See [`Activity::answering`].
#[derive(Debug)]
pub(super) struct Answering(Arc<Activity>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.bytes.fetch_add(ENOUGH, Ordering::Relaxed);
        self.0.answering.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A stream that notes in its activity what moves.
#[derive(Debug)]
pub(super) struct Watched {
    stream: Stream,
    activity: Arc<Activity>,
    line_ends: LineEnds,
}

impl Watched {
    pub(super) fn new(stream: Stream, activity: Arc<Activity>) -> Self {
        Self {
            stream,
            activity,
            line_ends: LineEnds::default(),
        }
    }

    /// The other end.
    pub(super) fn peer(&self) -> Option<IpAddr> {
        self.stream.peer()
    }

    fn written(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.activity.stuck.store(written.is_pending(), Ordering::Relaxed);
        if let Poll::Ready(Ok(bytes)) = written {
            self.activity.moved(bytes);
        }
        written
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if let Some(new) = buf.filled_mut().get_mut(before..) {
            self.line_ends.judge(new);
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.written(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.written(written)
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
