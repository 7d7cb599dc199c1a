//! Starts servers on the same bytes, and reads what they use.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::support;

/// A server that is running; it ends with this value.
pub(super) struct Server {
    pub(super) name: &'static str,
    child: Child,
    port: u16,
    /// Where a feed is, by its name.
    path: &'static str,
    /// Where the picture is.
    picture: String,
    /// The validator it gave the larger feed.
    pub(super) etag: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // nginx's worker ends with its master.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

impl Server {
    /// The address of a feed, or of the `picture`.
    pub(super) fn address(&self, what: &str) -> String {
        let path = match what {
            "picture" => self.picture.clone(),
            feed => self.path.replace("NAME", feed),
        };
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(super) fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).expect("connected")
    }

    /// The head and the body of an answer.
    pub(super) fn get(&self, what: &str, coding: &str) -> (String, Vec<u8>) {
        let address = self.address(what);
        let path = address.splitn(4, '/').nth(3).unwrap_or_default();
        let mut stream = self.connect();
        write!(
            stream,
            "GET /{path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: {coding}\r\nConnection: close\r\n\r\n"
        )
        .expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        let end = answer
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .expect("a head");
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        assert!(head.starts_with("HTTP/1.1 200"), "{} {what}: {head}", self.name);
        (head, answer[end + 4..].to_vec())
    }

    /// The process and its children.
    fn processes(&self) -> Vec<u32> {
        let own = self.child.id();
        let children =
            std::fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
        std::iter::once(own)
            .chain(children.split_whitespace().filter_map(|id| id.parse().ok()))
            .collect()
    }

    /// CPU microseconds of all threads so far.
    pub(super) fn cpu(&self) -> f64 {
        let mut nanoseconds = 0.0;
        for process in self.processes() {
            let Ok(tasks) = std::fs::read_dir(format!("/proc/{process}/task")) else {
                continue;
            };
            for task in tasks.flatten() {
                let stat = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
                nanoseconds += stat
                    .split(' ')
                    .next()
                    .and_then(|run| run.parse::<f64>().ok())
                    .unwrap_or(0.0);
            }
        }
        nanoseconds / 1000.0
    }

    /// Bytes resident, of all processes.
    pub(super) fn resident(&self) -> f64 {
        let of = |process: u32| {
            let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
            line.trim().split(' ').next()?.parse::<f64>().ok()
        };
        self.processes().into_iter().filter_map(of).sum::<f64>() * 1024.0
    }
}

/// How Limpid is set up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Setup {
    /// How many feeds.
    pub(super) feeds: usize,
    /// All feeds are small and come from one file.
    pub(super) same: bool,
    /// What is kept is on disk, too.
    pub(super) disk: bool,
    /// Kibibytes for feeds in memory; 0: the default.
    pub(super) memory_kib: usize,
}

/// The name of a feed.
pub(super) fn numbered(n: usize) -> String {
    format!("feed-{n}")
}

/// nginx, Limpid, bare hyper, on the bytes that Limpid made.
pub(super) fn start(folder: &Path) -> Vec<Server> {
    std::fs::write(folder.join("picture.png"), picture()).expect("written");
    let mut nginx = nginx(folder);
    "/picture.png".clone_into(&mut nginx.picture);
    let origin = nginx.address("picture");
    let mut limpid = compared(folder, &origin);
    for feed in ["news", "brief"] {
        for (coding, name) in [("identity", "xml"), ("gzip", "xml.gz")] {
            let (_, body) = limpid.get(feed, coding);
            std::fs::write(folder.join(format!("{feed}.{name}")), body).expect("written");
        }
    }
    let (_, shown) = limpid.get("shown", "identity");
    let shown = String::from_utf8_lossy(&shown);
    let path = shown
        .find("/i/")
        .map(|at| &shown[at..])
        .expect("an address of a picture");
    path.split(['"', '&', '<'])
        .next()
        .unwrap_or_default()
        .clone_into(&mut limpid.picture);
    let mut servers = vec![nginx, limpid, bare(folder)];
    for server in &mut servers {
        let (head, body) = server.get("news", "gzip");
        let (_, seen) = server.get("picture", "identity");
        println!(
            "{:<7} answers with {} bytes of gzip, {} of the picture",
            server.name,
            body.len(),
            seen.len()
        );
        let etag = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("etag").then(|| value.trim().to_owned())
        });
        server.etag = etag.unwrap_or_else(|| "\"bare\"".to_owned());
    }
    servers
}

/// Limpid with the feeds that are compared: `news`, `brief`, and `shown`, which shows the picture at `picture`.
fn compared(folder: &Path, picture: &str) -> Server {
    let mut feeds = Vec::new();
    for (name, contents) in [
        ("news", support::articles(20, 1)),
        ("brief", support::articles(2, 1)),
        ("shown", vec![format!("<p><img src=\"{picture}\" alt=\"a\"></p>")]),
    ] {
        let source = folder.join(format!("{name}-source.xml"));
        std::fs::write(&source, support::rss(&contents, 1)).expect("written");
        feeds.push((name.to_owned(), source));
    }
    configured(folder, &feeds, &Setup::default());
    again(folder)
}

