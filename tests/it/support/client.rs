//! A reader that says what it expects in sentences.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A reader.
#[derive(Clone, Debug)]
pub struct Reader {
    client: Client<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
}

/// What a reader got.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Reader {
    pub fn of(address: SocketAddr) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            address,
        }
    }

    /// The same over HTTP/2 without TLS (h2c with prior knowledge).
    pub fn of_h2c(address: SocketAddr) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new())
                .http2_only(true)
                .build_http(),
            address,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[]).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask(Method::GET, path, headers).await
    }

    pub async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::default()).expect("a request");
        let response = self.client.request(request).await.expect("an answer");
        let (head, body) = response.into_parts();
        Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: body.collect().await.expect("a whole body").to_bytes(),
        }
    }

    /// Sends a form.
    pub async fn post(&self, path: &str, form: &str) -> Answer {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send(path, &headers, form.as_bytes()).await
    }

    /// Sends anything.
    pub async fn send(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = Request::post(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::from(body.to_vec())).expect("a request");
        let response = self.client.request(request).await.expect("an answer");
        let (head, body) = response.into_parts();
        Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: body.collect().await.expect("a whole body").to_bytes(),
        }
    }

    /// Asks, and is gone before the answer comes.
    pub async fn hangs_up(&self, path: &str) {
        let mut stream = connect(self.address).await;
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("written");
    }

    /// Says these bytes and reads until the connection ends.
    pub async fn says(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = connect(self.address).await;
        stream.write_all(bytes.as_ref()).await.expect("written");
        let mut answer = Vec::new();
        // A reset ends the reading too.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// A bare connection.
#[expect(clippy::disallowed_methods, reason = "a reader dials as it likes")]
pub async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.expect("a connection")
}

impl Answer {
    #[track_caller]
    pub fn has_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:?} {}", self.headers, self.text());
        self
    }

    /// `Cache-Status` has all these parts.
    #[track_caller]
    #[expect(clippy::wrong_self_convention, reason = "it reads as a sentence")]
    pub fn is_cache(self, parts: &[&str]) -> Self {
        let status = self.header("cache-status");
        for part in parts {
            assert!(
                status.split("; ").any(|p| p == *part),
                "{part} is not in {status}"
            );
        }
        self
    }

    /// The value of a header; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("a text"))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn says(self, part: &str) -> Self {
        assert!(self.text().contains(part), "{part} is not in {}", self.text());
        self
    }

    #[track_caller]
    pub fn never_says(self, part: &str) -> Self {
        assert!(!self.text().contains(part), "{part} is in {}", self.text());
        self
    }
}
