//! 1 LISTEN: bind, accept with back-pressure, drain.
//!
//! Each door has its own permits: a crowd of readers cannot lock the owner out.

mod connection;
mod keeper;
mod activity;
mod watched;
mod line_ends;
pub mod socket;

use std::future::Future;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};

use self::connection::Door;
pub use self::connection::{Answering, Owner};
use self::keeper::{Keeper, Patience, Phase};
use self::socket::{Error, Socket};
use super::Options;
use crate::app::App;

/// Connections at the owner's door.
const OWNER_CONNECTIONS: usize = 64;
/// After an accept that failed (no file descriptors left, most of the time).
const BREATHER: Duration = Duration::from_millis(100);

/// Sockets bound, nobody served yet.
#[derive(Debug)]
pub struct Server {
    readers: Vec<Socket>,
    owner: Vec<Socket>,
    options: Options,
}

impl Server {
    /// Binds every address of `options`, or none.
    ///
    /// # Errors
    /// The first address that cannot be bound, and why.
    pub async fn bind(options: Options) -> Result<Self, Error> {
        let (readers, owner) = socket::from_systemd(&options.listen, &options.admin, &options.socket_names)?;
        Ok(Self {
            readers: socket::bind(&options.listen, readers).await?,
            owner: socket::bind(&options.admin, owner).await?,
            options,
        })
    }

    /// Where readers are served, with the ports the system chose.
    #[must_use]
    pub fn readers(&self) -> Vec<String> {
        self.readers.iter().map(ToString::to_string).collect()
    }

    /// Where the owner is served.
    #[must_use]
    pub fn owner(&self) -> Vec<String> {
        self.owner.iter().map(ToString::to_string).collect()
    }

    /// Serves until `shutdown` is over; then takes no new connection, finishes the requests in
    /// flight (for at most the drain timeout), and returns.
    pub async fn run(self, app: Arc<App>, owner: Owner, shutdown: impl Future<Output = ()>) {
        let phase = watch::Sender::new(Phase::Serving);
        let readers = Gate::new(Door::Readers(app), self.options.max_connections, &self.options);
        let owner = Gate::new(Door::Owner(owner), OWNER_CONNECTIONS, &self.options);
        for (sockets, gate) in [(self.readers, &readers), (self.owner, &owner)] {
            tokio::spawn(Arc::clone(&gate.keeper).keep(phase.subscribe()));
            for socket in sockets {
                tokio::spawn(accept(socket, Arc::clone(gate), phase.subscribe()));
            }
        }
        shutdown.await;
        phase.send_replace(Phase::Draining);
        let drained = async {
            readers.drained().await;
            owner.drained().await;
        };
        if tokio::time::timeout(self.options.drain_timeout, drained)
            .await
            .is_err()
        {
            tracing::warn!("some connections were still busy when the drain timeout was over");
        }
        phase.send_replace(Phase::Over);
    }
}

/// Binds, reports the bound addresses, and serves until `shutdown` is over.
///
/// # Errors
/// When an address cannot be bound.
pub async fn run(
    app: Arc<App>,
    owner: Owner,
    options: Options,
    shutdown: impl Future<Output = ()>,
    bound: impl FnOnce(&Server),
) -> Result<(), Error> {
    let server = Server::bind(options).await?;
    bound(&server);
    server.run(app, owner, shutdown).await;
    Ok(())
}

/// One door and its permits.
struct Gate {
    door: Door,
    permits: Arc<Semaphore>,
    count: u32,
    keeper: Arc<Keeper>,
    /// Headers of one request.
    max_headers: usize,
    builder: connection::Builder,
}

impl Gate {
    fn new(door: Door, connections: usize, options: &Options) -> Arc<Self> {
        let count = u32::try_from(connections.clamp(1, Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
        Arc::new(Self {
            door,
            permits: Arc::new(Semaphore::new(count as usize)),
            count,
            keeper: Keeper::new(Patience {
                idle: options.header_timeout,
                write: options.write_timeout,
            }),
            max_headers: options.max_headers,
            builder: connection::builder(options),
        })
    }

    /// Over when every connection has given its permit back.
    async fn drained(&self) {
        let _all = self.permits.acquire_many(self.count).await;
    }
}

/// Takes connections from one socket while it is time to serve and permits are left.
async fn accept(socket: Socket, gate: Arc<Gate>, mut phase: watch::Receiver<Phase>) {
    let mut failing = false;
    loop {
        let next = async {
            let permit = Arc::clone(&gate.permits).acquire_owned().await.ok()?;
            Some((permit, socket.accept().await))
        };
        let next = tokio::select! {
            biased;
            _ = phase.wait_for(|phase| *phase != Phase::Serving) => return,
            next = next => next,
        };
        let (permit, stream) = match next {
            Some((permit, Ok(stream))) => (permit, stream),
            // Gone before it was its turn: nobody else waits for that.
            Some((_, Err(error))) if error.kind() == ErrorKind::ConnectionAborted => continue,
            Some((_, Err(error))) => {
                // Told once, not ten times a second.
                if !failing {
                    tracing::warn!(%error, "connections cannot be accepted");
                }
                failing = true;
                tokio::time::sleep(BREATHER).await;
                continue;
            }
            None => return,
        };
        if failing {
            tracing::info!("connections are accepted again");
            failing = false;
        }
        let (gate, kept) = (Arc::clone(&gate), gate.keeper.receive());
        tokio::spawn(async move {
            let _permit = permit;
            connection::serve(stream, &gate.door, &gate.builder, gate.max_headers, kept).await;
        });
    }
}
