//! A client of TLS, and a certificate authority that it believes.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
};

pub const PATIENCE: Duration = Duration::from_secs(20);

pub type Secure = StreamOwned<ClientConnection, TcpStream>;

/// An authority that a client believes.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    pub fn der(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    /// A certificate and its key, in PEM; good until the year 4096.
    pub fn issue(&self) -> (String, String) {
        self.sign(&CertificateParams::new(["127.0.0.1".to_owned()]).unwrap())
    }

    fn sign(&self, params: &CertificateParams) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        (
            params.signed_by(&key, &self.0).unwrap().pem(),
            key.serialize_pem(),
        )
    }

    /// Such a pair in two files of the folder.
    pub fn write(&self, folder: &Path) {
        write(folder, self.issue());
    }

    /// A pair that is good until the day of `end` begins.
    pub fn write_until(&self, folder: &Path, end: Timestamp) {
        let day = end.to_zoned(TimeZone::UTC).date();
        let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        let unsigned = |n: i8| u8::try_from(n).unwrap();
        params.not_after = date_time_ymd(
            day.year().into(),
            unsigned(day.month()),
            unsigned(day.day()),
        );
        write(folder, self.sign(&params));
    }
}

fn write(folder: &Path, (cert, key): (String, String)) {
    fs::write(folder.join("key.pem"), key).unwrap();
    fs::write(folder.join("cert.pem"), cert).unwrap();
}

/// Shakes hands as one who believes `root` and takes these versions and protocols.
pub fn connect(
    address: SocketAddr,
    name: &str,
    root: CertificateDer<'static>,
    versions: &[&'static SupportedProtocolVersion],
    protocols: &[&str],
) -> std::io::Result<Secure> {
    let mut roots = RootCertStore::empty();
    roots.add(root).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols
        .iter()
        .map(|protocol| protocol.as_bytes().to_vec())
        .collect();
    let connection = ClientConnection::new(
        Arc::new(config),
        ServerName::try_from(name.to_owned()).unwrap(),
    )
    .unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address)?);
    stream.sock.set_read_timeout(Some(PATIENCE))?;
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

/// The certificate that the server showed.
pub fn shown(stream: &Secure) -> CertificateDer<'static> {
    stream.conn.peer_certificates().unwrap()[0]
        .clone()
        .into_owned()
}

pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < PATIENCE, "never: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
