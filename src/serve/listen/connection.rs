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
use super::watched::{Activity, Watched};
use crate::app::App;
use crate::serve::handler;
use crate::serve::respond::reply::Reply;

/// hyper's settings, shared by all connections of a door.
pub(super) type Builder = auto::Builder<TokioExecutor>;

/// Headers of a request.
const MAX_HEADERS: usize = 64;
/// Bytes of a request's head.
const MAX_HEAD: usize = 16 * 1024;
/// Requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 100;
/// Streams that a reader may open and reset before it is sent away (CVE-2023-44487).
const MAX_RESETS: usize = 20;
const H2_PING: Duration = Duration::from_secs(30);

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

/// Limits that make slow and greedy clients cheap. All of them are inert without a timer.
pub(super) fn builder(header_timeout: Duration) -> Builder {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_pending_accept_reset_streams(MAX_RESETS)
        .max_local_error_reset_streams(MAX_RESETS)
        .max_header_list_size(u32::try_from(MAX_HEAD).unwrap_or(u32::MAX))
        .keep_alive_interval(H2_PING)
        .keep_alive_timeout(header_timeout);
    builder
}

/// Serves `stream` until its reader leaves, nothing moves on it for `rest`, or it is told to stop.
pub(super) async fn serve(
    stream: Stream,
    door: &Door,
    builder: &Builder,
    rest: Duration,
    mut phase: watch::Receiver<Phase>,
) {
    let activity = Arc::new(Activity::default());
    let watched = Watched {
        stream,
        activity: Arc::clone(&activity),
    };
    let peer = watched.stream.peer();
    let service = service_fn(|request: Request<Incoming>| {
        let (door, answering) = (door.clone(), activity.answering());
        async move {
            let _answering = answering;
            let reply = match door {
                Door::Readers(app) => handler::handle(&app, peer, &request).await,
                Door::Owner(owner) => owner(request).await,
            };
            Ok::<_, Infallible>(reply)
        }
    });
    let mut connection = pin!(builder.serve_connection(TokioIo::new(watched), service));
    let mut ticks = interval(rest.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.reset();
    let mut seen = Some(0);
    let (mut told, mut warned) = (false, false);
    loop {
        tokio::select! {
            _ended = connection.as_mut() => return,
            _ = ticks.tick() => {
                let now = activity.resting_at();
                if now.is_none() || now != seen {
                    seen = now;
                    continue;
                }
                // Nothing moved: asked to leave first, then cut off.
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
