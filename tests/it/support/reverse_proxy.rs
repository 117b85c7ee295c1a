//! A small reverse proxy, as each test wants it: which headers it sets, which prefix it strips, with a certificate or without.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

const PATIENCE: Duration = Duration::from_secs(20);

/// Manners of a proxy. Without any it passes on what it gets.
#[derive(Clone, Default)]
pub struct Manners {
    /// Taken off the beginning of the path.
    pub prefix: &'static str,
    /// Put before the path.
    pub added: &'static str,
    /// Headers of its own, each in place of the client's.
    pub headers: Vec<(&'static str, &'static str)>,
    /// Put at the end of `X-Forwarded-For`, behind what the client writes.
    pub appended: Option<&'static str>,
    /// `X-Forwarded-For`, unless the client writes one.
    pub if_none: Option<&'static str>,
    /// Version of HTTP towards the server.
    pub version: Option<&'static str>,
    /// An answer of its own, in place of the server's.
    pub answer: Option<&'static str>,
    /// An answer that it remembers, for whoever does not want a new one.
    pub cached: Option<&'static str>,
    /// An answer in place of the server's, which is asked all the same.
    pub replaced: Option<&'static str>,
    /// Certificates and a key in PEM.
    pub tls: Option<(String, String)>,
}

/// A proxy that runs until the tests end.
pub struct ReverseProxy {
    pub address: SocketAddr,
}

impl ReverseProxy {
    pub fn start(server: &str, manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = server.trim_start_matches("http://").to_owned();
        let tls = manners.tls.as_ref().map(tls);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (server, manners, tls) = (server.clone(), manners.clone(), tls.clone());
                thread::spawn(move || serve(client, &server, &manners, tls));
            }
        });
        Self { address }
    }
}

fn tls((chain, key): &(String, String)) -> Arc<ServerConfig> {
    let chain = CertificateDer::pem_slice_iter(chain.as_bytes()).map(Result::unwrap);
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.collect(), key)
        .unwrap();
    Arc::new(config)
}

fn serve(client: TcpStream, server: &str, manners: &Manners, tls: Option<Arc<ServerConfig>>) {
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    // A client that goes away is none of the proxy's business.
    let _ = match tls {
        None => pass(client, server, manners),
        Some(config) => {
            let connection = ServerConnection::new(config).unwrap();
            pass(StreamOwned::new(connection, client), server, manners)
        }
    };
}

fn pass(mut client: impl Read + Write, server: &str, manners: &Manners) -> std::io::Result<()> {
    let head = read_head(&mut client)?;
    let is_new = head.contains("Cache-Control: no-cache\r\n");
    let remembered = manners.cached.filter(|_| !is_new);
    let answer = match manners.answer.or(remembered) {
        Some(answer) => answer.replace('\n', "\r\n").into_bytes(),
        None => ask(server, &rewritten(&head, manners))?,
    };
    let answer = match manners.replaced {
        Some(replaced) => replaced.replace('\n', "\r\n").into_bytes(),
        None => answer,
    };
    client.write_all(&answer)?;
    client.flush()
}

fn read_head(client: &mut impl Read) -> std::io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        head.extend(byte);
    }
    Ok(String::from_utf8(head).unwrap())
}

fn rewritten(head: &str, manners: &Manners) -> String {
    let mut lines = head.trim_end().lines();
    let mut start = lines.next().unwrap().split(' ');
    let (method, path) = (start.next().unwrap(), start.next().unwrap());
    let path = path.strip_prefix(manners.prefix).unwrap();
    let version = manners.version.unwrap_or("HTTP/1.1");
    let is_kept = |line: &&str| {
        let name = line.split(':').next().unwrap();
        !manners
            .headers
            .iter()
            .any(|(own, _)| own.eq_ignore_ascii_case(name))
    };
    let kept = lines.filter(is_kept).map(str::to_owned);
    let own = manners
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}"));
    let headers: Vec<_> = kept.chain(own).collect();
    let headers = forwarded(headers, manners);
    let added = manners.added;
    format!(
        "{method} {added}{path} {version}\r\n{}\r\n\r\n",
        headers.join("\r\n")
    )
}

const FORWARDED_FOR: &str = "X-Forwarded-For: ";

fn forwarded(mut headers: Vec<String>, manners: &Manners) -> Vec<String> {
    let mut written = headers
        .iter_mut()
        .filter(|line| line.starts_with(FORWARDED_FOR));
    match (written.next(), manners.appended.or(manners.if_none)) {
        (Some(line), _) => {
            let appended = manners.appended.map(|last| format!(", {last}"));
            line.push_str(&appended.unwrap_or_default());
        }
        (None, Some(own)) => headers.push(format!("{FORWARDED_FOR}{own}")),
        (None, None) => {}
    }
    headers
}

fn ask(server: &str, request: &str) -> std::io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(server)?;
    server.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    Ok(answer)
}
