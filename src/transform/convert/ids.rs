//! Ids for entries and feeds that have none, or none that the target format allows. Made from what
//! the source says before it is cleaned ([`mint`] runs on the source), so no policy changes them.

use std::collections::{HashMap, HashSet};

use url::Url;

use crate::transform::clean::is_harmless;
use crate::transform::read::{Entry, Feed};

/// An id for each entry that has none: its address; else a hash of what identifies it. Where several
/// entries would have the same, a hash of all they say; and where they say the same, they are counted
/// from the end, because feeds grow at the start.
#[must_use]
pub fn mint(entries: &[Entry]) -> Vec<Option<String>> {
    let own: HashSet<&str> = entries.iter().filter_map(|entry| entry.id.as_deref()).collect();
    let mut wanted: HashMap<String, usize> = HashMap::new();
    let mut minted: Vec<Option<String>> = Vec::with_capacity(entries.len());
    for entry in entries {
        let id = entry.id.is_none().then(|| short(entry));
        if let Some(id) = &id {
            *wanted.entry(id.clone()).or_default() += 1;
        }
        minted.push(id);
    }
    let mut taken: HashMap<String, usize> = HashMap::new();
    for (entry, id) in entries.iter().zip(&mut minted).rev() {
        let Some(id) = id else { continue };
        if own.contains(id.as_str()) || wanted.get(id).is_some_and(|count| *count > 1) {
            *id = full(entry);
        }
        let count = taken.entry(id.clone()).or_default();
        *count += 1;
        if *count > 1 {
            id.push_str(&format!(":{count}"));
        }
    }
    minted
}

/// Gives entries that share an id one each, as every format wants it (RSS 2.0 `guid`, JSON Feed 1.1 `id`: unique;
/// Atom: one id is one entry, RFC 4287 §4.1.1). The last of them keeps it, because feeds grow at the start;
/// another is known by a hash of the id and what stays when a text is corrected; and where that is the
/// same, they are counted from the end.
pub fn tell_apart(entries: &mut [Entry]) {
    let mut taken: HashSet<String> = HashSet::new();
    let mut counts: HashMap<String, usize> = HashMap::new();
    for entry in entries.iter_mut().rev() {
        let Some(id) = entry.id.take() else { continue };
        let mut told = id;
        if taken.contains(&told) {
            let hash = hashed(&[
                "shared",
                &told,
                entry.link.as_deref().unwrap_or_default(),
                &entry.title.value,
                entry.published.as_deref().unwrap_or_default(),
                entry.enclosures.first().map_or("", |enclosure| &enclosure.url),
            ]);
            told.clone_from(&hash);
            let count = counts.entry(hash.clone()).or_insert(1);
            while taken.contains(&told) {
                *count += 1;
                told = format!("{hash}:{count}");
            }
        }
        taken.insert(told.clone());
        entry.id = Some(told);
    }
}

/// The id of an entry: its own, else one for it alone.
#[must_use]
pub fn entry(entry: &Entry) -> String {
    entry.id.clone().unwrap_or_else(|| short(entry))
}

/// What stays when a text is corrected: the address, the file, the title with the date.
fn short(entry: &Entry) -> String {
    if let Some(link) = &entry.link {
        return named_by(link);
    }
    if let Some(enclosure) = entry
        .enclosures
        .first()
        .filter(|enclosure| !enclosure.url.is_empty())
    {
        return hashed(&["enclosure", &enclosure.url]);
    }
    match &entry.published {
        Some(published) if !entry.title.is_empty() => hashed(&["titled", &entry.title.value, published]),
        _ => full(entry),
    }
}

/// A link as an id. The source is not cleaned yet, and readers follow an id where there is no link: what
/// they must not follow is known by its hash.
fn named_by(link: &str) -> String {
    if is_harmless(link) {
        link.to_owned()
    } else {
        hashed(&["link", link])
    }
}

/// All that an entry says.
fn full(entry: &Entry) -> String {
    hashed(&[
        entry.link.as_deref().unwrap_or_default(),
        &entry.title.value,
        entry.published.as_deref().unwrap_or_default(),
        entry.enclosures.first().map_or("", |enclosure| &enclosure.url),
        &entry.body().value,
    ])
}

