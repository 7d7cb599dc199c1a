//! Feeds that need no network: a file, or a folder of article archives. Blocking.

use std::cmp::Reverse;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use url::Url;

use crate::transform::Limits;
use crate::transform::archive::{self, Article};

/// Files of a folder that are looked at, in the order of their names.
const MAX_FILES: usize = 100_000;

/// Why there is no document. The texts hold no path: it may be told to readers.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system.
    #[error("the document cannot be read: {}", reason(.0))]
    Io(#[from] io::Error),
    /// A pipe or a device: it would be read for ever.
    #[error("the document is neither a file nor a folder")]
    Special,
    /// Over the limit for a document.
    #[error("the document is larger than the limit of {0} bytes")]
    TooLarge(usize),
    /// No file in the folder is an article archive.
    #[error("there is no article archive in the folder")]
    NoArticles,
    /// The articles could not be written as a feed.
    #[error("the feed's articles could not be put together")]
    Articles,
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        other => other.to_string(),
    }
}

/// Why this machine does not let us read or write, and what to do next; in words, not in numbers.
#[must_use]
pub fn why(error: &io::Error) -> String {
    use io::ErrorKind as K;
    let said = match error.kind() {
        K::StorageFull | K::QuotaExceeded | K::FileTooLarge => {
            "the disk is full; free some space there and do the same again"
        }
        K::PermissionDenied => "this user may not; do it as who owns the folder, or name another folder",
        K::ReadOnlyFilesystem => "it is mounted read-only; name another folder, or mount it writable",
        K::NotFound => "it does not exist",
        K::NotADirectory => "a file stands where a folder is needed; name another folder",
        _ => return error.to_string(),
    };
    said.to_owned()
}

/// The document at `path`: a file's bytes, or one feed of all archives in a folder.
///
/// # Errors
/// See [`Error`].
pub fn document(path: &Path, limits: &Limits) -> Result<Vec<u8>, Error> {
    let about = std::fs::metadata(path)?;
    if about.is_dir() {
        return folder(path, limits);
    }
    if !about.is_file() {
        return Err(Error::Special);
    }
    from_bytes(name(path), read(File::open(path)?, limits.decoded)?)
}

/// What came as a document: itself, or a feed of the article archives that it is (one, or several one after another).
///
/// # Errors
/// When it is archives that cannot be put together.
pub fn from_bytes(name: &str, bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
    let articles: Option<Vec<Article>> = std::str::from_utf8(&bytes).ok().and_then(|text| {
        pieces(text)
            .into_iter()
            .map(|piece| archive::read(name, piece))
            .collect()
    });
    match articles {
        Some(articles) if !articles.is_empty() => feed(&articles, name),
        _ => Ok(bytes),
    }
}

/// At most `limit` bytes of `source`.
///
/// # Errors
/// When there are more, or they cannot be read.
pub fn read(source: impl io::Read, limit: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    source.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        return Err(Error::TooLarge(limit));
    }
    Ok(bytes)
}

/// One feed of the newest archives in a folder: as many as the limits allow. Other files are passed over.
fn folder(path: &Path, limits: &Limits) -> Result<Vec<u8>, Error> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(path)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .take(MAX_FILES)
        .collect();
    paths.sort();
    let mut articles = Vec::new();
    let mut held = 0;
    for path in paths.iter().filter(|path| path.is_file()) {
        let Ok(text) = read(File::open(path)?, limits.decoded).map(String::from_utf8) else {
            continue;
        };
        if let Some(article) = text.ok().and_then(|text| archive::read(name(path), &text)) {
            held += size(&article);
            articles.push(article);
        }
        // What will not fit into the document need not be held until the end.
        if held > limits.decoded.saturating_mul(2) {
            held = keep_newest(&mut articles, limits);
        }
    }
    keep_newest(&mut articles, limits);
    if articles.is_empty() {
        return Err(Error::NoArticles);
    }
    feed(&articles, name(path))
}

