//! 2 ROUTE: which address is what. A closed table; pure.

use url::form_urlencoded;

use crate::message::Format;

/// Longer paths and queries are refused (414): no address that we write is longer.
pub const MAX_TARGET: usize = 8 * 1024;

/// What an address asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route<'a> {
    /// `/feeds/NAME[.rss|.atom|.json]`
    Feed { name: &'a str, format: Option<Format> },
    /// `/clean/SIG/BASE64URL[.rss|.atom|.json]`
    Signed {
        signature: &'a str,
        tail: &'a str,
        format: Option<Format>,
    },
    /// `/clean?url=…`
    Open { url: String },
    /// `/i/SIG/BASE64URL.EXT`
    Image { signature: &'a str, tail: &'a str },
    /// `/i/SIG/wWIDTH/BASE64URL.EXT`
    ImageAtMost {
        signature: &'a str,
        width: &'a str,
        tail: &'a str,
    },
    /// `/w/TOKEN/?url=…`
    Compatible { token: &'a str, query: &'a str },
    /// `/websub`: our hub
    Hub,
    /// `/websub/NAME/ID`: what a hub calls
    Callback {
        feed: &'a str,
        id: &'a str,
        query: &'a str,
    },
    /// `/healthz`, `/livez`, `/readyz`
    Health,
    /// `/robots.txt`
    Robots,
    /// Anything else.
    Unknown,
}

impl Route<'_> {
    /// The name in counters.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Feed { .. } => "feed",
            Self::Signed { .. } | Self::Open { .. } => "clean",
            Self::Image { .. } | Self::ImageAtMost { .. } | Self::Compatible { .. } => "image",
            Self::Hub | Self::Callback { .. } => "websub",
            Self::Health => "health",
            Self::Robots => "robots",
            Self::Unknown => "unknown",
        }
    }
}

/// Reads an address below `prefix` (the path of the public address), or without it: a proxy before
/// us may or may not take it off. Doubled and trailing slashes do not matter; nothing is unescaped,
/// since no address that we write needs it.
#[must_use]
pub fn route<'a>(prefix: &str, path: &'a str, query: Option<&'a str>) -> Route<'a> {
    if let Some(below) = path.strip_prefix(prefix).filter(|_| !prefix.is_empty())
        && (below.is_empty() || below.starts_with('/'))
    {
        let route = table(below, query);
        if route != Route::Unknown {
            return route;
        }
    }
    table(path, query)
}

fn table<'a>(path: &'a str, query: Option<&'a str>) -> Route<'a> {
    // Which nearly all requests are for, as we write it: told apart by one look.
    if let Some(name) = path.strip_prefix("/feeds/")
        && !name.is_empty()
        && !name.as_bytes().contains(&b'/')
    {
        let (name, format) = split_format(name);
        return Route::Feed { name, format };
    }
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let parts = (segments.next(), segments.next(), segments.next(), segments.next());
    match parts {
        (Some("feeds"), Some(name), None, None) => {
            let (name, format) = split_format(name);
            Route::Feed { name, format }
        }
        (Some("clean"), Some(signature), Some(tail), None) => {
            let (tail, format) = split_format(tail);
            Route::Signed {
                signature,
                tail,
                format,
            }
        }
        (Some("clean"), None, ..) => named_url(query).map_or(Route::Unknown, |url| Route::Open { url }),
        (Some("i"), Some(signature), Some(tail), None) => Route::Image { signature, tail },
        (Some("i"), Some(signature), Some(width), Some(tail)) if segments.next().is_none() => {
            Route::ImageAtMost {
                signature,
                width,
                tail,
            }
        }
        (Some("websub"), None, ..) => Route::Hub,
        (Some("websub"), Some(feed), Some(id), None) => Route::Callback {
            feed,
            id,
            query: query.unwrap_or_default(),
        },
        (Some("w"), Some(token), None, ..) => Route::Compatible {
            token,
            query: query.unwrap_or_default(),
        },
        (Some("healthz" | "livez" | "readyz"), None, ..) => Route::Health,
        (Some("robots.txt"), None, ..) => Route::Robots,
        _ => Route::Unknown,
    }
}

/// `name.atom` is `name` in Atom; `name.xml` is the name of nothing.
fn split_format(segment: &str) -> (&str, Option<Format>) {
    let split = segment
        .rsplit_once('.')
        .and_then(|(name, suffix)| Some((name, Format::from_extension(suffix)?)));
    split.map_or((segment, None), |(name, format)| (name, Some(format)))
}

fn named_url(query: Option<&str>) -> Option<String> {
    form_urlencoded::parse(query?.as_bytes())
        .find(|(key, _)| key == "url")
        .map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(name: &str, format: Option<Format>) -> Route<'_> {
        Route::Feed { name, format }
    }

    #[test]
    fn the_table_knows_these_addresses() {
        let cases = [
            ("/feeds/dw-zh", feed("dw-zh", None)),
            ("/feeds/dw-zh.atom", feed("dw-zh", Some(Format::Atom))),
            ("/feeds/dw-zh.json", feed("dw-zh", Some(Format::Json))),
            ("/feeds/dw-zh.xml", feed("dw-zh.xml", None)),
            ("//feeds//dw-zh/", feed("dw-zh", None)),
            ("/sub/path/feeds/a", feed("a", None)),
            ("/sub/path/healthz", Route::Health),
            ("/readyz", Route::Health),
            ("/livez", Route::Health),
            ("/robots.txt", Route::Robots),
            ("/sub/path/websub", Route::Hub),
            (
                "/websub/dw-zh/abc",
                Route::Callback {
                    feed: "dw-zh",
                    id: "abc",
                    query: "_=123&utm=x",
                },
            ),
            (
                "/i/ksig/dGFpbA.jpg",
                Route::Image {
                    signature: "ksig",
                    tail: "dGFpbA.jpg",
                },
            ),
            (
                "/i/ksig/w640/dGFpbA.jpg",
                Route::ImageAtMost {
                    signature: "ksig",
                    width: "w640",
                    tail: "dGFpbA.jpg",
                },
            ),
            (
                "/w/secret/",
                Route::Compatible {
                    token: "secret",
                    query: "_=123&utm=x",
                },
            ),
            (
                "/clean/ksig/dGFpbA.rss",
                Route::Signed {
                    signature: "ksig",
                    tail: "dGFpbA",
                    format: Some(Format::Rss),
                },
            ),
        ];
        for (path, expected) in cases {
            assert_eq!(route("/sub/path", path, Some("_=123&utm=x")), expected, "{path}");
        }
    }

    #[test]
    fn everything_else_is_unknown() {
        let paths = [
            "",
            "/",
            "*",
            "/feeds",
            "/feeds/",
            "/feeds/a/b",
            "/i/x",
            "/i/a/b/c/d",
            "/w",
            "/w/a/b",
            "/clean",
            "/clean/x",
            "/Feeds/a",
            "/feeds/../etc/passwd",
            "/%66eeds/a",
            "/feeds\\a",
            "/sub/pathfeeds/a",
            "/metrics",
            "/subfeeds/a",
        ];
        for path in paths {
            assert_eq!(route("/sub/path", path, None), Route::Unknown, "{path}");
        }
    }

    #[test]
    fn an_open_address_is_unescaped_once() {
        let query = Some("x=1&url=https%3A%2F%2Fa.example%2Ff%3Fq%3D1%2526");
        let url = "https://a.example/f?q=1%26".to_owned();
        assert_eq!(route("", "/clean", query), Route::Open { url });
    }
}
