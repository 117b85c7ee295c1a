//! A bucket on the wire that can be made to fail. What S3 itself answers is tested with moto (`bucket.rs`).

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::support::received_request::ReceivedRequest;

/// The secret key with which requests have to be signed.
pub const SECRET: &str = "canary-secret";

/// A request that the bucket got.
#[derive(Clone, Debug)]
pub struct Request {
    /// The operation, by S3's name.
    pub action: Action,
    /// The object's key.
    pub key: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    List,
    Begin,
    Part(usize),
    Complete,
    Abort,
    Head,
    Get,
    Delete,
}

/// A fault of the bucket.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// This status, and nothing is done.
    Status(u16),
    /// The connection ends before the answer, and nothing is done.
    Cut,
    /// The connection ends before the answer, and it is done.
    CutAfter,
    /// Half of the answer.
    Half,
    /// One byte is stored, or answered, wrong.
    Flip,
    /// No answer, until the client goes away.
    Hang,
}

type Script = dyn Fn(&Request) -> Option<Fault> + Send + Sync;

pub struct S3Stub {
    pub url: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    objects: Mutex<BTreeMap<String, Object>>,
    uploads: Mutex<BTreeMap<String, Upload>>,
    without_metadata: AtomicBool,
    requests: Mutex<Vec<Request>>,
    script: Mutex<Option<Arc<Script>>>,
}

#[derive(Clone, Default)]
struct Object {
    bytes: Vec<u8>,
    metadata: Metadata,
}

#[derive(Default)]
struct Upload {
    parts: Vec<Vec<u8>>,
    metadata: Metadata,
}

/// Headers that begin with `x-amz-meta-`.
type Metadata = Vec<(String, String)>;

/// An answer as bytes: head, body.
struct Raw {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    range: Option<(usize, usize)>,
    metadata: Metadata,
    body: Vec<u8>,
    is_signed: bool,
}

impl S3Stub {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State::default());
        let serving = Arc::clone(&state);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let state = Arc::clone(&serving);
                thread::spawn(move || state.serve(&connection));
            }
        });
        Self { url, state }
    }

    /// Fails as `script` says; `None` as a bucket should.
    pub fn script(&self, script: impl Fn(&Request) -> Option<Fault> + Send + Sync + 'static) {
        *self.state.script.lock().unwrap() = Some(Arc::new(script));
    }

    pub fn heal(&self) {
        *self.state.script.lock().unwrap() = None;
    }

    pub fn put(&self, key: &str, bytes: &[u8]) {
        let object = Object {
            bytes: bytes.into(),
            ..Object::default()
        };
        self.state
            .objects
            .lock()
            .unwrap()
            .insert(key.into(), object);
    }

    /// Keeps no metadata from now on, as some services that speak S3's language.
    pub fn forget_metadata(&self) {
        self.state.without_metadata.store(true, Ordering::SeqCst);
    }

    /// A header of the metadata of an object.
    pub fn metadata(&self, key: &str, name: &str) -> Option<String> {
        let objects = self.state.objects.lock().unwrap();
        let found = objects
            .get(key)?
            .metadata
            .iter()
            .find(|(found, _)| found == name);
        found.map(|(_, value)| value.clone())
    }

    pub fn remove(&self, key: &str) {
        self.state.objects.lock().unwrap().remove(key);
    }

    pub fn keys(&self) -> Vec<String> {
        self.state.objects.lock().unwrap().keys().cloned().collect()
    }

    pub fn object(&self, key: &str) -> Option<Vec<u8>> {
        self.state
            .objects
            .lock()
            .unwrap()
            .get(key)
            .map(|object| object.bytes.clone())
    }

    /// Uploads that were begun, and neither completed nor removed.
    pub fn unfinished(&self) -> usize {
        self.state.uploads.lock().unwrap().len()
    }

    pub fn count(&self, action: Action) -> usize {
        self.state
            .requests
            .lock()
            .unwrap()
            .iter()
            .filter(|request| request.action == action)
            .count()
    }
}

