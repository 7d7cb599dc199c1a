//! A feed: 200 or 304, in the coding the reader wants. A hit parses no document, compresses
//! nothing, and writes three short headers; the rest was rendered once for this version.

use std::fmt::Write as _;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

use super::body::Body;
use super::reply::{self, CACHE_STATUS, Reply, X_ROBOTS_TAG};
use super::status::CacheStatus;
use super::{conditional, encoding};
use crate::app::Served;
use crate::cache::Found;
use crate::cache::representation::Representation;
use crate::cache::stored::StoredResponse;
use crate::clock::Millis;

/// Readers of a stale copy are asked back after so many seconds, at the soonest.
const ASK_BACK: u64 = 60;

/// The answer to a reader of `served`, which was `found` at `now`.
#[must_use]
pub fn feed(method: &Method, request: &HeaderMap, found: &Found, served: &Served, now: Millis) -> Reply {
    let representation = served.representation();
    let mut headers = representation.head.get_or_init(|| render(representation)).clone();
    date(&mut headers, found, now);
    sent(method, request, representation, headers)
}

/// The answer to a reader of a feed that we write ourselves.
#[must_use]
pub fn made(method: &Method, request: &HeaderMap, representation: &Representation) -> Reply {
    let mut headers = render(representation);
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=300"),
    );
    sent(method, request, representation, headers)
}

fn sent(
    method: &Method,
    request: &HeaderMap,
    representation: &Representation,
    mut headers: HeaderMap,
) -> Reply {
    let modified = representation.last_modified_time();
    if conditional::is_not_modified(request, &representation.etag, Some(modified)) {
        headers.remove(header::CONTENT_TYPE);
        let mut reply = reply::empty(StatusCode::NOT_MODIFIED);
        *reply.headers_mut() = headers;
        return reply;
    }
    let accept = request
        .get(header::ACCEPT_ENCODING)
        .and_then(|accept| accept.to_str().ok());
    let coding = encoding::choose(accept, representation);
    if let Some(token) = coding.token() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(token));
    }
    let body = representation.coded(coding).unwrap_or(&representation.identity);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    let sent = if *method == Method::HEAD {
        Bytes::new()
    } else {
        body.clone()
    };
    let mut reply = Response::new(Body::whole(sent));
    *reply.headers_mut() = headers;
    reply
}

/// The headers that stay the same for as long as the version lives.
pub(super) fn render(representation: &Representation) -> HeaderMap {
    let fixed = [
        (header::CONTENT_TYPE, representation.kind.media_type()),
        (header::VARY, "accept-encoding"),
        (header::ACCEPT_RANGES, "none"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (X_ROBOTS_TAG, "noindex"),
        // For who opens a feed in a browser: XML can hold scripts too. The sanitizer let none through.
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox",
        ),
    ];
    // Room for the dated headers and two of the coding, so that a clone is the last allocation.
    let mut headers = HeaderMap::with_capacity(fixed.len() + 8);
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let modified = httpdate::fmt_http_date(representation.last_modified_time());
    let written = [
        (header::ETAG, HeaderValue::from_str(&representation.etag)),
        (header::LAST_MODIFIED, HeaderValue::from_str(&modified)),
    ];
    for (name, value) in written {
        if let Ok(value) = value {
            headers.insert(name, value);
        }
    }
    headers
}

/// The headers that change with time, written into one piece of memory.
fn date(headers: &mut HeaderMap, found: &Found, now: Millis) {
    let freshness = &found.response.freshness;
    let seconds = |from: Millis, until: Millis| until.saturating_sub(from) / 1000;
    let behind = seconds(freshness.fresh_until, freshness.stale_while_revalidate_until);
    let failing = seconds(freshness.fresh_until, freshness.stale_if_error_until);
    let mut scratch = BytesMut::with_capacity(256);
    let mut insert = |name, text: std::fmt::Arguments<'_>| {
        if scratch.write_fmt(text).is_ok()
            && let Ok(value) = HeaderValue::from_maybe_shared(scratch.split().freeze())
        {
            headers.insert(name, value);
        }
    };
    insert(
        header::CACHE_CONTROL,
        format_args!(
            "public, max-age={}, stale-while-revalidate={behind}, stale-if-error={failing}",
            max_age(&found.response, now)
        ),
    );
    insert(header::AGE, format_args!("{}", freshness.age(now)));
    insert(CACHE_STATUS, format_args!("{}", CacheStatus { found, now }));
}

/// Seconds until it is worth asking again: until our own next refresh, or attempt at one.
pub(super) fn max_age(stored: &StoredResponse, now: Millis) -> u64 {
    let until_refresh = u64::try_from(stored.freshness.ttl(now)).unwrap_or(0);
    if until_refresh > 0 {
        // A hub tells us of changes, but not these readers.
        return until_refresh.min(stored.origin.max_age.unwrap_or(u64::MAX));
    }
    let until_attempt = stored
        .failing
        .as_ref()
        .map_or(0, |failing| failing.retry_at.saturating_sub(now) / 1000);
    until_attempt.max(ASK_BACK)
}
