//! Which redirect may be followed (RFC 9110 §15.4). Pure.

use http::header::LOCATION;
use http::{HeaderMap, StatusCode};
use url::Url;

use super::Error;

/// The addresses asked on the way to one answer.
#[derive(Clone, Debug)]
pub struct Trail {
    asked: Vec<Url>,
    max: usize,
    permanent: bool,
}

impl Trail {
    /// A trail that begins at `start` and follows at most `max` redirects.
    #[must_use]
    pub fn new(start: &Url, max: usize) -> Self {
        Self {
            asked: vec![without_fragment(start.clone())],
            max,
            permanent: true,
        }
    }

    /// True when there were redirects and each was permanent (301, 308).
    #[must_use]
    pub fn moved_permanently(&self) -> bool {
        self.asked.len() > 1 && self.permanent
    }

    /// What went wrong at the last address asked. One that an origin named is not named to readers.
    #[must_use]
    pub fn in_our_words(&self, error: Error) -> Error {
        match error {
            Error::Refused(_) if self.asked.len() > 1 => Error::Refused("behind a redirect".to_owned()),
            Error::Resolve(_) if self.asked.len() > 1 => Error::Resolve("behind a redirect".to_owned()),
            other => other,
        }
    }

    /// Where the answer sends us. The guard has yet to judge it.
    ///
    /// # Errors
    /// Too many hops, a loop, no target, a target that is no address, or one from https to http: what
    /// was asked for in secret must not be fetched in the open because somebody on the way says so.
    pub fn follow(&mut self, status: StatusCode, headers: &HeaderMap) -> Result<Url, Error> {
        let here = self.asked.last().ok_or(Error::Redirect("it began nowhere"))?;
        let target = headers
            .get(LOCATION)
            .and_then(|location| std::str::from_utf8(location.as_bytes()).ok())
            .ok_or(Error::Redirect("one names no target"))?;
        let next = here
            .join(target)
            .map(without_fragment)
            .map_err(|_| Error::Redirect("one names a target that is no address"))?;
        if self.asked.len() > self.max {
            return Err(Error::Redirect("there are too many of them"));
        }
        if here.scheme() == "https" && next.scheme() == "http" {
            return Err(Error::Redirect("one leads from https to http"));
        }
        if self.asked.contains(&next) {
            return Err(Error::Redirect("they go round in a circle"));
        }
        self.permanent &= matches!(
            status,
            StatusCode::MOVED_PERMANENTLY | StatusCode::PERMANENT_REDIRECT
        );
        self.asked.push(next.clone());
        Ok(next)
    }
}

/// True for the statuses that send a GET elsewhere.
#[must_use]
pub fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn without_fragment(mut url: Url) -> Url {
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(start: &str, hops: &[(u16, &str)]) -> Result<(String, bool), Error> {
        let mut trail = Trail::new(&Url::parse(start).expect("url"), 3);
        let mut last = start.to_owned();
        for (status, location) in hops {
            let mut headers = HeaderMap::new();
            if !location.is_empty() {
                headers.insert(LOCATION, location.parse().expect("header"));
            }
            let status = StatusCode::from_u16(*status).expect("status");
            last = trail.follow(status, &headers)?.into();
        }
        Ok((last, trail.moved_permanently()))
    }

    #[test]
    fn a_target_is_resolved_against_the_address_that_named_it() {
        let (last, permanent) = walk(
            "http://a.example/x/y?z#f",
            &[(301, "../feed"), (308, "//b.example/c#f")],
        )
        .expect("followed");
        assert_eq!((last.as_str(), permanent), ("http://b.example/c", true));
        assert!(
            !walk("http://a.example/", &[(301, "/b"), (302, "/c")])
                .expect("followed")
                .1
        );
        assert!(!walk("http://a.example/", &[]).expect("followed").1);
    }

    #[test]
    fn loops_long_chains_downgrades_and_missing_targets_are_errors() {
        let text = |start, hops: &[(u16, &str)]| walk(start, hops).expect_err("refused").to_string();
        assert!(text("http://a.example/", &[(302, "/b"), (302, "/#x")]).contains("circle"));
        assert!(
            text(
                "http://a.example/",
                &[(302, "/1"), (302, "/2"), (302, "/3"), (302, "/4")]
            )
            .contains("too many")
        );
        assert!(text("https://a.example/", &[(302, "http://a.example/b")]).contains("https to http"));
        assert!(text("http://a.example/", &[(302, "")]).contains("no target"));
        assert!(text("http://a.example/", &[(302, "http://[")]).contains("no address"));
    }
}
