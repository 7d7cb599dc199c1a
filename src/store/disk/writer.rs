//! The one writer: what comes in at once goes to disk in one commit.

use std::sync::Arc;
use std::time::Duration;

use redb::Durability;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::blocking;
use super::file::File;
use super::table::{self, Write};
use crate::store::Error;

/// Writes that wait; beyond, callers wait.
pub(super) const QUEUE: usize = 256;
/// Writes in one commit, and bytes after which a commit takes no more.
const BATCH: usize = 64;
const BATCH_BYTES: usize = 16 << 20;
/// How long a new date on an old body may exist in memory only.
const FLUSH_AFTER: Duration = Duration::from_secs(5);

/// What the writer is asked.
#[derive(Debug)]
pub(super) enum Job {
    Write(Write, oneshot::Sender<Result<bool, Error>>),
    /// Put everything on disk and let go of the file.
    Close(oneshot::Sender<()>),
}

type Waiting = (Write, oneshot::Sender<Result<bool, Error>>);

/// Runs until the last handle is dropped, or until it is closed.
pub(super) async fn run(mut queue: mpsc::Receiver<Job>, file: Arc<File>) {
    let mut flush_at = None;
    let closed = loop {
        let job = tokio::select! {
            job = queue.recv() => job,
            () = sleep_until(flush_at.unwrap_or_else(Instant::now)), if flush_at.is_some() => {
                flush(&file).await;
                flush_at = None;
                continue;
            }
        };
        let (batch, close) = match job {
            Some(Job::Write(write, done)) => gather((write, done), &mut queue),
            Some(Job::Close(done)) => break Some(done),
            None => break None,
        };
        flush_at = match commit(&file, batch).await {
            Durability::Immediate => None,
            _ => flush_at.or_else(|| Some(Instant::now() + FLUSH_AFTER)),
        };
        if close.is_some() {
            break close;
        }
    };
    if flush_at.is_some() {
        flush(&file).await;
    }
    blocking(move || {
        file.close();
        Ok(())
    })
    .await
    .ok();
    if let Some(done) = closed {
        done.send(()).ok();
    }
}

/// The writes that wait already; stops at a request to close, which is then handed back.
fn gather(first: Waiting, queue: &mut mpsc::Receiver<Job>) -> (Vec<Waiting>, Option<oneshot::Sender<()>>) {
    let mut bytes = first.0.size();
    let mut batch = vec![first];
    while batch.len() < BATCH && bytes < BATCH_BYTES {
        match queue.try_recv() {
            Ok(Job::Write(write, done)) => {
                bytes = bytes.saturating_add(write.size());
                batch.push((write, done));
            }
            Ok(Job::Close(done)) => return (batch, Some(done)),
            Err(_) => break,
        }
    }
    (batch, None)
}

/// Answers nobody before the commit is done.
async fn commit(file: &Arc<File>, batch: Vec<Waiting>) -> Durability {
    let durable = batch.iter().any(|(write, _)| write.must_last());
    let durability = if durable {
        Durability::Immediate
    } else {
        Durability::None
    };
    let file = Arc::clone(file);
    blocking(move || {
        let (writes, waiting): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        let result = file.write(&writes.iter().collect::<Vec<_>>(), durability);
        for (at, done) in waiting.into_iter().enumerate() {
            let answer = result.as_ref().map(|all| all.get(at).copied().unwrap_or(false));
            done.send(answer.map_err(Clone::clone)).ok();
        }
        Ok(())
    })
    .await
    .ok();
    durability
}

async fn flush(file: &Arc<File>) {
    let file = Arc::clone(file);
    if let Err(error) = blocking(move || file.read(table::flush)).await {
        tracing::warn!(%error, "the store could not write its latest dates to disk");
    }
}
