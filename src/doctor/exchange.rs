//! One request over a connection that is looked at on its way: name, connection, handshake, answer. Any certificate is taken here,
//! since whether it is good is said elsewhere, and nothing secret is sent.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, StreamOwned};

use super::context::Context;
use super::target::Target;
use crate::outbound::Cause;

/// Longest answer that is read.
const MOST: usize = 64 * 1024;

/// Reason why there is no address for a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAddress {
    /// DNS has none.
    Unknown,
    /// The name server does not answer, or cannot tell.
    NoNameServer,
}

impl From<NoAddress> for Cause {
    fn from(_: NoAddress) -> Self {
        Self::Unresolved
    }
}

/// Words of EAI_AGAIN, which the standard library gives as text only, by glibc and by musl.
const TRY_AGAIN: [&str; 2] = ["Temporary failure in name resolution", "Try again"];

/// Addresses of a host name, within the time for it.
pub fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, NoAddress> {
    let (done, found) = channel();
    let host = host.trim_matches(['[', ']']).to_owned();
    thread::spawn(move || {
        let found = (host.as_str(), port).to_socket_addrs();
        done.send(found.map(Iterator::collect::<Vec<_>>))
    });
    let found = found.recv_timeout(Context::PATIENCE);
    let found = found.map_err(|_| NoAddress::NoNameServer)?;
    let mut found = found.map_err(|error| no_address(&error))?;
    found.dedup();
    match found.is_empty() {
        true => Err(NoAddress::Unknown),
        false => Ok(found),
    }
}

fn no_address(error: &io::Error) -> NoAddress {
    let text = error.to_string();
    match TRY_AGAIN.iter().any(|words| text.contains(words)) {
        true => NoAddress::NoNameServer,
        false => NoAddress::Unknown,
    }
}

/// A connection to the address.
pub fn connect(address: SocketAddr) -> Result<TcpStream, Cause> {
    TcpStream::connect_timeout(&address, Context::CONNECT).map_err(|error| Cause::from(&error))
}

/// An answer: its status, its headers, and the beginning of its body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    /// The header of this name, in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.lines();
        let start = lines.next()?.strip_prefix("HTTP/")?;
        let headers = lines.filter_map(|line| line.split_once(':'));
        Some(Self {
            status: start.split(' ').nth(1)?.parse().ok()?,
            headers: headers
                .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
                .collect(),
            body: body.to_owned(),
        })
    }
}

/// A request without a body.
pub struct Request<'a> {
    pub authority: &'a str,
    pub path: &'a str,
    pub headers: &'a [(&'static str, &'a str)],
}

impl Request<'_> {
    /// Sends it over the connection.
    pub fn send(&self, stream: &mut (impl Read + Write)) -> Result<Answer, Cause> {
        let headers = self.headers.iter();
        let headers: Vec<_> = headers
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let headers = headers.concat();
        let text = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: bai-doctor\r\nAccept: */*\r\nCache-Control: no-cache\r\n{headers}Connection: close\r\n\r\n",
            self.path, self.authority
        );
        stream.write_all(text.as_bytes()).map_err(broken)?;
        stream.flush().map_err(broken)?;
        let bytes = read(stream)?;
        Answer::read(&bytes).ok_or(Cause::NotHttp)
    }
}

/// The answer's bytes, until its end or the end of our patience.
fn read(stream: &mut impl Read) -> Result<Vec<u8>, Cause> {
    let end = Instant::now() + Context::PATIENCE;
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    while bytes.len() < MOST && Instant::now() < end {
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(n) => bytes.extend(&part[..n]),
            // Many close without a farewell of TLS.
            Err(_) if !bytes.is_empty() => break,
            Err(error) => return Err(broken(error)),
        }
    }
    Ok(bytes)
}

#[expect(clippy::needless_pass_by_value, reason = "errors are mapped by it")]
fn broken(error: io::Error) -> Cause {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            Cause::Timeout(format!("{} s", Context::PATIENCE.as_secs()))
        }
        _ => Cause::from(&error),
    }
}

/// Gives the connection the time that its answers have.
pub fn limit(stream: &TcpStream) {
    let patience: Option<Duration> = Some(Context::PATIENCE);
    // Without a limit the whole part still has one.
    let _ = (
        stream.set_read_timeout(patience),
        stream.set_write_timeout(patience),
    );
}

/// A connection over which requests are sent.
pub enum Line {
    Plain(TcpStream),
    Secure(Box<Secure>),
}

impl Line {
    /// The line to the target over this connection, and the certificates that were shown.
    pub fn of(
        target: &Target,
        stream: TcpStream,
    ) -> Result<(Self, Vec<CertificateDer<'static>>), Cause> {
        limit(&stream);
        if !target.is_https {
            return Ok((Self::Plain(stream), Vec::new()));
        }
        let name = server_name(&target.host).ok_or(Cause::Other)?;
        let (stream, chain) = shake_hands(stream, &name)?;
        Ok((Self::Secure(Box::new(stream)), chain))
    }

    /// Sends the request; the answer to it.
    pub fn send(&mut self, request: &Request) -> Result<Answer, Cause> {
        match self {
            Self::Plain(stream) => request.send(stream),
            Self::Secure(stream) => request.send(stream),
        }
    }
}

/// A connection with TLS.
pub type Secure = StreamOwned<ClientConnection, TcpStream>;

/// A handshake, and the certificates that it showed.
pub fn shake_hands(
    stream: TcpStream,
    name: &ServerName<'static>,
) -> Result<(Secure, Vec<CertificateDer<'static>>), Cause> {
    let witness = Arc::new(Witness::new());
    let connection = client(&witness, name).map_err(|error| Cause::from(&error))?;
    let mut stream = StreamOwned::new(connection, stream);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).map_err(broken)?;
    }
    let chain = witness.chain.lock();
    let chain = chain.unwrap_or_else(PoisonError::into_inner).clone();
    Ok((stream, chain))
}

fn client(witness: &Arc<Witness>, name: &ServerName<'static>) -> Result<ClientConnection, Error> {
    let witness: Arc<dyn ServerCertVerifier> = Arc::<Witness>::clone(witness);
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(witness)
        .with_no_client_auth();
    ClientConnection::new(Arc::new(config), name.clone())
}

/// Takes every certificate, and remembers the chain.
#[derive(Debug)]
struct Witness {
    provider: CryptoProvider,
    chain: Mutex<Vec<CertificateDer<'static>>>,
}

impl Witness {
    fn new() -> Self {
        Self {
            provider: ring::default_provider(),
            chain: Mutex::default(),
        }
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = std::iter::once(certificate).chain(others);
        let shown = shown.map(|it| it.clone().into_owned()).collect();
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner) = shown;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// The name in a handshake.
pub fn server_name(host: &url::Host<String>) -> Option<ServerName<'static>> {
    match host {
        url::Host::Domain(name) => ServerName::try_from(name.clone()).ok(),
        url::Host::Ipv4(ip) => Some(IpAddr::from(*ip).into()),
        url::Host::Ipv6(ip) => Some(IpAddr::from(*ip).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_server_that_does_not_answer_is_not_a_name_without_an_address() {
        let lookup =
            |words| io::Error::other(format!("failed to lookup address information: {words}"));
        for (words, found) in [
            ("Name or service not known", NoAddress::Unknown),
            ("No address associated with hostname", NoAddress::Unknown),
            (
                "Temporary failure in name resolution",
                NoAddress::NoNameServer,
            ),
            ("Try again", NoAddress::NoNameServer),
        ] {
            assert_eq!(no_address(&lookup(words)), found, "{words}");
        }
    }
}
