//! What moves on one connection, and what it is told: noted by its stream and its requests, read by its keeper, and
//! the other way round.
//!
//! What a reader sends counts for nothing until it is a request: a head that comes byte by byte does not
//! keep a connection open.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// Bytes that have to be taken, if no request is answered: whoever takes a byte now and then rests.
const ENOUGH: u64 = 1024;

/// What moves on one connection, and what it is told.
#[derive(Debug, Default)]
pub(super) struct Activity {
    /// Bytes written; an answer counts as [`ENOUGH`] of them.
    bytes: AtomicU64,
    /// Requests being answered.
    answering: AtomicU32,
    /// Something was written that the other end has no room for.
    stuck: AtomicBool,
    told: Mutex<Told>,
}

/// What a connection is told, and whom to wake when it is told more.
#[derive(Debug, Default)]
struct Told {
    word: Word,
    waker: Option<Waker>,
}

/// What a connection may be told, the gravest last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Word {
    #[default]
    GoOn,
    /// Finish what you are at.
    Leave,
    /// Leave at once.
    Stop,
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

    /// Notes what came of writing to the other end.
    pub(super) fn wrote(&self, written: &Poll<io::Result<usize>>) {
        self.stuck.store(written.is_pending(), Ordering::Relaxed);
        if let Poll::Ready(Ok(bytes)) = written {
            self.bytes.fetch_add(*bytes as u64, Ordering::Relaxed);
        }
    }

    /// Says `word`, unless something graver was said before.
    pub(super) fn tell(&self, word: Word) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.word = told.word.max(word);
        let waker = told.waker.take();
        drop(told);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The gravest word so far; another one wakes who asks.
    pub(super) fn told(&self, cx: &Context<'_>) -> Word {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let knows = told
            .waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()));
        if !knows {
            told.waker = Some(cx.waker().clone());
        }
        told.word
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
