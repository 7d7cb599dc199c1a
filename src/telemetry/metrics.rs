//! Counters and clocks, in OpenMetrics text. No label holds an address; feeds are named up to a cap.
//!
//! What is counted on the request path costs a read lock and an atomic addition, and no allocation.

use std::fmt::{self, Debug};
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

/// The media type of [`Metrics::text`].
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Feeds that have figures of their own; the others share the name `other`.
pub const MAX_FEEDS: usize = 500;
/// The name of the rest.
const OTHER: &str = "other";

/// Seconds; a hit takes microseconds, a refresh seconds.
const ANSWER_SECONDS: [f64; 10] = [
    0.000_05, 0.000_1, 0.000_5, 0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0,
];
const FETCH_SECONDS: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    route: &'static str,
    method: &'static str,
    status: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Fetch {
    outcome: &'static str,
    of: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    of: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Look {
    cache: &'static str,
    result: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Cache {
    cache: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Direction {
    direction: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Feed {
    feed: String,
}

/// What is known of one feed when metrics are asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeedFigures {
    /// Its configured name.
    pub name: String,
    /// Seconds since 1970; `None`: it never succeeded.
    pub last_success: Option<f64>,
    /// Since the last success.
    pub failures: u64,
    /// As its readers' own words and their number tell.
    pub readers: u64,
}

/// All metrics of the process.
pub struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    answering: Family<Route, Histogram, fn() -> Histogram>,
    fetches: Family<Fetch, Counter>,
    fetching: Family<Of, Histogram, fn() -> Histogram>,
    dials: Counter,
    looks: Family<Look, Counter>,
    cache_bytes: Family<Cache, Gauge>,
    removed: Family<Kind, Counter>,
    blocked: Family<Reason, Counter>,
    image_bytes: Family<Direction, Counter>,
    reloaded: Gauge,
    last_success: Family<Feed, Gauge<f64, AtomicU64>>,
    failures: Family<Feed, Gauge>,
    subscribers: Family<Feed, Gauge>,
    hits: Hits,
    /// Figures that are read off are read off by one at a time.
    asking: Mutex<()>,
}

/// The counters of a hit, found once: to look them up by their labels costs as much as the hit's own look into
/// the cache.
#[derive(Default)]
struct Hits {
    answers: [OnceLock<Answers>; 4],
    looks: [OnceLock<Counter>; 2],
}

/// What is counted of answers with the same labels.
struct Answers {
    requests: Counter,
    seconds: Histogram,
}

impl Hits {
    fn answers(&self, request: &Request) -> Option<&OnceLock<Answers>> {
        let at = match (request.route, request.method, request.status) {
            ("feed", "GET", 200) => 0,
            ("feed", "GET", 304) => 1,
            ("image", "GET", 200) => 2,
            ("image", "GET", 304) => 3,
            _ => return None,
        };
        self.answers.get(at)
    }

    fn looks(&self, look: &Look) -> Option<&OnceLock<Counter>> {
        let at = match (look.cache, look.result) {
            ("feed", "hit") => 0,
            ("image", "hit") => 1,
            _ => return None,
        };
        self.looks.get(at)
    }
}

impl Answers {
    fn note(&self, took: Duration) {
        self.requests.inc();
        self.seconds.observe(took.as_secs_f64());
    }
}

impl Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All counters at zero.
    #[must_use]
    pub fn new() -> Self {
        let answers: fn() -> Histogram = || Histogram::new(ANSWER_SECONDS);
        let fetches: fn() -> Histogram = || Histogram::new(FETCH_SECONDS);
        let mut metrics = Self {
            registry: Registry::with_prefix("limpid"),
            requests: Family::default(),
            answering: Family::new_with_constructor(answers),
            fetches: Family::default(),
            dials: Counter::default(),
            fetching: Family::new_with_constructor(fetches),
            looks: Family::default(),
            cache_bytes: Family::default(),
            removed: Family::default(),
            blocked: Family::default(),
            image_bytes: Family::default(),
            reloaded: Gauge::default(),
            last_success: Family::default(),
            failures: Family::default(),
            subscribers: Family::default(),
            hits: Hits::default(),
            asking: Mutex::new(()),
        };
        metrics.reloaded.set(1);
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        let about = Info::new([
            ("version", env!("CARGO_PKG_VERSION")),
            ("revision", option_env!("LIMPID_REVISION").unwrap_or("unknown")),
        ]);
        registry.register("build", "The version that runs", about);
        registry.register("http_requests", "Requests answered", self.requests.clone());
        registry.register(
            "http_request_duration_seconds",
            "Time from the head of a request to the head of its answer",
            self.answering.clone(),
        );
        registry.register("upstream_fetch", "Questions to origins", self.fetches.clone());
        registry.register(
            "upstream_fetch_duration_seconds",
            "Time an origin took, redirects included",
            self.fetching.clone(),
        );
        registry.register(
            "upstream_dials",
            "Connections tried, one for each address",
            self.dials.clone(),
        );
        registry.register("cache_requests", "Looks into a cache", self.looks.clone());
        registry.register("cache_bytes", "Bytes held in memory", self.cache_bytes.clone());
        registry.register(
            "sanitizer_removed",
            "What cleaning removed or replaced",
            self.removed.clone(),
        );
        registry.register(
            "ssrf_blocked",
            "Addresses that the guard refused",
            self.blocked.clone(),
        );
        registry.register("image_bytes", "Bytes of pictures", self.image_bytes.clone());
        registry.register(
            "config_last_reload_successful",
            "1 if the settings were read without a fault the last time",
            self.reloaded.clone(),
        );
        registry.register(
            "feed_last_success_timestamp_seconds",
            "When the origin last gave a usable answer",
            self.last_success.clone(),
        );
        registry.register(
            "feed_consecutive_failures",
            "Failed refreshes since the last success",
            self.failures.clone(),
        );
        registry.register("feed_subscribers", "Readers, about", self.subscribers.clone());
    }

    /// A request was answered.
    pub fn answered(&self, route: &'static str, method: &'static str, status: u16, took: Duration) {
        let request = Request {
            route,
            method,
            status,
        };
        match self.hits.answers(&request) {
            Some(known) => known.get_or_init(|| self.of_answers(&request)).note(took),
            None => self.of_answers(&request).note(took),
        }
    }

    fn of_answers(&self, request: &Request) -> Answers {
        Answers {
            requests: self.requests.get_or_create_owned(request),
            seconds: self
                .answering
                .get_or_create_owned(&Route { route: request.route }),
        }
    }

    /// An origin was asked for a feed or a picture.
    pub fn fetched(&self, of: &'static str, outcome: &'static str, took: Duration) {
        self.fetches.get_or_create(&Fetch { outcome, of }).inc();
        self.fetching
            .get_or_create(&Of { of })
            .observe(took.as_secs_f64());
    }

    /// A connection to an address is tried.
    pub fn dialled(&self) {
        self.dials.inc();
    }

    /// Connections tried so far.
    #[must_use]
    pub fn dials(&self) -> u64 {
        self.dials.get()
    }

    /// The guard refused an address.
    pub fn blocked(&self, reason: &'static str) {
        self.blocked.get_or_create(&Reason { reason }).inc();
    }

    /// A cache was looked into.
    pub fn looked(&self, cache: &'static str, result: &'static str) {
        let look = Look { cache, result };
        match self.hits.looks(&look) {
            Some(known) => known.get_or_init(|| self.looks.get_or_create_owned(&look)).inc(),
            None => self.looks.get_or_create(&look).inc(),
        };
    }

    /// Cleaning changed so many things of a kind.
    pub fn removed(&self, kind: &'static str, count: u64) {
        self.removed.get_or_create(&Kind { kind }).inc_by(count);
    }

    /// Bytes of pictures came `in` from origins or went `out` to readers.
    pub fn image_bytes(&self, direction: &'static str, bytes: u64) {
        self.image_bytes
            .get_or_create(&Direction { direction })
            .inc_by(bytes);
    }

    /// The settings were read again.
    pub fn reloaded(&self, successfully: bool) {
        self.reloaded.set(i64::from(successfully));
    }

    /// Everything as OpenMetrics text, with what is read off now: the feeds, and the bytes of each cache.
    #[must_use]
    pub fn text(&self, feeds: &[FeedFigures], caches: &[(&'static str, u64)]) -> String {
        let _alone = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        for (cache, bytes) in caches {
            self.cache_bytes
                .get_or_create(&Cache { cache })
                .set(whole(*bytes));
        }
        self.last_success.clear();
        self.failures.clear();
        self.subscribers.clear();
        for (place, figures) in feeds.iter().enumerate() {
            let own = place < MAX_FEEDS;
            let name = if own { figures.name.as_str() } else { OTHER };
            let feed = Feed {
                feed: name.to_owned(),
            };
            if let (Some(at), true) = (figures.last_success, own) {
                self.last_success.get_or_create(&feed).set(at);
            }
            self.failures.get_or_create(&feed).inc_by(whole(figures.failures));
            self.subscribers
                .get_or_create(&feed)
                .inc_by(whole(figures.readers));
        }
        let mut text = String::new();
        // Writing into a string does not fail.
        let _infallible = encode(&mut text, &self.registry);
        text
    }
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_is_told_under_stable_names() {
        let metrics = Metrics::new();
        metrics.answered("feed", "GET", 200, Duration::from_micros(30));
        metrics.fetched("feed", "ok", Duration::from_millis(120));
        metrics.blocked("private");
        metrics.looked("feed", "hit");
        metrics.removed("embed", 3);
        metrics.image_bytes("out", 9);
        let feed = FeedFigures {
            name: "blog".into(),
            last_success: Some(5.0),
            failures: 2,
            readers: 7,
        };
        let text = metrics.text(&[feed], &[("feed", 1024)]);
        for line in [
            "limpid_build_info{version=\"",
            "limpid_http_requests_total{route=\"feed\",method=\"GET\",status=\"200\"} 1",
            "limpid_http_request_duration_seconds_bucket{le=\"0.00005\",route=\"feed\"} 1",
            "limpid_upstream_fetch_total{outcome=\"ok\",of=\"feed\"} 1",
            "limpid_upstream_fetch_duration_seconds_count{of=\"feed\"} 1",
            "limpid_feed_last_success_timestamp_seconds{feed=\"blog\"} 5.0",
            "limpid_feed_consecutive_failures{feed=\"blog\"} 2",
            "limpid_feed_subscribers{feed=\"blog\"} 7",
            "limpid_cache_requests_total{cache=\"feed\",result=\"hit\"} 1",
            "limpid_cache_bytes{cache=\"feed\"} 1024",
            "limpid_sanitizer_removed_total{kind=\"embed\"} 3",
            "limpid_ssrf_blocked_total{reason=\"private\"} 1",
            "limpid_image_bytes_total{direction=\"out\"} 9",
            "limpid_config_last_reload_successful 1",
            "# EOF",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn feeds_above_the_cap_share_one_name_and_those_that_went_are_gone() {
        let metrics = Metrics::new();
        let feeds: Vec<_> = (0..MAX_FEEDS + 20)
            .map(|n| FeedFigures {
                name: format!("feed-{n}"),
                failures: 1,
                ..FeedFigures::default()
            })
            .collect();
        let text = metrics.text(&feeds, &[]);
        assert!(text.contains("limpid_feed_consecutive_failures{feed=\"other\"} 20"));
        assert_eq!(text.matches("limpid_feed_subscribers{").count(), MAX_FEEDS + 1);
        assert!(!metrics.text(&[], &[]).contains("feed=\"feed-1\""));
    }
}
