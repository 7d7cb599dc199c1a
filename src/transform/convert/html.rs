//! A cleaned feed as one HTML page that needs nothing else: no script, and nothing is loaded but the
//! pictures that the entries show.

use std::fmt::Write as _;

use super::{literal, read_clean};
use crate::message::Kind;
use crate::transform::plain::to_html;
use crate::transform::read::{Entry, Feed, is_web_address};
use crate::transform::{Error, dates};

const STYLE: &str = "
  :root { color-scheme: light dark; background: Canvas; color: CanvasText; }
  body { max-width: 44rem; margin: 2rem auto; padding: 0 1rem; font: 1.0625rem/1.6 system-ui, sans-serif; }
  article { border-top: 1px solid; padding: 1rem 0 2rem; overflow-wrap: anywhere; }
  img, video { max-width: 100%; height: auto; }
  pre { overflow-x: auto; }
  .about { opacity: .75; font-size: .9em; }
";

/// The page for a cleaned document. Markup of entries is as it was cleaned; everything else is escaped.
///
/// # Errors
/// [`Error::Convert`] when the document cannot be read.
pub fn html(body: &[u8], kind: Kind) -> Result<String, Error> {
    Ok(page(&read_clean(body, kind)?))
}

fn page(feed: &Feed) -> String {
    let title = to_html(&literal(&feed.title));
    let language = feed
        .language
        .as_deref()
        .map(|language| format!(" lang=\"{}\"", to_html(language)));
    let mut page = format!(
        "<!doctype html>\n<html{}>\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src http: https: data:; \
         media-src http: https:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{}</h1>\n",
        language.unwrap_or_default(),
        linked(&title, feed.link.as_deref()),
    );
    if !feed.subtitle.is_empty() {
        let _ = writeln!(page, "<p>{}</p>", to_html(&literal(&feed.subtitle)));
    }
    page.push_str("</header>\n<main>\n");
    for entry in &feed.entries {
        article(&mut page, entry);
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn article(page: &mut String, entry: &Entry) {
    let title = to_html(&literal(&entry.title));
    let title = if title.is_empty() {
        "Untitled".to_owned()
    } else {
        title
    };
    let _ = writeln!(
        page,
        "<article>\n<h2>{}</h2>",
        linked(&title, entry.link.as_deref())
    );
    let mut about: Vec<String> = Vec::new();
    if let Some(date) = entry.date() {
        let machine = dates::to_rfc3339(date);
        about.push(format!(
            "<time datetime=\"{machine}\">{}</time>",
            date.format("%Y-%m-%d %H:%M UTC")
        ));
    }
    about.extend(
        entry
            .authors
            .iter()
            .filter_map(|author| author.name.as_deref())
            .map(to_html),
    );
    if !about.is_empty() {
        let _ = writeln!(page, "<p class=\"about\">{}</p>", about.join(" · "));
    }
    page.push_str(&entry.body().to_html());
    page.push('\n');
    for enclosure in &entry.enclosures {
        let name = enclosure.title.as_deref().unwrap_or(&enclosure.url);
        let _ = writeln!(
            page,
            "<p class=\"about\">{}</p>",
            linked(&to_html(name), Some(&enclosure.url))
        );
    }
    page.push_str("</article>\n");
}

/// `label` (already HTML), linked if `address` is one that a browser may follow.
fn linked(label: &str, address: Option<&str>) -> String {
    match address.filter(|address| is_web_address(address)) {
        Some(address) => format!(
            "<a href=\"{}\" rel=\"noreferrer noopener\">{label}</a>",
            to_html(address)
        ),
        None => label.to_owned(),
    }
}
