//! The nouns and small parts of an answer.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};

use super::body::Body;

/// An answer. Its body is in memory and shared, or a file that is read as it is sent.
pub type Reply = Response<Body>;

/// `X-Robots-Tag` has no constant of its own.
pub const X_ROBOTS_TAG: HeaderName = HeaderName::from_static("x-robots-tag");
/// RFC 9211.
pub const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
/// Fetch standard.
pub const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// A short plain text.
#[must_use]
pub fn text(method: &Method, text: &'static str) -> Reply {
    let mut reply = body(method, Bytes::from_static(text.as_bytes()));
    let headers = reply.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    reply
}

/// What somebody said, said back: as plain text that nothing takes for anything else.
#[must_use]
pub fn said(method: &Method, words: String) -> Reply {
    let mut reply = text(method, "");
    let mut said = body(method, Bytes::from(words));
    std::mem::swap(said.body_mut(), reply.body_mut());
    if let Some(length) = said.headers_mut().remove(header::CONTENT_LENGTH) {
        reply.headers_mut().insert(header::CONTENT_LENGTH, length);
    }
    reply
}

/// An answer without any header but its length. HEAD gets the length and no body (RFC 9110 §9.3.2).
#[must_use]
pub fn body(method: &Method, bytes: Bytes) -> Reply {
    let length = bytes.len() as u64;
    let sent = if *method == Method::HEAD {
        Bytes::new()
    } else {
        bytes
    };
    of_length(length, Body::whole(sent))
}

/// An answer without any header but its length.
#[must_use]
pub fn of_length(length: u64, body: Body) -> Reply {
    let mut reply = Response::new(body);
    reply
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    reply
}

/// An answer of `status` without a body.
#[must_use]
pub fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Body::default());
    *reply.status_mut() = status;
    reply
}
