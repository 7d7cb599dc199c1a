//! hyper with five fixed bodies and nothing else: what the library itself costs.

use std::convert::Infallible;
use std::path::Path;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

/// Serves `FOLDER/{news,brief}.xml[.gz]` and `FOLDER/picture.png` at the address in `FOLDER/bare.address`, for ever.
pub(super) fn serve(folder: &str) {
    let folder = Path::new(folder);
    let read = |name: &str| Bytes::from(std::fs::read(folder.join(name)).expect("a body"));
    let names = [
        "news.xml",
        "news.xml.gz",
        "brief.xml",
        "brief.xml.gz",
        "picture.png",
    ];
    let bodies: [Bytes; 5] = names.map(read);
    let bodies: &'static [Bytes; 5] = Box::leak(Box::new(bodies));
    let address = std::fs::read_to_string(folder.join("bare.address")).expect("an address");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::bind(address.trim())
            .await
            .expect("a port");
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                continue;
            };
            let _ = stream.set_nodelay(true);
            tokio::spawn(async move {
                let service =
                    service_fn(|request| async move { Ok::<_, Infallible>(answer(&request, bodies)) });
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
}

fn answer(request: &Request<Incoming>, bodies: &[Bytes; 5]) -> Response<Full<Bytes>> {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/rss+xml; charset=utf-8"),
    );
    if request.headers().contains_key(header::IF_NONE_MATCH) {
        let mut reply = Response::new(Full::default());
        *reply.status_mut() = http::StatusCode::NOT_MODIFIED;
        return reply;
    }
    if request.uri().path().ends_with(".png") {
        return Response::new(Full::new(bodies[4].clone()));
    }
    let small = usize::from(request.uri().path().contains("brief")) * 2;
    let gzip = request.headers().contains_key(header::ACCEPT_ENCODING);
    if gzip {
        headers.insert(header::CONTENT_ENCODING, header::HeaderValue::from_static("gzip"));
    }
    let mut reply = Response::new(Full::new(bodies[small + usize::from(gzip)].clone()));
    *reply.headers_mut() = headers;
    reply
}
