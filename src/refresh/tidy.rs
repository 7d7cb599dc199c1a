//! What a transform leaves for the next one is given back when none follows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::transform::buffers;

/// When nothing was made for so long, no refreshes come one after the other.
const IDLE: Duration = Duration::from_secs(10);

static WATCHED: AtomicBool = AtomicBool::new(false);

/// Open for another watch when this one ends, however it does.
struct Watch;

impl Drop for Watch {
    fn drop(&mut self) {
        WATCHED.store(false, Ordering::Release);
    }
}

/// Has kept buffers given back when nothing was made for a while: at most twice that while from now.
pub(super) fn later() {
    if WATCHED.swap(true, Ordering::AcqRel) {
        return;
    }
    let watch = Watch;
    tokio::spawn(async move {
        while !buffers::give_back() {
            tokio::time::sleep(IDLE).await;
        }
        drop(watch);
    });
}
