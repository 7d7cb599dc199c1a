//! `Cache-Status` (RFC 9211): how an answer was come by, for people who wonder.

use std::fmt::{self, Display};

use crate::cache::stored::{Failing, StoredResponse};
use crate::cache::{Found, How};

/// Writes the header of an answer.
#[derive(Clone, Copy, Debug)]
pub struct CacheStatus<'a>(pub &'a Found);

impl Display for CacheStatus<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(found) = self;
        let stored = &found.response;
        let ttl = stored.freshness.ttl(found.at);
        f.write_str("limpid; ")?;
        match found.how {
            How::Hit => write!(f, "hit; ttl={ttl}"),
            How::Stale { collapsed } => {
                write!(
                    f,
                    "fwd=stale; ttl={ttl}{}; detail=revalidating",
                    if_collapsed(collapsed)
                )
            }
            How::StaleIfError => {
                f.write_str("fwd=stale")?;
                failure(f, stored)
            }
            How::Refreshed { absent, collapsed } => {
                let forward = if absent { "miss" } else { "stale" };
                let status = stored.origin.status;
                write!(
                    f,
                    "fwd={forward}; fwd-status={status}; stored; ttl={ttl}{}",
                    if_collapsed(collapsed)
                )
            }
        }
    }
}

fn if_collapsed(collapsed: bool) -> &'static str {
    if collapsed { "; collapsed" } else { "" }
}

fn failure(f: &mut fmt::Formatter<'_>, stored: &StoredResponse) -> fmt::Result {
    let Some(Failing { last, .. }) = &stored.failing else {
        return Ok(());
    };
    if let Some(status) = last.status {
        write!(f, "; fwd-status={status}")?;
    }
    write!(f, "; detail={}", last.class.name())
}
