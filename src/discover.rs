//! From a site's address to its feeds: what its page names, else the places where feeds usually are.

use std::collections::BTreeSet;

use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use url::Url;

use crate::fetch::{self, Fetcher};
use crate::message::{Fetched, OriginResponse, Validators};
use crate::transform::report::Report;
use crate::transform::{self, Policy, Source, Transformed, decode, transform};
use crate::wall::{self, Wall};

/// Where feeds usually are, below a site's address. Asked one after another, until one is a feed.
const USUAL: [&str; 8] = [
    "feed",
    "rss",
    "feed.xml",
    "rss.xml",
    "atom.xml",
    "index.xml",
    "feed.json",
    "feeds/all.atom.xml",
];
/// Feeds that one page may name.
const MAX_NAMED: usize = 50;
/// Characters of a feed's title.
const MAX_TITLE: usize = 120;

/// A feed that a page names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    pub url: Url,
    /// What the page calls it; an origin's words.
    pub title: String,
}

/// A feed that answered.
#[derive(Debug)]
pub struct Feed {
    /// The address to subscribe to: the one asked, or where it has moved for good.
    pub url: Url,
    pub cleaned: Transformed,
}

/// What there is at an address.
#[derive(Debug)]
pub enum Discovered {
    /// A feed.
    Feed(Box<Feed>),
    /// A page that names several feeds, in its order.
    Several(Vec<Named>),
}

/// Why there is no feed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Fetch(#[from] fetch::Error),
    #[error(transparent)]
    Transform(#[from] transform::Error),
    /// A page without a word about feeds, and nothing where they usually are.
    #[error("this is a web page that names no feed, and none is where feeds usually are")]
    NoFeeds,
    /// A page that stands before what was asked for, and no feed where feeds usually are.
    #[error("{}", .0.what())]
    Walled(Wall),
    /// The same, told by the head of an answer that is a refusal.
    #[error("{}: {error}", .wall.what())]
    Barred { error: fetch::Error, wall: Wall },
}

/// Looks for the feeds of `url`: it is one itself, or it is a page that names some.
///
/// # Errors
/// When nothing answers, or nothing that answers is a feed.
pub async fn discover(fetcher: &Fetcher, url: &Url, policy: &Policy) -> Result<Discovered, Error> {
    let response = get(fetcher, url).await?;
    let page = match cleaned(&response, policy) {
        Ok(cleaned) => return Ok(found(url, &response, cleaned)),
        Err(transform::Error::WebPage | transform::Error::NotAFeed) => response,
        Err(error) => return Err(error.into()),
    };
    let text = text(&page, policy);
    let named = links(&text, &page.url);
    match named.as_slice() {
        [] => {
            let wall = wall::of_page(&text).map_or(Error::NoFeeds, Error::Walled);
            usual(fetcher, &page.url, policy).await.ok_or(wall)
        }
        [one] => feed(fetcher, &one.url, policy)
            .await
            .map(|feed| Discovered::Feed(Box::new(feed))),
        _ => Ok(Discovered::Several(named)),
    }
}

/// The feed at `url`, which is one itself.
///
/// # Errors
/// When nothing answers, or it is no feed.
pub async fn feed(fetcher: &Fetcher, url: &Url, policy: &Policy) -> Result<Feed, Error> {
    let response = get(fetcher, url).await?;
    match cleaned(&response, policy) {
        Ok(cleaned) => Ok(Feed {
            url: lasting(url, &response),
            cleaned,
        }),
        Err(error @ transform::Error::WebPage) => {
            let wall = wall::of_page(&text(&response, policy));
            Err(wall.map_or(Error::Transform(error), Error::Walled))
        }
        Err(error) => Err(error.into()),
    }
}

fn found(url: &Url, response: &OriginResponse, cleaned: Transformed) -> Discovered {
    Discovered::Feed(Box::new(Feed {
        url: lasting(url, response),
        cleaned,
    }))
}

/// Where a feed is for good: a redirect that may be taken back is not followed for ever.
fn lasting(url: &Url, response: &OriginResponse) -> Url {
    let url = if response.moved_permanently {
        &response.url
    } else {
        url
    };
    url.clone()
}

async fn get(fetcher: &Fetcher, url: &Url) -> Result<OriginResponse, Error> {
    let mut asked = Vec::new();
    match fetcher.feed_told(url, &Validators::default(), &mut asked).await {
        Ok(Fetched::Modified(response)) => Ok(response),
        Ok(Fetched::NotModified { .. }) => Err(Error::Fetch(fetch::Error::Status {
            status: 304,
            retry_after: None,
        })),
        Err(error) => {
            let wall = asked.last().and_then(|last| wall::of_headers(&last.headers));
            Err(match wall {
                Some(wall) => Error::Barred { error, wall },
                None => Error::Fetch(error),
            })
        }
    }
}

fn source(response: &OriginResponse) -> Source<'_> {
    let header = |name| {
        response
            .headers
            .get(name)
            .and_then(|value: &http::HeaderValue| value.to_str().ok())
    };
    Source {
        bytes: &response.body,
        content_type: header(http::header::CONTENT_TYPE),
        content_encoding: header(http::header::CONTENT_ENCODING),
        base: Some(&response.url),
    }
}

