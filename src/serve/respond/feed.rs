//! A feed: 200 or 304, in the coding the reader wants. A hit parses no document, compresses nothing and,
//! but for the first one of a second, writes no header.

use std::fmt::Write as _;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};

use super::body::Body;
use super::encoding::Choice;
use super::reply::{self, CACHE_STATUS, Reply, X_ROBOTS_TAG};
use super::status::CacheStatus;
use super::{conditional, encoding};
use crate::cache::heads::{Block, Moment};
use crate::cache::representation::{Coding, Representation};
use crate::cache::{Found, How};
use crate::clock::Millis;

/// Readers of a stale copy are asked back after so many seconds, at the soonest.
const ASK_BACK: u64 = 60;

/// What of a feed is sent.
#[derive(Debug)]
pub enum Content {
    /// Nothing: the reader has it.
    NotModified,
    /// The bytes in this coding.
    Whole(Coding, Bytes),
}

/// True when the reader has `representation` already.
#[must_use]
pub fn is_known(request: &HeaderMap, representation: &Representation) -> bool {
    let modified = representation.last_modified_time();
    conditional::is_not_modified(request, &representation.etag, Some(modified))
}

/// Which coding the reader of `representation` gets, now and later.
#[must_use]
pub fn coding(request: &HeaderMap, representation: &Representation) -> Choice {
    let accept = request.get(header::ACCEPT_ENCODING);
    encoding::choose(accept.and_then(|accept| accept.to_str().ok()), representation)
}

/// The answer to a reader of `representation`, which was `found`.
#[must_use]
pub fn feed(method: &Method, found: &Found, representation: &Representation, content: Content) -> Reply {
    let dated = || {
        let mut headers = fixed(representation, &content);
        date(&mut headers, found);
        headers
    };
    // Readers of a fresh copy in the same second get the same headers.
    let headers = if found.how == How::Hit {
        let freshness = &found.response.freshness;
        let moment = Moment {
            freshness: *freshness,
            age: freshness.age(found.at),
            ttl: freshness.ttl(found.at),
        };
        representation.heads.at(block(&content), moment, dated)
    } else {
        dated()
    };
    sent(method, headers, content)
}

/// The answer to a reader of a feed that we write ourselves.
#[must_use]
pub fn made(method: &Method, request: &HeaderMap, representation: &Representation) -> Reply {
    let content = if is_known(request, representation) {
        Content::NotModified
    } else {
        let coding = coding(request, representation).coding;
        let bytes = representation.make(coding).unwrap_or_default();
        Content::Whole(coding, bytes)
    };
    let mut headers = fixed(representation, &content);
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=300"),
    );
    sent(method, headers, content)
}

pub(super) fn sent(method: &Method, mut headers: HeaderMap, content: Content) -> Reply {
    let mut reply = match content {
        Content::NotModified => reply::empty(StatusCode::NOT_MODIFIED),
        // A body that is sent tells its length itself.
        Content::Whole(_, bytes) if *method == Method::HEAD => {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
            Response::new(Body::default())
        }
        Content::Whole(_, bytes) => Response::new(Body::whole(bytes)),
    };
    *reply.headers_mut() = headers;
    reply
}

/// Which of the header blocks of a version goes with `content`.
fn block(content: &Content) -> Block {
    match content {
        Content::NotModified => Block::NotModified,
        Content::Whole(coding, _) => Block::Whole(*coding),
    }
}

/// The headers that stay the same for as long as the version lives. A 304 repeats what caches go by
/// (RFC 9110 §15.4.5), and no more.
pub(super) fn fixed(representation: &Representation, content: &Content) -> HeaderMap {
    const ALWAYS: [(HeaderName, &str); 2] = [
        (header::VARY, "accept-encoding"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    const WHOLE: [(HeaderName, &str); 5] = [
        (header::ACCEPT_RANGES, "none"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (X_ROBOTS_TAG, "noindex"),
        // For who opens a feed in a browser: XML can hold scripts too. The sanitizer let none through.
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox",
        ),
    ];
    let mut headers = HeaderMap::with_capacity(16);
    let mut insert = |name: HeaderName, value| headers.insert(name, HeaderValue::from_static(value));
    for (name, value) in ALWAYS {
        insert(name, value);
    }
    if let Content::Whole(coding, _) = content {
        for (name, value) in WHOLE {
            insert(name, value);
        }
        insert(header::CONTENT_TYPE, representation.kind.media_type());
        if let Some(token) = coding.token() {
            insert(header::CONTENT_ENCODING, token);
        }
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
fn date(headers: &mut HeaderMap, found: &Found) {
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
            max_age(found)
        ),
    );
    insert(header::AGE, format_args!("{}", freshness.age(found.at)));
    insert(CACHE_STATUS, format_args!("{}", CacheStatus(found)));
}

/// Seconds until it is worth asking again: until our own next refresh, or attempt at one.
pub(super) fn max_age(found: &Found) -> u64 {
    let (stored, now) = (&found.response, found.at);
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
