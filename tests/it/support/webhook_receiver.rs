//! A program that is told what happens to users: it verifies each message by its own means, and answers as the test wants.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bai::config::{Webhook, WebhookSecret, WebhookUrl};
use bai::domain::UserEventKind;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::io::Write as _;

use crate::support::canary;
use crate::support::received_request::ReceivedRequest;

/// The key with which messages are signed, and its text.
pub const SECRET: &str = "whsec_canarycanarycanarycanarycanaryAB";
/// The path of a receiver, in which there is a key.
const PATH: &str = "/hooks/canary?key=canary";
const PATIENCE: Duration = Duration::from_mins(1);

/// A message that arrived.
#[derive(Clone, Debug)]
pub struct Told {
    pub id: String,
    pub kind: String,
    pub user: String,
    pub body: Value,
}

/// An answer.
#[derive(Clone, Debug)]
pub enum Reply {
    Status(u16),
    /// With a header.
    With(u16, &'static str),
    /// Nothing, for so long or until the receiver ends.
    Hang(Duration),
    /// The connection is closed.
    Close,
}

type Script = dyn Fn(&Told) -> Reply + Send + Sync;

pub struct Receiver {
    pub address: SocketAddr,
    state: Arc<State>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    told: Mutex<Vec<Told>>,
    taken: Mutex<Vec<Told>>,
    script: Mutex<Option<Arc<Script>>>,
    is_over: AtomicBool,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

impl Receiver {
    /// A receiver that takes everything.
    pub fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap())
    }

    pub fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let serving = Arc::clone(&state);
        let accepting = thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if serving.is_over.load(Ordering::SeqCst) {
                    break;
                }
                let state = Arc::clone(&serving);
                thread::spawn(move || state.serve(&connection));
            }
        });
        Self {
            address,
            state,
            accepting: Some(accepting),
        }
    }

    /// A receiver that answers so.
    pub fn answering(script: impl Fn(&Told) -> Reply + Send + Sync + 'static) -> Self {
        let receiver = Self::start();
        receiver.answer(script);
        receiver
    }

    /// Answers so from now on.
    pub fn answer(&self, script: impl Fn(&Told) -> Reply + Send + Sync + 'static) {
        *self.state.script.lock().unwrap() = Some(Arc::new(script));
    }

    /// Its address with a path that is a secret.
    pub fn url(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// The webhook that is told everything.
    pub fn webhook(&self) -> Webhook {
        webhook(&self.url())
    }

    /// The configuration of the webhook, as a variable has it.
    pub fn setting(&self) -> String {
        format!("[{{ url = \"{}\", secret = \"{SECRET}\" }}]", self.url())
    }

    /// All messages that arrived, in their order.
    pub fn told(&self) -> Vec<Told> {
        self.state.told.lock().unwrap().clone()
    }

    /// Those that were answered with a success.
    pub fn taken(&self) -> Vec<Told> {
        self.state.taken.lock().unwrap().clone()
    }

    /// The types of the messages about that user that were answered with a success.
    pub fn kinds_of(&self, user: &Value) -> Vec<String> {
        let taken = self.taken().into_iter();
        let of_user = taken.filter(|told| *user == *told.user);
        of_user.map(|told| told.kind).collect()
    }

    /// Waits until so many messages arrived, and a moment for more.
    pub fn wait_for(&self, count: usize) -> Vec<Told> {
        wait_until(&format!("{count} messages"), || self.told().len() >= count);
        self.told()
    }

    /// Waits until so many were taken.
    pub fn wait_for_taken(&self, count: usize) -> Vec<Told> {
        wait_until(&format!("{count} messages"), || self.taken().len() >= count);
        self.taken()
    }

    /// The most calls that there were at once.
    pub fn most_open(&self) -> usize {
        self.state.most_open.load(Ordering::SeqCst)
    }

    /// Closes the port; what arrived is kept.
    pub fn close(&mut self) {
        self.state.is_over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        if let Some(accepting) = self.accepting.take() {
            accepting.join().unwrap();
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if self.accepting.is_some() {
            self.close();
        }
    }
}

impl State {
    fn serve(&self, connection: &TcpStream) {
        let open = self.open.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_open.fetch_max(open, Ordering::SeqCst);
        if let Some(request) = ReceivedRequest::read(connection) {
            self.answer(connection, &read(&request));
        }
        self.open.fetch_sub(1, Ordering::SeqCst);
    }

    fn answer(&self, connection: &TcpStream, told: &Told) {
        let script = self.script.lock().unwrap().clone();
        let reply = script.map_or(Reply::Status(204), |script| script(told));
        // Before the answer: whoever sees that it was taken sees that it arrived.
        self.told.lock().unwrap().push(told.clone());
        let (status, header) = match reply {
            Reply::Status(status) => (status, ""),
            Reply::With(status, header) => (status, header),
            Reply::Close => return,
            Reply::Hang(time) => return self.hang(time),
        };
        if (200..300).contains(&status) {
            self.taken.lock().unwrap().push(told.clone());
        }
        let header = match header {
            "" => String::new(),
            header => format!("{header}\r\n"),
        };
        let answer = format!(
            "HTTP/1.1 {status} x\r\n{header}Connection: close\r\nContent-Length: 2\r\n\r\nok"
        );
        let _ = { connection }.write_all(answer.as_bytes());
    }

    fn hang(&self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until && !self.is_over.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The webhook at this address that is told everything.
pub fn webhook(url: &str) -> Webhook {
    Webhook {
        url: WebhookUrl::parse(url).unwrap(),
        secret: WebhookSecret::parse(SECRET).unwrap(),
        events: UserEventKind::ALL.to_vec(),
    }
}

/// The message of a request, whose form and signature are verified.
fn read(request: &ReceivedRequest) -> Told {
    let header = |name: &str| request.header(name).unwrap_or_default().to_owned();
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/hooks/canary")
    );
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(
        header("user-agent"),
        concat!("bai/", env!("CARGO_PKG_VERSION"))
    );
    let (id, seconds) = (header("webhook-id"), header("webhook-timestamp"));
    let mut signed = format!("{id}.{seconds}.").into_bytes();
    signed.extend(&request.body);
    let key = STANDARD
        .decode(SECRET.strip_prefix("whsec_").unwrap())
        .unwrap();
    let expected = format!("v1,{}", STANDARD.encode(hmac_sha256(&key, &signed)));
    assert_eq!(header("webhook-signature"), expected);
    assert!(
        id.starts_with("msg_") && id.len() > 20 && !id.contains('.'),
        "{id}"
    );
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(canary::find(&body.to_string()), None, "{body}");
    let kind = body["type"].as_str().unwrap().to_owned();
    let user = body["data"]["user"]["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    Told {
        id,
        kind,
        user,
        body,
    }
}

/// HMAC as RFC 2104 writes it, which is not how the program makes it.
fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let padded = |with: u8, rest: &[u8]| {
        let mut bytes = block.map(|byte| byte ^ with).to_vec();
        bytes.extend(rest);
        <[u8; 32]>::from(Sha256::digest(&bytes))
    };
    padded(0x5c, &padded(0x36, message))
}

/// Waits until it is so.
pub fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "in vain: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
