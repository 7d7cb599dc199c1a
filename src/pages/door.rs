//! One request of the owner: guard → route → page.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use url::form_urlencoded;

use super::route::{Route, route};
use super::{Pages, answer, attempt, feed, feeds, guard, note, opml};
use crate::app::NamedBy;
use crate::endpoint::Endpoint;
use crate::serve::respond::reply::{self, Reply};
use crate::telemetry::metrics;

/// Bytes of a form.
const MAX_FORM: usize = 16 << 10;

/// Answers one request of the owner. Never fails.
pub(super) async fn handle(pages: &Arc<Pages>, request: Request<Incoming>) -> Reply {
    let (head, body) = request.into_parts();
    let (method, headers) = (&head.method, &head.headers);
    let asked = route(method, head.uri.path());
    // What machines ask for may be asked for under any name: nothing of it is secret, nothing changes.
    if !matches!(asked, Route::Health | Route::Metrics) {
        let authority = head.uri.authority().map(http::uri::Authority::as_str);
        let in_force = pages.app.in_force();
        if !guard::is_our_name(headers, authority, in_force.signer.public_url(), &pages.hosts) {
            return note::wrong_name(method);
        }
    }
    if *method == Method::POST && !guard::is_from_us(headers) {
        return note::from_elsewhere(method);
    }
    let query = head.uri.query().unwrap_or_default();
    match asked {
        Route::Feeds => feeds::page(pages, method, from(query)).await,
        Route::Feed(name) => match pages.app.endpoint(name) {
            Some(endpoint) => feed::page(pages, method, &endpoint, from(query)).await,
            None => note::unknown(method),
        },
        Route::Clean(name) => feed::clean(pages, method, name).await,
        Route::Refresh(name) => match pages.app.endpoint(name) {
            Some(endpoint) => refresh(pages, &endpoint).await,
            None => note::unknown(method),
        },
        Route::Source(name) => match pages.app.endpoint(name) {
            Some(endpoint) => source(pages, &endpoint).await,
            None => note::unknown(method),
        },
        Route::Attempt { asked: false } => attempt::page(pages, method, field(query, "url"), None),
        Route::Attempt { asked: true } => match form(body).await {
            Some(form) => attempt::run(pages, method, field(&form, "url")).await,
            None => note::form(method),
        },
        Route::Reload => reload(pages, method, headers).await,
        Route::Metrics => answer::body(method, pages.app.metrics().await.into(), metrics::MEDIA_TYPE),
        Route::Opml => opml::opml(pages, method),
        Route::Style => answer::body(
            method,
            Bytes::from_static(STYLE.as_bytes()),
            "text/css; charset=utf-8",
        ),
        Route::Icon => answer::body(method, Bytes::from_static(ICON.as_bytes()), "image/svg+xml"),
        Route::Health => reply::text(method, "ok\n"),
        Route::Method => note::method(method),
        Route::Unknown => note::unknown(method),
    }
}

const STYLE: &str = include_str!("style.css");
const ICON: &str = include_str!("icon.svg");

/// Asks the origin now and shows the feed again.
async fn refresh(pages: &Arc<Pages>, endpoint: &Arc<Endpoint>) -> Reply {
    // How it ended is told on the page.
    let _landed = pages.app.refresh(endpoint, NamedBy::Owner).landed().await;
    answer::see(&format!("/feeds/{}", endpoint.name))
}

/// Fetches the source once more, in full, so that it can be compared.
async fn source(pages: &Arc<Pages>, endpoint: &Arc<Endpoint>) -> Reply {
    let _turn = pages.busy.acquire().await;
    // If it fails the page says what it said before.
    let _failed = pages.app.fetch_original(endpoint).await;
    answer::see(&format!("/feeds/{}#entries", endpoint.name))
}

/// Reads the settings again: a browser is led to the feeds, a tool is told.
async fn reload(pages: &Arc<Pages>, method: &Method, headers: &HeaderMap) -> Reply {
    let accepts = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    let browser = accepts.is_some_and(|accept| accept.contains("text/html"));
    let text = |told: String| answer::body(method, format!("{told}\n").into(), "text/plain; charset=utf-8");
    match pages.app.reload().await {
        Ok(_) if browser => answer::see("/"),
        Ok(told) => text(told),
        Err(fault) if browser => note::faulty(method, &fault),
        Err(fault) => answer::status(StatusCode::UNPROCESSABLE_ENTITY, text(fault)),
    }
}

/// The body of a form; `None`: it is too large, or broke off.
async fn form(body: Incoming) -> Option<String> {
    let body = Limited::new(body, MAX_FORM).collect().await.ok()?;
    String::from_utf8(body.to_bytes().into()).ok()
}

/// A field of a form or query; empty when it is not there.
fn field(form: &str, name: &str) -> String {
    form_urlencoded::parse(form.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.trim().to_owned())
        .unwrap_or_default()
}

/// From which entry or feed on a page shows them, from 0.
fn from(query: &str) -> usize {
    field(query, "from").parse().unwrap_or(0)
}
