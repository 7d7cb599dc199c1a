//! A scripted origin: a real server on loopback that says exactly what a test tells it to, byte for
//! byte, and remembers what it was asked.
//!
//! ```ignore
//! let origin = Origin::start().await;
//! origin.at("/feed").gives(FEED).with("etag", "\"1\"");
//! origin.at("/old").redirects(301, "/feed");
//! let held = origin.at("/slow").gives(FEED).held();
//! held.arrived().await;          // a request is there and waits
//! held.release();                // now it is answered
//! assert_eq!(origin.count("/feed"), 1);
//! ```

mod http2;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;

use super::tls;

/// What an origin says when nobody told it otherwise.
const NOT_SCRIPTED: u16 = 404;

/// One request, as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    /// Path and query.
    pub target: String,
    /// In order, names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Asked {
    /// The value of a header, if it was sent.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }
}

/// How an answer's body goes over the wire.
#[derive(Clone, Debug, Default)]
enum Manner {
    /// With a Content-Length.
    #[default]
    Whole,
    /// In chunks of this many bytes.
    Chunked(usize),
    /// Without a length: the end of the connection is the end of the body.
    UntilClose,
    /// Claims this many bytes more than it sends, and closes.
    Short(usize),
    /// Sends this many bytes of the body and resets the connection.
    Reset(usize),
    /// Repeats the body without end, chunked.
    Endless,
    /// Sends this many bytes of the body and then nothing; the connection stays open.
    Stalls(usize),
    /// Sends one byte of the body at a time, with this long between them.
    Drips(Duration),
    /// Accepts the request and never says a word.
    Silent,
    /// These bytes, instead of any answer.
    Raw(Vec<u8>),
}

/// What is said to a request for one path.
#[derive(Clone, Debug, Default)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    manner: Manner,
    held: Option<Held>,
    /// 304 to a request that names this ETag.
    conditional: bool,
    /// The body is what the request says under this key of its query.
    repeats: Option<String>,
    /// Every answer is another version: NUMBER in the body and the ETag count the requests.
    counting: bool,
    /// Said only to requests with this Referer, 403 to others.
    referer: Option<String>,
}

/// Answers that wait until the test lets them go.
#[derive(Clone, Debug)]
pub struct Held {
    released: Arc<watch::Sender<bool>>,
    arrivals: Arc<watch::Sender<usize>>,
}

impl Held {
    fn new() -> Self {
        Self {
            released: Arc::new(watch::Sender::new(false)),
            arrivals: Arc::new(watch::Sender::new(0)),
        }
    }

    /// Waits until a request is there.
    pub async fn arrived(&self) {
        self.arrivals_reach(1).await;
    }

    /// Waits until this many requests are there.
    pub async fn arrivals_reach(&self, count: usize) {
        let mut arrivals = self.arrivals.subscribe();
        let _ = arrivals.wait_for(|arrived| *arrived >= count).await;
    }

    /// Lets all answers go, now and later.
    pub fn release(&self) {
        self.released.send_replace(true);
    }

    async fn pass(&self) {
        self.arrivals.send_modify(|arrived| *arrived += 1);
        let mut released = self.released.subscribe();
        let _ = released.wait_for(|released| *released).await;
    }
}

#[derive(Default)]
struct Script {
    answers: HashMap<String, Answer>,
    asked: Vec<Asked>,
    down: Option<u16>,
    quiet: bool,
}

struct Shared {
    script: Mutex<Script>,
    connections: AtomicUsize,
    /// Requests that are being answered, and the most that ever were at once.
    busy: AtomicUsize,
    busiest: AtomicUsize,
}

impl Shared {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().expect("script")
    }
}

/// A scripted origin. Stops when dropped.
pub struct Origin {
    scheme: &'static str,
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Vec<JoinHandle<()>>,
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.accepting.iter().for_each(JoinHandle::abort);
    }
}