/// The id of a feed: its own; else its page; else a hash of its title.
#[must_use]
pub fn feed(feed: &Feed) -> String {
    let own = feed.id.clone().or_else(|| feed.link.as_deref().map(named_by));
    own.unwrap_or_else(|| hashed(&["feed", &feed.title.value]))
}

/// `id` as the absolute IRI that Atom wants (RFC 4287 §4.2.6). One that is none is kept inside a URN.
#[must_use]
pub fn iri(id: &str) -> String {
    if is_iri(id) {
        return id.to_owned();
    }
    if id.len() > 256 {
        return hashed(&[id]);
    }
    let mut urn = String::from("urn:limpid:id:");
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') {
            urn.push(char::from(byte));
        } else {
            urn.push('%');
            urn.push(hex_digit(byte >> 4));
            urn.push(hex_digit(byte & 15));
        }
    }
    urn
}

/// Whether `id` is an absolute IRI (RFC 3987 §2.2); a `tag:` (RFC 4151 §2.1) or `urn:` (RFC 8141 §2)
/// also by the rules of its scheme.
#[must_use]
pub fn is_iri(id: &str) -> bool {
    let Some((scheme, rest)) = id.split_once(':') else {
        return false;
    };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    if !is_scheme || rest.is_empty() || !rest.chars().all(is_iri_character) {
        return false;
    }
    match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" | "ftp" => {
            rest.strip_prefix("//").is_some_and(|rest| !rest.starts_with('/')) && Url::parse(id).is_ok()
        }
        "tag" => scheme == "tag" && is_tag(rest),
        "urn" => is_urn(rest),
        _ => true,
    }
}

/// Reserved and unreserved characters, `%` and what is not ASCII. Brackets are left out: they stand
/// in hosts alone.
fn is_iri_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || ";/?:@&=+$.-_!~*'()%,#".contains(c) || (!c.is_ascii() && !c.is_control())
}

/// `authority,date:specific`.
fn is_tag(rest: &str) -> bool {
    let Some((authority, rest)) = rest.split_once(',') else {
        return false;
    };
    let Some((date, _)) = rest.split_once(':') else {
        return false;
    };
    let host = authority.rsplit('@').next().unwrap_or_default();
    let parts: Vec<&str> = date.split('-').collect();
    let lengths = parts.iter().map(|part| part.len());
    rest.is_ascii()
        && !host.is_empty()
        && authority
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._@".contains(c))
        && lengths.eq([4, 2, 2].into_iter().take(parts.len()))
        && date.chars().all(|c| c.is_ascii_digit() || c == '-')
}

/// `namespace:specific`.
fn is_urn(rest: &str) -> bool {
    let Some((namespace, specific)) = rest.split_once(':') else {
        return false;
    };
    let is_namespace = (2..=32).contains(&namespace.len())
        && !namespace.starts_with('-')
        && namespace.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let is_uuid = || {
        let lengths = specific.split('-').map(str::len);
        lengths.eq([8, 4, 4, 4, 12]) && specific.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
    };
    is_namespace
        && !specific.is_empty()
        && specific
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "()+,.:=@;$_!*'-%".contains(c))
        && (!namespace.eq_ignore_ascii_case("uuid") || is_uuid())
}

fn hex_digit(value: u8) -> char {
    char::from_digit(u32::from(value), 16)
        .unwrap_or('0')
        .to_ascii_uppercase()
}

