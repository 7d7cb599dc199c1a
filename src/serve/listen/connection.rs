//! One connection: HTTP/1.1 or h2c, whichever it speaks, within limits.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::socket::Stream;
use super::watched::{Activity, Moved, Watched};
use crate::app::App;
use crate::serve::Options;
use crate::serve::post;
use crate::serve::respond::reply::Reply;

/// hyper's settings, shared by all connections of a door.
pub(super) type Builder = auto::Builder<TokioExecutor>;

/// Streams that a reader may open and reset before it is sent away (CVE-2023-44487).
const MAX_RESETS: usize = 20;
const H2_PING: Duration = Duration::from_secs(30);
/// Looks at a connection in the time that it may rest.
const LOOKS: u32 = 4;
/// Bytes of one HTTP/2 answer that wait to be sent, and of bodies that nobody asked for.
const H2_BUFFER: u32 = 64 << 10;

/// Headers of a request that hyper takes unless told otherwise.
const HYPERS_HEADERS: usize = 100;

/// An answer on its way.
pub type Answering = Pin<Box<dyn Future<Output = Reply> + Send>>;

/// What answers at the owner's door. A value, since the pages stand above this room.
pub type Owner = Arc<dyn Fn(Request<Incoming>) -> Answering + Send + Sync>;

/// Whom a connection is from, and what answers it.
#[derive(Clone)]
pub(super) enum Door {
    Readers(Arc<App>),
    Owner(Owner),
}

/// What all connections are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Go on.
    Serving,
    /// Finish what you are at.
    Draining,
    /// Stop.
    Over,
}

/// Limits that make greedy clients cheap; [`serve`] sees to slow ones.
pub(super) fn builder(options: &Options) -> Builder {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        // A timer for each request: armed and let go, it costs as much as looking the answer up.
        .header_read_timeout(None)
        .max_buf_size(options.max_head);
    // Told a number, hyper clears memory for so many with each request; its own number is on the stack.
    if options.max_headers > HYPERS_HEADERS {
        builder.http1().max_headers(options.max_headers);
    }
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(options.max_streams)
        .max_pending_accept_reset_streams(MAX_RESETS)
        .max_local_error_reset_streams(MAX_RESETS)
        .max_header_list_size(u32::try_from(options.max_head).unwrap_or(u32::MAX))
        .max_send_buf_size(H2_BUFFER as usize)
        .initial_stream_window_size(H2_BUFFER)
        .initial_connection_window_size(H2_BUFFER)
        .keep_alive_interval(H2_PING)
        .keep_alive_timeout(options.header_timeout);
    builder
}

/// What one connection may do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Headers of one request.
    pub(super) headers: usize,
    pub(super) patience: Patience,
}

/// How long a connection may rest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Between requests, and within the head of one.
    pub(super) idle: Duration,
    /// While an answer waits to be taken.
    pub(super) write: Duration,
}

impl Patience {
    /// How often it is looked at.
    fn tick(self) -> Duration {
        (self.idle.min(self.write) / LOOKS).max(Duration::from_millis(1))
    }
}

/// Serves `stream` until its reader leaves, hardly anything moves on it for too long, or it is told to stop.
pub(super) async fn serve(
    stream: Stream,
    door: &Door,
    builder: &Builder,
    limits: Limits,
    mut phase: watch::Receiver<Phase>,
) {
    let activity = Arc::new(Activity::default());
    let watched = Watched::new(stream, Arc::clone(&activity));
    let peer = watched.peer();
    let service = service_fn(|request: Request<Incoming>| {
        let (door, answering) = (door.clone(), activity.answering());
        async move {
            let _answering = answering;
            let reply = match door {
                // On the heap, while it is answered: hyper keeps room for this future with every connection.
                Door::Readers(app) => Box::pin(post::handle(&app, peer, limits.headers, request)).await,
                Door::Owner(owner) => owner(request).await,
            };
            Ok::<_, Infallible>(reply)
        }
    });
    let mut connection = pin!(builder.serve_connection(TokioIo::new(watched), service));
    let mut ticks = interval(limits.patience.tick());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.reset();
    let (mut seen, mut rested) = (0, Duration::ZERO);
    let (mut told, mut warned) = (false, false);
    loop {
        tokio::select! {
            _ended = connection.as_mut() => return,
            _ = ticks.tick() => {
                rested = match activity.since(&mut seen) {
                    Moved::Enough => Duration::ZERO,
                    Moved::Little => rested + ticks.period(),
                };
                let Patience { idle, write } = limits.patience;
                let most = if activity.is_stuck() { write } else { idle };
                if rested < most {
                    continue;
                }
                // Asked to leave first, then cut off.
                if warned {
                    return;
                }
                warned = true;
                connection.as_mut().graceful_shutdown();
            }
            next = phase.wait_for(|phase| *phase == Phase::Over || (*phase == Phase::Draining && !told)) => {
                if next.is_ok_and(|phase| *phase == Phase::Over) {
                    return;
                }
                told = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}