/// Limpid with numbered feeds.
pub(super) fn limpid(folder: &Path, setup: &Setup) -> Server {
    let mut feeds = Vec::new();
    for n in 0..setup.feeds {
        let source = folder.join(format!("source-{}.xml", if setup.same { 0 } else { n }));
        if !source.exists() {
            let entries = if setup.same { 2 } else { 20 };
            let seed = 1 + 20 * n as u64;
            let feed = support::rss(&support::articles(entries, seed), seed);
            std::fs::write(&source, feed).expect("written");
        }
        feeds.push((numbered(n), source));
    }
    configured(folder, &feeds, setup);
    again(folder)
}

/// Writes the settings.
fn configured(folder: &Path, feeds: &[(String, PathBuf)], setup: &Setup) {
    let kind = if setup.disk { "disk" } else { "memory" };
    let memory = match setup.memory_kib {
        0 => String::new(),
        kib => format!("memory = \"{kib}KiB\"\n"),
    };
    let mut settings = format!(
        "[store]\nkind = \"{kind}\"\npath = \"{}\"\n{memory}[images]\nprefetch = false\nallow_private = [\"127.0.0.1/32\"]\n[refresh]\nmin = \"12h\"\nbackground = false\n",
        folder.join("data").display(),
    );
    for (name, source) in feeds {
        let _ = writeln!(settings, "[feeds.{name}]\nurl = \"file:{}\"", source.display());
    }
    std::fs::write(folder.join("limpid.toml"), settings).expect("written");
}

/// Limpid with the settings and the store that are there.
pub(super) fn again(folder: &Path) -> Server {
    let (port, owner) = (free_port(), free_port());
    let mut command = Command::new(env!("CARGO_BIN_EXE_limpid"));
    command
        .args(["serve", "--config"])
        .arg(folder.join("limpid.toml"))
        .args(["--set", &format!("server.listen=127.0.0.1:{port}")])
        .args(["--set", &format!("admin.listen=127.0.0.1:{owner}")])
        .env("LIMPID_LOG_LEVEL", "error")
        .envs(heap());
    started("limpid", command, port, "/feeds/NAME")
}

/// How the heap is told to be, in the systemd unit as in the container files.
fn heap() -> Vec<(&'static str, &'static str)> {
    let unit = include_str!("../../deploy/systemd/limpid.service");
    let said = unit.lines().filter_map(|line| line.strip_prefix("Environment="));
    let pairs = said
        .flat_map(str::split_whitespace)
        .filter_map(|pair| pair.split_once('='));
    pairs.filter(|(name, _)| name.starts_with("MALLOC_")).collect()
}

fn nginx(folder: &Path) -> Server {
    let port = free_port();
    let root = folder.display();
    let settings = format!(
        "daemon off; worker_processes 1; pid {root}/nginx.pid; error_log {root}/nginx.log crit;\nevents {{ worker_connections 4096; }}\nhttp {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; gzip_static on; gzip_vary on; types {{ application/rss+xml xml; image/png png; }} open_file_cache max=100; etag on;\nserver {{ listen 127.0.0.1:{port}; root {root}; if_modified_since before; }} }}\n"
    );
    let file = folder.join("nginx.conf");
    std::fs::write(&file, settings).expect("written");
    let mut command = Command::new("nginx");
    command.arg("-p").arg(folder).arg("-c").arg(&file);
    started("nginx", command, port, "/NAME.xml")
}

/// Bare hyper on one body: `news` in gzip.
pub(super) fn bare_alone(folder: &Path) -> Server {
    for name in [
        "news.xml",
        "news.xml.gz",
        "brief.xml",
        "brief.xml.gz",
        "picture.png",
    ] {
        let file = folder.join(name);
        if !file.exists() {
            std::fs::write(file, b"nothing").expect("written");
        }
    }
    bare(folder)
}

fn bare(folder: &Path) -> Server {
    let port = free_port();
    std::fs::write(folder.join("bare.address"), format!("127.0.0.1:{port}")).expect("written");
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.arg("bare").arg(folder);
    let mut server = started("hyper", command, port, "/NAME.xml");
    "/picture.png".clone_into(&mut server.picture);
    server
}

#[expect(
    clippy::zombie_processes,
    reason = "a server that does not answer ends the measurement"
)]
fn started(name: &'static str, mut command: Command, port: u16, path: &'static str) -> Server {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().unwrap_or_else(|error| panic!("{name}: {error}"));
    for _ in 0..50_000 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Server {
                name,
                child,
                port,
                path,
                picture: String::new(),
                etag: String::new(),
            };
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    panic!("{name} does not answer");
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A picture of 100 KB that cannot be compressed: a PNG of noise.
fn picture() -> Vec<u8> {
    const SIDE: u32 = 184;
    let mut numbers = support::Numbers::new(5);
    let row = |numbers: &mut support::Numbers| {
        let noise = (0..SIDE * 3).map(|_| u8::try_from(numbers.below(256)).unwrap_or(0));
        std::iter::once(0).chain(noise).collect::<Vec<u8>>()
    };
    let pixels: Vec<u8> = (0..SIDE).flat_map(|_| row(&mut numbers)).collect();
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&pixels).expect("compressed");
    let head = [&SIDE.to_be_bytes()[..], &SIDE.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in [
        (b"IHDR", head),
        (b"IDAT", packed.finish().expect("compressed")),
        (b"IEND", Vec::new()),
    ] {
        let named = [&name[..], &data].concat();
        let mut sum = flate2::Crc::new();
        sum.update(&named);
        png.extend(u32::try_from(data.len()).unwrap_or(0).to_be_bytes());
        png.extend(named);
        png.extend(sum.sum().to_be_bytes());
    }
    png
}
