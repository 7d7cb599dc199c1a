//! One request of our own making to a hub or a subscriber (WebSub): through the guard, with a ceiling, and without
//! following anything.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use tokio::time::timeout;
use url::Url;

use super::circle::CDN_LOOP;
use super::{Error, Fetcher, fault, guard};

/// What is posted.
#[derive(Clone, Debug)]
pub struct Post {
    pub content_type: &'static str,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Bytes,
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Said {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Fetcher {
    /// Posts to `url` and reads at most `most` bytes of the answer.
    ///
    /// # Errors
    /// See [`Error`]; any status is an answer.
    pub async fn post(&self, url: &Url, post: Post, most: usize) -> Result<Said, Error> {
        let mut request = Request::post(url.as_str()).header(CONTENT_TYPE, post.content_type);
        for (name, value) in post.headers {
            request = request.header(name, value);
        }
        self.once(url, request.body(Full::new(post.body)), most).await
    }

    /// Gets what is at `url`, at most `most` bytes of it.
    ///
    /// # Errors
    /// See [`Error`]; any status is an answer.
    pub async fn text(&self, url: &Url, most: usize) -> Result<Said, Error> {
        let request = Request::get(url.as_str()).body(Full::default());
        self.once(url, request, most).await
    }

    async fn once(
        &self,
        url: &Url,
        request: Result<Request<Full<Bytes>>, http::Error>,
        most: usize,
    ) -> Result<Said, Error> {
        let options = &self.inner.options;
        guard::judge(url, &options.allow_private)?;
        let mut request = request.map_err(|_| Error::Address("it cannot be written in a request"))?;
        let headers = request.headers_mut();
        if let Ok(agent) = HeaderValue::from_str(&options.user_agent) {
            headers.insert(USER_AGENT, agent);
        }
        if let Some(names) = self.through.and(&options.name) {
            headers.insert(CDN_LOOP, names);
        }
        let turn = timeout(
            options.timeout,
            self.inner.lanes.enter(url.host_str().unwrap_or_default()),
        )
        .await;
        let Ok(Some(_leave)) = turn else {
            return Err(Error::Timeout("too many requests were waiting for it"));
        };
        let answered = async {
            let response = self
                .inner
                .client()
                .request(request)
                .await
                .map_err(fault::of_request)?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, most).collect().await;
            let body = body.map_err(|error| Error::Protocol(error.into()))?;
            Ok(Said {
                status: head.status,
                headers: head.headers,
                body: body.to_bytes(),
            })
        };
        let answered = timeout(options.timeout, answered).await;
        answered.unwrap_or(Err(Error::Timeout("the whole answer")))
    }
}
