//! What a trace is made of: a request of a reader; a refresh, with each request to an origin, the transform and the
//! keeping in it.
//!
//! They cost nothing unless somebody looks: a collector (cargo feature `otel`), or `log.level = "trace"`. Attributes
//! are those of OpenTelemetry's semantic conventions. Of an address there is only the host: a path may hold a token.

use tracing::field::Empty;
use tracing::{Span, trace_span};
use url::Url;

/// A request of a reader, answered by this route.
#[must_use]
pub fn request(method: &'static str, route: &'static str) -> Span {
    trace_span!(
        "request",
        otel.kind = "server",
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
    )
}

/// A refresh of a feed. It may outlive the request that began it, and serves all that wait for it.
#[must_use]
pub fn refresh(key: &str) -> Span {
    trace_span!(parent: None, "refresh", feed = %super::feed(key))
}

/// One request to an origin.
#[must_use]
pub fn fetch(origin: &Url) -> Span {
    trace_span!(
        "fetch",
        otel.kind = "client",
        server.address = super::host(origin),
        http.response.status_code = Empty,
    )
}

/// What `span` was answered.
pub fn answered(span: &Span, status: http::StatusCode) {
    span.record("http.response.status_code", status.as_u16());
}
