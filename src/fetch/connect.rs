//! Resolve, judge, dial, TLS: the address judged is the address dialled.
//!
//! A filtering resolver would be no guard: HTTP clients do not resolve IP literals. This connector
//! judges what it dials, names and literals alike. Proxies from the environment are ignored, as they
//! would dial what nobody judged.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower_service::Service;
use url::{Host, Url};

use super::guard::{self, Allow};
use super::{Error, Options};
use crate::telemetry::metrics::Metrics;

/// Addresses of one name that are tried at most.
const MAX_ADDRESSES: usize = 8;

/// What a connector gives.
pub type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Connecting<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// What a name resolves to.
pub type Table = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// How names become addresses.
#[derive(Clone, Default)]
pub enum Resolver {
    /// As the system does (hosts file, DNS).
    #[default]
    System,
    /// By a table of one's own.
    Custom(Arc<Table>),
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Custom(_) => "Custom",
        })
    }
}

/// Whose word is believed about certificates.
#[derive(Clone, Debug, Default)]
pub enum Roots {
    /// The operating system's roots.
    #[default]
    System,
    /// Only these.
    Custom(Arc<RootCertStore>),
}

impl Resolver {
    async fn resolve(&self, name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(match self {
            Self::System => tokio::net::lookup_host((name, port)).await?.collect(),
            Self::Custom(table) => table(name)?
                .into_iter()
                .map(|ip| SocketAddr::new(ip, port))
                .collect(),
        })
    }
}

/// Opens connections for http and https, to judged addresses only.
#[derive(Clone, Debug)]
pub struct Connector {
    https: HttpsConnector<Dialler>,
    /// For TCP and TLS together; [`Dialler`] bounds TCP alone.
    timeout: Duration,
}

impl Connector {
    /// A connector as these options say.
    #[must_use]
    pub fn new(options: &Options, metrics: Arc<Metrics>) -> Self {
        let dialler = Dialler {
            metrics,
            allow: Arc::new(options.allow_private.clone()),
            resolver: options.resolver.clone(),
            timeout: options.connect_timeout,
        };
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls(&options.roots))
            .https_or_http()
            .enable_http1()
            .enable_http2()
            .wrap_connector(dialler);
        Self {
            https,
            timeout: options.connect_timeout * 2,
        }
    }
}

/// TLS for all fetchers: the system's roots are read and held once, however many there are.
fn tls(roots: &Roots) -> ClientConfig {
    static SHARED: OnceLock<ClientConfig> = OnceLock::new();
    match roots {
        Roots::System => SHARED.get_or_init(tls_with_system_roots).clone(),
        Roots::Custom(roots) => tls_with(Arc::clone(roots)),
    }
}

fn tls_with(roots: Arc<RootCertStore>) -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap_or_else(|_| ClientConfig::builder())
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// TLS 1.2 and 1.3 with the operating system's roots. A machine without any still speaks http.
fn tls_with_system_roots() -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let with_roots = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(ConfigBuilderExt::try_with_platform_verifier);
    match with_roots {
        Ok(builder) => builder.with_no_client_auth(),
        Err(error) => {
            tracing::warn!(%error, "no root certificates on this machine: no https origin can be trusted");
            tls_with(Arc::new(RootCertStore::empty()))
        }
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Connecting<Stream, BoxError>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.https.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = timeout(self.timeout, self.https.call(uri));
        Box::pin(async move {
            match connecting.await {
                Ok(connected) => connected,
                Err(_) => Err(Error::Timeout("agreeing on TLS").into()),
            }
        })
    }
}

/// Opens TCP connections.
#[derive(Clone, Debug)]
struct Dialler {
    metrics: Arc<Metrics>,
    allow: Arc<Allow>,
    resolver: Resolver,
    timeout: Duration,
}

impl Service<Uri> for Dialler {
    type Response = TokioIo<TcpStream>;
    type Error = Error;
    type Future = Connecting<Self::Response, Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let dialler = self.clone();
        Box::pin(async move {
            match timeout(dialler.timeout, dialler.connect(&uri)).await {
                Ok(connected) => connected.map(TokioIo::new),
                Err(_) => Err(Error::Timeout("opening a connection")),
            }
        })
    }
}

impl Dialler {
    async fn connect(&self, uri: &Uri) -> Result<TcpStream, Error> {
        let url = Url::parse(&uri.to_string()).map_err(|_| Error::Address("it names no host"))?;
        let reach = guard::judge(&url, &self.allow)?;
        let mut judged = self.resolve(&url).await?;
        judged.retain(|address| reach.admits(address.ip(), &self.allow));
        if judged.is_empty() {
            return Err(Error::Refused(url.host_str().unwrap_or_default().to_owned()));
        }
        judged.truncate(MAX_ADDRESSES);
        self.dial(&judged).await
    }

    /// Dials one address after the other, each with its share of the time: a dead IPv6 route leaves time for IPv4.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that dials, behind the guard"
    )]
    async fn dial(&self, judged: &[SocketAddr]) -> Result<TcpStream, Error> {
        let share = self.timeout / u32::try_from(judged.len().max(1)).unwrap_or(1);
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in judged {
            self.metrics.dialled();
            match timeout(share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // Without it a request may wait for an acknowledgement; failing to set it costs only time.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Ok(Err(error)) => last = error,
                Err(_) => last = io::ErrorKind::TimedOut.into(),
            }
        }
        match last.kind() {
            io::ErrorKind::TimedOut => Err(Error::Timeout("opening a connection")),
            _ => Err(Error::Connect(Arc::new(last))),
        }
    }

    async fn resolve(&self, url: &Url) -> Result<Vec<SocketAddr>, Error> {
        let port = url.port_or_known_default().unwrap_or_default();
        let name = match url.host() {
            Some(Host::Ipv4(ip)) => return Ok(vec![SocketAddr::new(ip.into(), port)]),
            Some(Host::Ipv6(ip)) => return Ok(vec![SocketAddr::new(ip.into(), port)]),
            Some(Host::Domain(name)) => name,
            None => return Err(Error::Address("it names no host")),
        };
        match self.resolver.resolve(name, port).await {
            Ok(addresses) if !addresses.is_empty() => Ok(addresses),
            Ok(_) | Err(_) => Err(Error::Resolve(name.to_owned())),
        }
    }
}
