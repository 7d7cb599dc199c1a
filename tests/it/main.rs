//! One binary of integration tests, each reading as a sentence.

mod support;
mod fetching;
