//! One connection: HTTP/1.1 or h2c, whichever it speaks, within limits.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;

use super::activity::Word;
use super::keeper::Kept;
use super::socket::Stream;
use super::watched::Watched;
use crate::app::App;
use crate::serve::Options;
use crate::serve::post;
use crate::serve::respond::reply::Reply;

/// hyper's settings, shared by all connections of a door.
pub(super) type Builder = auto::Builder<TokioExecutor>;

/// Streams that a reader may open and reset before it is sent away (CVE-2023-44487).
const MAX_RESETS: usize = 20;
const H2_PING: Duration = Duration::from_secs(30);
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

/// Limits that make greedy clients cheap; the keeper sees to slow ones.
pub(super) fn builder(options: &Options) -> Builder {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        // A timer for each request: armed and let go, it costs as much as looking the answer up.
        .header_read_timeout(None)
        // Else, while a request is answered, the end of the connection is looked for, with 8 KiB of new memory to
        // read it into. Whoever says no more than the request gets the answer.
        .half_close(true)
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

/// Serves `stream` until its reader leaves, or its keeper has it leave.
pub(super) async fn serve(stream: Stream, door: &Door, builder: &Builder, max_headers: usize, kept: Kept) {
    let activity = &kept.activity;
    let watched = Watched::new(stream, Arc::clone(activity));
    let peer = watched.peer();
    let service = service_fn(|request: Request<Incoming>| {
        let (door, answering) = (door.clone(), activity.answering());
        async move {
            let _answering = answering;
            let reply = match door {
                // On the heap, while it is answered: hyper keeps room for this future with every connection.
                Door::Readers(app) => Box::pin(post::handle(&app, peer, max_headers, request)).await,
                Door::Owner(owner) => owner(request).await,
            };
            Ok::<_, Infallible>(reply)
        }
    });
    let mut connection = pin!(builder.serve_connection(TokioIo::new(watched), service));
    let mut leaving = false;
    poll_fn(|cx| {
        match activity.told(cx) {
            Word::Stop => return Poll::Ready(()),
            Word::Leave if !leaving => {
                leaving = true;
                connection.as_mut().graceful_shutdown();
            }
            Word::Leave | Word::GoOn => {}
        }
        connection.as_mut().poll(cx).map(|_ended| ())
    })
    .await;
}
