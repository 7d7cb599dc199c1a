//! A picture: whole, in part, or 304. Nothing of the origin's headers is in it.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::body::Body;
use super::conditional;
use super::reply::{self, CORP, Reply, X_ROBOTS_TAG};
use crate::images::{Content, Image};

/// Thirty days: the same address always means the same picture, as far as anyone can know.
const CACHE_CONTROL: &str = "public, max-age=2592000, stale-while-revalidate=86400, stale-if-error=2592000";
/// Even a picture that a browser takes for a document can do nothing.
const CSP: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox";

/// The answer to a reader of `image`.
#[must_use]
pub fn picture(method: &Method, request: &HeaderMap, image: &Image) -> Reply {
    let mut reply = if conditional::is_not_modified(request, &image.etag, None) {
        reply::empty(StatusCode::NOT_MODIFIED)
    } else {
        content(method, request, image)
    };
    let disposition = match image.media_type {
        // Never shown as a document of ours.
        "image/svg+xml" => "attachment; filename=\"picture.svg\"",
        _ => "inline",
    };
    let fixed = [
        (header::CACHE_CONTROL, CACHE_CONTROL),
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_DISPOSITION, disposition),
        (header::ACCEPT_RANGES, "bytes"),
        (CORP, "cross-origin"),
        (X_ROBOTS_TAG, "noindex"),
    ];
    let headers = reply.headers_mut();
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(etag) = HeaderValue::from_str(&image.etag) {
        headers.insert(header::ETAG, etag);
    }
    reply
}

fn content(method: &Method, request: &HeaderMap, image: &Image) -> Reply {
    let length = image.content.length();
    let media_type = HeaderValue::from_static(image.media_type);
    let range = |text: String| HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("bytes */*"));
    let mut reply = match part(method, request, image) {
        Part::Whole => part_of(method, &image.content, 0, length),
        Part::Range(first, last) => {
            let mut reply = part_of(method, &image.content, first, last + 1);
            *reply.status_mut() = StatusCode::PARTIAL_CONTENT;
            let range = range(format!("bytes {first}-{last}/{length}"));
            reply.headers_mut().insert(header::CONTENT_RANGE, range);
            reply
        }
        Part::Outside => {
            let mut reply = reply::empty(StatusCode::RANGE_NOT_SATISFIABLE);
            let range = range(format!("bytes */{length}"));
            reply.headers_mut().insert(header::CONTENT_RANGE, range);
            return reply;
        }
    };
    reply.headers_mut().insert(header::CONTENT_TYPE, media_type);
    reply
}

/// The bytes from `first` to before `end`, or for HEAD their number.
fn part_of(method: &Method, content: &Content, first: u64, end: u64) -> Reply {
    match content {
        Content::Memory(bytes) => {
            let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX).min(bytes.len());
            reply::body(method, bytes.slice(at(first)..at(end)))
        }
        Content::File(..) if *method == Method::HEAD => reply::of_length(end - first, Body::default()),
        Content::File(file, _) => reply::of_length(end - first, Body::part(Arc::clone(file), first, end)),
    }
}

/// What of a picture is sent.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Whole,
    /// First and last byte, both included.
    Range(u64, u64),
    Outside,
}

/// One range of a GET is obeyed (RFC 9110 §14.2); several, or one that cannot be read, are ignored.
fn part(method: &Method, request: &HeaderMap, image: &Image) -> Part {
    let text = |name| {
        request
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let same = text(header::IF_RANGE).is_none_or(|etag| etag == image.etag);
    match text(header::RANGE) {
        Some(range) if *method == Method::GET && same => read(range, image.content.length()),
        _ => Part::Whole,
    }
}

fn read(range: &str, length: u64) -> Part {
    let Some((first, last)) = range
        .trim()
        .strip_prefix("bytes=")
        .and_then(|range| range.split_once('-'))
    else {
        return Part::Whole;
    };
    let end = length.saturating_sub(1);
    match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(first), _) if first >= length => Part::Outside,
        (Ok(first), Ok(last)) if first <= last => Part::Range(first, last.min(end)),
        (Ok(first), Err(_)) if last.trim().is_empty() => Part::Range(first, end),
        (Err(_), Ok(0)) if first.trim().is_empty() => Part::Outside,
        (Err(_), Ok(suffix)) if first.trim().is_empty() && length > 0 => {
            Part::Range(length.saturating_sub(suffix), end)
        }
        _ => Part::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_obeyed_and_strange_ones_are_ignored() {
        let cases = [
            ("bytes=0-3", Part::Range(0, 3)),
            ("bytes=4-", Part::Range(4, 9)),
            ("bytes=-3", Part::Range(7, 9)),
            ("bytes=-99", Part::Range(0, 9)),
            ("bytes=8-99", Part::Range(8, 9)),
            ("bytes=10-", Part::Outside),
            ("bytes=-0", Part::Outside),
            ("bytes=3-1", Part::Whole),
            ("bytes=0-1,4-5", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("items=0-1", Part::Whole),
            ("bytes=99999999999999999999999-", Part::Whole),
            ("bytes=-", Part::Whole),
        ];
        for (range, expected) in cases {
            assert_eq!(read(range, 10), expected, "{range}");
        }
        assert_eq!(read("bytes=0-", 0), Part::Outside);
        assert_eq!(read("bytes=-5", 0), Part::Whole);
    }
}
