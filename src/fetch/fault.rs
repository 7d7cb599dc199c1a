//! What went wrong, in our words: hyper's, the connector's and TLS's errors become [`Error`].

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use rustls::CertificateError;

/// Why an origin gave nothing usable. The texts are for people and hold no word of the origin's.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The guard refuses the address; never dialled.
    #[error("the address {0} may not be fetched: it is not public")]
    Refused(String),
    /// Not an http(s) address, or one with a user name, or a port that is not allowed.
    #[error("the address cannot be fetched: {0}")]
    Address(&'static str),
    /// The name does not resolve.
    #[error("the origin's name {0} could not be resolved")]
    Resolve(String),
    /// TCP failed.
    #[error("no connection to the origin")]
    Connect(#[source] Arc<std::io::Error>),
    /// TLS failed: says what is wrong with the certificate.
    #[error("no secure connection to the origin: {0}")]
    Tls(String),
    /// HTTP failed half-way.
    #[error("the origin's answer broke off or was not valid HTTP")]
    Protocol(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// Too slow.
    #[error("the origin took too long ({0})")]
    Timeout(&'static str),
    /// Too large.
    #[error("the origin's answer is larger than the limit of {0} bytes")]
    TooLarge(usize),
    /// By its first bytes it is not what was asked for; the rest was not read.
    #[error("the origin's answer is not what was asked for")]
    Unwanted,
    /// It could not be put on our own disk.
    #[error("the answer could not be written to disk")]
    Disk(#[source] Arc<std::io::Error>),
    /// It is ourselves, or a proxy that in the end asks one that asks it.
    #[error("the origin leads round in a circle, back to a server that asks it")]
    Circle,
    /// Too many redirects, a loop, one without a target, or one from https to http.
    #[error("the origin's redirects lead nowhere: {0}")]
    Redirect(&'static str),
    /// A status that is not 200 or 304; `retry_after` as the origin said (RFC 9110 §10.2.3), in seconds from now,
    /// at most a day.
    #[error("the origin answered with status {status}")]
    Status { status: u16, retry_after: Option<u64> },
}

/// The error of a request that brought no head.
pub(super) fn of_request(error: hyper_util::client::legacy::Error) -> Error {
    if let Some(ours) = find::<Error>(&error) {
        return ours.clone();
    }
    if let Some(tls) = find::<rustls::Error>(&error) {
        return Error::Tls(in_words(tls).to_owned());
    }
    Error::Protocol(Arc::new(error))
}

/// The error of a body that broke off.
pub(super) fn of_body(error: hyper::Error) -> Error {
    Error::Protocol(Arc::new(error))
}

/// A body that could not be put on disk: our own disk, not the origin's fault.
pub(super) fn of_disk(error: io::Error) -> Error {
    Error::Disk(Arc::new(error))
}

/// An answer that HTTP does not allow.
pub(super) fn protocol(what: &'static str) -> Error {
    Error::Protocol(Arc::new(io::Error::new(io::ErrorKind::InvalidData, what)))
}

/// The first error of type `T` in the chain, also inside `io::Error`s, whose `source` skips what they wrap.
fn find<'e, T: StdError + 'static>(error: &'e (dyn StdError + 'static)) -> Option<&'e T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

/// What is wrong with a certificate or a handshake.
fn in_words(error: &rustls::Error) -> &'static str {
    match error {
        rustls::Error::InvalidCertificate(certificate) => certificate_in_words(certificate),
        rustls::Error::NoCertificatesPresented => "it shows no certificate",
        rustls::Error::InvalidMessage(_) => "it does not speak TLS on this port",
        rustls::Error::AlertReceived(_) => "it broke off the TLS handshake",
        rustls::Error::PeerIncompatible(_) => {
            "it only speaks TLS versions or ciphers that are no longer safe"
        }
        _ => "the TLS handshake failed",
    }
}

fn certificate_in_words(error: &CertificateError) -> &'static str {
    use CertificateError as C;
    match error {
        C::Expired | C::ExpiredContext { .. } => "its certificate has expired",
        C::NotValidYet | C::NotValidYetContext { .. } => {
            "its certificate is not valid yet (is the clock of this machine right?)"
        }
        C::Revoked => "its certificate has been revoked",
        C::NotValidForName | C::NotValidForNameContext { .. } => "its certificate is for another name",
        C::UnknownIssuer => {
            "its certificate is signed by nobody this machine trusts (self-signed, or an intermediate is missing)"
        }
        C::BadSignature => "its certificate's signature is wrong",
        C::BadEncoding => "its certificate cannot be read",
        _ => "its certificate is not acceptable (self-signed, or made for another use)",
    }
}

impl Error {
    /// The name in counters.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Address(_) => "address",
            Self::Resolve(_) => "resolve",
            Self::Connect(_) => "connect",
            Self::Tls(_) => "tls",
            Self::Protocol(_) => "protocol",
            Self::Timeout(_) => "timeout",
            Self::TooLarge(_) => "too-large",
            Self::Unwanted => "unwanted",
            Self::Redirect(_) => "redirect",
            Self::Circle => "loop",
            Self::Disk(_) => "disk",
            Self::Status {
                status: 400..=499, ..
            } => "status-4xx",
            Self::Status {
                status: 500..=599, ..
            } => "status-5xx",
            Self::Status { .. } => "status",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_fault_is_found_and_said_plainly() {
        let tls = rustls::Error::InvalidCertificate(CertificateError::Expired);
        let wrapped = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, tls));
        let found = find::<rustls::Error>(&wrapped).expect("found");
        assert_eq!(in_words(found), "its certificate has expired");
        assert!(find::<Error>(&wrapped).is_none());
    }
}
