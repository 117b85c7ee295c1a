//! WeChat on a loopback port, on one thread: as light as can be, because it shares the cores with what is measured.
//!
//! The code `X-anything` is the user with the openid `o_X`, but there is no user `junk`. A phone code begins with the eleven digits
//! of the phone.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::wire::{Connection, Message};

pub const APP_ID: &str = "wx_bench";
/// What codes begin with that are nobody's.
pub const JUNK: &str = "junk";

/// The thread ends with the process.
pub struct Stub {
    pub address: SocketAddr,
    mood: watch::Sender<Mood>,
}

/// How it answers.
#[derive(Clone, Copy, Default)]
struct Mood {
    hangs: bool,
    delay: Duration,
}

impl Stub {
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener
            .set_nonblocking(true)
            .expect("a socket that does not block");
        let address = listener.local_addr().expect("an address");
        let (mood, felt) = watch::channel(Mood::default());
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(accept(listener, felt));
        };
        thread::Builder::new()
            .name("wechat-stub".into())
            .spawn(run)
            .expect("a thread");
        Self { address, mood }
    }

    /// While it hangs, it accepts connections and requests, and says nothing.
    pub fn hang(&self, hanging: bool) {
        self.mood.send_modify(|mood| mood.hangs = hanging);
    }

    /// From now on each answer takes so long.
    pub fn slow_down(&self, delay: Duration) {
        self.mood.send_modify(|mood| mood.delay = delay);
    }
}

async fn accept(listener: std::net::TcpListener, mood: watch::Receiver<Mood>) {
    let listener = TcpListener::from_std(listener).expect("a listener");
    while let Ok((stream, _)) = listener.accept().await {
        if let Ok(connection) = Connection::new(stream) {
            tokio::spawn(serve(connection, mood.clone()));
        }
    }
}

/// Until the other end goes away.
async fn serve(mut connection: Connection, mut mood: watch::Receiver<Mood>) {
    while let Ok(request) = connection.receive().await {
        let body = answer(&request);
        let Mood { hangs, delay } = *mood.borrow();
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if hangs {
            tokio::select! {
                _ = mood.wait_for(|mood| !mood.hangs) => {}
                () = connection.closed() => return,
            }
        }
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain";
        let message = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        if connection.send(message.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn answer(request: &Message<'_>) -> String {
    let head = String::from_utf8_lossy(request.head);
    let target = head.split(' ').nth(1).unwrap_or_default();
    if target.starts_with("/sns/jscode2session") {
        let user = target
            .split_once("js_code=")
            .map_or("", |(_, rest)| before_dash(rest));
        if user == JUNK {
            return r#"{"errcode":40029,"errmsg":"invalid code"}"#.to_owned();
        }
        format!(r#"{{"session_key":"c2Vzc2lvbl9rZXk9PT0=","openid":"o_{user}"}}"#)
    } else if target.starts_with("/cgi-bin/stable_token") {
        r#"{"access_token":"an_access_token","expires_in":7200}"#.to_owned()
    } else {
        let body: Value = serde_json::from_slice(request.body).unwrap_or_default();
        let phone = before_dash(body["code"].as_str().unwrap_or_default());
        let phone_info = format!(
            r#"{{"phoneNumber":"{phone}","purePhoneNumber":"{phone}","countryCode":"86","watermark":{{"timestamp":0,"appid":"{APP_ID}"}}}}"#
        );
        format!(r#"{{"errcode":0,"errmsg":"ok","phone_info":{phone_info}}}"#)
    }
}

fn before_dash(code: &str) -> &str {
    code.split('-').next().unwrap_or_default()
}
