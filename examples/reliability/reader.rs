//! A reader that keeps its connection and its validators.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) struct Reader {
    host: String,
    stream: Option<TcpStream>,
    etags: HashMap<usize, String>,
}

impl Reader {
    pub(crate) fn of(host: &str) -> Self {
        Self {
            host: host.to_owned(),
            stream: None,
            etags: HashMap::new(),
        }
    }

    /// The status of feed `n`, and how long it took. A connection that was closed in between is opened again once.
    pub(crate) async fn read(&mut self, n: usize) -> Option<(u16, Duration)> {
        let began = Instant::now();
        let kept = self.stream.is_some();
        let mut status = self.ask(n).await;
        if status.is_none() && kept {
            self.stream = None;
            status = self.ask(n).await;
        }
        if status.is_none() {
            self.stream = None;
        }
        Some((status?, began.elapsed()))
    }

    async fn ask(&mut self, n: usize) -> Option<u16> {
        if self.stream.is_none() {
            self.stream = Some(TcpStream::connect(&self.host).await.ok()?);
        }
        let stream = self.stream.as_mut()?;
        let etag = self
            .etags
            .get(&n)
            .map_or(String::new(), |etag| format!("if-none-match: {etag}\r\n"));
        let request = format!("GET /feeds/f{n} HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\n{etag}\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let (mut answer, mut piece) = (Vec::new(), vec![0; 16 * 1024]);
        let end = loop {
            let read @ 1.. = stream.read(&mut piece).await.ok()? else {
                return None;
            };
            answer.extend(&piece[..read]);
            if let Some(at) = answer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
        let header = |name: &str| {
            head.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned))
        };
        let status: u16 = head.split(' ').nth(1)?.parse().ok()?;
        let length = if status == 304 {
            0
        } else {
            header("content-length")?.parse::<usize>().ok()?
        };
        let mut missing = (end + length).saturating_sub(answer.len());
        while missing > 0 {
            let read @ 1.. = stream.read(&mut piece).await.ok()? else {
                return None;
            };
            missing = missing.saturating_sub(read);
        }
        if let Some(etag) = header("etag") {
            self.etags.insert(n, etag);
        }
        Some(status)
    }
}