impl State {
    fn serve(&self, connection: &TcpStream) {
        let Some(raw) = read(connection) else { return };
        let request = Request {
            action: raw.action(),
            key: raw.key(),
        };
        self.requests.lock().unwrap().push(request.clone());
        let script = self.script.lock().unwrap().clone();
        let fault = script.and_then(|script| script(&request));
        let mut connection = connection;
        if !raw.is_signed {
            let body = b"<Error><Code>SignatureDoesNotMatch</Code></Error>";
            return drop(connection.write_all(&response("403 Forbidden", "", body)));
        }
        let answer = match fault {
            Some(Fault::Status(status)) => {
                let body = format!(
                    "<Error><Code>Stub{status}</Code><Message>as it was told</Message></Error>"
                );
                response(&format!("{status} Stub"), "", body.as_bytes())
            }
            Some(Fault::Cut) => return,
            Some(Fault::Hang) => return drop(connection.read(&mut [0])),
            fault => {
                let flip = matches!(fault, Some(Fault::Flip));
                let answer = self.obey(&request, raw, flip);
                match fault {
                    Some(Fault::CutAfter) => return,
                    Some(Fault::Half) => answer[..answer.len() / 2].to_vec(),
                    _ => answer,
                }
            }
        };
        let _ = connection.write_all(&answer);
    }

    fn obey(&self, request: &Request, mut raw: Raw, flip: bool) -> Vec<u8> {
        let (mut objects, mut uploads) =
            (self.objects.lock().unwrap(), self.uploads.lock().unwrap());
        let missing = || {
            response(
                "404 Not Found",
                "",
                b"<Error><Code>NoSuchKey</Code></Error>",
            )
        };
        if flip && let Some(byte) = raw.body.last_mut() {
            *byte ^= 1;
        }
        let upload = raw.query.get("uploadId").cloned().unwrap_or_default();
        match request.action {
            Action::List => {
                let prefix = &raw.query["prefix"];
                let found = objects
                    .iter()
                    .filter(|(key, _)| key.starts_with(prefix.as_str()));
                let found: Vec<_> = found
                    .map(|(key, object)| {
                        let size = object.bytes.len();
                        format!("<Contents><Key>{key}</Key><Size>{size}</Size></Contents>")
                    })
                    .collect();
                let body = format!("<ListBucketResult>{}</ListBucketResult>", found.concat());
                response("200 OK", "", body.as_bytes())
            }
            Action::Begin => {
                let id = format!(
                    "upload-{}-{}",
                    request.key,
                    self.requests.lock().unwrap().len()
                );
                if self.without_metadata.load(Ordering::SeqCst) {
                    raw.metadata.clear();
                }
                uploads.insert(
                    id.clone(),
                    Upload {
                        parts: Vec::new(),
                        metadata: raw.metadata,
                    },
                );
                let root = "InitiateMultipartUploadResult";
                response(
                    "200 OK",
                    "",
                    format!("<{root}><UploadId>{id}</UploadId></{root}>").as_bytes(),
                )
            }
            Action::Part(number) => match uploads.get_mut(&upload) {
                Some(Upload { parts, .. }) => {
                    parts.resize(parts.len().max(number), Vec::new());
                    parts[number - 1] = raw.body;
                    response("200 OK", &format!("ETag: \"part-{number}\"\r\n"), b"")
                }
                None => missing(),
            },
            Action::Complete => match uploads.remove(&upload) {
                Some(Upload { parts, metadata }) => {
                    let body = String::from_utf8(raw.body).unwrap();
                    for number in 1..=parts.len() {
                        assert!(body.contains(&format!("part-{number}")), "{body}");
                    }
                    let object = Object {
                        bytes: parts.concat(),
                        metadata,
                    };
                    objects.insert(request.key.clone(), object);
                    let root = "CompleteMultipartUploadResult";
                    response(
                        "200 OK",
                        "",
                        format!("<{root}><ETag>whole</ETag></{root}>").as_bytes(),
                    )
                }
                None => missing(),
            },
            Action::Abort => match uploads.remove(&upload) {
                Some(_) => response("204 No Content", "", b""),
                None => missing(),
            },
            Action::Head => match objects.get(&request.key) {
                Some(object) => {
                    let headers = object
                        .metadata
                        .iter()
                        .map(|(name, value)| format!("{name}: {value}\r\n"));
                    response("200 OK", &headers.collect::<String>(), b"")
                }
                None => response("404 Not Found", "", b""),
            },
            Action::Get => match (objects.get(&request.key), raw.range) {
                (Some(Object { bytes, .. }), Some((from, to))) => {
                    let range = format!("Content-Range: bytes {from}-{to}/{}\r\n", bytes.len());
                    let mut part = bytes[from.min(bytes.len())..bytes.len().min(to + 1)].to_vec();
                    if flip && let Some(byte) = part.first_mut() {
                        *byte ^= 1;
                    }
                    response("206 Partial Content", &range, &part)
                }
                _ => missing(),
            },
            Action::Delete => {
                objects.remove(&request.key);
                response("204 No Content", "", b"")
            }
        }
    }
}

