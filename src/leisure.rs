//! Work that keeps a core busy while readers are answered: on threads of its own, which give way to those.
//!
//! On a machine with two cores a refresh takes one of them for milliseconds. At the same priority the kernel lets a
//! reader wait for its time slice; at a lower one the reader's thread goes first as soon as it has something to do.

use tokio::sync::oneshot;

/// How far below the rest (`nice(2)`; on Linux of this thread alone): a ninth of a share when all cores are busy, so
/// that refreshes go on whatever readers ask for. It decides who is next, not when: a thread that runs keeps its core
/// for up to a tick of the kernel's clock (4 ms), so long work lets others go first now and then (`yield_now`).
const NICE: i32 = 10;

/// Does `work` on a thread that gives way. `None` when it panicked, or no thread could be had.
///
/// A thread for each piece of work, since a priority that was given up cannot be taken back; how many there are at
/// once is for the caller to bound.
pub async fn done<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (tell, told) = oneshot::channel();
    let thread = std::thread::Builder::new().name("leisure".to_owned());
    let begun = thread.spawn(move || {
        // Where it is not allowed, the work is done all the same.
        let _allowed = rustix::process::nice(NICE);
        // Nobody may be waiting any more.
        let _heard = tell.send(work());
    });
    begun.ok()?;
    told.await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_below_the_threads_that_answer() {
        let own = || rustix::process::getpriority_process(None).expect("told");
        let before = own();
        let there = done(own).await.expect("done");
        assert_eq!(there, (before + NICE).min(19));
        assert_eq!(own(), before, "the thread that asked stays where it was");
    }

    #[tokio::test]
    async fn work_that_panics_is_told_as_not_done() {
        assert_eq!(done(|| -> u8 { panic!("a defect") }).await, None);
    }
}
