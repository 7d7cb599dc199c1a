//! The article archive: one article as a text file.
//!
//! ```text
//! <!--1712494023000-->
//! [Title](https://a.example/article)
//! ------
//!
//! <p>HTML</p>
//! ```
//!
//! Line 1 is the time in milliseconds since 1970 (left out if it is not known), line 2 title and
//! address, line 3 a rule of dashes; after an empty line stands the HTML. A folder of such files is a
//! feed, and a feed can be written as such files.

use std::collections::HashMap;

use chrono::DateTime;

use super::convert::ids;
use super::read::{Entry, Feed, Options, is_web_address, read_with};
use super::{Error, dates, plain};
use crate::message::Kind;

/// An article.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Article {
    /// When it was published: milliseconds since 1970.
    pub time: Option<i64>,
    /// On one line, without space at its ends.
    pub title: String,
    /// Empty: not known.
    pub url: String,
    /// Without line breaks at its end.
    pub html: String,
}

impl Article {
    /// An article in the form that a file can hold.
    #[must_use]
    pub fn new(time: Option<i64>, title: &str, url: &str, html: &str) -> Self {
        // The title ends where `](` last stands in its line.
        let url: String = url.split_whitespace().collect::<Vec<_>>().join("%20");
        Self {
            time,
            title: title.split_whitespace().collect::<Vec<_>>().join(" "),
            url: url.replace("](", "]%28"),
            html: unix_lines(html).trim_matches('\n').to_owned(),
        }
    }
}

/// Reads an archived article; `name` (of its file) stands in for a title that is missing. `None`: the
/// text has no title line in its first lines.
#[must_use]
pub fn read(name: &str, text: &str) -> Option<Article> {
    let text = unix_lines(text.trim_start_matches('\u{feff}'));
    let mut rest = text.trim_start();
    let mut time = None;
    if let Some(comment) = rest.strip_prefix("<!--") {
        let (inside, after) = comment.split_once("-->")?;
        time = inside.trim().parse().ok();
        rest = after.trim_start();
    }
    let (line, rest) = rest.split_once('\n').unwrap_or((rest, ""));
    let (title, url) = line
        .trim()
        .strip_prefix('[')?
        .strip_suffix(')')?
        .rsplit_once("](")?;
    let html = match rest.trim_start_matches('\n').split_once('\n') {
        Some((rule, html)) if is_rule(rule) => html,
        None if is_rule(rest) => "",
        _ => rest,
    };
    let title = if title.trim().is_empty() { name } else { title };
    Some(Article::new(time, title, url, html))
}

/// Three dashes or more and nothing else.
fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 3 && line.bytes().all(|byte| byte == b'-')
}

fn unix_lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// The text of the file that `article` is kept in. [`read`] gives the same article back.
#[must_use]
pub fn write(article: &Article) -> String {
    let Article {
        time,
        title,
        url,
        html,
    } = article;
    let time = time.map_or_else(String::new, |time| format!("<!--{time}-->\n"));
    format!("{time}[{title}]({url})\n------\n\n{html}\n")
}

/// The name of the file for `article`: its day and a hash of its address, so that the same article has
/// the same name and no title can name a path.
#[must_use]
pub fn file_name(article: &Article) -> String {
    let identity = if article.url.is_empty() {
        &article.title
    } else {
        &article.url
    };
    let hash = blake3::hash(identity.as_bytes()).to_hex();
    let day = article
        .time
        .and_then(DateTime::from_timestamp_millis)
        .map(|date| date.format("%Y-%m-%d").to_string());
    let day = day.unwrap_or_else(|| "undated".to_owned());
    format!("{day}-{}.txt", hash.get(..16).unwrap_or_default())
}

/// A feed of `articles`, newest first, those without a time after them in the order given: RSS 2.0,
/// which demands no date. An article's id is its address. The HTML is raw: the document is to be
/// transformed like any source.
///
/// # Errors
/// [`Error::Convert`] when the document cannot be built.
pub fn feed(articles: &[Article], title: &str, link: &str) -> Result<Vec<u8>, Error> {
    let mut newest_first: Vec<&Article> = articles.iter().collect();
    newest_first.sort_by_key(|article| std::cmp::Reverse(article.time));
    let channel = rss::Channel {
        title: plain::xml_characters(title).into_owned(),
        link: plain::xml_characters(link).into_owned(),
        description: plain::xml_characters(title).into_owned(),
        items: newest_first.into_iter().map(item).collect(),
        ..rss::Channel::default()
    };
    let mut out = Vec::new();
    channel.write_to(&mut out).map_err(|_| Error::Convert)?;
    Ok(out)
}

fn item(article: &Article) -> rss::Item {
    let url = plain::xml_characters(&article.url).into_owned();
    let title = plain::xml_characters(&article.title);
    let is_address = is_web_address(&url);
    rss::Item {
        // Titles of archives are plain text.
        title: Some(if title.contains(['<', '&']) {
            plain::to_html(&title)
        } else {
            title.into_owned()
        }),
        guid: (!url.is_empty()).then(|| rss::Guid {
            value: url.clone(),
            permalink: is_address,
        }),
        link: is_address.then_some(url),
        pub_date: article
            .time
            .and_then(DateTime::from_timestamp_millis)
            .map(dates::to_rfc822),
        description: Some(plain::xml_characters(&article.html).into_owned()),
        ..rss::Item::default()
    }
}

