//! An origin whose certificate is its own word: `self-signed.crt` and `.key` stand beside this file,
//! are trusted by nobody and protect nothing.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

/// Answers the first connection over TLS, if its certificate is accepted; returns where it listens.
pub fn self_signed() -> SocketAddr {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("self-signed.crt")).expect("certificate");
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("self-signed.key")).expect("key");
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a certificate that fits its key");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    let address = listener.local_addr().expect("address");
    std::thread::spawn(move || {
        let (mut tcp, _) = listener.accept().expect("connection");
        let mut tls = ServerConnection::new(Arc::new(config)).expect("connection");
        // Whoever does not trust us goes away here: that is what the test wants to see.
        let _ = Stream::new(&mut tls, &mut tcp).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    });
    address
}
