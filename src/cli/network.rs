//! What commands ask origins with: the same fetcher and the same policies as the server's.

use std::future::Future;

use super::failure::Failure;
use crate::config::Settings;
use crate::fetch::Fetcher;
use crate::transform::Policy;

/// A fetcher, and a policy for documents that are only looked at: pictures keep their addresses, no key is needed.
pub(super) fn tools(settings: &Settings) -> (Fetcher, Policy) {
    let choices = &settings.choices;
    let policy = Policy {
        clean: choices.policy(&choices.clean, None),
        limits: choices.limits.clone(),
        ..Policy::default()
    };
    (Fetcher::new(choices.fetch.clone()), policy)
}

/// Runs `work` to its end.
pub(super) fn run<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("the network cannot be used: {error}")))?;
    Ok(runtime.block_on(work))
}
