//! The owner's door: health and a few figures. Never open to readers.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};

use super::respond::problem::{Problem, problem};
use super::respond::reply::{self, Reply};
use crate::app::App;

/// Answers one request of the owner. Never fails.
pub async fn handle<B>(app: &Arc<App>, request: &Request<B>) -> Reply {
    let method = request.method();
    let wrong = |wrong| problem(method, &wrong, app.clock.millis());
    if !matches!(*method, Method::GET | Method::HEAD) {
        return wrong(Problem::Method);
    }
    match request.uri().path() {
        "/healthz" | "/livez" | "/readyz" => reply::text(method, "ok\n"),
        "/metrics" => {
            let mut reply = reply::body(method, Bytes::from(metrics(app).await));
            let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            reply.headers_mut().insert(header::CONTENT_TYPE, kind);
            reply
        }
        _ => wrong(Problem::Unknown),
    }
}

/// Figures in Prometheus' text format.
async fn metrics(app: &App) -> String {
    let (bytes, stored) = app.cache.size().await;
    let figures = [
        ("limpid_cache_bytes", "Bytes of stored feeds in memory.", bytes),
        ("limpid_cache_feeds", "Stored feeds in memory.", stored),
        (
            "limpid_feeds_configured",
            "Feeds in the settings.",
            app.in_force().endpoints.len() as u64,
        ),
    ];
    let mut text = format!(
        "# HELP limpid_build_info The version that runs.\n# TYPE limpid_build_info gauge\n\
         limpid_build_info{{version=\"{}\"}} 1\n",
        env!("CARGO_PKG_VERSION")
    );
    for (name, help, value) in figures {
        let _infallible = write!(
            text,
            "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n"
        );
    }
    text
}
