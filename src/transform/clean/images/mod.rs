//! Pictures: unwrap what wraps them, then place them.

pub mod srcset;
pub mod unwrap;

use crate::sign::Signer;

/// What becomes of pictures.
#[derive(Clone, Debug, Default)]
pub enum Policy {
    /// Through us.
    Proxy(Signer),
    /// Through a weserv service: this base and the percent-encoded address.
    Weserv(String),
    /// The origin's own address.
    #[default]
    Direct,
    /// No pictures.
    Strip,
}
