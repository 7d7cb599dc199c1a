//! 4 FETCH: the only room that dials. Every address is judged where it is dialled, each redirect again.

mod options;
pub mod asked;
pub mod probe;
pub mod once;
mod answer;
mod body;
mod budget;
mod lanes;
pub mod spool;
pub mod circle;
pub mod redirect;
pub mod connect;
pub mod guard;
mod fault;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, IF_MODIFIED_SINCE, IF_NONE_MATCH, REFERER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;
use tracing::Instrument as _;
use url::Url;

use crate::message::{Fetched, OriginResponse, Validators};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::spans;

use self::asked::Asked;
use self::body::Ceiling;
use self::budget::Budget;
pub use self::budget::Share;
use self::circle::{CDN_LOOP, Through};
pub use self::fault::Error;
use self::lanes::Lanes;
pub use self::options::Options;
use self::redirect::Trail;
use self::spool::{Body, Spool};

/// What a feed is asked for as.
const FEED_ACCEPT: &str = "application/rss+xml, application/atom+xml, application/rdf+xml;q=0.9, \
    application/feed+json;q=0.9, application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.5";

/// The content codings that the transform undoes.
const FEED_CODINGS: &str = "gzip, br, zstd, deflate";

/// What a picture is asked for as.
const IMAGE_ACCEPT: &str = "image/jpeg, image/png, image/gif, image/webp;q=0.9, image/*;q=0.8, */*;q=0.5";

/// How long a connection is kept for the next request.
const POOL_IDLE: Duration = Duration::from_secs(30);

/// One request, whole: nothing else goes into it.
#[derive(Clone, Debug)]
struct Ask<'a> {
    accept: &'static str,
    codings: &'static str,
    validators: &'a Validators,
    referer: Option<&'a Url>,
    ceiling: Ceiling,
}

/// How a picture is asked for.
#[derive(Clone, Copy, Debug)]
pub struct ImageAsk<'a> {
    /// What we have of it.
    pub validators: &'a Validators,
    /// Sent as `Referer`, for origins that give pictures only to their own pages.
    pub referer: Option<&'a Url>,
    /// Bytes of the body.
    pub max_body: usize,
    /// Whether a body that begins like this is wanted; if not, the rest is not read.
    pub wanted: fn(&[u8]) -> bool,
    /// Where a large body goes; without one, all of it is held in memory.
    pub spool: Option<&'a Spool>,
}

/// What asking for a picture brought.
#[derive(Debug)]
pub enum ImageAnswer {
    /// 304: what we have still holds.
    NotModified { headers: HeaderMap },
    /// 200. While the [`Share`] is held, the body counts as one that is being read.
    Given {
        headers: HeaderMap,
        body: Body,
        share: Share,
    },
}

/// Asks origins. Cheap to clone; holds the connection pool and the per-host limits.
#[derive(Clone, Debug)]
pub struct Fetcher {
    inner: Arc<Inner>,
    through: Through,
}

#[derive(Debug)]
struct Inner {
    options: Options,
    /// Made for the first question: a start does not wait until the system's roots are read.
    client: OnceLock<Client<connect::Connector, Full<Bytes>>>,
    lanes: Lanes,
    budget: Budget,
    metrics: Arc<Metrics>,
}

impl Inner {
    fn client(&self) -> &Client<connect::Connector, Full<Bytes>> {
        self.client
            .get_or_init(|| client(&self.options, Arc::clone(&self.metrics)))
    }
}