impl Origin {
    /// An origin on 127.0.0.1, on a port of its own.
    pub async fn start() -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST.into()).await
    }

    /// An origin on a loopback address of the test's choice.
    pub async fn start_at(ip: IpAddr) -> Self {
        Self::listening(ip, |stream, shared| async move {
            // The other side may go away at any moment: that is what many tests are about.
            let _ = converse(stream, &shared).await;
        })
        .await
    }

    /// An origin that speaks https, for who trusts [`tls::roots`].
    pub async fn start_https() -> Self {
        Self::start().await.behind_tls(b"http/1.1").await
    }

    /// The same over HTTP/2. Of how an answer goes over the wire it knows but one manner: whole.
    pub async fn start_http2() -> Self {
        let plain = Self::listening(Ipv4Addr::LOCALHOST.into(), http2::converse).await;
        plain.behind_tls(b"h2").await
    }

    async fn behind_tls(mut self, protocol: &[u8]) -> Self {
        let (address, accepting) = tls::before(self.address, &[protocol]).await;
        (self.scheme, self.address) = ("https", address);
        self.accepting.push(accepting);
        self
    }

    async fn listening<F, D>(ip: IpAddr, converse: F) -> Self
    where
        F: Fn(TcpStream, Arc<Shared>) -> D + Send + 'static,
        D: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind((ip, 0)).await.expect("a loopback port");
        let address = listener.local_addr().expect("address");
        let shared = Arc::new(Shared {
            script: Mutex::default(),
            connections: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            busiest: AtomicUsize::new(0),
        });
        let ours = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                ours.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(converse(stream, Arc::clone(&ours)));
            }
        });
        Self {
            scheme: "http",
            address,
            shared,
            accepting: vec![accepting],
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address of `path`, by IP.
    pub fn url(&self, path: &str) -> Url {
        Url::parse(&format!("{}://{}{path}", self.scheme, self.address)).expect("url")
    }

    /// Its address of `path`, by a name (for a resolver that knows it).
    pub fn url_as(&self, name: &str, path: &str) -> Url {
        Url::parse(&format!("{}://{name}:{}{path}", self.scheme, self.address.port())).expect("url")
    }

    /// Begins the script of one path anew: 200, empty, until told otherwise.
    pub fn at(&self, path: &str) -> At<'_> {
        let answer = Answer {
            status: 200,
            ..Answer::default()
        };
        self.shared.script().answers.insert(path.to_owned(), answer);
        At {
            origin: self,
            path: path.to_owned(),
        }
    }

    /// From now on answers everything with `status`.
    pub fn fails_with(&self, status: u16) {
        self.shared.script().down = Some(status);
    }

    /// Whether nothing is new: 304 to who has something, and 500 to who has nothing.
    pub fn is_quiet(&self, quiet: bool) {
        self.shared.script().quiet = quiet;
    }

    /// Answers by its script again.
    #[allow(dead_code, reason = "the refresh tests use it")]
    pub fn recovers(&self) {
        self.shared.script().down = None;
    }

    /// All requests so far, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.script().asked.clone()
    }

    /// The last request for `path` (with its query, if any).
    pub fn last(&self, path: &str) -> Option<Asked> {
        self.asked().into_iter().rev().find(|asked| asked.target == path)
    }

    /// Requests for `path` so far.
    pub fn count(&self, path: &str) -> usize {
        self.shared
            .script()
            .asked
            .iter()
            .filter(|asked| asked.target == path)
            .count()
    }

    /// The most requests that were there at once.
    pub fn busiest(&self) -> usize {
        self.shared.busiest.load(Ordering::SeqCst)
    }

    /// Connections accepted so far: what the guard refuses makes none.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

/// One path of an origin being scripted; each sentence takes effect at once.
pub struct At<'o> {
    origin: &'o Origin,
    path: String,
}

