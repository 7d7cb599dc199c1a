//! One connection: HTTP/1.1 or h2c, whichever it speaks, within limits.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;

use super::activity::{Activity, Word};
use super::keeper::Kept;
use super::socket::Stream;
use super::watched::{Spoken, Watched};
use crate::app::App;
use crate::serve::Options;
use crate::serve::post;
use crate::serve::respond::reply::Reply;

/// hyper's settings, shared by all connections of a door.
///
/// Not hyper-util's builder for whichever HTTP is spoken: it gives hyper the first 24 bytes apart, for which hyper
/// doubles the buffer of each connection.
#[derive(Debug)]
pub(super) struct Builder {
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
}

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
    let mut http1 = http1::Builder::new();
    http1
        // A timer for each request: armed and let go, it costs as much as looking the answer up.
        .header_read_timeout(None)
        // Else, while a request is answered, the end of the connection is looked for, with 8 KiB of new memory to
        // read it into. Whoever says no more than the request gets the answer.
        .half_close(true)
        .max_buf_size(options.max_head);
    // Told a number, hyper clears memory for so many with each request; its own number is on the stack.
    if options.max_headers > HYPERS_HEADERS {
        http1.max_headers(options.max_headers);
    }
    let mut http2 = http2::Builder::new(TokioExecutor::new());
    http2
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
    Builder { http1, http2 }
}

/// Serves `stream` until its reader leaves, or its keeper has it leave.
pub(super) async fn serve(stream: Stream, door: &Door, builder: &Builder, max_headers: usize, kept: Kept) {
    let activity = &kept.activity;
    let mut watched = Watched::new(stream, Arc::clone(activity));
    let peer = watched.peer();
    let Some(Ok(spoken)) = unless_told(activity, watched.spoken()).await else {
        return;
    };
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
    let io = TokioIo::new(watched);
    match spoken {
        Spoken::Http1 => drive(activity, pin!(builder.http1.serve_connection(io, service))).await,
        // On the heap: readers seldom speak it without TLS, and a task has room for the larger of the two.
        Spoken::Http2 => {
            let mut connection = Box::pin(builder.http2.serve_connection(io, service));
            drive(activity, connection.as_mut()).await;
        }
    }
}

/// What `work` comes to, unless the connection is told to leave before.
async fn unless_told<T>(activity: &Activity, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|cx| match activity.told(cx) {
        Word::GoOn => work.as_mut().poll(cx).map(Some),
        Word::Leave | Word::Stop => Poll::Ready(None),
    })
    .await
}

/// Serves until the reader leaves; told to leave, it finishes what it is at.
async fn drive(activity: &Activity, mut connection: Pin<&mut impl GracefulConnection>) {
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
