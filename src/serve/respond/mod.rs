//! 9 RESPOND: what we hold, as an answer to this reader.

pub mod news;
pub mod feed;
pub mod picture;
pub mod problem;
pub mod status;
pub mod conditional;
pub mod encoding;
pub mod reply;
pub mod body;
