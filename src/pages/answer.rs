//! The answers of the owner's door and the headers that they all have.

use askama::Template;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use crate::serve::respond::reply::{self, Reply};

/// Nothing but our own style sheet, icon and forms.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// A page.
pub(super) fn page(method: &Method, page: &impl Template) -> Reply {
    match page.render() {
        Ok(html) => body(method, html.into(), "text/html; charset=utf-8"),
        // Writing into a string does not fail.
        Err(_) => reply::empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// Anything else.
pub(super) fn body(method: &Method, body: Bytes, media_type: &'static str) -> Reply {
    let mut reply = reply::body(method, body);
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    guard(headers, POLICY);
    reply
}

/// A whole cleaned feed as a page: in a sandbox, with pictures from `pictures` (an origin) only.
pub(super) fn clean(method: &Method, html: String, pictures: &str) -> Reply {
    let mut reply = body(method, html.into(), "text/html; charset=utf-8");
    let policy = format!(
        "default-src 'none'; img-src {pictures}; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'; sandbox"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        reply
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    reply
}

/// Elsewhere on this door, by GET.
pub(super) fn see(location: &str) -> Reply {
    let mut reply = reply::empty(StatusCode::SEE_OTHER);
    if let Ok(location) = HeaderValue::from_str(location) {
        reply.headers_mut().insert(header::LOCATION, location);
    }
    guard(reply.headers_mut(), POLICY);
    reply
}

/// `reply` under another status.
pub(super) fn status(status: StatusCode, mut reply: Reply) -> Reply {
    *reply.status_mut() = status;
    reply
}

fn guard(headers: &mut HeaderMap, policy: &'static str) {
    let all = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    for (name, value) in all {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
