//! 3 CACHE: moka in front of the store; freshness and collapsing. Knows no feeds.

pub mod freshness;
