//! The readers' side: listen, route, handle, respond.

pub mod listen;
mod post;
pub mod handler;
pub mod respond;
pub mod route;
pub mod client;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// `127.0.0.1:8080`, `[::]:8080`.
    Tcp(SocketAddr),
    /// `unix:/run/limpid.sock`.
    Unix(PathBuf),
    /// Sockets handed over by systemd (`LISTEN_FDS`).
    Systemd,
}

/// How readers are served.
#[derive(Clone, Debug)]
pub struct Options {
    /// The readers' door.
    pub listen: Vec<Listen>,
    /// The owner's door.
    pub admin: Vec<Listen>,
    /// What systemd calls the sockets it hands over, in their order (`LISTEN_FDNAMES`).
    pub socket_names: Vec<String>,
    /// Connections at once.
    pub max_connections: usize,
    /// For the head of a request, and between requests.
    pub header_timeout: Duration,
    /// How long a reader may take nothing of an answer.
    pub write_timeout: Duration,
    /// Bytes of a request's head (at least 8 KiB).
    pub max_head: usize,
    /// Headers of a request.
    pub max_headers: usize,
    /// Requests at once on one HTTP/2 connection.
    pub max_streams: u32,
    /// For requests in flight when we are told to stop.
    pub drain_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: vec![Listen::Tcp(SocketAddr::from(([127, 0, 0, 1], 8080)))],
            admin: vec![Listen::Tcp(SocketAddr::from(([127, 0, 0, 1], 8081)))],
            socket_names: Vec::new(),
            max_connections: 10_000,
            header_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(60),
            max_head: 16 << 10,
            max_headers: 64,
            max_streams: 100,
            drain_timeout: Duration::from_secs(20),
        }
    }
}
