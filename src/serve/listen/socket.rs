//! Sockets to listen on: TCP, unix, or handed over by systemd.

use std::fmt::{self, Display};
use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream};

use crate::serve::Listen;

/// Who may connect to a unix socket: its owner and its group, as a proxy before us is.
const SOCKET_MODE: u32 = 0o660;

/// Bytes the system holds for a reader who does not take them: else thousands of slow readers take gigabytes,
/// and nobody sees how slow they are. Accepted connections inherit it.
const SEND_BUFFER: u32 = 128 << 10;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// What a socket of systemd's for the owner's door is called (`FileDescriptorName=`).
const OWNERS: [&str; 2] = ["owner", "admin"];

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody else listens there.
    #[error(
        "cannot listen on {0}: another program already does; stop it, or listen elsewhere (server.listen, admin.listen)"
    )]
    InUse(String),
    /// The system does not allow it.
    #[error("cannot listen on {0}: permission denied (ports below 1024 need a privilege)")]
    Denied(String),
    /// The address is none of this machine's.
    #[error("cannot listen on {0}: this machine has no such address")]
    NotOurs(String),
    /// A file that is no socket is in the way.
    #[error("cannot listen on {0}: there is a file that is not a socket")]
    Occupied(String),
    /// systemd handed over nothing.
    #[error(
        "cannot listen on systemd's sockets: none was handed over for this door (FileDescriptorName=readers, or owner)"
    )]
    NoSystemd,
    /// Anything else.
    #[error("cannot listen on {address}: {source}")]
    Other {
        address: String,
        #[source]
        source: io::Error,
    },
}

impl Error {
    fn new(address: String, source: io::Error) -> Self {
        match source.kind() {
            ErrorKind::AddrInUse => Self::InUse(address),
            ErrorKind::PermissionDenied => Self::Denied(address),
            ErrorKind::AddrNotAvailable => Self::NotOurs(address),
            _ => Self::Other { address, source },
        }
    }
}

/// A socket that listens.
#[derive(Debug)]
pub enum Socket {
    Tcp(TcpListener),
    /// The path is ours to remove, if we made it.
    Unix(UnixListener, Option<PathBuf>),
}

/// A connection.
#[derive(Debug)]
pub enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// Binds all of `listen`; `handed` are the sockets that systemd has for this door.
///
/// # Errors
/// See [`Error`].
pub(super) async fn bind(listen: &[Listen], mut handed: Vec<Socket>) -> Result<Vec<Socket>, Error> {
    let mut sockets = Vec::new();
    for address in listen {
        match address {
            Listen::Tcp(address) => {
                let bound = bind_tcp(*address);
                sockets.push(Socket::Tcp(
                    bound.map_err(|e| Error::new(address.to_string(), e))?,
                ));
            }
            Listen::Unix(path) => sockets.push(bind_unix(path).await?),
            Listen::Systemd if handed.is_empty() => return Err(Error::NoSystemd),
            Listen::Systemd => sockets.append(&mut handed),
        }
    }
    Ok(sockets)
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A restart must not wait for connections of the last run to be forgotten.
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn bind_unix(path: &Path) -> Result<Socket, Error> {
    let address = format!("unix:{}", path.display());
    if let Ok(there) = fs::symlink_metadata(path) {
        if !there.file_type().is_socket() {
            return Err(Error::Occupied(address));
        }
        // Nobody answers: left behind by a process that was killed.
        if UnixStream::connect(path).await.is_ok() {
            return Err(Error::InUse(address));
        }
        fs::remove_file(path).map_err(|e| Error::new(address.clone(), e))?;
    }
    let listener = UnixListener::bind(path).map_err(|e| Error::new(address.clone(), e))?;
    fs::set_permissions(path, Permissions::from_mode(SOCKET_MODE)).map_err(|e| Error::new(address, e))?;
    Ok(Socket::Unix(listener, Some(path.to_owned())))
}

/// The sockets of `LISTEN_FDS` (`sd_listen_fds(3)`), TCP or unix: for readers, and for the owner.
/// `names` (`LISTEN_FDNAMES`) tell them apart; when only one door takes sockets, it takes all.
pub(super) fn from_systemd(
    readers: &[Listen],
    owner: &[Listen],
    names: &[String],
) -> Result<(Vec<Socket>, Vec<Socket>), Error> {
    let other = |source| Error::Other {
        address: "systemd".to_owned(),
        source,
    };
    let takes = |door: &[Listen]| door.contains(&Listen::Systemd);
    let mut doors = (Vec::new(), Vec::new());
    if !takes(readers) && !takes(owner) {
        return Ok(doors);
    }
    let mut handed = listenfd::ListenFd::from_env();
    for index in 0..handed.len() {
        let socket = if let Ok(Some(listener)) = handed.take_tcp_listener(index) {
            listener.set_nonblocking(true).map_err(other)?;
            Socket::Tcp(TcpListener::from_std(listener).map_err(other)?)
        } else if let Ok(Some(listener)) = handed.take_unix_listener(index) {
            listener.set_nonblocking(true).map_err(other)?;
            Socket::Unix(UnixListener::from_std(listener).map_err(other)?, None)
        } else {
            continue;
        };
        let is_owners = names
            .get(index)
            .is_some_and(|name| OWNERS.contains(&name.as_str()));
        if takes(owner) && (is_owners || !takes(readers)) {
            doors.1.push(socket);
        } else {
            doors.0.push(socket);
        }
    }
    Ok(doors)
}

impl Socket {
    /// The next connection.
    pub(super) async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Small answers must not wait for the reader's acknowledgement; failing to say so costs only time.
                let _ = stream.set_nodelay(true);
                Ok(Stream::Tcp(stream))
            }
            Self::Unix(listener, _) => listener.accept().await.map(|(stream, _)| Stream::Unix(stream)),
        }
    }
}

impl Stream {
    /// The other end; a unix socket has no address, and is only reached from this machine.
    pub(super) fn peer(&self) -> Option<IpAddr> {
        match self {
            Self::Tcp(stream) => stream.peer_addr().ok().map(|peer| peer.ip().to_canonical()),
            Self::Unix(_) => None,
        }
    }
}

impl Display for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(listener) => match listener.local_addr() {
                Ok(address) => write!(f, "http://{address}"),
                Err(_) => f.write_str("tcp"),
            },
            Self::Unix(_, Some(path)) => write!(f, "unix:{}", path.display()),
            Self::Unix(_, None) => f.write_str("unix socket of systemd"),
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Self::Unix(_, Some(path)) = self {
            let _gone_already = fs::remove_file(path);
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
