//! ★ One refresh: fetch → transform → date it.

mod failure;
mod make;
mod ask;
mod moved;
mod swapped;
mod tidy;
pub mod original;

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, header};
use tokio::sync::Semaphore;

use crate::cache::freshness::rhythm::Rhythm;
use crate::cache::freshness::{Freshness, Policy, lifetime};
use crate::cache::stored::{LastRead, OriginState, StoredResponse, Version};
use crate::clock::Millis;
use crate::endpoint::Endpoint;
use crate::fetch::circle::Through;
use crate::fetch::{self, Fetcher};
use crate::{local, telemetry, transform};

use self::ask::Answer;
use self::original::Originals;
pub(crate) use self::swapped::is_another;

/// A feed that had entries and now has none is believed after so many refreshes in a row.
const EMPTY_BELIEVED: u8 = 3;

/// What refreshes work with.
#[derive(Clone, Debug)]
pub struct Tools {
    /// Asks origins.
    pub fetcher: Fetcher,
    /// Transforms at once: they keep a core busy each.
    pub transforms: Arc<Semaphore>,
    /// Where the last original of each feed is remembered, for its owner.
    pub originals: Originals,
}

impl Tools {
    /// The same, asking for what others like us have been asked for.
    #[must_use]
    pub fn on_behalf_of(&self, through: Through) -> Self {
        Self {
            fetcher: self.fetcher.on_behalf_of(through),
            ..self.clone()
        }
    }
}

/// Why a refresh brought nothing. The texts are for people and hold no word of the origin's.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The origin gave nothing usable.
    #[error(transparent)]
    Fetch(#[from] fetch::Error),
    /// What it gave could not be cleaned.
    #[error(transparent)]
    Transform(#[from] transform::Error),
    /// A feed file, or a folder of archives, could not be read.
    #[error(transparent)]
    File(#[from] local::Error),
    /// The settings name no origin.
    #[error("this feed has no origin")]
    NoOrigin,
    /// The transform crashed: a defect of ours.
    #[error("cleaning this feed failed inside the proxy")]
    Crashed,
}

/// ★ Asks the origin of `endpoint` and makes what readers get of its answer.
///
/// A 304, or a body equal to the last one, only gets a new date. A feed that lost all its entries
/// is not believed at once.
///
/// # Errors
/// When the origin gives nothing usable: what is stored stays as it is.
pub async fn refresh(
    tools: &Tools,
    endpoint: &Endpoint,
    prior: Option<&StoredResponse>,
    now: Millis,
) -> Result<StoredResponse, Error> {
    let policy = endpoint.policy_hash();
    let known = prior.filter(|prior| prior.version.policy == policy);
    let document = match ask::ask(tools, endpoint, known, now).await? {
        Answer::Document(document) => document,
        Answer::NotModified { stored, headers } => return Ok(redated(stored, endpoint, &headers, now)),
    };
    let origin = OriginState {
        validators: document.validators(),
        url: document
            .parts
            .first()
            .and_then(|part| part.url.as_ref())
            .map(ToString::to_string),
        moved_permanently: document.parts.iter().all(|part| part.moved_permanently),
        body_hash: document.hash(),
        moved: moved::count(document.answered(), known.map(|known| &known.origin)),
        status: 200,
        full_at: now,
        empty: 0,
        ..OriginState::default()
    };
    let version = match known {
        Some(known) if known.origin.body_hash == origin.body_hash => Arc::clone(&known.version),
        _ => make::version(tools, endpoint, &document, prior, policy, now).await?,
    };
    if let Some(prior) = prior.filter(|prior| is_suspicious(prior, &version)) {
        tracing::warn!(feed = %telemetry::feed(&endpoint.name), "the feed came without entries; the last copy is kept");
        return Ok(kept(prior, endpoint, now));
    }
    let announced = document.announced(&version.hints);
    let policy = &endpoint.freshness;
    // Of several origins, the most impatient decides.
    let lifetimes = document.parts.iter();
    let lifetimes = lifetimes.map(|part| lifetime(&part.headers, &version.hints, policy, now));
    let fresh = lifetimes.min().unwrap_or(policy.min);
    let rhythm = prior.map_or_else(
        || Rhythm::new(now),
        |prior| prior.rhythm.after(has_news(known, &version), now),
    );
    let fresh = rhythm.stretch(fresh, policy, now);
    Ok(StoredResponse {
        version,
        origin: OriginState {
            hub: announced.as_ref().map(|named| named.hub.to_string()),
            topic: announced.map(|named| named.topic.into()),
            max_age: max_age(fresh, policy, now),
            ..origin
        },
        freshness: Freshness::new(now, policy.while_pushed(fresh, now), policy),
        failing: None,
        rhythm,
        last_read: prior.map_or_else(|| LastRead::new(now), |prior| prior.last_read.clone()),
    })
}

/// True when the feed itself changed: another entry, not another date of its own or another policy of ours.
fn has_news(known: Option<&StoredResponse>, version: &Version) -> bool {
    known.is_some_and(|known| known.version.contents != version.contents)
}

/// The same version with a new date. Validators that came with a 304 replace the old ones
/// (RFC 9111 §4.3.4); without a word about freshness the old lifetime holds again.
fn redated(stored: &StoredResponse, endpoint: &Endpoint, headers: &HeaderMap, now: Millis) -> StoredResponse {
    let mut redated = stored.clone();
    let new = ask::validators(headers);
    let validators = &mut redated.origin.validators;
    validators.etag = new.etag.or(validators.etag.take());
    validators.last_modified = new.last_modified.or(validators.last_modified.take());
    redated.origin.status = 304;
    redated.origin.empty = 0;
    redated.failing = None;
    let says = |name| headers.contains_key(name);
    let fresh = if says(header::CACHE_CONTROL) || says(header::EXPIRES) {
        lifetime(headers, &stored.version.hints, &endpoint.freshness, now)
    } else {
        let before = stored.freshness;
        Duration::from_millis(before.fresh_until.saturating_sub(before.stored_at))
    };
    let policy = &endpoint.freshness;
    let fresh = stored.rhythm.stretch(fresh, policy, now);
    redated.origin.max_age = max_age(fresh, policy, now);
    redated.freshness = Freshness::new(now, policy.while_pushed(fresh, now), policy);
    redated
}

/// What readers are told while a hub keeps us from asking as often as we would: they get no pushes from us, unless
/// they want them, so that they come back as often as ever.
fn max_age(fresh: Duration, policy: &Policy, now: Millis) -> Option<u64> {
    (policy.while_pushed(fresh, now) > fresh).then_some(fresh.as_secs())
}

/// The old version for a short while more.
fn kept(prior: &StoredResponse, endpoint: &Endpoint, now: Millis) -> StoredResponse {
    let mut kept = prior.clone();
    kept.origin.empty = kept.origin.empty.saturating_add(1);
    kept.failing = None;
    kept.freshness = Freshness::new(now, endpoint.freshness.min, &endpoint.freshness);
    kept
}

fn is_suspicious(prior: &StoredResponse, version: &Version) -> bool {
    version.hints.entries == 0
        && prior.version.hints.entries > 0
        && prior.origin.empty.saturating_add(1) < EMPTY_BELIEVED
}
