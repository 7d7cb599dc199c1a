//! Whether a reader already has what it asks for (RFC 9110 §13).

use std::time::SystemTime;

use http::{HeaderMap, header};

/// Longer lists than this are not searched: the answer is then 200.
const MAX_LIST: usize = 4096;
/// Endings that proxies write into a validator when they compress.
const ENDINGS: [&str; 6] = ["-gzip", "-br", "-zstd", "--gzip", ";gzip", ";br"];

/// True when 304 is the answer. `If-None-Match` decides alone when it is there (§13.2.2).
#[must_use]
pub fn is_not_modified(request: &HeaderMap, etag: &str, last_modified: Option<SystemTime>) -> bool {
    let mut lists = request.get_all(header::IF_NONE_MATCH).iter().peekable();
    if lists.peek().is_some() {
        return lists.any(|list| list.to_str().is_ok_and(|list| matches(list, etag)));
    }
    let since = request
        .get(header::IF_MODIFIED_SINCE)
        .and_then(|date| date.to_str().ok());
    match (since.map(httpdate::parse_http_date), last_modified) {
        // Not later, rather than equal: some readers send dates of their own making.
        (Some(Ok(since)), Some(modified)) => modified <= since,
        _ => false,
    }
}

/// True when `list` names `etag` (weak comparison, §8.8.3.2) or everything.
#[must_use]
pub fn matches(list: &str, etag: &str) -> bool {
    if list.len() > MAX_LIST {
        return false;
    }
    // What nearly all readers send: what we gave them.
    if list == etag {
        return true;
    }
    if list.trim() == "*" {
        return true;
    }
    let ours = opaque(etag);
    // A comma inside quotes would split a tag of somebody else's: ours has none.
    list.split(',').any(|tag| {
        let tag = opaque(tag);
        tag == ours
            || ENDINGS
                .iter()
                .any(|ending| tag.strip_suffix(ending) == Some(ours))
    })
}

/// The versions of ours that `If-None-Match` names, by the hashes of their bytes; few of them.
#[must_use]
pub fn versions(request: &HeaderMap) -> Vec<[u8; 16]> {
    const MOST: usize = 8;
    let lists = request.get_all(header::IF_NONE_MATCH).iter();
    let lists = lists.filter_map(|list| list.to_str().ok().filter(|list| list.len() <= MAX_LIST));
    let tags = lists.flat_map(|list| list.split(','));
    tags.filter_map(version).take(MOST).collect()
}

/// The hash that a validator of ours is made of.
fn version(tag: &str) -> Option<[u8; 16]> {
    let tag = opaque(tag);
    let ending = ENDINGS.iter().find_map(|ending| tag.strip_suffix(ending));
    let digits = ending.unwrap_or(tag);
    let hex = digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    let number = hex.then(|| u128::from_str_radix(digits, 16).ok());
    number.flatten().map(u128::to_be_bytes)
}

/// The characters between the quotes; some readers lose the quotes.
fn opaque(tag: &str) -> &str {
    let tag = tag.trim();
    let tag = tag
        .strip_prefix("W/")
        .or_else(|| tag.strip_prefix("w/"))
        .unwrap_or(tag);
    let tag = tag.strip_prefix('"').unwrap_or(tag);
    tag.strip_suffix('"').unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    const ETAG: &str = "W/\"0123abcd\"";
    /// Sun, 06 Nov 1994 08:49:37 GMT
    const MODIFIED: u64 = 784_111_777;

    fn answer(lines: &[(&'static str, &str)]) -> bool {
        let mut request = HeaderMap::new();
        for (name, value) in lines {
            request.append(*name, value.parse().expect("value"));
        }
        is_not_modified(&request, ETAG, Some(UNIX_EPOCH + Duration::from_secs(MODIFIED)))
    }

    #[test]
    fn readers_that_have_it_get_304() {
        for list in [
            "W/\"0123abcd\"",
            "\"0123abcd\"",
            "\"0123abcd-gzip\"",
            "W/\"0123abcd-br\"",
            "\"0123abcd;gzip\"",
            "\"0123abcd--gzip\"",
            "\"x\", W/\"0123abcd\" , \"y\"",
            "*",
            "0123abcd",
        ] {
            assert!(answer(&[("if-none-match", list)]), "{list}");
        }
        assert!(answer(&[("if-none-match", "\"x\""), ("if-none-match", ETAG)]));
        assert!(answer(&[("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT")]));
        assert!(answer(&[("if-modified-since", "Sunday, 06-Nov-94 08:49:38 GMT")]));
    }

    #[test]
    fn versions_of_ours_are_read_off_the_list() {
        let count = |list: &str| {
            let mut request = HeaderMap::new();
            request.insert("if-none-match", list.parse().expect("value"));
            versions(&request).len()
        };
        let tag = "000102030405060708090a0b0c0d0e0f";
        assert_eq!(count(&format!("\"x\", W/\"{tag}\", \"{tag}-gzip\"")), 2);
        for list in ["", "*", "\"0001\"", "W/\"g00102030405060708090a0b0c0d0e0f\""] {
            assert_eq!(count(list), 0, "{list}");
        }
    }

    #[test]
    fn in_doubt_the_whole_answer_is_sent() {
        let long = format!("{}{ETAG}", "\"x\",".repeat(3000));
        for list in ["\"x\"", "", "\"0123abcd-xyz\"", "\"0123abc\"", "W/", &long] {
            assert!(!answer(&[("if-none-match", list)]), "{list}");
        }
        assert!(!answer(&[("if-modified-since", "Sun, 06 Nov 1994 08:49:36 GMT")]));
        assert!(!answer(&[("if-modified-since", "yesterday")]));
        assert!(!answer(&[]));
        // If-None-Match decides alone.
        assert!(!answer(&[
            ("if-none-match", "\"x\""),
            ("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT")
        ]));
    }
}
