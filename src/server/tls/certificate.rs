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
pub fn validity(certificate: &CertifiedKey) -> Option<(Timestamp, Timestamp)> {
    validity_of(&certificate.cert[0])
}

/// From when until when the certificate is good.
///
/// rustls tells neither by itself, but it gives both as the reason for refusing a certificate long before and long after.
#[must_use]
pub fn validity_of(certificate: &CertificateDer) -> Option<(Timestamp, Timestamp)> {
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
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

/// Whether a client that knows the usual authorities can find out who signed it: the chain has more than the certificate, or
/// that is its own authority.
pub fn has_chain(certificate: &CertifiedKey) -> bool {
    match certificate.cert.as_slice() {
        [only] => is_own_authority(only),
        _ => true,
    }
}

/// Whether nobody else signed the certificate, as far as can be told.
#[must_use]
pub fn is_own_authority(only: &CertificateDer) -> bool {
    let mut own = RootCertStore::empty();
    let (Ok(()), Ok(parsed), Some((begin, _))) = (
        own.add(only.clone().into_owned()),
        ParsedCertificate::try_from(only),
        validity_of(only),
    ) else {
        return true;
    };
    let time = Duration::from_secs(u64::try_from(begin.as_second()).unwrap_or_default());
    let time = UnixTime::since_unix_epoch(time);
    let algorithms = ring::default_provider().signature_verification_algorithms;
    let verdict =
        verify_server_cert_signed_by_trust_anchor(&parsed, &own, &[], time, algorithms.all);
    !matches!(
        verdict,
        Err(Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature
        ))
    )
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

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

    use super::*;

    #[test]
    fn a_certificate_that_somebody_else_signed_has_no_chain_by_itself() {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = KeyPair::generate().unwrap();
        let authority = CertifiedIssuer::self_signed(authority, root).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["bai.example.com".to_owned()]).unwrap();
        let issued = params.signed_by(&key, &authority).unwrap().pem();
        let own = params.self_signed(&key).unwrap().pem();
        for (pem, expected) in [
            (issued.clone(), false),
            (issued + &authority.pem(), true),
            (own, true),
        ] {
            let certificate = both((pem + &key.serialize_pem()).as_bytes()).unwrap();
            assert_eq!(has_chain(&certificate), expected);
        }
    }
}
