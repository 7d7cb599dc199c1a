//! A feed without the entries that a reader already has (RFC 3229, instance manipulation "feed"). Pure.
//!
//! Nothing is written anew: the entries' bytes are left out of the document, and what is left is read once to
//! see that it is still a feed of just the others. In doubt there is no delta, and the reader gets everything.

use std::collections::HashSet;

use super::EntryMark;
use super::read::read;
use crate::message::Kind;

/// What tells an entry's clean bytes from all others.
pub type Known = [u8; 8];

/// The entries of a document.
#[must_use]
pub fn known(body: &[u8], entries: &[EntryMark]) -> Vec<Known> {
    entries.iter().map(|entry| mark(body, entry)).collect()
}

/// `body` with those of its `entries` that are not `before`; `None`: there are none, or all are, or it is no
/// document that can be cut.
#[must_use]
pub fn news(body: &[u8], kind: Kind, entries: &[EntryMark], before: &[Known]) -> Option<Vec<u8>> {
    // RSS 1.0 lists its entries a second time, and JSON has commas between them.
    if !matches!(kind, Kind::Rss | Kind::Atom) {
        return None;
    }
    let before: HashSet<&Known> = before.iter().collect();
    let mut news = Vec::new();
    let (mut at, mut left) = (0, 0);
    for entry in entries {
        if !before.contains(&mark(body, entry)) {
            left += 1;
            continue;
        }
        let span = body.get(entry.span.clone())?;
        if !(span.starts_with(b"<") && span.ends_with(b">")) {
            return None;
        }
        news.extend_from_slice(body.get(at..entry.span.start)?.trim_ascii_end());
        at = entry.span.end;
    }
    news.extend_from_slice(body.get(at..)?);
    let is_part = left > 0 && left < entries.len();
    let is_feed = || {
        let feed = read(std::str::from_utf8(&news).ok()?, kind)?;
        Some(feed.entries.len() == left)
    };
    (is_part && is_feed() == Some(true)).then_some(news)
}

fn mark(body: &[u8], entry: &EntryMark) -> Known {
    let mut mark = Known::default();
    let span = body.get(entry.span.clone()).unwrap_or_default();
    blake3::Hasher::new().update(span).finalize_xof().fill(&mut mark);
    mark
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::{Policy, Source, transform};

    fn cleaned(document: &str) -> (Vec<u8>, Kind, Vec<EntryMark>) {
        let source = Source {
            bytes: document.as_bytes(),
            content_type: None,
            content_encoding: None,
            base: None,
        };
        let made = transform(&source, &Policy::default(), None).expect("a feed");
        (made.body, made.kind, made.entries)
    }

    fn rss(items: &[&str]) -> String {
        let item = |text: &&str| format!("<item><guid>{text}</guid><title>{text}</title></item>\n");
        let items: String = items.iter().map(item).collect();
        format!("<rss version=\"2.0\"><channel><title>t</title>\n{items}</channel></rss>")
    }

    fn news_of(before: &str, after: &str) -> Option<String> {
        let (old, _, old_entries) = cleaned(before);
        let (new, kind, entries) = cleaned(after);
        let news = news(&new, kind, &entries, &known(&old, &old_entries))?;
        Some(String::from_utf8(news).expect("UTF-8"))
    }

    #[test]
    fn what_is_known_is_left_out_and_everything_else_stays() {
        let news = news_of(&rss(&["b", "a"]), &rss(&["d", "b", "c", "a"])).expect("news");
        let (whole, kind, _) = cleaned(&rss(&["d", "c"]));
        let titles = |text: &str| -> Vec<String> {
            let feed = read(text, kind).expect("a feed");
            feed.entries.iter().map(|entry| entry.title.to_plain()).collect()
        };
        assert_eq!(titles(&news), titles(&String::from_utf8(whole).expect("UTF-8")));
        assert!(
            news.contains("<title>t</title>") && news.trim_end().ends_with("</rss>"),
            "{news}"
        );
    }

    #[test]
    fn an_entry_that_changed_is_new() {
        let changed = rss(&["b", "a"]).replace("<title>a</title>", "<title>a, corrected</title>");
        let news = news_of(&rss(&["b", "a"]), &changed).expect("news");
        assert!(news.contains("corrected") && !news.contains("<guid>b"), "{news}");
    }

    #[test]
    fn in_doubt_there_is_none() {
        assert_eq!(news_of(&rss(&["a"]), &rss(&["b"])), None, "all are new");
        assert_eq!(news_of(&rss(&["b", "a"]), &rss(&["a"])), None, "none is new");
        let json = |items: &str| {
            format!(r#"{{"version":"https://jsonfeed.org/version/1.1","title":"t","items":[{items}]}}"#)
        };
        let item = |id: &str| format!(r#"{{"id":"{id}","content_text":"x"}}"#);
        let two = json(&format!("{},{}", item("b"), item("a")));
        assert_eq!(news_of(&json(&item("a")), &two), None, "JSON");
        let (body, kind, mut entries) = cleaned(&rss(&["b", "a"]));
        let before = known(&body, &entries[1..]);
        entries[1].span.end -= 1;
        assert_eq!(news(&body, kind, &entries, &before), None, "a span that is none");
        entries[1].span = body.len()..body.len() + 9;
        assert_eq!(
            news(&body, kind, &entries, &known(&body, &entries)),
            None,
            "beyond the end"
        );
    }
}
