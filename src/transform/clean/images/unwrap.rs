//! Recovers an origin address from the address of an image wrapper.
//!
//! [`WRAPPERS`] is the table: which addresses a wrapper has, and how the origin stands in them. An
//! owner may know more of them: [`Rules`].

mod rules;

use std::borrow::Cow;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use url::Url;

use super::super::address::{Ends, Located as _, Simple, end_of};
pub use rules::{Holds, Rule, Rules, unknown_group};

/// Wrappers inside wrappers are followed this far; an address nested deeper is left alone.
const MAX_NESTED: usize = 6;

/// What a wrapper held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unwrapped {
    /// The origin's own address.
    pub url: Url,
    /// What to try when that fails, in order: http where https was only guessed, then the wrapper itself.
    pub alternates: Vec<Url>,
    /// The names of the wrappers, outermost first.
    pub chain: Vec<&'static str>,
}

/// How the origin's address stands in a wrapper's.
#[derive(Clone, Copy, Debug)]
enum Held {
    /// weserv's grammar: the query's first `url`, up to the next `&`, scheme optional.
    Weserv,
    /// In one of these parameters, percent-encoded; relative to the wrapper's own host if it is relative.
    Parameter(&'static [&'static str]),
    /// `/{host}/{path}`, scheme unknown; WordPress's `ssl` and `q` parameters.
    Path,
    /// `{host}.suffix/{path}`, scheme unknown.
    Subdomain(&'static str),
    /// After this in the path and one segment of options: an address, or a path on the same host.
    AfterOptions(&'static str),
    /// The first `http(s):` after this in the path, plain or encoded.
    Embedded(&'static str),
    /// `/{40 hex}/{hex}`.
    CamoHex,
    /// `/{40 hex}?url=`.
    CamoQuery,
    /// `/…/plain/{address}@{extension}`.
    Plain,
    /// A path segment (and all that follows) is the address in base64url.
    Base64,
    /// The fragment.
    Fragment,
    /// `/external/{signature}/{?query}/{scheme}/{host}/{path}`.
    Discord,
}

/// One kind of wrapper: its name, its hosts and its path (`*` is anything), and where the origin stands.
struct Wrapper {
    name: &'static str,
    hosts: &'static [&'static str],
    path: &'static str,
    /// What the path holds in any case: the first run of `path` between its stars.
    mark: &'static [u8],
    held: Held,
}

const fn row(name: &'static str, hosts: &'static [&'static str], path: &'static str, held: Held) -> Wrapper {
    Wrapper {
        name,
        hosts,
        path,
        mark: first_run(path.as_bytes()),
        held,
    }
}

/// What stands in a pattern between its first star and the next.
const fn first_run(pattern: &'static [u8]) -> &'static [u8] {
    let mut begin = 0;
    while begin < pattern.len() && pattern[begin] == b'*' {
        begin += 1;
    }
    let mut end = begin;
    while end < pattern.len() && pattern[end] != b'*' {
        end += 1;
    }
    pattern.split_at(end).0.split_at(begin).1
}

impl Wrapper {
    fn is_anywhere(&self) -> bool {
        self.hosts == ["*"]
    }

    /// Seen at once of nearly every address: it has not even the end of a host, or what the path must hold.
    fn is_out_of_question(&self, glance: &Glance, row: usize) -> bool {
        match (self.is_anywhere(), self.mark) {
            (true, []) => !glance.has_digest,
            (true, _) => glance.marks & (1 << row) == 0,
            (false, _) => self.hosts.iter().all(|pattern| end_of(pattern) != glance.end),
        }
    }
}

/// What a look at an address tells.
struct Glance {
    /// The end of its host.
    end: u64,
    /// Which rows for any host have their mark in the path, a bit for each.
    marks: u32,
    /// Its path begins as camo's.
    has_digest: bool,
}

impl Glance {
    fn at(host: &str, path: &str) -> Self {
        Self {
            end: end_of(host),
            marks: marks_in(path),
            has_digest: after_digest(path).is_some(),
        }
    }
}

/// True when [`unwrap`] would find nothing in this address; an address of which it is false may hold
/// nothing all the same.
pub(in super::super) fn wraps_nothing(address: &Simple<'_>, rules: &Rules) -> bool {
    let (host, path) = (address.host(), address.path());
    !ENDS.hold(host) && marks_in(path) == 0 && after_digest(path).is_none() && !rules.know(host)
}

/// Of all hosts in the table: none is shorter than an end, and none has a star in it.
static ENDS: LazyLock<Ends> = LazyLock::new(|| {
    let named = WRAPPERS.iter().filter(|wrapper| !wrapper.is_anywhere());
    Ends::of(named.flat_map(|wrapper| wrapper.hosts.iter().copied()))
});

/// The origin in weserv's address if that has no other parameter, no scheme in it and nothing escaped: then
/// the whole address is simple too.
pub(super) fn held_plainly_by_weserv<'a>(address: &'a str, rules: &Rules) -> Option<Simple<'a>> {
    let secure = address.strip_prefix("https://");
    let rest = secure.or_else(|| address.strip_prefix("http://"))?;
    let (host, rest) = rest.split_at(memchr::memchr(b'/', rest.as_bytes())?);
    let held = rest.strip_prefix("/?url=")?;
    if !matches!(host, "images.weserv.nl" | "wsrv.nl") || rules.know(host) {
        return None;
    }
    let origin = Simple::from_host(held, 0)?;
    let is_whole = origin.query().is_none() && memchr::memchr3(b'&', b'%', b':', held.as_bytes()).is_none();
    (is_whole && wraps_nothing(&origin, rules)).then_some(origin)
}

/// Which rows for any host have their mark in `path`, a bit for each. All marks begin with a slash.
fn marks_in(path: &str) -> u32 {
    let bytes = path.as_bytes();
    let mut found = 0;
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
        let rest = &bytes[at..];
        if begins_a_mark(rest) {
            for (row, wrapper) in WRAPPERS.iter().enumerate() {
                let fits = !wrapper.mark.is_empty() && rest.starts_with(wrapper.mark);
                found |= u32::from(fits) << row;
            }
        }
    }
    found
}

