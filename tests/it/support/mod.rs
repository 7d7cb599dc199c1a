//! What the tests share.

pub(crate) mod engine;
pub mod client;
pub(crate) mod front;
pub mod frames;
pub mod origin;
pub mod program;
pub mod proxy;
pub mod tls;
