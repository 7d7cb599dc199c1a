//! What a failed refresh is to the cache and to readers.

use super::Error;
use crate::cache::stored::{Class, Failure};
use crate::fetch;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let sentence = error.to_string();
        let class = match &error {
            Error::Fetch(fetch::Error::Refused(_)) => Class::Refused,
            Error::Fetch(fetch::Error::Timeout(_)) => Class::Slow,
            Error::Fetch(fetch::Error::Circle) => Class::Circle,
            Error::Fetch(_) | Error::Transform(_) | Error::File(_) => Class::Bad,
            Error::NoOrigin | Error::Crashed => Class::Defect,
        };
        let failure = Self::new(class, &sentence);
        match error {
            Error::Fetch(fetch::Error::Status { status, retry_after }) => Self {
                status: Some(status),
                retry_after,
                ..failure
            },
            // It answered, but with nothing that is a feed.
            Error::Transform(_) => Self {
                status: Some(200),
                ..failure
            },
            _ => failure,
        }
    }
}
