//! A certificate with its key: read from PEM, and asked how long it is good for.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{CertificateError, Error, RootCertStore};

/// The certificates of `pem`, that of the server first.
pub fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let chain = chain.map_err(|e| format!("not PEM: {e}"))?;
    let first = chain.first().ok_or("no certificate in PEM in it")?;
    ParsedCertificate::try_from(first)
        .map_err(|e| format!("its first certificate cannot be read: {e}"))?;
    Ok(chain)
}

/// The first private key of `pem`.
pub fn key(pem: &[u8]) -> Result<Arc<dyn SigningKey>, String> {
    // The error's own words could quote a line of the file.
    let key = PrivateKeyDer::from_pem_slice(pem)
        .map_err(|_| "no private key in PEM, without a passphrase, in it")?;
    ring::sign::any_supported_type(&key).map_err(|e| format!("its private key cannot be used: {e}"))
}

/// A chain with its key, if they belong together.
pub fn pair(chain: Vec<CertificateDer<'static>>, key: Arc<dyn SigningKey>) -> Option<CertifiedKey> {
    let certificate = CertifiedKey::new(chain, key);
    certificate.keys_match().is_ok().then_some(certificate)
}

/// Chain and key in one file.
pub fn both(pem: &[u8]) -> Option<CertifiedKey> {
    pair(chain(pem).ok()?, key(pem).ok()?)
}

/// Whether the certificate is for all of `names`.
pub fn is_for(certificate: &CertifiedKey, names: &[String]) -> bool {
    let Ok(parsed) = ParsedCertificate::try_from(&certificate.cert[0]) else {
        return false;
    };
    names.iter().all(|name| {
        ServerName::try_from(name.as_str())
            .is_ok_and(|name| verify_server_name(&parsed, &name).is_ok())
    })
}

/// From when until when the certificate is good.
///
/// rustls tells neither by itself, but it gives both as the reason for refusing a certificate long before and long after.
pub fn validity(certificate: &CertifiedKey) -> Option<(Timestamp, Timestamp)> {
    let parsed = ParsedCertificate::try_from(&certificate.cert[0]).ok()?;
    let refusal = |time: Duration| {
        let (roots, time) = (RootCertStore::empty(), UnixTime::since_unix_epoch(time));
        match verify_server_cert_signed_by_trust_anchor(&parsed, &roots, &[], time, &[]) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidYetContext {
                    not_before: limit, ..
                }
                | CertificateError::ExpiredContext {
                    not_after: limit, ..
                },
            )) => Timestamp::from_second(i64::try_from(limit.as_secs()).ok()?).ok(),
            _ => None,
        }
    };
    Some((refusal(Duration::ZERO)?, refusal(Duration::MAX)?))
}

/// Whether it ends within a week, or if it is one for days, within the last tenth of them.
pub fn is_late(certificate: &CertifiedKey, now: Timestamp) -> bool {
    const WEEK_MS: i64 = 7 * 24 * 60 * 60 * 1000;
    validity(certificate).is_some_and(|(begin, end)| {
        let (begin, end) = (begin.as_millisecond(), end.as_millisecond());
        now.as_millisecond() >= end - WEEK_MS.min((end - begin) / 10)
    })
}

/// For the log: until when the certificate is good.
pub fn until(certificate: &CertifiedKey) -> String {
    validity(certificate).map_or_else(|| "an unknown time".to_owned(), |(_, end)| end.to_string())
}
