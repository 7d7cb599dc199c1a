//! What the tests share.

pub(crate) mod engine;
pub mod origin;
pub mod program;
pub mod tls;
