//! Configured feeds, kept fresh before anyone asks.

use std::collections::HashMap;
use std::sync::Arc;

use crate::cache::Landed;
use crate::cache::freshness::{backoff, millis};
use crate::cache::stored::{Class, Failing, Timing};
use crate::clock::Millis;
use crate::endpoint::{Endpoint, Origin};
use crate::schedule::host::Said;
use crate::schedule::{Feed, Outcome, due};

use super::{App, NamedBy};

impl App {
    /// Keeps the configured feeds fresh until dropped. Goes on where the last run ended.
    pub async fn keep_fresh(self: &Arc<Self>) {
        let timings = async || self.cache.timings().await.into_iter().collect();
        self.plan(&timings().await);
        let app = Arc::clone(self);
        let look = move |key: Arc<str>| Arc::clone(&app).look(key);
        loop {
            self.schedule.run(&look).await;
            tracing::warn!("the clock was set back: feeds are planned anew");
            self.schedule.move_to(self.wanted(&timings().await));
        }
    }

    /// Looks again at what is due now: the clock was moved.
    pub fn wake(&self) {
        self.schedule.wake();
    }

    /// True when feeds are planned, none is due, and no refresh of the background is under way.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        self.schedule.is_at_rest()
    }

    /// Plans the configured feeds that want it.
    pub(super) fn plan(&self, timings: &HashMap<String, Timing>) {
        self.schedule.set(self.wanted(timings));
    }

    fn wanted(&self, timings: &HashMap<String, Timing>) -> Vec<Feed> {
        let now = self.clock.millis();
        let in_force = self.in_force();
        let wanted = in_force
            .endpoints
            .values()
            .filter(|endpoint| endpoint.background.is_some());
        wanted
            .map(|endpoint| Feed {
                key: endpoint.name.as_str().into(),
                host: host(endpoint),
                due: due::first(
                    timings.get(&endpoint.name),
                    &endpoint.freshness,
                    &endpoint.name,
                    now,
                ),
            })
            .collect()
    }

    /// One look at a feed that was due: readers, or another instance, may have had it refreshed since.
    async fn look(self: Arc<Self>, key: Arc<str>) -> Outcome {
        let now = self.clock.millis();
        let not_asked = |due| Outcome { due, said: None };
        let Some(endpoint) = self.endpoint(&key) else {
            return not_asked(now.saturating_add(millis(self.in_force().template.freshness.max)));
        };
        let policy = &endpoint.freshness;
        if let Some(held) = self.cache.held(&key).await {
            let timing = Timing::from(&*held);
            let due = due::due(&timing, policy, &key, now);
            if due > now {
                return not_asked(due);
            }
            if due::is_paused(&timing, endpoint.background.unwrap_or_default(), now) {
                return not_asked(now.saturating_add(millis(policy.min)));
            }
        }
        let landed = self.refresh(&endpoint, NamedBy::Owner).landed().await;
        let now = self.clock.millis();
        let held = self.cache.held(&key).await;
        let due = match (&held, &landed) {
            (Some(held), _) => due::due(&Timing::from(&**held), policy, &key, now),
            // Never a copy: not every half minute, as for readers who wait for it.
            (None, Some(Err(failing))) => {
                let wait = backoff(failing.count, failing.last.retry_after, &key).min(policy.max);
                now.saturating_add(millis(wait))
            }
            (None, _) => now.saturating_add(millis(policy.min)),
        };
        let said = landed.and_then(|landed| said(&landed, now));
        Outcome {
            due,
            said: said.filter(|_| !host(&endpoint).is_empty()),
        }
    }
}

/// Whose patience a refresh takes; empty when nobody's.
fn host(endpoint: &Endpoint) -> Arc<str> {
    let url = endpoint.origins.iter().find_map(|origin| match origin {
        Origin::Http(url) => Some(url),
        _ => None,
    });
    let host = url.and_then(|url| Some((url.host_str()?, url.port_or_known_default()?)));
    host.map_or_else(|| "".into(), |(host, port)| format!("{host}:{port}").into())
}

/// What an answer says about its host.
fn said(landed: &Landed, now: Millis) -> Option<Said> {
    let Err(failing) = landed else {
        return Some(Said::Answer);
    };
    let Failing { last, .. } = &**failing;
    match (last.class, last.status) {
        (Class::Refused | Class::Defect | Class::Circle, _) => None,
        (_, Some(429 | 503)) if last.retry_after.is_some() => Some(Said::Later(failing.retry_at.max(now))),
        (_, None | Some(429 | 500..)) => Some(Said::Nothing),
        (_, Some(_)) => Some(Said::Answer),
    }
}
