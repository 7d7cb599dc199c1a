//! Names for counters and logs that allocate nothing, and a name for each answer that went wrong.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderName, HeaderValue, Method};

use crate::serve::respond::reply::Reply;

/// By which a reader's report and a log line find each other.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Methods that have a name of their own in counters.
pub(super) fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Gives an answer that went wrong a name, and logs it under that name.
pub(super) fn name(reply: &mut Reply, route: &'static str) {
    let id = next();
    let status = reply.status().as_u16();
    if status >= 500 {
        tracing::warn!(request = id, route, status, "a request went wrong");
    } else {
        tracing::debug!(request = id, route, status, "a request was refused");
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        reply.headers_mut().insert(X_REQUEST_ID, value);
    }
}

/// Unique in this process, and most likely among processes.
fn next() -> String {
    static FIRST: OnceLock<u64> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let first = FIRST.get_or_init(|| getrandom::u64().unwrap_or(0));
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{:016x}", first.wrapping_add(count))
}
