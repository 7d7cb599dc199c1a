//! Origins whose certificate is their own word: `self-signed.crt` and `.key` stand beside this file,
//! are trusted by who is given [`roots`] and by nobody else, and protect nothing.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use limpid::fetch::connect::Roots;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig, ServerConnection, Stream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

fn certificate() -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(include_bytes!("self-signed.crt")).expect("certificate")
}

/// For who is to trust these origins, as one trusts a CA of one's own.
pub fn roots() -> Roots {
    let mut roots = RootCertStore::empty();
    roots.add(certificate()).expect("a root");
    Roots::Custom(Arc::new(roots))
}

/// What such a server shows and speaks.
pub fn config(protocols: &[&[u8]]) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("self-signed.key")).expect("key");
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate()], key)
        .expect("a certificate that fits its key");
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Arc::new(config)
}

/// Takes TLS off for what listens at `behind`; returns where it listens itself.
pub async fn before(behind: SocketAddr, protocols: &[&[u8]]) -> (SocketAddr, JoinHandle<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a loopback port");
    let address = listener.local_addr().expect("address");
    let config = config(protocols);
    let accepting = tokio::spawn(async move {
        while let Ok((outside, _)) = listener.accept().await {
            let tls = ServerConnection::new(Arc::clone(&config)).expect("connection");
            // Either side may go away at any moment.
            tokio::spawn(async move { carry(outside, tls, behind).await.ok() });
        }
    });
    (address, accepting)
}

/// Carries bytes both ways until one side ends. Who does not trust the certificate never gets behind.
#[expect(clippy::disallowed_methods, reason = "one part of an origin dials the other")]
async fn carry(mut outside: TcpStream, mut tls: ServerConnection, behind: SocketAddr) -> io::Result<()> {
    let mut inside: Option<TcpStream> = None;
    let (mut heard, mut said) = (vec![0; 16 << 10], vec![0; 16 << 10]);
    loop {
        while tls.wants_write() {
            let mut sealed = Vec::new();
            tls.write_tls(&mut sealed)?;
            outside.write_all(&sealed).await?;
        }
        let answer = async {
            match &mut inside {
                Some(inside) => inside.read(&mut said).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            read = outside.read(&mut heard) => {
                let mut sealed = &heard[..read?];
                if sealed.is_empty() {
                    return Ok(());
                }
                while !sealed.is_empty() {
                    tls.read_tls(&mut sealed)?;
                    let news = tls.process_new_packets().map_err(io::Error::other)?;
                    let mut open = vec![0; news.plaintext_bytes_to_read()];
                    tls.reader().read_exact(&mut open)?;
                    if inside.is_none() && !tls.is_handshaking() {
                        inside = Some(TcpStream::connect(behind).await?);
                    }
                    if let Some(inside) = &mut inside {
                        inside.write_all(&open).await?;
                    }
                }
            }
            read = answer => match read? {
                0 => {
                    tls.send_close_notify();
                    inside = None;
                }
                read => tls.writer().write_all(&said[..read])?,
            },
        }
    }
}

/// Answers the first connection over TLS, if its certificate is accepted; returns where it listens.
pub fn self_signed() -> SocketAddr {
    let config = config(&[]);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    let address = listener.local_addr().expect("address");
    std::thread::spawn(move || {
        let (mut tcp, _) = listener.accept().expect("connection");
        let mut tls = ServerConnection::new(config).expect("connection");
        // Whoever does not trust us goes away here: that is what the test wants to see.
        let _ = Stream::new(&mut tls, &mut tcp).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    });
    address
}
