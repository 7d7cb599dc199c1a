//! Starts the three servers on the same bytes, and reads what they use.

#[path = "../support/mod.rs"]
mod support;

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A server that is running; it ends with this value.
pub(super) struct Server {
    pub(super) name: &'static str,
    child: Child,
    port: u16,
    path: &'static str,
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
    pub(super) fn address(&self, feed: &str) -> String {
        format!(
            "http://127.0.0.1:{}{}",
            self.port,
            self.path.replace("NAME", feed)
        )
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

    /// Kilobytes resident, of all processes.
    pub(super) fn resident(&self) -> u64 {
        let of = |process: u32| {
            let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
            line.trim().split(' ').next()?.parse::<u64>().ok()
        };
        self.processes().into_iter().filter_map(of).sum()
    }
}

/// nginx, Limpid, bare hyper.
pub(super) fn start(folder: &Path) -> Vec<Server> {
    let limpid = limpid(folder);
    for feed in ["news", "brief"] {
        let (_, plain) = get(&limpid.address(feed), limpid.port, "identity");
        let (_, gzip) = get(&limpid.address(feed), limpid.port, "gzip");
        std::fs::write(folder.join(format!("{feed}.xml")), plain).expect("written");
        std::fs::write(folder.join(format!("{feed}.xml.gz")), gzip).expect("written");
    }
    let mut servers = vec![nginx(folder), limpid, bare(folder)];
    for server in &mut servers {
        let (head, body) = get(&server.address("news"), server.port, "gzip");
        assert!(head.starts_with("HTTP/1.1 200"), "{}: {head}", server.name);
        println!("{:<10} answers with {} bytes of gzip", server.name, body.len());
        let etag = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("etag").then(|| value.trim().to_owned())
        });
        server.etag = etag.unwrap_or_else(|| "\"bare\"".to_owned());
    }
    servers
}

fn limpid(folder: &Path) -> Server {
    for (name, entries) in [("news", 20), ("brief", 2)] {
        let feed = support::rss(&support::articles(entries, 1), 1);
        std::fs::write(folder.join(format!("{name}-source.xml")), feed).expect("written");
    }
    let port = free_port();
    let mut settings = format!(
        "[server]\nlisten = [\"127.0.0.1:{port}\"]\n[admin]\nlisten = [\"127.0.0.1:{}\"]\n[store]\nkind = \"memory\"\n[images]\nprefetch = false\n[refresh]\nmin = \"12h\"\n",
        free_port()
    );
    for name in ["news", "brief"] {
        let _ = writeln!(
            settings,
            "[feeds.{name}]\nurl = \"file:{}\"",
            folder.join(format!("{name}-source.xml")).display()
        );
    }
    let file = folder.join("limpid.toml");
    std::fs::write(&file, settings).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_limpid"));
    command
        .args(["serve", "--config"])
        .arg(&file)
        .env("LIMPID_LOG_LEVEL", "error");
    started("limpid", command, port, "/feeds/NAME")
}

fn nginx(folder: &Path) -> Server {
    let port = free_port();
    let root = folder.display();
    let settings = format!(
        "daemon off; worker_processes 1; pid {root}/nginx.pid; error_log {root}/nginx.log crit;\nevents {{ worker_connections 4096; }}\nhttp {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; gzip_static on; gzip_vary on; types {{ application/rss+xml xml; }} open_file_cache max=100; etag on;\nserver {{ listen 127.0.0.1:{port}; root {root}; if_modified_since before; }} }}\n"
    );
    let file = folder.join("nginx.conf");
    std::fs::write(&file, settings).expect("written");
    let mut command = Command::new("nginx");
    command.arg("-p").arg(folder).arg("-c").arg(&file);
    started("nginx", command, port, "/NAME.xml")
}

fn bare(folder: &Path) -> Server {
    let port = free_port();
    std::fs::write(folder.join("bare.address"), format!("127.0.0.1:{port}")).expect("written");
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.arg("bare").arg(folder);
    started("hyper", command, port, "/NAME.xml")
}

#[expect(
    clippy::zombie_processes,
    reason = "a server that does not answer ends the measurement"
)]
fn started(name: &'static str, mut command: Command, port: u16, path: &'static str) -> Server {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().unwrap_or_else(|error| panic!("{name}: {error}"));
    for _ in 0..200 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Server {
                name,
                child,
                port,
                path,
                etag: String::new(),
            };
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{name} does not answer");
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// The head and the body of an answer.
fn get(address: &str, port: u16, coding: &str) -> (String, Vec<u8>) {
    let path = address.splitn(4, '/').nth(3).unwrap_or_default();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connected");
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept-Encoding: {coding}\r\nConnection: close\r\n\r\n").expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .expect("a head");
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    (head, answer[end + 4..].to_vec())
}