/// True where any mark stands, and at few other places: so few rows are looked at.
fn begins_a_mark(rest: &[u8]) -> bool {
    let begin = rest.first_chunk::<4>();
    begin.is_some_and(|begin| match begin {
        b"/ima" => rest.starts_with(b"/image/f"),
        b"/cdn" | b"/_ne" | b"/_ve" | b"/.ne" | b"/uns" | b"/pla" | b"/aHR" => true,
        _ => false,
    })
}

#[rustfmt::skip]
static WRAPPERS: &[Wrapper] = &[
    row("weserv", &["images.weserv.nl", "wsrv.nl"], "*", Held::Weserv),
    row("photon", &["i0.wp.com", "i1.wp.com", "i2.wp.com", "i3.wp.com", "i4.wp.com", "i5.wp.com", "i6.wp.com", "i7.wp.com", "i8.wp.com", "i9.wp.com"], "*", Held::Path),
    row("rsz", &["rsz.io"], "*", Held::Path),
    row("rsz", &["*.rsz.io"], "*", Held::Subdomain(".rsz.io")),
    row("ddg", &["proxy.duckduckgo.com", "external-content.duckduckgo.com"], "/iu*", Held::Parameter(&["u"])),
    row("gadgets", &["images*-opensocial.googleusercontent.com"], "/gadgets/proxy*", Held::Parameter(&["url"])),
    row("gmail", &["ci*.googleusercontent.com"], "*", Held::Fragment),
    row("discord", &["images-ext-*.discordapp.net"], "/external/*", Held::Discord),
    row("facebook", &["*.facebook.com", "*.fbcdn.net", "*.fna.fbcdn.net"], "*/safe_image.php", Held::Parameter(&["url"])),
    row("embedly", &["i.embed.ly"], "/1/*", Held::Parameter(&["url"])),
    row("aol", &["o.aolcdn.com"], "*", Held::Parameter(&["image_uri"])),
    row("google", &["www.google.com"], "/imgres", Held::Parameter(&["imgurl"])),
    row("cf-image", &["*"], "*/cdn-cgi/image/*", Held::AfterOptions("/cdn-cgi/image/")),
    row("next", &["*"], "*/_next/image", Held::Parameter(&["url"])),
    row("next", &["*"], "*/_next/image/", Held::Parameter(&["url"])),
    row("vercel", &["*"], "*/_vercel/image", Held::Parameter(&["url"])),
    row("netlify", &["*"], "*/.netlify/images", Held::Parameter(&["url"])),
    row("fetch", &["*"], "*/image/fetch/*", Held::Embedded("/image/fetch/")),
    row("thumbor", &["*"], "*/unsafe/*", Held::Embedded("/unsafe/")),
    row("cloudimg", &["*.cloudimg.io"], "*", Held::Embedded("/")),
    row("camo-hex", &["*"], "*", Held::CamoHex),
    row("camo-q", &["*"], "*", Held::CamoQuery),
    row("imgproxy-plain", &["*"], "*/plain/*", Held::Plain),
    row("imgproxy-b64", &["*"], "*/aHR0c*", Held::Base64),
];

