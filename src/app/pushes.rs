//! WebSub for the configured feeds: subscribing where they are announced, refreshing when a hub tells of a change, and
//! telling our own subscribers.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use url::Url;

use super::{App, InForce, NamedBy};
use crate::cache::freshness::{self, Pushed};
use crate::cache::stored::{OriginState, StoredResponse, Version};
use crate::endpoint::Endpoint;
use crate::websub::{Asked, Content, Named, Push, Refused, WebSub, When};

impl App {
    /// `endpoint`, asked for less often while a hub tells of its changes.
    pub(super) async fn while_pushed(
        &self,
        in_force: &InForce,
        endpoint: Arc<Endpoint>,
        by: NamedBy,
    ) -> Arc<Endpoint> {
        let Some(websub) = of_configured(in_force, &endpoint, by) else {
            return endpoint;
        };
        let Some(until) = websub.lease(&endpoint.name).await else {
            return endpoint;
        };
        let pushed = Some(Pushed {
            until,
            poll: websub.poll(),
        });
        Arc::new(Endpoint {
            freshness: freshness::Policy {
                pushed,
                ..endpoint.freshness.clone()
            },
            ..Endpoint::clone(&endpoint)
        })
    }

    /// Behind a refresh: sees to the subscription at the feed's hub, and tells our subscribers what is new.
    pub(super) fn spread(
        self: &Arc<Self>,
        in_force: &InForce,
        endpoint: &Arc<Endpoint>,
        by: NamedBy,
        prior: Option<&StoredResponse>,
        stored: &StoredResponse,
    ) {
        let Some(websub) = of_configured(in_force, endpoint, by).cloned() else {
            return;
        };
        let bytes = |stored: &StoredResponse| stored.version.representation.hash;
        let is_new = prior.is_some_and(|prior| bytes(prior) != bytes(stored));
        let (app, endpoint) = (Arc::clone(self), Arc::clone(endpoint));
        let (named, version) = (named(&stored.origin), Arc::clone(&stored.version));
        tokio::spawn(async move {
            websub.tend(&endpoint.name, named.as_ref()).await;
            if is_new {
                app.announce(&websub, &endpoint, &version).await;
            }
        });
    }

    /// Tells all who subscribed to `endpoint`, each in the format it subscribed to.
    async fn announce(&self, websub: &Arc<WebSub>, endpoint: &Endpoint, version: &Arc<Version>) {
        let feed = &endpoint.name;
        let number = websub.announced(feed);
        let mut made: HashMap<_, Content> = HashMap::new();
        for listener in websub.listeners(feed).await {
            let content = match made.entry(listener.format) {
                Entry::Occupied(made) => made.into_mut(),
                Entry::Vacant(place) => {
                    let Ok(served) = self.in_format(version, endpoint, listener.format).await else {
                        continue;
                    };
                    let media_type = served.representation().kind.media_type();
                    let plain = tokio::task::spawn_blocking(move || served.representation().identity());
                    let Ok(Some(body)) = plain.await else {
                        continue;
                    };
                    place.insert(Content { media_type, body })
                }
            };
            websub.deliver(feed, number, listener, content.clone());
        }
    }

    /// A hub tells of a change of a configured feed: it is asked for soon, whatever was sent.
    pub async fn pushed(
        self: &Arc<Self>,
        websub: &WebSub,
        feed: &str,
        id: &str,
        signature: Option<&str>,
        body: &[u8],
    ) -> Push {
        let Some(endpoint) = self.endpoint(feed) else {
            return Push::Unknown;
        };
        let push = websub.push(feed, id, signature, body).await;
        if push == Push::Told {
            let wait = match websub.when(feed) {
                When::Now => None,
                When::In(wait) => Some(wait),
                When::Already => return push,
            };
            let app = Arc::clone(self);
            tokio::spawn(async move {
                if let Some(wait) = wait {
                    tokio::time::sleep(wait).await;
                }
                app.refresh(&endpoint, NamedBy::Owner);
            });
        }
        push
    }

    /// A reader wants to be told of changes of one of our feeds, or no longer.
    ///
    /// # Errors
    /// Why it is not taken.
    pub async fn wants_pushes(&self, websub: &Arc<WebSub>, form: &[u8]) -> Result<(), Refused> {
        let in_force = self.in_force();
        let asked = Asked::read(form, in_force.signer.public_url()).map_err(Refused::Malformed)?;
        if !in_force.endpoints.contains_key(&asked.feed) {
            return Err(Refused::Unknown);
        }
        websub.asked(asked).await
    }
}

/// WebSub, if it is wanted and `endpoint` is in the settings.
fn of_configured<'f>(in_force: &'f InForce, endpoint: &Endpoint, by: NamedBy) -> Option<&'f Arc<WebSub>> {
    let is_ours = by == NamedBy::Owner && in_force.endpoints.contains_key(&endpoint.name);
    in_force.websub.as_ref().filter(|_| is_ours)
}

fn named(origin: &OriginState) -> Option<Named> {
    let url = |text: &Option<String>| Url::parse(text.as_deref()?).ok();
    Some(Named {
        hub: url(&origin.hub)?,
        topic: url(&origin.topic)?,
    })
}
