//! WeChat on the wire, as each test wants it: answers, errors, silence and nonsense.

use std::collections::HashMap;
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use bai::wechat::sandbox;
use serde_json::{Value, json};

use crate::support::canary::SESSION_KEY;
use crate::support::received_request::ReceivedRequest;

pub const SESSION: &str = "/sns/jscode2session";
pub const TOKEN: &str = "/cgi-bin/stable_token";
pub const PHONE: &str = "/wxa/business/getuserphonenumber";

/// A request that the stub got.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub query: HashMap<String, String>,
    pub body: Value,
}

/// An answer of the stub, or its absence.
pub enum Reply {
    /// Status 200 and `text/plain`, as WeChat.
    Json(Value),
    /// These bytes, and nothing else.
    Raw(Vec<u8>),
    /// Keeps the connection open and says nothing for so long.
    Hang(Duration),
    /// These bytes, and then one more every 20 ms for as long as the client takes them.
    Drip(Vec<u8>),
}

type Script = dyn Fn(&Call) -> Option<Reply> + Send + Sync;

pub struct WechatStub {
    pub url: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    calls: Mutex<Vec<Call>>,
    script: Mutex<Option<Arc<Script>>>,
}

impl WechatStub {
    pub fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap())
    }

    pub fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State::default());
        let serving = Arc::clone(&state);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let state = Arc::clone(&serving);
                thread::spawn(move || state.serve(connection));
            }
        });
        Self { url, state }
    }

    /// Answers by `script` where it gives a reply, and like the sandbox where it gives `None`.
    pub fn script(&self, script: impl Fn(&Call) -> Option<Reply> + Send + Sync + 'static) {
        *self.state.script.lock().unwrap() = Some(Arc::new(script));
    }

    /// Answers every call to `path` with this error.
    pub fn refuse(&self, path: &'static str, errcode: i64, errmsg: &str) {
        let answer = json!({ "errcode": errcode, "errmsg": errmsg });
        self.script(move |call| (call.path == path).then(|| Reply::Json(answer.clone())));
    }

    /// The calls to `path` so far.
    pub fn calls(&self, path: &str) -> Vec<Call> {
        self.state
            .calls
            .lock()
            .unwrap()
            .iter()
            .filter(|call| call.path == path)
            .cloned()
            .collect()
    }
}

impl State {
    fn serve(&self, mut connection: TcpStream) {
        let Some(call) = read(&connection) else {
            return;
        };
        self.calls.lock().unwrap().push(call.clone());
        let script = self.script.lock().unwrap().clone();
        let reply = script
            .and_then(|script| script(&call))
            .unwrap_or_else(|| Reply::Json(like_sandbox(&call)));
        match reply {
            Reply::Json(body) => drop(connection.write_all(&response("200 OK", &body.to_string()))),
            Reply::Raw(bytes) => drop(connection.write_all(&bytes)),
            Reply::Hang(time) => thread::sleep(time),
            Reply::Drip(start) => {
                let mut sent = connection.write_all(&start);
                while sent.is_ok() {
                    thread::sleep(Duration::from_millis(20));
                    sent = connection.write_all(b" ");
                }
            }
        }
    }
}

/// A whole HTTP response as text/plain.
pub fn response(status: &str, body: &str) -> Vec<u8> {
    let head = "Content-Type: text/plain\r\nConnection: close";
    format!(
        "HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn like_sandbox(call: &Call) -> Value {
    let query = |name: &str| call.query.get(name).map(String::as_str).unwrap_or_default();
    match call.path.as_str() {
        SESSION => {
            let mut session = sandbox::jscode2session(query("appid"), query("js_code"));
            if let Some(key) = session.get_mut("session_key") {
                *key = SESSION_KEY.into();
            }
            session
        }
        TOKEN => sandbox::stable_token(&call.body),
        PHONE => sandbox::getuserphonenumber("wx_test", query("access_token"), &call.body, 0),
        path => panic!("not a path of WeChat's: {path}"),
    }
}

fn read(connection: &TcpStream) -> Option<Call> {
    let received = ReceivedRequest::read(connection)?;
    Some(Call {
        query: received
            .pairs()
            .map(|(name, value)| (name.to_owned(), percent_decoded(value)))
            .collect(),
        body: serde_json::from_slice(&received.body).unwrap_or_default(),
        method: received.method,
        path: received.path,
    })
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let hex = [rest.next().unwrap(), rest.next().unwrap()];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
            }
            b'+' => bytes.push(b' '),
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap()
}
