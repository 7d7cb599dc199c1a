//! ★ One request: route → cache → respond.

pub(super) mod refuse;
mod log;
mod compatible;

use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderMap, Method, Request, header};
use tokio::time::Instant;
use tracing::Instrument as _;
use url::Url;

use super::client;
use super::respond::feed::{self, Content, feed, made};
use super::respond::picture::picture;
use super::respond::problem::{Problem, problem};
use super::respond::reply::{self, Reply};
use super::respond::{conditional, news};
use super::route::{Route, route};
use crate::app::troubles::STATUS;
use crate::app::{Access, App, Asked, InForce, NamedBy, Served};
use crate::cache::Found;
use crate::clock::Millis;
use crate::endpoint::Endpoint;
use crate::fetch::circle::Through;
use crate::message::Format;
use crate::telemetry::spans;

/// ★ Answers one request of a reader. Never fails: what goes wrong is an answer too.
///
/// The body of the request is not read, and none is taken.
pub async fn handle<B>(app: &Arc<App>, peer: Option<IpAddr>, request: &Request<B>) -> Reply {
    let began = Instant::now();
    let (method, headers, uri) = (request.method(), request.headers(), request.uri());
    let in_force = app.in_force();
    let reader = Reader {
        app,
        in_force: &in_force,
        method,
        headers,
        plain: refuse::is_plain(headers),
        peer,
    };
    let route = route(&in_force.prefix, uri.path(), uri.query());
    let name = route.name();
    let span = spans::request(log::method(method), name);
    let answer = match refuse::refuse(&in_force, request, reader.plain) {
        Some(refused) => Err(refused),
        None => answer(&reader, route).instrument(span.clone()).await,
    };
    let reply = finish(app, method, name, began, answer);
    spans::answered(&span, reply.status());
    reply
}

/// The answer as it is sent, counted.
pub(super) fn finish(
    app: &App,
    method: &Method,
    name: &'static str,
    began: Instant,
    answer: Result<Reply, Problem>,
) -> Reply {
    let reply = answer.unwrap_or_else(|wrong| {
        let now = app.clock.millis();
        let mut reply = problem(method, &wrong, now);
        log::name(&mut reply, name, now);
        reply
    });
    let took = began.elapsed();
    let status = reply.status().as_u16();
    app.telemetry
        .metrics
        .answered(name, log::method(method), status, took);
    tracing::debug!(
        route = name,
        status,
        micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "answered"
    );
    reply
}

async fn answer(reader: &Reader<'_>, route: Route<'_>) -> Result<Reply, Problem> {
    let Reader {
        app,
        in_force,
        method,
        headers,
        ..
    } = *reader;
    match route {
        Route::Feed {
            name: STATUS,
            format: None | Some(Format::Atom),
        } => Ok(made(method, headers, &app.troubles())),
        Route::Feed { name, format } => {
            let endpoint = in_force.endpoints.get(name).ok_or(Problem::Unknown)?;
            reader.feed(endpoint, NamedBy::Owner, format).await
        }
        Route::Signed {
            signature,
            tail,
            format,
        } => {
            let url = in_force.signer.verify_feed(signature, tail);
            let url = url
                .filter(|_| in_force.adhoc != Access::Off)
                .ok_or(Problem::Signature)?;
            let endpoint = in_force.endpoint_by_address(url, NamedBy::Owner);
            reader.feed(&endpoint, NamedBy::Owner, format).await
        }
        Route::Open { url } => {
            if in_force.adhoc != Access::Open {
                return Err(Problem::NotOpen);
            }
            let url = Url::parse(&url).map_err(|_| Problem::Address)?;
            let endpoint = in_force.endpoint_by_address(url, NamedBy::Anyone);
            reader.feed(&endpoint, NamedBy::Anyone, None).await
        }
        Route::Image { signature, tail } => {
            let url = in_force
                .signer
                .verify_image(signature, tail)
                .ok_or(Problem::Signature)?;
            reader.picture(&url, None).await
        }
        Route::ImageAtMost {
            signature,
            width,
            tail,
        } => {
            let asked = in_force.signer.verify_image_at_most(signature, width, tail);
            let (url, width) = asked.ok_or(Problem::Signature)?;
            reader.picture(&url, Some(width)).await
        }
        Route::Compatible { token, query } => {
            if !app.images.opens_compatible(token) {
                return Err(Problem::Unknown);
            }
            let rules = &in_force.template.transform.clean.unwrap;
            let asked = compatible::read(query, rules).ok_or(Problem::Address)?;
            app.images.learn(std::slice::from_ref(&asked.picture));
            reader.picture(&asked.url, asked.width).await
        }
        Route::Callback { feed, id, query } => {
            let websub = in_force.websub.as_ref().ok_or(Problem::Unknown)?;
            let verified = Box::pin(websub.verify(feed, id, query)).await;
            let answer = verified.ok_or(Problem::Unknown)?;
            Ok(reply::said(method, answer))
        }
        Route::Hub => Err(Problem::Unknown),
        Route::Health => Ok(reply::text(method, "ok\n")),
        Route::Robots => Ok(reply::text(method, "User-agent: *\nDisallow: /\n")),
        Route::Unknown => Err(Problem::Unknown),
    }
}

