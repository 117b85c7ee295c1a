//! Errors of a call to somebody else's server, in words of our own: an error of the HTTP client may quote the
//! URL, and with it a secret.

/// The error, without the URL.
#[must_use]
pub fn describe(error: &ureq::Error) -> String {
    match error {
        ureq::Error::HostNotFound => "its host name cannot be resolved".into(),
        ureq::Error::ConnectionFailed => "no connection".into(),
        ureq::Error::Timeout(at) => format!("timeout ({at})"),
        ureq::Error::Io(e) if e.kind() == std::io::ErrorKind::ConnectionRefused => {
            "connection refused".into()
        }
        ureq::Error::Io(e) => format!("connection broken ({})", e.kind()),
        ureq::Error::Rustls(e) => format!("TLS: {e}"),
        ureq::Error::BodyExceedsLimit(_) => "an answer that is too long".into(),
        _ => "the HTTP exchange failed".into(),
    }
}