/// A URN over `parts`: 128 bits of BLAKE3.
fn hashed(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&part.len().to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let hex = hasher.finalize().to_hex();
    format!("urn:limpid:{}", hex.get(..32).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_must_not_be_followed_is_no_id() {
        for link in [
            "javascript:alert(1)",
            "data:image/svg+xml,<svg onload='alert(1)'/>",
            "feed:data:text/html,x",
            "mailto:x\"><b>",
        ] {
            let linked = Feed {
                link: Some(link.to_owned()),
                entries: vec![Entry {
                    link: Some(link.to_owned()),
                    ..Entry::default()
                }],
                ..Feed::default()
            };
            for id in mint(&linked.entries).into_iter().flatten().chain([feed(&linked)]) {
                assert!(id.starts_with("urn:"), "{id}");
            }
        }
        for link in [
            "https://a.example/1?a=b&c='d'",
            "magnet:?xt=urn:btih:1",
            "/relative",
        ] {
            assert_eq!(named_by(link), link);
        }
    }

    #[test]
    fn an_id_that_is_no_iri_is_kept_inside_one() {
        for id in [
            "https://a.example/1",
            "tag:a.example,2024:1",
            "tag:ann@a.example,2024-04-07:/x?y#z",
            "urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a",
            "urn:isbn:0451450523",
            "https://a.example/ä",
            "acct:ann@a.example",
        ] {
            assert_eq!(iri(id), id);
        }
        for id in [
            "tag:a.example:1",
            "tag:a.example,24:1",
            "urn:uuid:1",
            "urn:x:",
            "http:/a.example",
            "http:///a",
            "https://a.example/a|b",
            "a b:c",
            ":",
            "1",
        ] {
            let kept = iri(id);
            assert!(
                kept.starts_with("urn:limpid:id:") && is_iri(&kept),
                "{id} → {kept}"
            );
        }
        assert_eq!(iri("post 12/ä"), "urn:limpid:id:post%2012%2F%C3%A4");
        assert_eq!(iri(&"x".repeat(300)).len(), "urn:limpid:".len() + 32);
    }

    fn saying(title: &str, link: Option<&str>, published: Option<&str>, body: &str) -> Entry {
        let mut entry = Entry {
            link: link.map(str::to_owned),
            published: published.map(str::to_owned),
            ..Entry::default()
        };
        entry.title.value = title.to_owned();
        entry.summary.value = body.to_owned();
        entry
    }

    #[test]
    fn an_entry_without_id_is_known_by_its_address_else_by_what_stays_when_it_is_corrected() {
        let link = Some("https://a.example/1");
        assert_eq!(
            mint(&[saying("A", link, None, "x")]),
            [Some("https://a.example/1".to_owned())]
        );
        let dated = mint(&[saying("A", None, Some("2024"), "typo")]);
        assert_eq!(dated, mint(&[saying("A", None, Some("2024"), "no typo")]));
        assert_ne!(dated, mint(&[saying("B", None, Some("2024"), "typo")]));
        let undated = mint(&[saying("A", None, None, "one")]);
        assert_ne!(undated, mint(&[saying("A", None, None, "two")]));
        let named = Entry {
            id: Some("i".to_owned()),
            ..Entry::default()
        };
        assert_eq!(mint(&[named]), [None]);
    }

    #[test]
    fn no_two_entries_have_one_minted_id() {
        let home = Some("https://a.example/");
        let new = saying("C", home, None, "three");
        let feed = [
            saying("B", home, None, "two"),
            saying("A", home, None, "one"),
            saying("A", home, None, "one"),
        ];
        let before = mint(&feed);
        let distinct: HashSet<_> = before.iter().flatten().collect();
        assert_eq!(distinct.len(), 3, "{before:?}");
        let after = mint(&[std::slice::from_ref(&new), &feed].concat());
        assert_eq!(
            after.get(1..),
            Some(&before[..]),
            "a new entry changes no other's"
        );
    }

    #[test]
    fn no_two_entries_keep_one_id_and_the_oldest_keeps_it() {
        let sharing = |title: &str| Entry {
            id: Some("i".to_owned()),
            ..saying(title, None, None, "")
        };
        let told = |entries: &[Entry]| {
            let mut entries = entries.to_vec();
            tell_apart(&mut entries);
            let ids = entries.into_iter().map(|entry| entry.id.unwrap_or_default());
            ids.collect::<Vec<_>>()
        };
        let feed = [sharing("C"), sharing("B"), sharing("B"), sharing("A")];
        let before = told(&feed);
        assert_eq!(before.last().map(String::as_str), Some("i"));
        assert_eq!(before.iter().collect::<HashSet<_>>().len(), 4, "{before:?}");
        assert!(before.iter().all(|id| id == "i" || is_iri(id)), "{before:?}");
        let after = told(&[std::slice::from_ref(&sharing("D")), &feed].concat());
        assert_eq!(
            after.get(1..),
            Some(&before[..]),
            "a new entry changes no other's"
        );
    }
}
