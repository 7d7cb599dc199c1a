//! Which address of the owner's door is what. A closed table; pure.

use http::Method;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    /// `/`
    Feeds,
    /// `/feeds/NAME`
    Feed(&'a str),
    /// `/feeds/NAME/clean`
    Clean(&'a str),
    /// `POST /feeds/NAME/refresh`
    Refresh(&'a str),
    /// `POST /feeds/NAME/source`
    Source(&'a str),
    /// `/try`, and `POST /try`
    Attempt {
        asked: bool,
    },
    /// `POST /reload`
    Reload,
    Metrics,
    Opml,
    Style,
    Icon,
    /// `/healthz`, `/livez`, `/readyz`
    Health,
    /// Something is there, but not for this method.
    Method,
    Unknown,
}

/// Reads an address.
pub(super) fn route<'a>(method: &Method, path: &'a str) -> Route<'a> {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    let writes = *method == Method::POST;
    let read = |route| if reads { route } else { Route::Method };
    let write = |route| if writes { route } else { Route::Method };
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let mut next = || segments.next();
    match (next(), next(), next(), next()) {
        (None, ..) => read(Route::Feeds),
        (Some("feeds"), Some(name), None, None) => read(Route::Feed(name)),
        (Some("feeds"), Some(name), Some("clean"), None) => read(Route::Clean(name)),
        (Some("feeds"), Some(name), Some("refresh"), None) => write(Route::Refresh(name)),
        (Some("feeds"), Some(name), Some("source"), None) => write(Route::Source(name)),
        (Some("try"), None, ..) if reads || writes => Route::Attempt { asked: writes },
        (Some("try"), None, ..) => Route::Method,
        (Some("reload"), None, ..) => write(Route::Reload),
        (Some("metrics"), None, ..) => read(Route::Metrics),
        (Some("opml"), None, ..) => read(Route::Opml),
        (Some("style.css"), None, ..) => read(Route::Style),
        (Some("icon.svg" | "favicon.ico"), None, ..) => read(Route::Icon),
        (Some("healthz" | "livez" | "readyz"), None, ..) => read(Route::Health),
        _ => Route::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_something_is_only_done_for_a_post() {
        for path in ["/reload", "/feeds/blog/refresh", "/feeds/blog/source"] {
            assert_eq!(route(&Method::GET, path), Route::Method, "{path}");
        }
        assert_eq!(route(&Method::POST, "/reload"), Route::Reload);
        assert_eq!(
            route(&Method::POST, "/feeds/blog/refresh"),
            Route::Refresh("blog")
        );
        assert_eq!(route(&Method::POST, "/"), Route::Method);
        assert_eq!(route(&Method::DELETE, "/try"), Route::Method);
    }

    #[test]
    fn pages_are_where_they_are_said_to_be() {
        assert_eq!(route(&Method::GET, "/"), Route::Feeds);
        assert_eq!(route(&Method::HEAD, "/feeds/blog/"), Route::Feed("blog"));
        assert_eq!(route(&Method::GET, "/feeds/blog/clean"), Route::Clean("blog"));
        assert_eq!(route(&Method::GET, "/try"), Route::Attempt { asked: false });
        assert_eq!(route(&Method::GET, "/feeds"), Route::Unknown);
        assert_eq!(route(&Method::GET, "/readyz"), Route::Health);
    }
}
