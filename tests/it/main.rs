//! One binary of integration tests, each reading as a sentence.

#![allow(unreachable_pub, reason = "what tests share is public to them alone")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on must stop"
)]

mod support;
mod journey;
mod caching;
mod conditional;
mod serving;
mod strangers;
mod shutdown;
mod architecture;
mod fetching;
mod origins;
mod storing;
mod keeping;
mod machine;
mod killing;
mod background;
mod instances;
mod pushing;
mod faults;
mod settings;
mod secrets;
mod commands;
mod images;
mod pictures;
mod cleaning;
mod reloading;
mod upgrading;
mod adding;
mod deploying;
mod readers;
mod packaging;
mod chart;
mod docs;
mod pages;
mod browser;