fn cleaned(response: &OriginResponse, policy: &Policy) -> Result<Transformed, transform::Error> {
    transform(&source(response), policy, None)
}

fn text(page: &OriginResponse, policy: &Policy) -> String {
    decode::decode(&source(page), &policy.limits, &mut Report::default())
        .map(std::borrow::Cow::into_owned)
        .unwrap_or_default()
}

async fn usual(fetcher: &Fetcher, page: &Url, policy: &Policy) -> Option<Discovered> {
    for path in USUAL {
        let candidates = [page.join(path).ok(), page.join(&format!("/{path}")).ok()];
        let candidates: BTreeSet<Url> = candidates.into_iter().flatten().collect();
        for url in candidates {
            if let Ok(feed) = feed(fetcher, &url, policy).await {
                return Some(Discovered::Feed(Box::new(feed)));
            }
        }
    }
    None
}

/// The feeds that `html` names by `<link rel="alternate" type="…" href="…">` (RSS Board's RSS
/// Autodiscovery; HTML §4.6.6.1), against `<base>` or `page`. Pure.
#[must_use]
pub fn links(html: &str, page: &Url) -> Vec<Named> {
    let input = BufferQueue::default();
    input.push_back(html.into());
    let tokenizer = Tokenizer::new(Links::default(), TokenizerOpts::default());
    let _fed = tokenizer.feed(&input);
    tokenizer.end();
    let links = tokenizer.sink;
    let base = links.base.into_inner().and_then(|base| page.join(&base).ok());
    let base = base.as_ref().unwrap_or(page);
    let mut seen = BTreeSet::new();
    let named = links.found.into_inner().into_iter().filter_map(|(href, title)| {
        let mut url = base.join(href.trim()).ok()?;
        url.set_fragment(None);
        let fits = matches!(url.scheme(), "http" | "https") && seen.insert(url.clone());
        fits.then_some(Named { url, title })
    });
    named.take(MAX_NAMED).collect()
}

/// Gathers what `links` needs while the tokenizer runs.
#[derive(Default)]
struct Links {
    base: std::cell::RefCell<Option<String>>,
    found: std::cell::RefCell<Vec<(String, String)>>,
}

impl TokenSink for Links {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        if let Token::TagToken(tag) = token
            && tag.kind == TagKind::StartTag
        {
            match &*tag.name {
                "base" => {
                    let mut base = self.base.borrow_mut();
                    *base = base.take().or_else(|| attribute(&tag, "href"));
                }
                "link" => self.found.borrow_mut().extend(alternate(&tag)),
                // What looks like a tag in there is none.
                "script" | "style" | "textarea" | "title" => {
                    return TokenSinkResult::RawData(RawKind::Rawtext);
                }
                _ => {}
            }
        }
        TokenSinkResult::Continue
    }
}

/// A `link` that names a feed: its address and its title.
fn alternate(tag: &Tag) -> Option<(String, String)> {
    let rel = attribute(tag, "rel")?;
    if !rel
        .split_ascii_whitespace()
        .any(|word| word.eq_ignore_ascii_case("alternate"))
    {
        return None;
    }
    let kind = attribute(tag, "type")?.to_ascii_lowercase();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let is_feed = [
        "application/rss+xml",
        "application/atom+xml",
        "application/feed+json",
        "application/rdf+xml",
    ]
    .contains(&kind);
    let title = attribute(tag, "title").unwrap_or_default();
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    is_feed.then_some((attribute(tag, "href")?, title.chars().take(MAX_TITLE).collect()))
}

fn attribute(tag: &Tag, name: &str) -> Option<String> {
    let found = tag.attrs.iter().find(|attribute| &*attribute.name.local == name);
    found.map(|attribute| attribute.value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_its_feeds_in_any_spelling_and_nothing_else() {
        let page = Url::parse("https://a.example/blog/").unwrap();
        let html = r#"<!doctype html><head><base href="/sub/">
            <LINK REL="Alternate" TYPE="application/rss+xml; charset=utf-8" TITLE=" All
              posts" HREF="feed.xml?a=1&amp;b=2#x">
            <link rel="alternate stylesheet" type="text/css" href="x.css">
            <link rel=alternate hreflang=de href=/de>
            <link rel="alternate" type="application/atom+xml" href="https://b.example/atom">
            <link rel="alternate" type="application/rss+xml" href="feed.xml?a=1&amp;b=2">
            <link rel="alternate" type="application/rss+xml" href="javascript:x()">
            <script>"<link rel=alternate type='application/rss+xml' href='/no'>"</script>"#;
        let named: Vec<_> = links(html, &page)
            .into_iter()
            .map(|named| (named.url.to_string(), named.title))
            .collect();
        let expected = [
            ("https://a.example/sub/feed.xml?a=1&b=2", "All posts"),
            ("https://b.example/atom", ""),
        ];
        let named: Vec<_> = named
            .iter()
            .map(|(url, title)| (url.as_str(), title.as_str()))
            .collect();
        assert_eq!(named, expected);
    }
}
