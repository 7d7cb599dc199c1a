//! What is told of the service: log lines (here), spans, metrics, each feed's recent past, who reads.
//!
//! Log lines go to stderr, as text or JSON, without the addresses of readers or the paths of origins.

pub mod spans;
pub mod metrics;
pub mod history;
pub mod readers;

use std::borrow::Cow;
use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use url::Url;

use history::History;
use metrics::Metrics;
use readers::Readers;

/// What is known of how the service does.
#[derive(Debug, Default)]
pub struct Telemetry {
    pub metrics: std::sync::Arc<Metrics>,
    pub history: History,
    pub readers: Readers,
}

/// The shape of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// For people.
    #[default]
    Text,
    /// For machines, one object a line.
    Json,
}

/// Starts the log for the whole process; a second start changes nothing.
///
/// `filter` is as `tracing` takes it (`info`, `limpid=debug`); one that cannot be read means `info`.
pub fn start(shape: Shape, filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    // An error: somebody else (a test) logs already.
    let _already = match shape {
        Shape::Text => lines.with_ansi(std::io::stderr().is_terminal()).try_init(),
        Shape::Json => lines.json().try_init(),
    };
}

/// As [`start`], with spans for somebody else, too.
#[cfg(feature = "otel")]
pub fn start_with(shape: Shape, filter: &str, spans: Spans) {
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;
    use tracing_subscriber::{Layer as _, fmt, registry};

    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(false);
    let lines = match shape {
        Shape::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        Shape::Json => lines.json().boxed(),
    };
    let _already = registry().with(spans).with(lines.with_filter(filter)).try_init();
}

/// Who takes spans.
#[cfg(feature = "otel")]
pub type Spans = Box<dyn tracing_subscriber::Layer<tracing_subscriber::Registry> + Send + Sync>;

/// An origin in a log line: its host, never its path, which may hold a token.
#[must_use]
pub fn host(origin: &Url) -> &str {
    origin.host_str().unwrap_or("(no host)")
}

/// A feed in a log line: its name; of a feed by address, only the origin's host.
#[must_use]
pub fn feed(name: &str) -> Cow<'_, str> {
    let by_address = name.split_once(' ').and_then(|(by, address)| {
        let address = Url::parse(address).ok()?;
        Some(format!("{by} {}", host(&address)))
    });
    by_address.map_or(Cow::Borrowed(name), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_names_the_host_and_hides_the_rest() {
        assert_eq!(feed("dw-zh"), "dw-zh");
        assert_eq!(
            feed("signed https://a.example/secret?token=1"),
            "signed a.example"
        );
    }
}