impl Fetcher {
    /// A fetcher with its own pool.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self::counted(options, Arc::default())
    }

    /// A fetcher with its own pool, whose questions are counted.
    #[must_use]
    pub fn counted(options: Options, metrics: Arc<Metrics>) -> Self {
        let lanes = Lanes::new(options.per_host, options.total);
        // A buffer doubles as it grows.
        let budget = Budget::new(options.in_flight, options.max_body.saturating_mul(2));
        Self {
            inner: Arc::new(Inner {
                options,
                client: OnceLock::new(),
                lanes,
                budget,
                metrics,
            }),
            through: Through::default(),
        }
    }

    /// The same, asking for what others like us have been asked for.
    #[must_use]
    pub fn on_behalf_of(&self, through: Through) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            through,
        }
    }

    /// Asks for a feed. Nothing of any reader is in the request.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn feed(&self, url: &Url, validators: &Validators) -> Result<Fetched, Error> {
        self.feed_told(url, validators, &mut Vec::new()).await
    }

    /// As [`Fetcher::feed`], and tells every request that was made on the way, also when it fails.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn feed_told(
        &self,
        url: &Url,
        validators: &Validators,
        told: &mut Vec<Asked>,
    ) -> Result<Fetched, Error> {
        let ask = self.feed_ask(validators);
        Ok(match self.get("feed", url, &ask, told).await?.0 {
            Arrived::NotModified { headers } => Fetched::NotModified { headers },
            Arrived::Given {
                url,
                moved_permanently,
                headers,
                body: Body::Memory(body),
            } => Fetched::Modified(OriginResponse {
                url,
                moved_permanently,
                headers,
                body,
            }),
            // Only a body that was given a spool goes to a file.
            Arrived::Given { .. } => return Err(Error::Unwanted),
        })
    }

    fn feed_ask<'a>(&self, validators: &'a Validators) -> Ask<'a> {
        Ask {
            accept: FEED_ACCEPT,
            codings: FEED_CODINGS,
            validators,
            referer: None,
            ceiling: self.ceiling(self.inner.options.max_body),
        }
    }

    /// Asks for a picture. Nothing of any reader is in the request.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn image(&self, url: &Url, ask: &ImageAsk<'_>) -> Result<ImageAnswer, Error> {
        let ask = Ask {
            accept: IMAGE_ACCEPT,
            codings: "identity",
            validators: ask.validators,
            referer: ask.referer,
            ceiling: Ceiling {
                wanted: Some(ask.wanted),
                spool: ask.spool.cloned(),
                ..self.ceiling(ask.max_body)
            },
        };
        Ok(match self.get("image", url, &ask, &mut Vec::new()).await? {
            (Arrived::NotModified { headers }, _) => ImageAnswer::NotModified { headers },
            (Arrived::Given { headers, body, .. }, share) => ImageAnswer::Given { headers, body, share },
        })
    }

    fn ceiling(&self, bytes: usize) -> Ceiling {
        let options = &self.inner.options;
        Ceiling {
            bytes,
            idle: options.idle_timeout,
            pace: options.min_rate,
            pace_over: options.min_rate_over,
            wanted: None,
            spool: None,
        }
    }

    /// Asks and counts.
    async fn get(
        &self,
        of: &'static str,
        url: &Url,
        ask: &Ask<'_>,
        told: &mut Vec<Asked>,
    ) -> Result<(Arrived, Share), Error> {
        let metrics = &self.inner.metrics;
        let began = tokio::time::Instant::now();
        let answered = self.follow(url, ask, told).await;
        let outcome = match &answered {
            Ok((Arrived::Given { .. }, _)) => "ok",
            Ok((Arrived::NotModified { .. }, _)) => "not-modified",
            Err(error) => error.name(),
        };
        metrics.fetched(of, outcome, began.elapsed());
        match &answered {
            Ok((Arrived::Given { body, .. }, _)) if of == "image" => {
                metrics.image_bytes("in", body.length() as u64);
            }
            Err(Error::Refused(_)) => metrics.blocked("private"),
            Err(Error::Address(_)) => metrics.blocked("address"),
            _ => {}
        }
        answered
    }

    /// Follows the trail of redirects to an answer.
    async fn follow(
        &self,
        url: &Url,
        ask: &Ask<'_>,
        told: &mut Vec<Asked>,
    ) -> Result<(Arrived, Share), Error> {
        let mut share = self.inner.budget.share();
        let mut trail = Trail::new(url, self.inner.options.max_redirects);
        let mut url = url.clone();
        url.set_fragment(None);
        let mut left = self.inner.options.timeout;
        loop {
            let options = &self.inner.options;
            if options
                .own
                .as_ref()
                .is_some_and(|own| circle::leads_to(own, &url))
            {
                return Err(Error::Circle);
            }
            guard::judge(&url, &options.allow_private).map_err(|error| trail.in_our_words(error))?;
            let host = url.host_str().unwrap_or_default();
            let turn = timeout(self.inner.options.timeout, self.inner.lanes.enter(host)).await;
            let Ok(Some(_leave)) = turn else {
                return Err(Error::Timeout("too many requests were waiting for it"));
            };
            let began = tokio::time::Instant::now();
            let mut asked = Asked::at(&url);
            let span = spans::fetch(&url);
            let hop = self.hop(&url, ask, &mut trail, &mut share, &mut asked);
            let hop = timeout(left, hop.instrument(span.clone())).await;
            if let Some(status) = asked.status {
                spans::answered(&span, status);
            }
            asked.took = began.elapsed();
            left = left.saturating_sub(asked.took);
            told.push(asked);
            match hop {
                Ok(Ok(Hop::Elsewhere(next))) => url = next,
                Ok(Ok(Hop::Arrived(arrived))) => return Ok((arrived, share)),
                Ok(Err(error)) => return Err(trail.in_our_words(error)),
                Err(_) => return Err(Error::Timeout("the whole answer")),
            }
        }
    }

    /// One request and its answer.
    async fn hop(
        &self,
        url: &Url,
        ask: &Ask<'_>,
        trail: &mut Trail,
        share: &mut Share,
        asked: &mut Asked,
    ) -> Result<Hop, Error> {
        let response = self.send(url, ask).await?;
        asked.note(&response);
        let (head, body) = response.into_parts();
        answer::check(&head.headers, self.inner.options.max_head)?;
        match head.status {
            StatusCode::OK => {
                let ceiling = ask.ceiling.clone().for_answer(&head.headers);
                let body = body::read(body, head.version, ceiling, share).await?;
                asked.bytes = body.length();
                Ok(Hop::Arrived(Arrived::Given {
                    url: url.clone(),
                    moved_permanently: trail.moved_permanently(),
                    headers: head.headers,
                    body,
                }))
            }
            StatusCode::NOT_MODIFIED if *ask.validators == Validators::default() => {
                Err(fault::protocol("304 to a request that was not conditional"))
            }
            StatusCode::NOT_MODIFIED => Ok(Hop::Arrived(Arrived::NotModified {
                headers: head.headers,
            })),
            status if redirect::is_redirect(status) => {
                trail.follow(status, &head.headers).map(Hop::Elsewhere)
            }
            status if circle::is_told(status, &head.headers) => Err(Error::Circle),
            status => Err(Error::Status {
                status: status.as_u16(),
                retry_after: answer::retry_after(&head.headers),
            }),
        }
    }

    /// Sends the request and waits for the answer's head.
    async fn send(&self, url: &Url, ask: &Ask<'_>) -> Result<Response<Incoming>, Error> {
        let options = &self.inner.options;
        let mut request = request(url, ask, &options.user_agent)?;
        if let Some(names) = self.through.and(&options.name) {
            request.headers_mut().insert(CDN_LOOP, names);
        }
        // The connector bounds connecting by itself and says so better.
        let patience = options.connect_timeout * 2 + options.idle_timeout;
        match timeout(patience, self.inner.client().request(request)).await {
            Ok(answered) => answered.map_err(fault::of_request),
            Err(_) => Err(Error::Timeout("it accepted the request and then said nothing")),
        }
    }
}