impl At<'_> {
    fn edit(self, edit: impl FnOnce(&mut Answer)) -> Self {
        if let Some(answer) = self.origin.shared.script().answers.get_mut(&self.path) {
            edit(answer);
        }
        self
    }

    fn manner(self, manner: Manner) -> Self {
        self.edit(|answer| answer.manner = manner)
    }

    /// The body.
    pub fn gives(self, body: impl AsRef<[u8]>) -> Self {
        self.edit(|answer| answer.body = body.as_ref().to_vec())
    }

    /// The status.
    pub fn status(self, status: u16) -> Self {
        self.edit(|answer| answer.status = status)
    }

    /// One more header.
    pub fn with(self, name: &str, value: &str) -> Self {
        self.edit(|answer| answer.headers.push((name.to_owned(), value.to_owned())))
    }

    /// Sends readers elsewhere.
    pub fn redirects(self, status: u16, to: &str) -> Self {
        self.status(status).with("location", to)
    }

    /// Gives this ETag, and 304 to whoever already has it.
    pub fn conditional(self, etag: &str) -> Self {
        self.with("etag", etag).edit(|answer| answer.conditional = true)
    }

    /// 403 unless the request comes with this Referer.
    pub fn only_for_referer(self, referer: &str) -> Self {
        self.edit(|answer| answer.referer = Some(referer.to_owned()))
    }

    /// Gives another version each time: NUMBER in the body counts, and so does the ETag.
    pub fn counting(self) -> Self {
        self.edit(|answer| answer.counting = true)
    }

    /// Says what the request says under this key of its query.
    pub fn repeats(self, key: &str) -> Self {
        self.edit(|answer| answer.repeats = Some(key.to_owned()))
    }

    /// Sends the body in chunks of `size` bytes.
    pub fn chunked(self, size: usize) -> Self {
        self.manner(Manner::Chunked(size))
    }

    /// Sends no length: the end of the connection ends the body.
    pub fn until_close(self) -> Self {
        self.manner(Manner::UntilClose)
    }

    /// Claims `missing` bytes more than it sends.
    pub fn short_by(self, missing: usize) -> Self {
        self.manner(Manner::Short(missing))
    }

    /// Resets the connection after `sent` bytes of the body.
    pub fn resets_after(self, sent: usize) -> Self {
        self.manner(Manner::Reset(sent))
    }

    /// Repeats the body for ever.
    pub fn endlessly(self) -> Self {
        self.manner(Manner::Endless)
    }

    /// Stops after `sent` bytes of the body, and stays connected.
    pub fn stalls_after(self, sent: usize) -> Self {
        self.manner(Manner::Stalls(sent))
    }

    /// Sends a byte each `pause`.
    pub fn drips(self, pause: Duration) -> Self {
        self.manner(Manner::Drips(pause))
    }

    /// Accepts the request and says nothing.
    pub fn says_nothing(self) -> Self {
        self.manner(Manner::Silent)
    }

    /// Says these bytes instead of HTTP.
    pub fn says(self, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref().to_vec();
        self.manner(Manner::Raw(bytes))
    }

    /// Answers only when released.
    pub fn held(self) -> Held {
        let held = Held::new();
        let ours = held.clone();
        self.edit(|answer| answer.held = Some(ours));
        held
    }
}

/// Answers requests on one connection until either side ends it.
async fn converse(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    while let Some(asked) = read_request(&mut stream).await? {
        let head_only = asked.method == "HEAD";
        let answer = hear(asked, shared).await;
        let said = say(&mut stream, &answer, head_only).await;
        shared.busy.fetch_sub(1, Ordering::SeqCst);
        if !said? {
            break;
        }
    }
    Ok(())
}

/// Notes the request and gives its answer, as soon as it may be said. Whoever said it is busy no more.
async fn hear(asked: Asked, shared: &Shared) -> Answer {
    let answer = answer_to(&asked, shared);
    shared.script().asked.push(asked);
    let busy = shared.busy.fetch_add(1, Ordering::SeqCst) + 1;
    shared.busiest.fetch_max(busy, Ordering::SeqCst);
    if let Some(held) = &answer.held {
        held.pass().await;
    }
    answer
}

