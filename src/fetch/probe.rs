//! One request with headers of the caller's choice, told as it came: for checks of our own deployment.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use http_body_util::{BodyExt as _, Full, Limited};
use tokio::time::timeout;
use url::Url;

use super::{Error, Options, client, fault, guard};

/// An answer as it came: no redirect was followed, no coding undone.
#[derive(Clone, Debug)]
pub struct Probed {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Probed {
    /// The value of a header; empty when it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }
}

/// Asks once. The guard judges the address as any other's.
///
/// # Errors
/// See [`Error`].
pub async fn probe(options: &Options, url: &Url, headers: &[(&str, &str)]) -> Result<Probed, Error> {
    guard::judge(url, &options.allow_private)?;
    let mut request = Request::get(url.as_str())
        .body(Full::<Bytes>::default())
        .map_err(|_| Error::Address("it cannot be written in a request"))?;
    for (name, value) in headers {
        let pair = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(value),
        );
        if let (Ok(name), Ok(value)) = pair {
            request.headers_mut().insert(name, value);
        }
    }
    let answered = async {
        let response = client(options, std::sync::Arc::default())
            .request(request)
            .await
            .map_err(fault::of_request)?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, options.max_body).collect().await;
        let body = body.map_err(|error| Error::Protocol(error.into()))?;
        Ok(Probed {
            status: head.status.as_u16(),
            headers: head.headers,
            body: body.to_bytes(),
        })
    };
    let answered = timeout(options.timeout, answered).await;
    answered.unwrap_or(Err(Error::Timeout("the whole answer")))
}
