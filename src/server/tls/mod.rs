//! TLS without a proxy: handshakes, and the certificate that they show.

mod acme;
mod certificate;
mod files;
mod resolver;

use std::io::{Error, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::ResolvesServerCert;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use self::acme::Acme;
pub use self::certificate::{is_own_authority, validity_of};
use self::files::Files;
use self::resolver::{CertificateResolver, PROOF};
use crate::clock::Clock;
use crate::config;

/// The first byte of every TLS connection: a record with a part of a handshake (RFC 8446, 5.1).
const HANDSHAKE: u8 = 22;
/// Bytes that wait to be encrypted and sent, on a connection whose client takes nothing.
const BUFFER: usize = 16 * 1024;
const DAY: Duration = Duration::from_hours(24);
const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";
/// The HTTP that a connection speaks.
pub enum Version {
    /// HTTP/1.1 or 1.0.
    Http1,
    /// HTTP/2.
    Http2,
}

/// TLS for a listener.
pub struct Tls {
    acceptor: TlsAcceptor,
    resolver: Arc<CertificateResolver>,
    source: Source,
    clock: Clock,
}

/// Source of the certificate.
enum Source {
    Files(Files),
    Acme(Box<Acme>),
}

impl Tls {
    /// TLS as `settings` ask for it, if they do.
    ///
    /// # Errors
    /// A file cannot be used; the text names it and its key.
    pub fn new(
        settings: &config::Tls,
        database: &Path,
        clock: Clock,
    ) -> Result<Option<Self>, String> {
        if !settings.is_on() {
            return Ok(None);
        }
        let resolver = Arc::new(CertificateResolver::default());
        let source = match settings.has_files() {
            true => Source::Files(Files::open(settings, &resolver)?),
            false => Source::Acme(Box::new(Acme::new(
                settings,
                database,
                clock.clone(),
                &resolver,
            )?)),
        };
        let config =
            server_config(&resolver, &source).map_err(|e| format!("TLS cannot be set up: {e}"))?;
        Ok(Some(Self {
            acceptor: Arc::new(config).into(),
            resolver,
            source,
            clock,
        }))
    }

    /// Whether the client begins as TLS does.
    pub async fn is_spoken(socket: &TcpStream) -> std::io::Result<bool> {
        let mut first = [0];
        Ok(socket.peek(&mut first).await? == 1 && first == [HANDSHAKE])
    }

    /// Shakes hands, and agrees on an HTTP.
    pub async fn accept(
        &self,
        socket: TcpStream,
    ) -> std::io::Result<(TlsStream<TcpStream>, Version)> {
        let mut stream = self.acceptor.accept(socket).await?;
        stream.get_mut().1.set_buffer_limit(Some(BUFFER));
        match stream.get_ref().1.alpn_protocol() {
            Some(HTTP2) => Ok((stream, Version::Http2)),
            Some(PROOF) => Err(Error::new(
                ErrorKind::ConnectionAborted,
                "a proof was asked for and given",
            )),
            _ => Ok((stream, Version::Http1)),
        }
    }

    /// Keeps the certificate as it should be, for ever.
    pub async fn keep(&self) {
        let renew = async {
            match &self.source {
                Source::Files(files) => files.keep(&self.resolver).await,
                Source::Acme(acme) => acme.keep(&self.resolver).await,
            }
        };
        tokio::join!(renew, self.warn_in_time());
    }

    /// Says every day that the certificate ends soon, when it does: then nobody has renewed it.
    async fn warn_in_time(&self) {
        loop {
            let certificate = self.resolver.certificate();
            if let Some(certificate) = certificate
                && certificate::is_late(&certificate, self.clock.now())
            {
                tracing::warn!(
                    "the certificate is good until {} and was not renewed",
                    certificate::until(&certificate)
                );
            }
            tokio::time::sleep(DAY).await;
        }
    }
}

/// Sessions are resumed by tickets, which need no memory here.
fn server_config(
    resolver: &Arc<CertificateResolver>,
    source: &Source,
) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::clone(resolver) as Arc<dyn ResolvesServerCert>);
    config.ticketer = ring::Ticketer::new()?;
    config.alpn_protocols = vec![HTTP2.into(), HTTP1.into()];
    if matches!(source, Source::Acme(_)) {
        config.alpn_protocols.push(PROOF.into());
    }
    Ok(config)
}
