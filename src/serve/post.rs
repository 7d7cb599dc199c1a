//! The two addresses that take a body, when WebSub is on: our hub, and what hubs call. Everything else goes to the
//! handler, which reads none.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use tokio::time::{Instant, timeout};

use super::handler::{self, refuse};
use super::respond::problem::Problem;
use super::respond::reply::{self, Reply};
use super::route::{Route, route};
use crate::app::App;
use crate::websub::{Push, WebSub};

/// Bytes of a request for a subscription.
const MAX_FORM: usize = 8 << 10;
/// For the whole body.
const PATIENCE: Duration = Duration::from_secs(20);

/// Answers one request at the readers' door, if it has at most so many headers.
pub(super) async fn handle(
    app: &Arc<App>,
    peer: Option<IpAddr>,
    max_headers: usize,
    request: Request<Incoming>,
) -> Reply {
    if request.headers().len() > max_headers {
        let (method, refused) = (request.method(), Err(Problem::Headers));
        return handler::finish(app, method, Route::Unknown.name(), Instant::now(), refused);
    }
    if *request.method() == Method::POST
        && let Some(websub) = app.in_force().websub.clone()
    {
        return Box::pin(posted(app, &websub, peer, request)).await;
    }
    handler::handle(app, peer, &request).await
}

/// Answers a request that may have a body.
async fn posted(
    app: &Arc<App>,
    websub: &Arc<WebSub>,
    peer: Option<IpAddr>,
    request: Request<Incoming>,
) -> Reply {
    let (began, in_force) = (Instant::now(), app.in_force());
    let uri = request.uri().clone();
    let route = route(&in_force.prefix, uri.path(), uri.query());
    let name = route.name();
    let answer = match (route, refuse::refuse_post(&in_force, &request)) {
        (Route::Hub | Route::Callback { .. }, Some(refused)) => Err(refused),
        (Route::Hub, None) => subscribe(app, websub, request).await,
        (Route::Callback { feed, id, .. }, None) => push(app, websub, feed, id, request).await,
        _ => return handler::handle(app, peer, &request).await,
    };
    handler::finish(app, &Method::POST, name, began, answer)
}

async fn subscribe(
    app: &Arc<App>,
    websub: &Arc<WebSub>,
    request: Request<Incoming>,
) -> Result<Reply, Problem> {
    let (_, form) = read(request, MAX_FORM).await?;
    app.wants_pushes(websub, &form).await.map_err(Problem::Hub)?;
    Ok(reply::empty(StatusCode::ACCEPTED))
}

/// A push that proves nothing is answered like any other: whoever sent it learns nothing (§7).
async fn push(
    app: &Arc<App>,
    websub: &WebSub,
    feed: &str,
    id: &str,
    request: Request<Incoming>,
) -> Result<Reply, Problem> {
    let (headers, body) = read(request, websub.max_push()).await?;
    let signature = headers
        .get("x-hub-signature")
        .and_then(|value| value.to_str().ok());
    match app.pushed(websub, feed, id, signature, &body).await {
        Push::Told | Push::Ignored => Ok(reply::empty(StatusCode::NO_CONTENT)),
        Push::Unknown => Err(Problem::Unknown),
    }
}

async fn read(request: Request<Incoming>, most: usize) -> Result<(HeaderMap, Bytes), Problem> {
    let (head, body) = request.into_parts();
    let body = timeout(PATIENCE, Limited::new(body, most).collect()).await;
    match body {
        Ok(Ok(body)) => Ok((head.headers, body.to_bytes())),
        _ => Err(Problem::Push),
    }
}