/// Keys of weserv's own API: they end an inner query that was not encoded.
#[rustfmt::skip]
static WESERV_KEYS: &[&str] = &[
    "a", "af", "align", "bg", "blur", "bri", "cbg", "ch", "con", "crop", "cw", "cx", "cy", "debug", "default", "delay",
    "dpr", "encoding", "errorredirect", "filename", "filt", "fit", "flip", "flop", "fnr", "fpx", "fpy", "fsol", "gam",
    "h", "height", "hue", "il", "l", "level", "ll", "loop", "lossless", "mask", "maxage", "mbg", "mod", "mtrim", "n",
    "or", "output", "page", "pages", "precrop", "q", "quality", "rbg", "ro", "sat", "shape", "sharp", "sharpf",
    "sharpj", "start", "stop", "strim", "t", "tbg", "tint", "trim", "url", "w", "we", "width",
];

/// An address found, and whether its scheme was only guessed.
struct Found {
    url: Url,
    guessed: bool,
}

impl Found {
    fn sure(url: Url) -> Self {
        Self { url, guessed: false }
    }
}

/// The origin address within `wrapper`; `None` when it wraps nothing.
///
/// What comes out is no wrapper itself, so unwrapping twice is unwrapping once.
#[must_use]
pub fn unwrap(wrapper: &Url) -> Option<Unwrapped> {
    unwrap_with(wrapper, &Rules::default())
}

/// As [`unwrap`], with the owner's own rules.
#[must_use]
pub fn unwrap_with(wrapper: &Url, rules: &Rules) -> Option<Unwrapped> {
    let mut url = wrapper.clone();
    let mut alternates = Vec::new();
    let mut chain = Vec::new();
    while let Some((name, found)) = unwrap_once(&url, rules) {
        if chain.len() == MAX_NESTED {
            return None;
        }
        chain.push(name);
        alternates.clear();
        url = found.url;
        if found.guessed {
            let mut http = url.clone();
            if http.set_scheme("http").is_ok() {
                alternates.push(http);
            }
        }
    }
    if chain.is_empty() {
        return None;
    }
    alternates.push(wrapper.clone());
    Some(Unwrapped {
        url,
        alternates,
        chain,
    })
}

fn unwrap_once(url: &Url, rules: &Rules) -> Option<(&'static str, Found)> {
    let host = url.host_str()?.trim_end_matches('.');
    if let Some(found) = rules.find(url, host, |found| is_usable(found, url)) {
        return Some(("settings", found));
    }
    let glance = Glance::at(host, url.path());
    WRAPPERS
        .iter()
        .enumerate()
        .filter(|(row, wrapper)| !wrapper.is_out_of_question(&glance, *row))
        .map(|(_, wrapper)| wrapper)
        .filter(|wrapper| {
            glob(wrapper.path, url.path()) && wrapper.hosts.iter().any(|pattern| glob(pattern, host))
        })
        .find_map(|wrapper| {
            let mut found = extract(wrapper.held, url)?;
            is_usable(&mut found, url).then_some((wrapper.name, found))
        })
}

/// Whether what was found in `wrapper` can be an origin; its fragment goes.
fn is_usable(found: &mut Found, wrapper: &Url) -> bool {
    // Gmail's wrapper holds its origin there; for a picture it means nothing.
    let is_gmail = |host| glob("ci*.googleusercontent.com", host);
    if !found.url.host_str().is_some_and(is_gmail) {
        found.url.set_fragment(None);
    }
    is_origin(&found.url) && found.url != *wrapper
}

/// What came out of a wrapper is as untrusted as any address.
fn is_origin(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url
            .host_str()
            .is_some_and(|host| host.trim_end_matches('.').contains('.'))
}

