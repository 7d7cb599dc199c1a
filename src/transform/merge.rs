//! Several feeds as one: entries by date, each once.
//!
//! Merging happens before cleaning, so the merged document is transformed like any source. It is
//! Atom, whatever went in: only Atom can say for each text what its relative addresses are resolved
//! against (`xml:base`), and its types keep text and HTML apart.

use std::collections::HashSet;

use url::Url;

use super::convert::{self, ids};
use super::read::{Entry, Feed, Options, read_with};
use super::{Error, Limits};
use crate::message::Kind;

/// Reads a repaired document that is to be merged: with absolute addresses, and all that can be carried.
#[must_use]
pub fn source(text: &str, kind: Kind, base: Option<&Url>, limits: &Limits) -> Option<Feed> {
    let options = Options {
        base: base.cloned(),
        entries: limits.entries,
        extensions: true,
    };
    let mut feed = read_with(text, kind, &options)?;
    for entry in &mut feed.entries {
        for text in [&mut entry.title, &mut entry.summary, &mut entry.content] {
            if text.base.is_none() {
                text.base = base.map(|base| base.clone().into());
            }
        }
        // What stands alone in RSS is the whole text.
        if matches!(kind, Kind::Rss | Kind::Rdf) && entry.content.is_empty() {
            entry.content = std::mem::take(&mut entry.summary);
        }
    }
    Some(feed)
}

/// Merges feeds into one Atom document: title and the rest from the first; entries newest first, those
/// without a date after them in the order they came; of entries with an equal id, else an equal
/// address, the first is kept. Entries say who wrote them where only their feed did.
///
/// # Errors
/// [`Error::Convert`] when there is no feed or the document cannot be built.
pub fn merge(feeds: Vec<Feed>) -> Result<Vec<u8>, Error> {
    let mut all: Vec<Entry> = Vec::new();
    let mut merged: Option<Feed> = None;
    for mut feed in feeds {
        for mut entry in std::mem::take(&mut feed.entries) {
            if entry.authors.is_empty() {
                entry.authors.clone_from(&feed.authors);
            }
            entry.language = entry.language.or_else(|| feed.language.clone());
            all.push(entry);
        }
        merged.get_or_insert(feed);
    }
    let mut merged = merged.ok_or(Error::Convert)?;
    merged.entries = once_each(all);
    merged
        .entries
        .sort_by_key(|entry| std::cmp::Reverse(entry.date()));
    // The merged feed was last changed when its newest entry was.
    let newest = merged
        .entries
        .iter()
        .filter_map(|entry| entry.updated_at().max(entry.published_at()))
        .max();
    merged.updated = newest.map(super::dates::to_rfc3339);
    merged.published = None;
    convert::write_undated(&merged)
}

/// Of entries with an equal id (of those without one: an equal address) the first.
fn once_each(entries: Vec<Entry>) -> Vec<Entry> {
    let mut seen = HashSet::new();
    entries
        .into_iter()
        .filter(|entry| seen.insert(ids::entry(entry)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEWS: &str = "<rss xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'><channel><title>News</title>
        <link>/</link><item><title>old</title><link>/old</link><pubDate>Thu, 01 Jan 2004 00:00:00 GMT</pubDate></item>
        <item><title>undated</title><guid isPermaLink='false'>u</guid><description>&lt;img src='a.png'&gt;</description></item>
        <item><title>new</title><guid>https://a.example/new</guid><pubDate>Sun, 01 Jan 2006 00:00:00 GMT</pubDate>
          <itunes:duration>5</itunes:duration></item></channel></rss>";
    const BLOG: &str = "<feed xmlns='http://www.w3.org/2005/Atom' xml:base='https://b.example/blog/' xml:lang='de'>
        <title>Blog</title><author><name>Ann</name></author>
        <entry><title>middle</title><id>m</id><updated>2005-01-01T00:00:00Z</updated><link href='m'/>
          <content type='html'>&lt;img src='m.png'&gt;</content></entry>
        <entry><title>again</title><id>https://a.example/new</id><updated>2007-01-01T00:00:00Z</updated></entry></feed>";

    fn merged() -> (Vec<u8>, Feed) {
        let base = |text| Some(Url::parse(text).unwrap());
        let limits = Limits::default();
        let news = source(NEWS, Kind::Rss, base("https://a.example/feed").as_ref(), &limits).unwrap();
        let blog = source(BLOG, Kind::Atom, base("https://b.example/feed").as_ref(), &limits).unwrap();
        let document = merge(vec![news, blog]).unwrap();
        let feed = super::super::read::read(std::str::from_utf8(&document).unwrap(), Kind::Atom).unwrap();
        (document, feed)
    }

    #[test]
    fn entries_stand_by_date_once_each_and_undated_ones_last() {
        let (_, feed) = merged();
        let titles: Vec<&str> = feed
            .entries
            .iter()
            .map(|entry| entry.title.value.as_str())
            .collect();
        assert_eq!(titles, ["new", "middle", "old", "undated"]);
        assert_eq!(feed.title.value, "News");
        assert_eq!(feed.entries[3].date(), None, "no date was made up");
        assert_eq!(feed.entries[1].authors[0].name.as_deref(), Some("Ann"));
    }

    #[test]
    fn addresses_mean_what_they_meant_in_their_own_feed() {
        let (document, feed) = merged();
        assert_eq!(feed.entries[2].link.as_deref(), Some("https://a.example/old"));
        assert_eq!(feed.entries[1].link.as_deref(), Some("https://b.example/blog/m"));
        let base = |at: usize| feed.entries[at].content.base.as_deref().map(Url::as_str);
        assert_eq!(base(1), Some("https://b.example/blog/"));
        assert_eq!(base(3), Some("https://a.example/feed"));
        assert!(
            String::from_utf8(document.clone())
                .unwrap()
                .contains("<itunes:duration>5<")
        );
        assert_eq!(document, merged().0, "the same bytes every time");
        assert!(atom_syndication::Feed::read_from(document.as_slice()).is_ok());
    }

    #[test]
    fn nothing_merges_to_an_error() {
        assert!(merge(Vec::new()).is_err());
    }
}
