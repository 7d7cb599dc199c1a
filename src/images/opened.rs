//! Files of pictures that were read a moment ago, still open: the next reader need not wait for a thread that opens
//! them again.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;

/// Files kept open.
const FILES: u64 = 128;
/// A larger one costs more to send than to open; and a file that is removed takes room until it is closed.
const LARGEST: u64 = 1 << 20;
/// Closed when nobody asked for it in this time.
const IDLE: Duration = Duration::from_secs(5);
/// Closed after this time, asked for or not: whoever removed it behind our back is heeded by then.
const LIFE: Duration = Duration::from_secs(30);

/// Open files by the names of what they hold.
#[derive(Debug)]
pub(super) struct Opened {
    files: Cache<String, Arc<File>>,
}

impl Default for Opened {
    fn default() -> Self {
        Self {
            files: Cache::builder()
                .max_capacity(FILES)
                .time_to_idle(IDLE)
                .time_to_live(LIFE)
                .build(),
        }
    }
}

impl Opened {
    /// The file of `object`, if it is open.
    pub(super) async fn of(&self, object: &str) -> Option<Arc<File>> {
        self.files.get(object).await
    }

    /// Leaves the file of `object`, which has `length` bytes, open for a while.
    pub(super) async fn keep(&self, object: &str, file: &Arc<File>, length: u64) {
        if length <= LARGEST {
            self.files.insert(object.to_owned(), Arc::clone(file)).await;
        }
    }
}