/// Where one request led.
enum Hop {
    Arrived(Arrived),
    Elsewhere(Url),
}

/// What came at the end of the trail.
enum Arrived {
    NotModified {
        headers: HeaderMap,
    },
    Given {
        url: Url,
        moved_permanently: bool,
        headers: HeaderMap,
        body: Body,
    },
}

fn client(options: &Options, metrics: Arc<Metrics>) -> Client<connect::Connector, Full<Bytes>> {
    let mut builder = Client::builder(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(POOL_IDLE)
        .pool_max_idle_per_host(options.per_host)
        .http1_max_headers(options.max_headers)
        // hyper accepts no smaller buffer.
        .http1_max_buf_size(options.max_head.max(8192))
        .http2_max_header_list_size(u32::try_from(options.max_head).unwrap_or(u32::MAX));
    // Old servers write such heads. No header of theirs goes further than our own reading of it.
    builder
        .http1_allow_spaces_after_header_name_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true);
    builder.build(connect::Connector::new(options, metrics))
}

/// The same headers for every reader and every feed, but for the validators.
fn request(url: &Url, ask: &Ask<'_>, user_agent: &str) -> Result<Request<Full<Bytes>>, Error> {
    let mut request = Request::get(url.as_str())
        .header(ACCEPT, ask.accept)
        .header(ACCEPT_ENCODING, ask.codings)
        .header(USER_AGENT, user_agent);
    let Validators { etag, last_modified } = ask.validators;
    for (name, value) in [(IF_NONE_MATCH, etag), (IF_MODIFIED_SINCE, last_modified)] {
        // What came in a header goes back in one; what does not fit was never an origin's.
        if let Some(value) = value
            .as_ref()
            .and_then(|v| HeaderValue::from_bytes(v.as_bytes()).ok())
        {
            request = request.header(name, value);
        }
    }
    if let Some(referer) = ask.referer {
        request = request.header(REFERER, referer.as_str());
    }
    request
        .body(Full::default())
        .map_err(|_| Error::Address("it cannot be written in a request"))
}
