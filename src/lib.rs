//! Limpid: an RSS/Atom republishing proxy.
//!
//! Modules stand in reading order, and each imports only what stands below it
//! (`tests/it/architecture.rs` checks it). Three functions tell everything:
//! [`serve::handler::handle`] (one request), [`refresh::refresh`] (one refresh)
//! and [`transform::transform`] (bytes in, clean bytes out).

pub mod cli;
pub mod config;
pub mod pages;
pub mod serve;
pub mod app;
pub mod schedule;
pub mod explain;
pub mod discover;
pub mod opml;
pub mod wall;
pub mod refresh;
pub mod endpoint;
pub mod local;
pub mod websub;
pub mod cache;
pub mod store;
pub mod images;
pub mod fetch;
pub mod transform;
pub mod demo;
pub mod sign;
pub mod message;
pub mod telemetry;
pub mod clock;
pub mod leisure;
