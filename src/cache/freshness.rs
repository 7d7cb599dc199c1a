//! How long an answer is fresh and how long it may be served stale (RFC 9111, RFC 5861). Pure.

use std::time::Duration;

/// The owner's bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Never ask sooner.
    pub min: Duration,
    /// Never ask later.
    pub max: Duration,
    /// How long after `fresh_until` a copy is served while a refresh runs behind.
    pub stale_while_revalidate: Duration,
    /// How long a copy is served when the origin fails.
    pub stale_if_error: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            min: Duration::from_secs(15 * 60),
            max: Duration::from_secs(24 * 3600),
            stale_while_revalidate: Duration::from_secs(3600),
            stale_if_error: Duration::from_secs(30 * 24 * 3600),
        }
    }
}