impl Raw {
    fn action(&self) -> Action {
        let has = |name| self.query.contains_key(name);
        match self.method.as_str() {
            "GET" if has("list-type") => Action::List,
            "GET" => Action::Get,
            "HEAD" => Action::Head,
            "POST" if has("uploads") => Action::Begin,
            "POST" => Action::Complete,
            "PUT" => Action::Part(self.query["partNumber"].parse().unwrap()),
            "DELETE" if has("uploadId") => Action::Abort,
            _ => Action::Delete,
        }
    }

    /// The path without the bucket.
    fn key(&self) -> String {
        self.path
            .trim_start_matches('/')
            .split_once('/')
            .unwrap_or_default()
            .1
            .to_owned()
    }
}

fn response(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}Connection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn read(connection: &TcpStream) -> Option<Raw> {
    let received = ReceivedRequest::read(connection)?;
    assert_eq!(
        received.header("transfer-encoding"),
        None,
        "S3 takes no chunks"
    );
    let range = received.header("range").and_then(|range| {
        let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
        Some((from.parse().ok()?, to.parse().ok()?))
    });
    Some(Raw {
        is_signed: is_signed(&received),
        metadata: received.headers("x-amz-meta-"),
        query: received
            .pairs()
            .map(|(name, value)| (name.to_owned(), value.replace("%2F", "/")))
            .collect(),
        range,
        method: received.method,
        path: received.path,
        body: received.body,
    })
}

/// True if the query has the signature that AWS documents ("Signature Version 4", in the query) for these words and
/// [`SECRET`].
fn is_signed(received: &ReceivedRequest) -> bool {
    let (method, path, query) = (&received.method, &received.path, &received.query);
    let find = |name: &str| {
        query
            .split('&')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    };
    let mut pairs: Vec<_> = query
        .split('&')
        .filter(|pair| !pair.starts_with("X-Amz-Signature="))
        .collect();
    pairs.sort_unstable();
    // S3 wants all of its own headers signed.
    let names = find("X-Amz-SignedHeaders")
        .unwrap_or_default()
        .replace("%3B", ";");
    let signed: Vec<_> = names.split(';').collect();
    if !received
        .headers("x-amz-")
        .iter()
        .all(|(name, _)| signed.contains(&name.as_str()))
    {
        return false;
    }
    let headers = signed
        .iter()
        .map(|name| format!("{name}:{}\n", received.header(name).unwrap_or_default()));
    let headers = headers.collect::<String>();
    let request = format!(
        "{method}\n{path}\n{}\n{headers}\n{names}\nUNSIGNED-PAYLOAD",
        pairs.join("&")
    );
    let Some((date, credential)) = find("X-Amz-Date").zip(find("X-Amz-Credential")) else {
        return false;
    };
    let scope = credential.split_once("%2F").unwrap().1.replace("%2F", "/");
    let text = format!(
        "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
        hex(&Sha256::digest(request))
    );
    let mac = |key: &[u8], text: &str| {
        let mac = Hmac::<Sha256>::new_from_slice(key)
            .unwrap()
            .chain_update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    };
    let key = scope
        .split('/')
        .fold(format!("AWS4{SECRET}").into_bytes(), |key, word| {
            mac(&key, word)
        });
    find("X-Amz-Signature") == Some(&hex(&mac(&key, &text)))
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}
