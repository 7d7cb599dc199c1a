//! The right to refresh one key.

use super::redis::Hold;

/// The right to refresh one key, until it is dropped, released or too old. Its fence goes into what is written.
#[derive(Debug)]
#[must_use = "a dropped lease is given back"]
pub struct Lease {
    /// Larger than that of any lease granted before on this key.
    pub fence: u64,
    hold: Option<Hold>,
}

impl Lease {
    /// Granted where there are no other instances to agree with.
    pub(super) fn alone(fence: u64) -> Self {
        Self { fence, hold: None }
    }

    /// Granted by an engine, which is told when it is given back.
    pub(super) fn held(fence: u64, hold: Hold) -> Self {
        Self {
            fence,
            hold: Some(hold),
        }
    }

    /// Gives the lease back, and returns when others can have it.
    pub async fn release(mut self) {
        if let Some(hold) = self.hold.take() {
            hold.release().await;
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let hold = self.hold.take();
        // Without a runtime the process is ending, and the lease ends by its age.
        if let (Some(hold), Ok(runtime)) = (hold, tokio::runtime::Handle::try_current()) {
            runtime.spawn(hold.release());
        }
    }
}