/// Who asks, and how.
struct Reader<'r> {
    app: &'r Arc<App>,
    in_force: &'r InForce,
    method: &'r Method,
    headers: &'r HeaderMap,
    /// Nothing in `headers` is seldom said.
    plain: bool,
    /// The other end of the connection: a reader, or a proxy in front of us.
    peer: Option<IpAddr>,
}

impl Reader<'_> {
    /// The picture at `url`, no wider than `width`.
    async fn picture(&self, url: &Url, width: Option<u32>) -> Result<Reply, Problem> {
        let image = Box::pin(self.app.picture(url, width))
            .await
            .map_err(Problem::Picture)?;
        let sent = image.content.length();
        self.app.telemetry.metrics.image_bytes("out", sent);
        Ok(picture(self.method, self.headers, &image))
    }

    /// The feed of `endpoint`, in `format` or its own.
    async fn feed(
        &self,
        endpoint: &Arc<Endpoint>,
        by: NamedBy,
        format: Option<Format>,
    ) -> Result<Reply, Problem> {
        let found = self.app.feed(endpoint, by, self.asked()).await;
        let found = found.map_err(Problem::Feed)?;
        self.app.looked(found.how);
        if by == NamedBy::Owner {
            self.count(endpoint, found.at);
        }
        let version = &found.response.version;
        let served = self.app.in_format(version, endpoint, format).await;
        let served = served.map_err(|_| Problem::Convert)?;
        // On the heap, like all that is seldom: each request has room for the longest way an answer may take.
        if !self.plain
            && news::are_wanted(self.headers)
            && let Some(news) = Box::pin(self.news(&found, &served)).await
        {
            return Ok(news);
        }
        let content = self.content(&endpoint.name, &served).await?;
        Ok(feed(self.method, &found, served.representation(), content))
    }

    /// What of `served`, which belongs to the feed stored under `key`, this reader gets.
    async fn content(&self, key: &str, served: &Served) -> Result<Content, Problem> {
        let representation = served.representation();
        if feed::is_known(self.headers, representation) {
            return Ok(Content::NotModified);
        }
        let choice = feed::coding(self.headers, representation);
        if let Some(better) = choice.behind {
            let _nobody_waits = self.app.prepare(key, served, better);
        }
        let body = self.app.body(key, served, choice.coding).await;
        Ok(Content::Whole(choice.coding, body.ok_or(Problem::Convert)?))
    }

    /// The new entries alone, for a reader that asks for no more (`A-IM: feed`) and has an older version.
    async fn news(&self, found: &Found, served: &Served) -> Option<Reply> {
        let Served::Version(version) = served else {
            return None;
        };
        let before = conditional::versions(self.headers);
        let (part, base) = self.app.news(version, &before).await?;
        let answer = (&version.representation, &*part, base);
        Some(news::news(self.method, self.headers, found, answer))
    }

    /// Counts this reader among those of a configured feed.
    fn count(&self, endpoint: &Endpoint, now: Millis) {
        let agent = self.headers.get(header::USER_AGENT);
        let agent = agent.and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        // The name of a feed by address holds a space.
        if !endpoint.name.contains(' ') {
            let address = client::client(self.peer, self.headers, &self.in_force.trusted_proxies);
            let readers = &self.app.telemetry.readers;
            readers.note(&endpoint.name, agent, address, now);
        }
    }

    /// No other wish of a reader's decides whether an origin is asked.
    fn asked(&self) -> Asked {
        if self.plain {
            return Asked::default();
        }
        Asked {
            only_stored: self.wants_stored_only(),
            through: Through::of(self.headers),
        }
    }

    /// `Cache-Control: only-if-cached` (RFC 9111 §5.2.1.7).
    fn wants_stored_only(&self) -> bool {
        let values = self.headers.get_all(header::CACHE_CONTROL).iter();
        let mut directives = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        directives.any(|directive| directive.trim().eq_ignore_ascii_case("only-if-cached"))
    }
}
