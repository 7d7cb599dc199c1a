//! Records in one crash-safe file (redb). Every call that may block runs on the blocking pool.

mod writer;
mod file;
mod table;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;

use super::{Error, Options, Record, Space, admit};
use file::{File, Opener};
use table::{Edit, Write};
use writer::Job;

/// A handle on the file; clones share it.
#[derive(Clone, Debug)]
pub struct Disk {
    file: Arc<File>,
    jobs: mpsc::Sender<Job>,
    fence: Arc<AtomicU64>,
    max_record: usize,
}

impl Disk {
    pub(super) async fn open(folder: &Path, options: &Options) -> Result<Self, Error> {
        Self::open_with(folder, options, file::opener(options.page_cache)).await
    }

    /// With another way to open the file, so that a trial can make the disk fail.
    async fn open_with(folder: &Path, options: &Options, opener: Opener) -> Result<Self, Error> {
        let (folder, limits) = (folder.to_owned(), options.clone());
        let (file, fence) = blocking(move || File::open(&folder, &limits, opener)).await?;
        let file = Arc::new(file);
        let (jobs, queue) = mpsc::channel(writer::QUEUE);
        tokio::spawn(writer::run(queue, Arc::clone(&file)));
        Ok(Self {
            file,
            jobs,
            fence: Arc::new(AtomicU64::new(fence)),
            max_record: options.max_record,
        })
    }

    pub(super) async fn get(&self, space: Space, key: &str) -> Result<Option<Record>, Error> {
        let (file, key) = (Arc::clone(&self.file), key.to_owned());
        blocking(move || file.read(|database| table::get(database, space, &key))).await
    }

    pub(super) async fn heads(&self, space: Space) -> Result<Vec<(String, Bytes)>, Error> {
        let file = Arc::clone(&self.file);
        blocking(move || file.read(|database| table::heads(database, space))).await
    }

    pub(super) async fn put(&self, space: Space, key: &str, record: Record) -> Result<bool, Error> {
        admit(key, &record.head, &record.body, self.max_record)?;
        self.write(space, key, Edit::Put(record)).await
    }

    pub(super) async fn put_head(
        &self,
        space: Space,
        key: &str,
        head: Bytes,
        fence: u64,
    ) -> Result<bool, Error> {
        admit(key, &head, &[], self.max_record)?;
        self.write(space, key, Edit::Head { head, fence }).await
    }

    pub(super) async fn delete(&self, space: Space, key: &str) -> Result<bool, Error> {
        self.write(space, key, Edit::Delete).await
    }

    pub(super) fn next_fence(&self) -> u64 {
        self.fence.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Returns when everything is on disk and the file is free for another process.
    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.jobs.send(Job::Close(done)).await.is_ok() {
            closed.await.ok();
        }
    }

    async fn write(&self, space: Space, key: &str, edit: Edit) -> Result<bool, Error> {
        let (done, result) = oneshot::channel();
        let write = Write {
            space,
            key: key.to_owned(),
            edit,
        };
        self.jobs
            .send(Job::Write(write, done))
            .await
            .map_err(|_| Error::Closed)?;
        result.await.map_err(|_| Error::Closed)?
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    // The work itself turns panics into errors; what is left is a runtime that ends.
    spawn_blocking(work).await.unwrap_or(Err(Error::Closed))
}

#[cfg(test)]
mod tests;
