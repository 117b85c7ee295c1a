//! Causes why a call to somebody else's server failed, in words of our own: an error of the HTTP client may quote the URL, and with it
//! a secret.

use std::io::{self, ErrorKind};

use rustls::{CertificateError, Error as TlsError};
use ureq::{Error, Timeout};

/// The cause of a failed call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// DNS has no address for the name, or does not answer.
    #[error("its host name cannot be resolved")]
    Unresolved,
    /// Nobody listens there.
    #[error("connection refused")]
    Refused,
    /// There is no way to it.
    #[error("no route to its address")]
    Unreachable,
    /// Nothing came of connecting to it in time.
    #[error("timeout ({0})")]
    ConnectTimeout(String),
    /// It did not answer in time.
    #[error("timeout ({0})")]
    Timeout(String),
    /// Its certificate is signed by nobody whom we know.
    #[error("TLS: its certificate is not trusted: it is self-signed, or its chain is incomplete")]
    Untrusted,
    /// Its certificate is no longer good, or this machine's clock is wrong.
    #[error("TLS: its certificate has expired, or the clock of this machine is wrong")]
    Expired,
    /// Its certificate is not valid yet, or this machine's clock is wrong.
    #[error("TLS: its certificate is not valid yet, or the clock of this machine is wrong")]
    NotYetValid,
    /// Its certificate is another host's.
    #[error("TLS: its certificate is for another host name")]
    WrongName,
    /// It speaks something else where TLS is expected.
    #[error("TLS: it does not speak TLS at this port")]
    NotTls,
    /// Anything else of TLS.
    #[error("TLS: {0}")]
    Tls(String),
    /// It speaks something else where HTTP is expected.
    #[error("its answer is not HTTP")]
    NotHttp,
    /// It closed without a whole answer.
    #[error("connection broken ({0})")]
    Broken(String),
    /// Its answer is too long.
    #[error("an answer that is too long")]
    TooLong,
    /// The proxy that we go through is not one.
    #[error("the proxy cannot be used")]
    Proxy,
    /// The proxy that we go through lets nobody through.
    #[error("the proxy answers with HTTP status {0}")]
    ProxyStatus(u16),
    /// Anything else.
    #[error("the HTTP exchange failed")]
    Other,
}

impl Cause {
    /// Whether no byte of the request was sent, so that sending it again does nothing twice.
    #[must_use]
    pub fn is_before_request(&self) -> bool {
        use Cause::{ConnectTimeout, Refused, Unreachable, Unresolved};
        matches!(self, Unresolved | Refused | Unreachable | ConnectTimeout(_))
    }

    /// Whether it is about who we connect to, be it a proxy.
    #[must_use]
    pub fn is_of_connecting(&self) -> bool {
        self.is_before_request() || matches!(self, Self::Proxy | Self::ProxyStatus(_))
    }

    /// Whether it is about TLS with who we connect to.
    #[must_use]
    pub fn is_of_tls(&self) -> bool {
        use Cause::{Expired, NotTls, NotYetValid, Tls, Untrusted, WrongName};
        matches!(
            self,
            Untrusted | Expired | NotYetValid | WrongName | NotTls | Tls(_)
        )
    }

    /// The thing to look at.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        use Cause::{ConnectTimeout, Expired, NotYetValid, Refused, Timeout, Unreachable};
        match self {
            Cause::Unresolved => "look at the host name and DNS",
            Refused => "look at host and port, and whether it runs",
            Unreachable | ConnectTimeout(_) | Timeout(_) => "look at the firewall and the route",
            Expired | NotYetValid => "look at the certificate and the clock",
            Cause::Untrusted | Cause::WrongName | Cause::NotTls | Cause::Tls(_) => {
                "look at the certificate, and at who answers at this address"
            }
            Cause::ProxyStatus(407) => "give the URL of the proxy its user and password",
            Cause::Proxy | Cause::ProxyStatus(_) => "look at the proxy",
            Cause::NotHttp | Cause::Broken(_) | Cause::TooLong | Cause::Other => {
                "look at who answers at this address"
            }
        }
    }
}

impl From<&Error> for Cause {
    fn from(error: &Error) -> Self {
        match error {
            Error::HostNotFound => Self::Unresolved,
            Error::ConnectionFailed => Self::Unreachable,
            Error::Timeout(at @ (Timeout::Resolve | Timeout::Connect)) => {
                Self::ConnectTimeout(at.to_string())
            }
            Error::Timeout(at) => Self::Timeout(at.to_string()),
            Error::Io(error) => of_io(error),
            Error::Rustls(error) => of_tls(error),
            Error::Tls(what) => Self::Tls((*what).to_owned()),
            Error::Protocol(_) | Error::LargeResponseHeader(..) => Self::NotHttp,
            Error::BodyExceedsLimit(_) => Self::TooLong,
            Error::InvalidProxyUrl => Self::Proxy,
            Error::ConnectProxyFailed(why) => of_proxy(why),
            _ => Self::Other,
        }
    }
}

