//! The certificate of a handshake.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// Protocol by which an ACME server sees a proof (RFC 8737); the connection ends with the handshake.
pub const PROOF: &[u8] = b"acme-tls/1";

/// The certificate, or the proof for an ACME server, that a handshake shows.
#[derive(Debug, Default)]
pub struct CertificateResolver {
    certificate: RwLock<Option<Arc<CertifiedKey>>>,
    /// By name.
    proofs: RwLock<HashMap<String, Arc<CertifiedKey>>>,
}

impl CertificateResolver {
    /// The certificate that is shown.
    pub fn certificate(&self) -> Option<Arc<CertifiedKey>> {
        self.certificate.read().clone()
    }

    /// Shows `certificate` from now on; open connections go on with what they have.
    pub fn use_certificate(&self, certificate: CertifiedKey) {
        *self.certificate.write() = Some(Arc::new(certificate));
    }

    /// Shows these proofs, by name, and no others.
    pub fn prove(&self, proofs: HashMap<String, Arc<CertifiedKey>>) {
        *self.proofs.write() = proofs;
    }
}

impl ResolvesServerCert for CertificateResolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if hello.alpn().is_some_and(|protocols| protocols.eq([PROOF])) {
            let proofs = self.proofs.read();
            return proofs
                .get(&hello.server_name()?.to_ascii_lowercase())
                .cloned();
        }
        self.certificate.read().clone()
    }
}
