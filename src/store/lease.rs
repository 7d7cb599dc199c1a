//! The right to refresh one key.

/// The right to refresh one key, until it is dropped, released or too old. Its fence goes into what is written.
#[derive(Debug)]
#[must_use = "a dropped lease is given back"]
pub struct Lease {
    /// Larger than that of any lease granted before on this key.
    pub fence: u64,
}

impl Lease {
    /// Granted where there are no other instances to agree with.
    pub(super) fn alone(fence: u64) -> Self {
        Self { fence }
    }

    /// Gives the lease back now.
    pub async fn release(self) {}
}
