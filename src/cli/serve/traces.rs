//! Traces for an OpenTelemetry collector (cargo feature `otel`), set up by the standard variables: `OTEL_SERVICE_NAME`,
//! `OTEL_EXPORTER_OTLP_ENDPOINT` and the rest. Without an endpoint there are none.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, USER_AGENT};
use http::{Request, Response};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::filter_fn;
use url::Url;

use crate::config::Environment;
use crate::fetch::once::Post;
use crate::fetch::{self, Fetcher};
use crate::telemetry::{self, Shape};

/// Where traces go, the stronger first (OpenTelemetry, *OTLP Exporter Configuration*).
const ENDPOINTS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
];
/// Bytes of a collector's answer.
const MAX_ANSWER: usize = 64 << 10;

/// Spans on their way to a collector, if there is one.
pub(super) struct Traces(Option<SdkTracerProvider>);

impl Traces {
    /// Starts the log, and traces where the environment names a collector.
    pub(super) fn start(shape: Shape, level: &str, environment: &Environment, runtime: &Handle) -> Self {
        let provider = endpoint(environment).and_then(|url| provider(&url, environment, runtime));
        let Some(provider) = provider else {
            telemetry::start(shape, level);
            return Self(None);
        };
        let spans = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("limpid"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_filter(filter_fn(|about| {
                about.is_span() && about.target().starts_with("limpid")
            }));
        telemetry::start_with(shape, level, Box::new(spans));
        Self(Some(provider))
    }

    /// Sends what is left.
    pub(super) async fn over(self) {
        if let Some(provider) = self.0 {
            let _over = tokio::task::spawn_blocking(move || provider.shutdown()).await;
        }
    }
}

fn endpoint(environment: &Environment) -> Option<Url> {
    let disabled = environment.get("OTEL_SDK_DISABLED") == Some("true")
        || environment.get("OTEL_TRACES_EXPORTER") == Some("none");
    let said = ENDPOINTS.iter().find_map(|name| environment.get(name));
    said.filter(|_| !disabled).and_then(|said| Url::parse(said).ok())
}

/// Batches of spans for the collector at `url`; all else is read by OpenTelemetry itself from its variables.
fn provider(url: &Url, environment: &Environment, runtime: &Handle) -> Option<SdkTracerProvider> {
    let sender = Sender {
        fetcher: Fetcher::new(fetch::Options {
            allow_private: fetch::guard::Allow {
                hosts: vec![(url.host_str()?.to_owned(), url.port_or_known_default()?)],
                ..fetch::guard::Allow::default()
            },
            ..fetch::Options::default()
        }),
        runtime: runtime.clone(),
        failing: AtomicBool::new(false),
    };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(sender)
        .build()
        .ok()?;
    let mut resource = Resource::builder();
    let is_named = environment.get("OTEL_SERVICE_NAME").is_some()
        || environment
            .get("OTEL_RESOURCE_ATTRIBUTES")
            .is_some_and(|attributes| attributes.contains("service.name="));
    if !is_named {
        resource = resource.with_service_name("limpid");
    }
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource.build());
    Some(provider.build())
}

/// Posts through our own fetcher: the only room that dials, told that this host may be private.
#[derive(Debug)]
struct Sender {
    fetcher: Fetcher,
    runtime: Handle,
    /// Told already.
    failing: AtomicBool,
}

impl HttpClient for Sender {
    fn send_bytes<'s, 'f>(
        &'s self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            // The thread that asks knows no tokio.
            let sending = send(self.fetcher.clone(), request);
            let sent = self.runtime.spawn(sending).await.map_err(HttpError::from);
            let sent = sent.and_then(|sent| sent);
            let failing = !sent.as_ref().is_ok_and(|answer| answer.status().is_success());
            if failing != self.failing.swap(failing, Ordering::Relaxed) {
                match &sent {
                    Err(error) => tracing::warn!(%error, "the collector of traces cannot be reached"),
                    Ok(answer) if failing => {
                        let status = answer.status().as_u16();
                        tracing::warn!(status, "the collector of traces refuses them");
                    }
                    Ok(_) => tracing::info!("the collector of traces answers again"),
                }
            }
            sent
        })
    }
}

async fn send(fetcher: Fetcher, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let (head, body) = request.into_parts();
    let url = Url::parse(&head.uri.to_string())?;
    let headers = head
        .headers
        .into_iter()
        .filter_map(|(name, value)| Some((name?, value)));
    let post = Post {
        content_type: "application/x-protobuf",
        headers: headers
            .filter(|(name, _)| ![CONTENT_TYPE, CONTENT_LENGTH, USER_AGENT].contains(name))
            .collect(),
        body,
    };
    let said = fetcher.post(&url, post, MAX_ANSWER).await?;
    let mut answer = Response::new(said.body);
    *answer.status_mut() = said.status;
    *answer.headers_mut() = said.headers;
    Ok(answer)
}