/// Keeps the newest articles that fit, newest first; the bytes they hold.
fn keep_newest(articles: &mut Vec<Article>, limits: &Limits) -> usize {
    articles.sort_by_key(|article| Reverse(article.time));
    // Escaped as text, `<` takes four bytes; articles are mostly words.
    let room = limits.decoded / 2;
    let mut held = 0;
    let fitting = articles
        .iter()
        .take(limits.entries)
        .take_while(|article| {
            held += size(article);
            held <= room
        })
        .count();
    articles.truncate(fitting);
    articles.iter().map(size).sum()
}

fn size(article: &Article) -> usize {
    article.html.len() + article.title.len() + article.url.len()
}

/// A feed that is named like its file and links to where its newest article comes from.
fn feed(articles: &[Article], name: &str) -> Result<Vec<u8>, Error> {
    let link = articles
        .iter()
        .max_by_key(|article| article.time)
        .and_then(|article| Url::parse(&article.url).ok())
        .and_then(|url| url.join("/").ok());
    archive::feed(articles, name, link.as_ref().map_or("", Url::as_str)).map_err(|_| Error::Articles)
}

fn name(path: &Path) -> &str {
    path.file_stem()
        .and_then(|name| name.to_str())
        .unwrap_or("archive")
}

/// The archives in `text`: each begins with a line that holds a time alone, and a line with a title.
fn pieces(text: &str) -> Vec<&str> {
    let mut starts = vec![0];
    let mut at = 0;
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        if at > 0 && is_time(line) && lines.peek().is_some_and(|next| next.starts_with('[')) {
            starts.push(at);
        }
        at += line.len();
    }
    starts.push(text.len());
    starts
        .windows(2)
        .filter_map(|pair| text.get(pair[0]..pair[1]))
        .collect()
}

fn is_time(line: &str) -> bool {
    line.trim_end()
        .strip_prefix("<!--")
        .and_then(|rest| rest.strip_suffix("-->"))
        .is_some_and(|time| !time.is_empty() && time.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_in_words() {
        let full = why(&io::Error::from(io::ErrorKind::StorageFull));
        assert!(full.starts_with("the disk is full; free"), "{full}");
    }

    fn article(time: u64, title: &str) -> String {
        format!("<!--{time}-->\n[{title}](https://a.example/{title})\n------\n\n<p>Text of {title}</p>\n")
    }

    fn at(path: &Path, limits: &Limits) -> Result<String, Error> {
        document(path, limits).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn a_folder_of_archives_is_a_feed_newest_first() {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("b.txt", article(1000, "Old")),
            ("a.txt", article(3000, "New")),
            ("notes", "hello".into()),
        ] {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let feed = at(dir.path(), &Limits::default()).unwrap();
        assert!(feed.find("New").unwrap() < feed.find("Old").unwrap(), "{feed}");
        assert!(
            feed.contains("<link>https://a.example/</link>") && !feed.contains("hello"),
            "{feed}"
        );
        let one = Limits {
            entries: 1,
            ..Limits::default()
        };
        assert!(!at(dir.path(), &one).unwrap().contains("Old"));
    }

    #[test]
    fn a_file_is_itself_or_the_archives_in_it() {
        let both = article(1000, "One") + "\n" + &article(2000, "Two");
        let feed = String::from_utf8(from_bytes("x", both.into()).unwrap()).unwrap();
        assert_eq!(feed.matches("<item>").count(), 2, "{feed}");
        for text in ["<!-- 1 --><rss/>", "{}", "", "[1, 2]"] {
            assert_eq!(from_bytes("x", text.into()).unwrap(), text.as_bytes());
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_without_its_path() {
        let dir = tempfile::tempdir().unwrap();
        let limits = Limits {
            decoded: 10,
            ..Limits::default()
        };
        std::fs::write(dir.path().join("big.xml"), "12345678901").unwrap();
        let cases = [
            ("none.xml", "it does not exist"),
            ("big.xml", "limit of 10 bytes"),
            ("", "no article archive"),
        ];
        for (name, expected) in cases {
            let error = at(&dir.path().join(name), &limits).unwrap_err().to_string();
            assert!(error.contains(expected) && !error.contains("tmp"), "{error}");
        }
    }
}
