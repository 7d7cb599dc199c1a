//! What an owner says of fetching.

use std::time::Duration;

use url::Url;

use super::{connect, guard};

/// How origins are asked.
#[derive(Clone, Debug)]
pub struct Options {
    /// From the first byte out to the last byte in, redirects included. Waiting for one's turn may take as long again.
    pub timeout: Duration,
    /// For one TCP connection and its TLS handshake, each.
    pub connect_timeout: Duration,
    /// Between two bytes of an answer.
    pub idle_timeout: Duration,
    /// Bytes per second that a body must bring, over any [`Options::min_rate_over`]; 0: as slow as it likes.
    pub min_rate: usize,
    /// How long a body may be slower than that.
    pub min_rate_over: Duration,
    /// Bytes of a body, as they come over the wire.
    pub max_body: usize,
    /// Bytes of all bodies being read at once; more wait.
    pub in_flight: usize,
    /// Headers of an answer.
    pub max_headers: usize,
    /// Bytes of an answer's head (at least 8 KiB).
    pub max_head: usize,
    /// Redirects followed.
    pub max_redirects: usize,
    /// The `User-Agent` header, the same for everyone.
    pub user_agent: String,
    /// Addresses that may be dialled though they are not public.
    pub allow_private: guard::Allow,
    /// Requests at once to one origin host.
    pub per_host: usize,
    /// Requests at once in all.
    pub total: usize,
    /// Our own public address: what leads back to it goes round in a circle.
    pub own: Option<Url>,
    /// By which we know our own requests when they come back to us; empty: we do not.
    pub name: String,
    /// How names become addresses.
    pub resolver: connect::Resolver,
    /// Whose word is believed about certificates.
    pub roots: connect::Roots,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(10),
            min_rate: 1 << 10,
            min_rate_over: Duration::from_secs(5),
            max_body: 16 << 20,
            in_flight: 64 << 20,
            max_headers: 100,
            max_head: 64 << 10,
            max_redirects: 5,
            user_agent: format!("limpid/{}", env!("CARGO_PKG_VERSION")),
            allow_private: guard::Allow::default(),
            per_host: 2,
            total: 64,
            own: None,
            name: String::new(),
            resolver: connect::Resolver::System,
            roots: connect::Roots::System,
        }
    }
}
