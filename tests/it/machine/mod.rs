//! Faults of the machine: no room on disk, no file descriptors, a clock that jumps, an engine that comes and goes.
//! Readers of a feed that once worked notice nothing, and when the fault is over so are its traces.
//!
//! Not here: a store that is torn, cut, foreign or read-only (`store::disk::tests`, `keeping`), `kill -9` (`storing`).

mod clock;
mod disk;
mod descriptors;
mod engines;
