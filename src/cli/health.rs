//! `limpid health`: whether the running server is ready. For containers that hold nothing but us.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::failure::Failure;
use super::{Context, output};
use crate::serve::Listen;

/// For connecting, and for each read.
const PATIENCE: Duration = Duration::from_secs(3);

/// Ask the running server whether it is ready; exit code 0 if so
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  limpid health || echo 'not ready'")]
pub(super) struct Health {}

impl Health {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let Self {} = self;
        let settings = context.settings()?;
        let doors = &settings.choices.serve;
        let failed = |why: String| Err(Failure::Failed(why));
        let answer = doors
            .listen
            .iter()
            .chain(&doors.admin)
            .find_map(|listen| match listen {
                Listen::Tcp(address) => Some(ask_tcp(*address)),
                Listen::Unix(path) => Some(ask_unix(path)),
                // systemd knows where that is, we do not.
                Listen::Systemd => None,
            });
        match answer {
            Some(Ok(status)) if status.contains(" 200") => {
                if context.json() {
                    return output::json(&json!({ "ready": true }));
                }
                output::line("ready")
            }
            Some(Ok(_)) => failed("the server is there but not ready".to_owned()),
            Some(Err(error)) => failed(format!(
                "the server cannot be reached: {}",
                match error.kind() {
                    io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => {
                        "nobody listens there; start it with limpid serve".to_owned()
                    }
                    _ => error.to_string(),
                }
            )),
            None => failed("all listen addresses come from systemd: ask `systemctl is-active`".to_owned()),
        }
    }
}

fn ask_tcp(address: SocketAddr) -> io::Result<String> {
    let stream = TcpStream::connect_timeout(&reachable(address), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    ask(stream)
}

fn ask_unix(path: &Path) -> io::Result<String> {
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    ask(stream)
}

/// The status line of the answer.
fn ask(mut stream: impl Read + Write) -> io::Result<String> {
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut head = Vec::new();
    stream.take(1024).read_to_end(&mut head)?;
    let text = String::from_utf8_lossy(&head);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// An address that listens on all interfaces is asked on the loopback one.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}
