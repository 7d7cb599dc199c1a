//! A connection that notes whether it gets anywhere: whether answers are taken.
//!
//! hyper's own timeouts begin when it knows which HTTP is spoken (hyper#3756), end with the head of a
//! request, and arm a timer for each; a connection that says nothing, or takes nothing, would stay for ever.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

use super::activity::Activity;
use super::line_ends::LineEnds;
use super::socket::Stream;

/// Bytes that are read at once to see which HTTP is spoken: most requests are shorter.
const FIRST: usize = 1024;

/// A stream that notes in its activity what moves.
#[derive(Debug)]
pub(super) struct Watched {
    stream: Stream,
    activity: Arc<Activity>,
    line_ends: LineEnds,
    /// What was read to see which HTTP is spoken, and is read again.
    begun: Vec<u8>,
}

/// Which HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoken {
    Http1,
    Http2,
}

impl Watched {
    pub(super) fn new(stream: Stream, activity: Arc<Activity>) -> Self {
        Self {
            stream,
            activity,
            line_ends: LineEnds::default(),
            begun: Vec::new(),
        }
    }

    /// The other end.
    pub(super) fn peer(&self) -> Option<IpAddr> {
        self.stream.peer()
    }

    /// Which HTTP is spoken, as soon as the first bytes tell.
    pub(super) async fn spoken(&mut self) -> io::Result<Spoken> {
        self.begun.reserve(FIRST);
        loop {
            let seen = match self.line_ends {
                LineEnds::Beginning(seen) => seen,
                LineEnds::Http1 { .. } => return Ok(Spoken::Http1),
                LineEnds::Http2 => return Ok(Spoken::Http2),
            };
            if self.stream.read_buf(&mut self.begun).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(new) = self.begun.get_mut(seen..) {
                self.line_ends.judge(new);
            }
        }
    }

    /// Gives what was read to see which HTTP is spoken; false where there is no room.
    fn give_again(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        let length = self.begun.len().min(buf.remaining());
        let left = self.begun.split_off(length);
        buf.put_slice(&std::mem::replace(&mut self.begun, left));
        length > 0
    }

    fn noted(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.activity.wrote(&written);
        written
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let again = !self.begun.is_empty() && self.give_again(buf);
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if let Some(new) = buf.filled_mut().get_mut(before..) {
            self.line_ends.judge(new);
        }
        // What is read again is there, whether more is or not.
        if again && read.is_pending() {
            Poll::Ready(Ok(()))
        } else {
            read
        }
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.noted(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.noted(written)
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
