//! The only map from what went wrong to what a reader is told: a status and one plain sentence, as
//! `application/problem+json` (RFC 9457). Nothing an origin said is in it.

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};

use super::reply::{self, CACHE_STATUS, Reply};
use crate::cache::Missed;
use crate::cache::stored::Class;
use crate::clock::Millis;
use crate::fetch::circle;
use crate::websub::Refused;
use crate::{fetch, images, transform};

/// What is wrong with a request, or why there is no answer to it.
#[derive(Clone, Debug)]
pub enum Problem {
    /// The request breaks HTTP's rules; says which. The connection is closed.
    Malformed(&'static str),
    /// The request has a body.
    Body,
    /// Neither GET nor HEAD.
    Method,
    /// A subscription is not taken (WebSub).
    Hub(Refused),
    /// A push is too large, or came too slowly.
    Push,
    /// The address is too long.
    TooLong,
    /// There are too many headers.
    Headers,
    /// Nothing is at this address.
    Unknown,
    /// The request comes from ourselves, through whatever proxies.
    Circle,
    /// The signature is not ours.
    Signature,
    /// Feeds by address must be signed here.
    NotOpen,
    /// The address given is not one of a feed.
    Address,
    /// There is no feed to serve.
    Feed(Missed),
    /// The feed cannot be had in this format.
    Convert,
    /// There is no picture to serve.
    Picture(images::Error),
}

/// What a problem is told as.
struct Told {
    status: StatusCode,
    sentence: String,
    /// In seconds.
    retry_after: Option<u64>,
}

/// The answer that tells `problem`.
#[must_use]
pub fn problem(method: &Method, problem: &Problem, now: Millis) -> Reply {
    let told = tell(problem, now);
    let json = serde_json::json!({
        "type": "about:blank",
        "title": told.status.canonical_reason().unwrap_or("Error"),
        "status": told.status.as_u16(),
        "detail": told.sentence,
    });
    let mut reply = reply::body(method, Bytes::from(json.to_string()));
    *reply.status_mut() = told.status;
    let headers = reply.headers_mut();
    let fixed = [
        (header::CONTENT_TYPE, "application/problem+json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if told.status == StatusCode::LOOP_DETECTED {
        // So that a server like us that gets this knows it from the 508 of a busy host.
        headers.insert(CACHE_STATUS, HeaderValue::from_static(circle::DETAIL));
    }
    if let Some(seconds) = told.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    match problem {
        Problem::Method => {
            headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        // Where the next request begins is not sure.
        Problem::Malformed(_) | Problem::Body | Problem::Push => {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        _ => {}
    }
    reply
}

fn tell(problem: &Problem, now: Millis) -> Told {
    let plain = |status, sentence: &str| Told {
        status,
        sentence: sentence.to_owned(),
        retry_after: None,
    };
    match problem {
        Problem::Malformed(rule) => plain(StatusCode::BAD_REQUEST, rule),
        Problem::Body => plain(
            StatusCode::PAYLOAD_TOO_LARGE,
            "Requests with a body are not taken here.",
        ),
        Problem::Method => plain(
            StatusCode::METHOD_NOT_ALLOWED,
            "Only GET and HEAD are answered here.",
        ),
        Problem::Push => plain(
            StatusCode::PAYLOAD_TOO_LARGE,
            "This is too large, or came too slowly.",
        ),
        Problem::Hub(refused) => hub(*refused),
        Problem::TooLong => plain(StatusCode::URI_TOO_LONG, "This address is too long."),
        Problem::Headers => plain(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "This request has too many headers.",
        ),
        Problem::Unknown => plain(StatusCode::NOT_FOUND, "There is nothing at this address."),
        Problem::Circle => plain(
            StatusCode::LOOP_DETECTED,
            "This server was asked by itself: the origin of a feed leads back here.",
        ),
        Problem::Signature => plain(
            StatusCode::FORBIDDEN,
            "The signature in this address is not one of this server's.",
        ),
        Problem::NotOpen => plain(
            StatusCode::FORBIDDEN,
            "Feeds by address must be signed by the owner of this server.",
        ),
        Problem::Address => plain(
            StatusCode::FORBIDDEN,
            "This is not the address of a feed on the web.",
        ),
        Problem::Feed(Missed::NotStored) => plain(
            StatusCode::GATEWAY_TIMEOUT,
            "Only a stored copy was asked for, and there is none.",
        ),
        Problem::Feed(Missed::Failed(failing)) => Told {
            status: of_class(failing.last.class),
            sentence: sentence(&failing.last.sentence),
            retry_after: (failing.last.class != Class::Refused)
                .then(|| failing.retry_at.saturating_sub(now).div_ceil(1000).max(1)),
        },
        Problem::Convert => plain(
            StatusCode::BAD_GATEWAY,
            &sentence(&transform::Error::Convert.to_string()),
        ),
        Problem::Picture(error) => plain(of_picture(error), &sentence(&error.to_string())),
    }
}

fn hub(refused: Refused) -> Told {
    let (status, sentence, retry_after) = match refused {
        Refused::Malformed(sentence) => (StatusCode::BAD_REQUEST, sentence, None),
        Refused::Unknown => (StatusCode::NOT_FOUND, "There is no such feed.", None),
        Refused::Full => (
            StatusCode::SERVICE_UNAVAILABLE,
            "There are as many subscriptions as there may be.",
            Some(3600),
        ),
        Refused::Busy => (
            StatusCode::TOO_MANY_REQUESTS,
            "There are too many requests just now.",
            Some(60),
        ),
    };
    Told {
        status,
        sentence: sentence.to_owned(),
        retry_after,
    }
}

fn of_class(class: Class) -> StatusCode {
    match class {
        Class::Refused => StatusCode::FORBIDDEN,
        Class::Bad => StatusCode::BAD_GATEWAY,
        Class::Slow => StatusCode::GATEWAY_TIMEOUT,
        Class::Defect => StatusCode::INTERNAL_SERVER_ERROR,
        Class::Circle => StatusCode::LOOP_DETECTED,
    }
}

fn of_picture(error: &images::Error) -> StatusCode {
    match error {
        images::Error::Fetch(fetch::Error::Refused(_)) | images::Error::SvgBlocked => StatusCode::FORBIDDEN,
        images::Error::Fetch(fetch::Error::Timeout(_)) => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::BAD_GATEWAY,
    }
}

/// An error's text as a sentence: a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().into_iter().flat_map(char::to_uppercase);
    let mut sentence: String = first.chain(characters).collect();
    if !sentence.ends_with('.') {
        sentence.push('.');
    }
    sentence
}