/// Each entry of a cleaned document as a file: its name and its text.
///
/// # Errors
/// [`Error::Convert`] when the document cannot be read.
pub fn export(body: &[u8], kind: Kind) -> Result<Vec<(String, String)>, Error> {
    let text = std::str::from_utf8(body).map_err(|_| Error::Convert)?;
    let options = Options {
        entries: usize::MAX,
        ..Options::default()
    };
    let feed: Feed = read_with(text, kind, &options).ok_or(Error::Convert)?;
    let mut names: HashMap<String, usize> = HashMap::new();
    let articles = feed.entries.iter().map(article);
    Ok(articles
        .map(|article| {
            let name = file_name(&article);
            let count = names.entry(name.clone()).or_default();
            *count += 1;
            // Two entries about one address: both are kept.
            let name = if *count == 1 {
                name
            } else {
                name.replace(".txt", &format!("-{count}.txt"))
            };
            (name, write(&article))
        })
        .collect())
}

/// The article that an entry of a cleaned feed is.
#[must_use]
pub fn article(entry: &Entry) -> Article {
    let time = entry.date().map(|date| date.timestamp_millis());
    let url = entry.link.clone().unwrap_or_else(|| ids::entry(entry));
    Article::new(time, &entry.title.to_plain(), &url, &entry.body().to_html())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SAMPLE: &str = "<!--1712494023000-->\n[会谈 [live](x) & more](https://a.example/zh/a-1)\n------\n\n<p>one</p>\n\n<p>two</p>\n";

    #[test]
    fn an_archived_article_is_read() {
        let article = read("a.txt", SAMPLE).unwrap();
        assert_eq!(article.time, Some(1_712_494_023_000));
        assert_eq!(article.title, "会谈 [live](x) & more");
        assert_eq!(article.url, "https://a.example/zh/a-1");
        assert_eq!(article.html, "<p>one</p>\n\n<p>two</p>");
        assert_eq!(write(&article), SAMPLE);
    }

    #[test]
    fn small_faults_are_forgiven() {
        for text in [
            "\u{feff}<!-- 5 -->\r\n[T](u)\r\n---\r\n\r\nx\r\n",
            "\n<!--5-->[T](u)\n----------\nx",
            "<!--5-->\n\n[T](u)\n\nx",
        ] {
            assert_eq!(
                read("n", text),
                Some(Article::new(Some(5), "T", "u", "x")),
                "{text:?}"
            );
        }
        assert_eq!(
            read("n", "<!--soon-->\n[](u)\n---\n"),
            Some(Article::new(None, "n", "u", ""))
        );
        for text in ["", "<p>no title</p>", "<!--5-->", "<!--5", "[T]", "[T](u"] {
            assert_eq!(read("n", text), None, "{text:?}");
        }
    }

    #[test]
    fn a_folder_of_articles_is_a_feed_newest_first() {
        let articles = [
            Article::new(None, "undated", "https://a.example/0", "u"),
            Article::new(
                Some(1_000_000_000_000),
                "Vec<T> & co",
                "https://a.example/1",
                "<p>]]> &amp; x</p>",
            ),
            Article::new(Some(1_100_000_000_000), "newest", "https://a.example/2", "n"),
        ];
        let document = feed(&articles, "A & B", "https://a.example/").unwrap();
        let read = super::super::read::read(std::str::from_utf8(&document).unwrap(), Kind::Rss).unwrap();
        let titles: Vec<String> = read.entries.iter().map(|entry| entry.title.to_plain()).collect();
        assert_eq!(titles, ["newest", "Vec<T> & co", "undated"]);
        assert_eq!(read.entries[1].id.as_deref(), Some("https://a.example/1"));
        assert_eq!(read.entries[1].summary.value, "<p>]]> &amp; x</p>");
        assert_eq!(read.entries[2].date(), None);
        let files = export(&document, Kind::Rss).unwrap();
        assert_eq!(files[1].1, write(&articles[1]), "through a feed and back");
        assert!(files[1].0.starts_with("2001-09-09-"), "{}", files[1].0);
        assert!(files[2].0.starts_with("undated-"));
        let twice = feed(
            &[articles[1].clone(), articles[1].clone()],
            "t",
            "https://a.example/",
        )
        .unwrap();
        let files = export(&twice, Kind::Rss).unwrap();
        assert_ne!(files[0].0, files[1].0, "no file is written over another");
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back(
            time in proptest::option::of(any::<i64>()),
            title in "\\PC{1,30}",
            url in "[!-~ ]{0,40}",
            html in "(\\PC|\n){0,80}",
        ) {
            let article = Article::new(time, &title, &url, &html);
            prop_assume!(!article.title.is_empty());
            prop_assert_eq!(read("other", &write(&article)), Some(article));
        }
    }
}
