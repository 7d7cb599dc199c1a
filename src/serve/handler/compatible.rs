//! weserv's grammar, for programs that know a picture proxy as a base in front of `?url=`. Pure.
//!
//! `url` is read exactly as addresses that lead to weserv are unwrapped; `w` (or `width`) is the widest
//! that is wanted; everything else is ignored, as pictures are never enlarged, cut or painted over.

use url::{Url, form_urlencoded};

use crate::images::WIDTHS;
use crate::transform::Picture;
use crate::transform::clean::images::unwrap::{Rules, unwrap_with};

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) url: Url,
    /// The same, with what to try when that fails.
    pub(super) picture: Picture,
    /// One of [`WIDTHS`].
    pub(super) width: Option<u32>,
}

/// Reads a query; `None`: it names no picture on the web. What it names may itself be wrapped, as `rules` know.
pub(super) fn read(query: &str, rules: &Rules) -> Option<Asked> {
    let mut wrapper = Url::parse("https://wsrv.nl/").ok()?;
    wrapper.set_query(Some(query));
    let mut unwrapped = unwrap_with(&wrapper, rules)?;
    // Whoever calls us in weserv's place does not want weserv.
    unwrapped.alternates.retain(|alternate| *alternate != wrapper);
    let wanted = form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| ["w", "width"].iter().any(|name| key.eq_ignore_ascii_case(name)))
        .and_then(|(_, width)| width.parse::<u32>().ok());
    Some(Asked {
        picture: Picture::new(&unwrapped.url, &unwrapped.alternates),
        url: unwrapped.url,
        // The next larger of those that are made at all.
        width: wanted.and_then(|wanted| WIDTHS.into_iter().find(|width| *width >= wanted)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_as_weserv_reads_them() {
        for (query, url, width) in [
            ("url=pics.example/p.jpg", "https://pics.example/p.jpg", None),
            (
                "url=ssl:pics.example/p&w=300",
                "https://pics.example/p",
                Some(320),
            ),
            (
                "w=640&we&output=webp&url=https%3A%2F%2Fpics.example%2Fp%3Fa%3D1",
                "https://pics.example/p?a=1",
                Some(640),
            ),
            ("URL=pics.example/p&width=5000", "https://pics.example/p", None),
            ("url=pics.example/p&w=50%25&h=9", "https://pics.example/p", None),
        ] {
            let asked = read(query, &Rules::default()).expect(query);
            assert_eq!((asked.url.as_str(), asked.width), (url, width), "{query}");
            let alternates = asked.picture.alternates.iter();
            assert!(
                alternates.clone().all(|url| url
                    .to_url()
                    .is_some_and(|url| url.host_str() == Some("pics.example"))),
                "{query}"
            );
        }
    }

    #[test]
    fn what_names_no_picture_on_the_web_is_refused() {
        for query in [
            "",
            "w=5",
            "url=",
            "url=localhost/x",
            "url=javascript:1",
            "url=file:///etc/passwd",
        ] {
            assert_eq!(read(query, &Rules::default()), None, "{query}");
        }
    }
}
