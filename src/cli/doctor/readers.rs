//! What feed readers send, as far as it decides what they get.

/// A reader and its headers.
pub(super) struct Reader {
    pub(super) name: &'static str,
    pub(super) headers: &'static [(&'static str, &'static str)],
}

const FRESHRSS_ACCEPT: &str = "application/atom+xml, application/rss+xml;q=0.9, application/rdf+xml;q=0.8, \
    application/xml;q=0.7, text/html;q=0.7, */*;q=0.1";
const MINIFLUX_ACCEPT: &str = "application/xml, application/atom+xml, application/rss+xml, application/rdf+xml, \
    application/feed+json, text/html, */*;q=0.9";

/// All of them.
pub(super) const READERS: [Reader; 7] = [
    Reader {
        name: "miniflux",
        headers: &[
            (
                "user-agent",
                "Mozilla/5.0 (compatible; Miniflux/2.2.0; +https://miniflux.app)",
            ),
            ("accept", MINIFLUX_ACCEPT),
            ("accept-encoding", "br,gzip"),
        ],
    },
    Reader {
        name: "freshrss",
        headers: &[
            ("user-agent", "FreshRSS/1.27.0 (Linux; https://freshrss.org)"),
            ("accept", FRESHRSS_ACCEPT),
            ("accept-encoding", "gzip, deflate"),
        ],
    },
    Reader {
        name: "newsboat",
        headers: &[
            ("user-agent", "newsboat/2.21.0 (Linux x86_64)"),
            ("accept", "*/*"),
            ("accept-encoding", "deflate, gzip, br, zstd"),
        ],
    },
    Reader {
        name: "netnewswire",
        headers: &[
            ("user-agent", "NetNewsWire (RSS Reader; https://netnewswire.com/)"),
            ("accept", "*/*"),
            ("accept-encoding", "gzip, deflate, br"),
        ],
    },
    Reader {
        name: "tt-rss",
        headers: &[
            ("user-agent", "Tiny Tiny RSS/25 (https://tt-rss.org/)"),
            ("accept", "*/*"),
            ("accept-encoding", "gzip"),
        ],
    },
    Reader {
        name: "thunderbird",
        headers: &[
            (
                "user-agent",
                "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.0",
            ),
            (
                "accept",
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            ),
            ("accept-encoding", "gzip, deflate, br, zstd"),
        ],
    },
    Reader {
        name: "feedly",
        headers: &[
            (
                "user-agent",
                "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 2 subscribers)",
            ),
            ("accept", "*/*"),
            ("accept-encoding", "gzip"),
        ],
    },
];
