//! One binary of integration tests, each reading as a sentence.

#![allow(unreachable_pub, reason = "what tests share is public to them alone")]

mod support;
mod fetching;
mod storing;
mod settings;
mod commands;
mod images;
