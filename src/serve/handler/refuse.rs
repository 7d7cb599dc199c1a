//! Requests that are refused before anything else is done. hyper lets these through (measured on 1.12).

use http::{HeaderMap, HeaderName, Method, Request, Uri, Version, header};

use crate::app::InForce;
use crate::fetch::circle::{self, CDN_LOOP};
use crate::serve::respond::news::A_IM;
use crate::serve::respond::problem::Problem;
use crate::serve::route::MAX_TARGET;

/// Why `request`, which may have a body, is refused, if it is.
pub(in crate::serve) fn refuse_post<B>(in_force: &InForce, request: &Request<B>) -> Option<Problem> {
    if is_http_1(request)
        && let Some(rule) = broken_rule(in_force, request)
    {
        return Some(Problem::Malformed(rule));
    }
    circle::is_ours(request.headers(), &in_force.name).then_some(Problem::Circle)
}

/// What may change how a request is answered, and what most do not say.
static SELDOM: [HeaderName; 6] = [
    header::TRANSFER_ENCODING,
    header::CONTENT_LENGTH,
    header::VIA,
    CDN_LOOP,
    A_IM,
    header::CACHE_CONTROL,
];

/// True when a head says nothing that is [`SELDOM`] said: one pass over what is there, instead of a search for each.
pub(in crate::serve) fn is_plain(headers: &HeaderMap) -> bool {
    !headers.keys().any(|name| SELDOM.contains(name))
}

/// Why `request`, which [`is_plain`] or not, is refused, if it is.
pub(in crate::serve) fn refuse<B>(in_force: &InForce, request: &Request<B>, plain: bool) -> Option<Problem> {
    if is_http_1(request)
        && let Some(rule) = broken_rule(in_force, request)
    {
        return Some(Problem::Malformed(rule));
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Some(Problem::Method);
    }
    if !plain && circle::is_ours(request.headers(), &in_force.name) {
        return Some(Problem::Circle);
    }
    if !plain && has_body(request) {
        return Some(Problem::Body);
    }
    let length = request
        .uri()
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    (length > MAX_TARGET).then_some(Problem::TooLong)
}

fn is_http_1<B>(request: &Request<B>) -> bool {
    request.version() <= Version::HTTP_11
}

/// The rule of RFC 9112 that an HTTP/1 request breaks.
fn broken_rule<B>(in_force: &InForce, request: &Request<B>) -> Option<&'static str> {
    let headers = request.headers();
    // hyper drops the length of a request with both (§6.3), so that one with both cannot be told
    // from one without: any transfer coding is refused. No reader sends one.
    if headers.contains_key(header::TRANSFER_ENCODING) {
        return Some("A transfer coding has no place in a request here.");
    }
    // §3.2: one Host, in HTTP/1.1.
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Some("A request names its host once.");
    }
    if host.is_some_and(|host| !is_host(host.as_bytes())) {
        return Some("The host that a request names must be one.");
    }
    let host = host.and_then(|host| host.to_str().ok());
    if host.is_none() && request.version() == Version::HTTP_11 {
        return Some("A request names its host.");
    }
    // §3.2.2: we are no proxy for other hosts.
    if *request.method() != Method::CONNECT && !is_for_us(in_force, request.uri(), host) {
        return Some("This server fetches nothing for other hosts.");
    }
    None
}

/// True for what may stand in `Host`: a name or an address, and a port (RFC 9110 §7.2, RFC 3986 §3.2). No user,
/// no path, no markup: nothing of it is used, but a proxy before us may have understood it otherwise.
fn is_host(host: &[u8]) -> bool {
    host.iter().all(|b| {
        matches!(b, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'%' | b'!' | b'$' | b'&'
            | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'[' | b']')
    })
}

/// True for `/path`; for `http://host/path` when the host is the one in `Host`, and ours: by the
/// public address, or as a literal address (tests and health checks).
fn is_for_us(in_force: &InForce, uri: &Uri, host: Option<&str>) -> bool {
    let Some(authority) = uri.authority() else {
        return true;
    };
    let named = authority.host();
    let same = host.is_none_or(|host| host.eq_ignore_ascii_case(authority.as_str()));
    let ours = url::Url::parse(in_force.signer.public_url()).ok();
    let ours = ours.as_ref().and_then(url::Url::host_str).unwrap_or_default();
    let literal = named.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok();
    same && (literal || named.eq_ignore_ascii_case(ours) || named.eq_ignore_ascii_case("localhost"))
}

fn has_body<B>(request: &Request<B>) -> bool {
    let length = request.headers().get(header::CONTENT_LENGTH);
    length.is_some_and(|length| length.as_bytes() != b"0")
}