impl From<&io::Error> for Cause {
    fn from(error: &io::Error) -> Self {
        of_io(error)
    }
}

impl From<&TlsError> for Cause {
    fn from(error: &TlsError) -> Self {
        of_tls(error)
    }
}

/// The HTTP client tells the status of a proxy in words only: "proxy server responded 407/407".
fn of_proxy(why: &str) -> Cause {
    let mut numbers = why.split(|c: char| !c.is_ascii_digit());
    let status = numbers.find_map(|number| number.parse().ok());
    status.map_or(Cause::Proxy, Cause::ProxyStatus)
}

/// The standard library has no kind for what the resolver says, only this beginning.
const LOOKUP: &str = "failed to lookup address information";

fn of_io(error: &io::Error) -> Cause {
    let inner = error.get_ref();
    if let Some(tls) = inner.and_then(|inner| inner.downcast_ref::<TlsError>()) {
        return of_tls(tls);
    }
    match error.kind() {
        _ if error.to_string().starts_with(LOOKUP) => Cause::Unresolved,
        ErrorKind::ConnectionRefused => Cause::Refused,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
            Cause::Unreachable
        }
        ErrorKind::AddrNotAvailable => Cause::Unreachable,
        ErrorKind::TimedOut => Cause::ConnectTimeout("connect".into()),
        kind => Cause::Broken(kind.to_string()),
    }
}

fn of_tls(error: &TlsError) -> Cause {
    match error {
        TlsError::InvalidCertificate(why) => of_certificate(why),
        TlsError::InvalidMessage(_) => Cause::NotTls,
        other => Cause::Tls(other.to_string()),
    }
}

fn of_certificate(why: &CertificateError) -> Cause {
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Cause::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Cause::NotYetValid
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Cause::WrongName
        }
        CertificateError::UnknownIssuer => Cause::Untrusted,
        // A certificate that signs others and is shown as its own, as tools make them by default.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            Cause::Untrusted
        }
        other => Cause::Tls(format!("its certificate is not accepted: {other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use rustls::{InvalidMessage, OtherError};

    use super::*;

    fn of_certificate(why: CertificateError) -> Error {
        let tls = TlsError::InvalidCertificate(why);
        Error::Io(io::Error::new(ErrorKind::InvalidData, tls))
    }

    #[derive(Debug)]
    struct CaUsedAsEndEntity;

    impl std::fmt::Display for CaUsedAsEndEntity {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{self:?}")
        }
    }

    impl std::error::Error for CaUsedAsEndEntity {}

    #[test]
    fn causes_are_named_by_what_happened() {
        let io = |kind: ErrorKind| Error::Io(kind.into());
        let self_signed = OtherError(std::sync::Arc::new(CaUsedAsEndEntity));
        for (error, words, is_before_request) in [
            (Error::HostNotFound, "cannot be resolved", true),
            (io(ErrorKind::ConnectionRefused), "refused", true),
            (io(ErrorKind::NetworkUnreachable), "no route", true),
            (io(ErrorKind::HostUnreachable), "no route", true),
            (Error::ConnectionFailed, "no route", true),
            (io(ErrorKind::TimedOut), "timeout", true),
            (Error::Timeout(Timeout::Connect), "timeout (connect)", true),
            (Error::Timeout(Timeout::Global), "timeout (global)", false),
            (
                of_certificate(CertificateError::UnknownIssuer),
                "not trusted",
                false,
            ),
            (
                of_certificate(CertificateError::Other(self_signed)),
                "not trusted",
                false,
            ),
            (of_certificate(CertificateError::Expired), "expired", false),
            (
                of_certificate(CertificateError::NotValidYet),
                "not valid yet",
                false,
            ),
            (
                of_certificate(CertificateError::NotValidForName),
                "another host name",
                false,
            ),
            (of_certificate(CertificateError::Revoked), "Revoked", false),
            (
                Error::Rustls(TlsError::InvalidMessage(InvalidMessage::InvalidContentType)),
                "does not speak TLS",
                false,
            ),
            (io(ErrorKind::ConnectionReset), "broken", false),
            (Error::BodyExceedsLimit(1), "too long", false),
            (
                Error::ConnectProxyFailed("proxy server responded 407/407".into()),
                "status 407",
                false,
            ),
            (
                Error::ConnectProxyFailed("proxy server did not respond".into()),
                "proxy cannot be used",
                false,
            ),
        ] {
            let cause = Cause::from(&error);
            assert!(cause.to_string().contains(words), "{error:?}: {cause}");
            assert_eq!(cause.is_before_request(), is_before_request, "{error:?}");
        }
    }
}