fn answer_to(asked: &Asked, shared: &Shared) -> Answer {
    let script = shared.script();
    let path = asked.target.split('?').next().unwrap_or_default();
    let scripted = script
        .answers
        .get(&asked.target)
        .or_else(|| script.answers.get(path));
    let status_only = |status| Answer {
        status,
        ..Answer::default()
    };
    let Some(scripted) = scripted else {
        return status_only(script.down.unwrap_or(NOT_SCRIPTED));
    };
    if let Some(status) = script.down {
        return status_only(status);
    }
    if script.quiet {
        return status_only(if asked.header("if-none-match").is_some() {
            304
        } else {
            500
        });
    }
    if scripted.referer.is_some() && scripted.referer.as_deref() != asked.header("referer") {
        return status_only(403);
    }
    let etag = scripted.headers.iter().find(|(name, _)| name == "etag");
    let has_it = etag.is_some_and(|(_, etag)| asked.header("if-none-match") == Some(etag));
    if scripted.conditional && has_it {
        return Answer {
            status: 304,
            body: Vec::new(),
            ..scripted.clone()
        };
    }
    let mut answer = scripted.clone();
    if scripted.counting {
        let before = script
            .asked
            .iter()
            .filter(|before| before.target == asked.target)
            .count();
        let number = (before + 1).to_string();
        let body = String::from_utf8_lossy(&answer.body).replace("NUMBER", &number);
        answer.body = body.into_bytes();
        answer.headers.push(("etag".to_owned(), format!("\"{number}\"")));
    }
    if let Some(key) = &scripted.repeats {
        let query = asked.target.split_once('?').unwrap_or_default().1;
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        let said = pairs.find(|(name, _)| name == key).unwrap_or_default().1;
        answer.body = said.into_owned().into_bytes();
    }
    answer
}

async fn read_request(stream: &mut TcpStream) -> std::io::Result<Option<Asked>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0_u8; 1];
        if stream.read(&mut byte).await? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head);
    let mut lines = head.split("\r\n").filter(|line| !line.is_empty());
    let mut first = lines.next().unwrap_or_default().split(' ');
    let mut next = || first.next().unwrap_or_default().to_owned();
    let mut asked = Asked {
        method: next(),
        target: next(),
        body: Vec::new(),
        headers: lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
    };
    let length = asked
        .header("content-length")
        .and_then(|length| length.parse().ok());
    asked.body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut asked.body).await?;
    Ok(Some(asked))
}

/// Says the answer. True when the connection can be used again.
async fn say(stream: &mut TcpStream, answer: &Answer, head_only: bool) -> std::io::Result<bool> {
    let body = answer.body.as_slice();
    let framing = match answer.manner {
        _ if answer.status == 304 => String::new(),
        Manner::Whole | Manner::Stalls(_) | Manner::Reset(_) | Manner::Drips(_) => {
            format!("content-length: {}\r\n", body.len())
        }
        Manner::Short(missing) => format!("content-length: {}\r\n", body.len() + missing),
        Manner::Chunked(_) | Manner::Endless => "transfer-encoding: chunked\r\n".to_owned(),
        Manner::UntilClose => "connection: close\r\n".to_owned(),
        Manner::Silent => return never(stream).await,
        Manner::Raw(ref bytes) => {
            stream.write_all(bytes).await?;
            return Ok(false);
        }
    };
    let mut head = format!("HTTP/1.1 {} Scripted\r\n{framing}", answer.status);
    for (name, value) in &answer.headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await?;
    if head_only {
        return Ok(true);
    }
    match answer.manner {
        Manner::Whole => stream.write_all(body).await?,
        Manner::UntilClose | Manner::Short(_) => {
            stream.write_all(body).await?;
            return Ok(false);
        }
        Manner::Chunked(size) => {
            for piece in body.chunks(size.max(1)) {
                chunk(stream, piece).await?;
            }
            stream.write_all(b"0\r\n\r\n").await?;
        }
        Manner::Endless => loop {
            chunk(stream, body).await?;
        },
        Manner::Reset(sent) => {
            stream.write_all(body.get(..sent).unwrap_or(body)).await?;
            stream.set_zero_linger()?;
            return Ok(false);
        }
        Manner::Stalls(sent) => {
            stream.write_all(body.get(..sent).unwrap_or(body)).await?;
            return never(stream).await;
        }
        Manner::Drips(pause) => {
            for byte in body {
                stream.write_all(&[*byte]).await?;
                tokio::time::sleep(pause).await;
            }
        }
        Manner::Silent | Manner::Raw(_) => {}
    }
    Ok(true)
}

async fn chunk(stream: &mut TcpStream, piece: &[u8]) -> std::io::Result<()> {
    stream
        .write_all(format!("{:x}\r\n", piece.len()).as_bytes())
        .await?;
    stream.write_all(piece).await?;
    stream.write_all(b"\r\n").await
}

/// Waits until the other side gives up.
async fn never(stream: &mut TcpStream) -> std::io::Result<bool> {
    let mut rest = [0_u8; 64];
    while stream.read(&mut rest).await? > 0 {}
    Ok(false)
}
