//! Behind real proxies, with the very files of `deploy/`, and on sockets that somebody else opened.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::front::{APACHE, Behind, CADDY, Front, HAPROXY, Kind, NGINX, free_port};
use crate::support::program::{Home, Running};

/// A server behind one proxy, and what readers call it.
struct Deployment {
    home: Home,
    _server: Running,
    owner: String,
    port: u16,
    path: &'static str,
    _front: Front,
}

/// Starts both; `trusted` is the value of `server.trusted_proxies`.
fn behind(kind: &Kind, case: &str, by_socket: bool, trusted: &str) -> Deployment {
    let port = free_port();
    let path = if case == "root" { "" } else { "/limpid" };
    let home = Home::with_settings(&format!(
        "[server]\npublic_url = \"http://127.0.0.1:{port}{path}\"\ntrusted_proxies = {trusted}\n[feeds.demo]\nurl = \"demo:\"\n[feeds.read-by-two]\nurl = \"demo:\"\n"
    ));
    let socket = home.path("limpid.sock");
    let listen = format!("server.listen=[\"127.0.0.1:0\", \"unix:{}\"]", socket.display());
    let mut server = Running::start(&home, &["--set", &listen]);
    let readers = server.said("readers");
    let owner = server.said("owner");
    let address = readers.trim_start_matches("http://");
    let address = if by_socket {
        Behind::Unix(&socket)
    } else {
        Behind::Tcp(address)
    };
    let front = Front::of(kind, case, port, address, &home);
    Deployment {
        home,
        _server: server,
        owner,
        port,
        path,
        _front: front,
    }
}

impl Deployment {
    /// All that doctor looks at is good, as this reader asks.
    fn is_good_for(&self, reader: &str, about: &str) {
        let mut ran = self.home.run(&["doctor", "--as", reader]);
        // It listens a moment before it answers.
        for _ in 0..20 {
            if ran.code == 0 || !ran.out.contains("-- reachable") {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
            ran = self.home.run(&["doctor", "--as", reader]);
        }
        assert_eq!(ran.code, 0, "{about}\n{ran:?}");
        for line in ["304", "picture", "compression"] {
            assert!(ran.out.contains(&format!("ok  {line}")), "{about}\n{}", ran.out);
        }
        assert!(
            !ran.out.contains("none needed") && !ran.out.contains("shows none"),
            "{}",
            ran.out
        );
    }
}

/// A reader at an address of its own on this machine, whose proxy (or who itself) says something about it.
async fn reads(behind: &Deployment, from: [u8; 4], says: &str) {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket
        .bind(SocketAddr::from((from, 0)))
        .expect("an address of loopback");
    let mut stream = socket
        .connect(SocketAddr::from((Ipv4Addr::LOCALHOST, behind.port)))
        .await
        .expect("a connection");
    let asked = format!(
        "GET {}/feeds/read-by-two HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nUser-Agent: reader\r\n{says}Connection: close\r\n\r\n",
        behind.path, behind.port
    );
    stream.write_all(asked.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    assert!(
        answer.starts_with(b"HTTP/1.1 200"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
}

/// How many readers were counted, of two of whom one says to be many.
async fn counted(behind: &Deployment) -> String {
    reads(behind, [127, 0, 0, 2], "").await;
    reads(behind, [127, 0, 0, 2], "X-Forwarded-For: 198.51.100.6\r\n").await;
    reads(behind, [127, 0, 0, 3], "").await;
    let metrics = Running::get(&format!("{}/metrics", behind.owner)).1;
    let metrics = String::from_utf8(metrics).expect("UTF-8");
    let mark = "limpid_feed_subscribers{feed=\"read-by-two\"} ";
    let line = metrics.lines().find_map(|line| line.strip_prefix(mark));
    line.unwrap_or_else(|| panic!("{metrics}")).to_owned()
}

/// At the root and below a path, prefix kept and taken off, over TCP and a unix socket.
async fn serves_readers(kind: &Kind) {
    for case in ["root", "subpath", "stripped"] {
        for by_socket in [false, true] {
            let about = format!("{} {case} by_socket={by_socket}", kind.name);
            let behind = behind(kind, case, by_socket, "[\"127.0.0.1/32\"]");
            behind.is_good_for(if by_socket { "newsboat" } else { "miniflux" }, &about);
            if case == "root" {
                assert_eq!(counted(&behind).await, "2", "{about}");
            }
        }
    }
    let distrusted = behind(kind, "root", false, "[]");
    distrusted.is_good_for("freshrss", kind.name);
    assert_eq!(
        counted(&distrusted).await,
        "1",
        "{}: nobody's word is believed",
        kind.name
    );
}

#[tokio::test]
async fn nginx_is_in_front_in_every_manner() {
    serves_readers(&NGINX).await;
}

#[tokio::test]
async fn caddy_is_in_front_in_every_manner() {
    serves_readers(&CADDY).await;
}

#[tokio::test]
async fn apache_is_in_front_in_every_manner() {
    serves_readers(&APACHE).await;
}

#[tokio::test]
async fn haproxy_is_in_front_in_every_manner() {
    serves_readers(&HAPROXY).await;
}

/// As systemd does it: `systemd-socket-activate` opens the sockets, names them, and starts us at the first reader.
#[test]
fn both_doors_come_from_systemd_by_their_names() {
    let tool = "/usr/bin/systemd-socket-activate";
    assert!(
        Path::new(tool).exists(),
        "{tool} is missing: ./tests/run installs it"
    );
    let (readers, owner) = (free_port(), free_port());
    let home = Home::with_settings(
        "[server]\nlisten = [\"systemd\"]\n[admin]\nlisten = [\"systemd\"]\n[feeds.demo]\nurl = \"demo:\"\n",
    );
    let mut activate = Command::new(tool);
    activate
        .args([
            "-l",
            &format!("127.0.0.1:{owner}"),
            "-l",
            &format!("127.0.0.1:{readers}"),
        ])
        .args(["--fdname=owner:readers", env!("CARGO_BIN_EXE_limpid"), "serve"])
        .args(["--config", &home.path("limpid.toml").display().to_string()]);
    let _activated = Front::start(&mut activate, readers);
    let feed = Running::get(&format!("http://127.0.0.1:{readers}/feeds/demo")).0;
    assert!(feed.starts_with("HTTP/1.1 200"), "{feed}");
    let metrics = |port: u16| Running::get(&format!("http://127.0.0.1:{port}/metrics")).0;
    assert!(metrics(owner).starts_with("HTTP/1.1 200"));
    assert!(metrics(readers).starts_with("HTTP/1.1 404"));
}