fn extract(held: Held, url: &Url) -> Option<Found> {
    match held {
        Held::Weserv => weserv(url),
        Held::Parameter(names) => parameter(url, names).map(Found::sure),
        Held::Path => path(url),
        Held::Subdomain(suffix) => subdomain(url, suffix),
        Held::AfterOptions(mark) => after_options(url, mark).map(Found::sure),
        Held::Embedded(mark) => embedded(url, mark).map(Found::sure),
        Held::CamoHex => with_scheme(&hex_decode(after_digest(url.path())?)?).map(Found::sure),
        Held::CamoQuery if after_digest(url.path())?.is_empty() => parameter(url, &["url"]).map(Found::sure),
        Held::CamoQuery => None,
        Held::Plain => plain(url).map(Found::sure),
        Held::Base64 => base64url(url).map(Found::sure),
        Held::Fragment => with_scheme(url.fragment()?).map(Found::sure),
        Held::Discord => discord(url).map(Found::sure),
    }
}

/// weserv's own reading (`url` found without regard to case, one decoding, no scheme means http), but
/// https is tried first, and an inner query that was not encoded is given back its parameters.
fn weserv(url: &Url) -> Option<Found> {
    let mut pairs = url.query()?.split('&');
    let value = pairs.find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key_of(key).eq_ignore_ascii_case("url").then_some(value)
    })?;
    let mut value = value.to_owned();
    if value.contains('?') {
        for pair in pairs {
            let key = key_of(pair.split('=').next().unwrap_or_default()).to_ascii_lowercase();
            if !WESERV_KEYS.contains(&key.as_str()) {
                value.push('&');
                value.push_str(pair);
            }
        }
    }
    value = decode(&value);
    for _ in 0..2 {
        if looks_like_address(&value) {
            break;
        }
        value = decode(&value);
    }
    match with_scheme(&value) {
        Some(url) => Some(Found::sure(url)),
        None if !value.contains("://") => guess(&value),
        None => None,
    }
}

/// `&amp;` escaped once too often leaves `amp;` before a key.
fn key_of(key: &str) -> &str {
    key.strip_prefix("amp;").unwrap_or(key)
}

fn looks_like_address(value: &str) -> bool {
    let authority = value.split(['/', '?', '#']).next().unwrap_or_default();
    scheme_of(value).is_some() || (authority.contains('.') && !authority.contains('%'))
}

/// The scheme a value names (`ssl:` and `//` are https), and what follows its slashes.
fn scheme_of(value: &str) -> Option<(&'static str, &str)> {
    const SPELLINGS: [(&str, &str); 4] = [
        ("https:/", "https"),
        ("http:/", "http"),
        ("ssl:", "https"),
        ("//", "https"),
    ];
    SPELLINGS.into_iter().find_map(|(spelling, scheme)| {
        let begin = value.get(..spelling.len())?;
        begin
            .eq_ignore_ascii_case(spelling)
            .then(|| (scheme, value[spelling.len()..].trim_start_matches('/')))
    })
}

/// An address that names its scheme, however many slashes a proxy left.
fn with_scheme(value: &str) -> Option<Url> {
    let (scheme, rest) = scheme_of(value.trim())?;
    Url::parse(&format!("{scheme}://{rest}")).ok()
}

/// An address without a scheme: https, and http if that fails.
fn guess(value: &str) -> Option<Found> {
    let rest = value.trim().trim_start_matches('/');
    if rest.is_empty() {
        return None;
    }
    let url = Url::parse(&format!("https://{rest}")).ok()?;
    Some(Found { url, guessed: true })
}

fn raw_parameter<'a>(url: &'a Url, name: &str) -> Option<&'a str> {
    url.query()?.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key_of(key) == name).then_some(value)
    })
}

fn parameter(url: &Url, names: &[&str]) -> Option<Url> {
    let value = decode(names.iter().find_map(|name| raw_parameter(url, name))?);
    if value.is_empty() {
        return None;
    }
    with_scheme(&value).or_else(|| {
        let local = value.starts_with('/') && !value.starts_with("//");
        local.then(|| url.join(&value).ok()).flatten()
    })
}

fn path(url: &Url) -> Option<Found> {
    let mut found = guess(url.path())?;
    found.url.set_query(None);
    if raw_parameter(url, "ssl").is_some_and(|ssl| ssl == "1") {
        found.guessed = false;
    }
    if let Some(query) = raw_parameter(url, "q") {
        found.url.set_query(Some(&decode(query)));
    }
    // `/host/path`: a host alone is no picture.
    (found.url.path() != "/").then_some(found)
}

fn subdomain(url: &Url, suffix: &str) -> Option<Found> {
    let host = url.host_str()?.strip_suffix(suffix)?;
    guess(&format!("{host}{}", url.path()))
}

