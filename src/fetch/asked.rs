//! What one request to an origin came to, for who wants to know why a feed is as it is.

use std::net::SocketAddr;
use std::time::Duration;

use http::{HeaderMap, Response, StatusCode, Version};
use hyper_util::client::legacy::connect::HttpInfo;
use url::Url;

/// One request on the way to an answer. What is not known yet, or never came, is `None`.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The address asked.
    pub url: Url,
    /// The socket address that was dialled.
    pub dialled: Option<SocketAddr>,
    /// The version of HTTP that was spoken.
    pub version: Option<Version>,
    /// What it answered.
    pub status: Option<StatusCode>,
    /// The answer's headers: an origin's words.
    pub headers: HeaderMap,
    /// Bytes of the body as they came, if it was read to its end.
    pub bytes: usize,
    /// From the first byte out to the last byte in, connecting included.
    pub took: Duration,
}

impl Asked {
    pub(super) fn at(url: &Url) -> Self {
        Self {
            url: url.clone(),
            dialled: None,
            version: None,
            status: None,
            headers: HeaderMap::new(),
            bytes: 0,
            took: Duration::ZERO,
        }
    }

    pub(super) fn note<B>(&mut self, response: &Response<B>) {
        self.dialled = response.extensions().get::<HttpInfo>().map(HttpInfo::remote_addr);
        self.version = Some(response.version());
        self.status = Some(response.status());
        self.headers = response.headers().clone();
    }
}