fn after_options(url: &Url, mark: &str) -> Option<Url> {
    let (_, rest) = url.path().split_once(mark)?;
    let (_, source) = rest.split_once('/')?;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let source = if is_encoded_address(source) {
        decode(source)
    } else {
        source.to_owned()
    };
    with_scheme(&format!("{source}{query}")).or_else(|| {
        url.join(&format!("/{}{query}", source.trim_start_matches('/')))
            .ok()
    })
}

fn is_encoded_address(value: &str) -> bool {
    ["https%3a", "http%3a"].iter().any(|begin| {
        value
            .get(..begin.len())
            .is_some_and(|actual| actual.eq_ignore_ascii_case(begin))
    })
}

fn embedded(url: &Url, mark: &str) -> Option<Url> {
    let (_, rest) = url.path().split_once(mark)?;
    let at = rest
        .match_indices("http")
        .map(|(at, _)| at)
        .find(|&at| is_encoded_address(&rest[at..]) || scheme_of(&rest[at..]).is_some())?;
    if is_encoded_address(&rest[at..]) {
        return with_scheme(&decode(&rest[at..]));
    }
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    with_scheme(&format!("{}{query}", &rest[at..]))
}

/// The one path segment (or none) after camo's digest.
fn after_digest(path: &str) -> Option<&str> {
    let (digest, rest) = path.get(1..41).zip(path.get(41..))?;
    let one =
        digest.bytes().all(|byte| byte.is_ascii_hexdigit()) && !rest.trim_start_matches('/').contains('/');
    (one && (rest.is_empty() || rest.starts_with('/'))).then(|| rest.trim_start_matches('/'))
}

fn hex_decode(hex: &str) -> Option<String> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let bytes: Option<Vec<u8>> = hex
        .as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            &[high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        })
        .collect();
    Some(text_of(&bytes?).into_owned())
}

fn plain(url: &Url) -> Option<Url> {
    let (_, rest) = url.path().split_once("/plain/")?;
    let source = rest.rsplit_once('@').map_or(rest, |(source, _)| source);
    with_scheme(&decode(source))
}

fn base64url(url: &Url) -> Option<Url> {
    // Any padding, and bits that a careless encoder left.
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &URL_SAFE,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    let at = url.path().find("/aHR0c")?;
    let encoded = url.path()[at..].replace('/', "");
    let encoded = encoded.split(['.', '@']).next().unwrap_or_default();
    let bytes = LENIENT.decode(encoded.replace("%3D", "=")).ok()?;
    with_scheme(&text_of(&bytes))
}

fn discord(url: &Url) -> Option<Url> {
    let mut segments = url.path_segments()?.skip(2);
    let mut scheme = segments.next()?;
    let mut query = String::new();
    if scheme.starts_with("%3F") || scheme.starts_with("%3f") {
        query = decode(scheme);
        scheme = segments.next()?;
    }
    if !matches!(scheme, "http" | "https") {
        return None;
    }
    let rest: Vec<&str> = segments.collect();
    Url::parse(&format!("{scheme}://{}{query}", rest.join("/"))).ok()
}

/// Percent-decoded once. Bytes that are no UTF-8 (Latin-1 escapes) stay as they were escaped.
fn decode(value: &str) -> String {
    if !value.contains('%') {
        return value.to_owned();
    }
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let digits = match (byte, tail) {
            (b'%', [high, low, ..]) => std::str::from_utf8(&[*high, *low])
                .ok()
                .filter(|_| high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
                .and_then(|digits| u8::from_str_radix(digits, 16).ok()),
            _ => None,
        };
        bytes.push(digits.unwrap_or(byte));
        rest = if digits.is_some() { &tail[2..] } else { tail };
    }
    text_of(&bytes).into_owned()
}

fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push('%');
            text.extend(
                [byte >> 4, byte & 15].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])),
            );
        }
    }
    Cow::Owned(text)
}

/// `*` is any run of characters.
fn glob(pattern: &str, text: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    match pattern.split_once('*') {
        None => pattern == text,
        Some((begin, rest)) => {
            let Some(mut tail) = text.strip_prefix(begin) else {
                return false;
            };
            let mut parts = rest.split('*').peekable();
            while let Some(part) = parts.next() {
                if parts.peek().is_none() {
                    return tail.ends_with(part);
                }
                match tail.find(part) {
                    Some(at) => tail = &tail[at + part.len()..],
                    None => return false,
                }
            }
            true
        }
    }
}

#[cfg(test)]
mod tests;
