//! No secret leaves. Every secret that a test gives away (app secret, codes, passwords, session keys, access tokens, the
//! servers' token keys) has the word "canary" in it, and what a server makes by itself is known by its form. Neither
//! may be in a log line, a panic or an answer of the whole run; the harness looks at all of them. The one exception is the line
//! by which a first start offers its set-up link.

use std::io;
use std::sync::{Arc, LazyLock, Mutex, Once, PoisonError};

use bai::clock::Clock;
use bai::domain::ServerKey;
use bai::random::Random;
use bai::store::{Location, PostgresSettings, Store};
use jiff::Timestamp;
use serde_json::Value;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::prelude::*;

use crate::support::waiting::wait;

pub const APP_SECRET: &str = "canary-app-secret";
pub const SESSION_KEY: &str = "canary-session-key";
pub const PASSWORD: &str = "canary-password";

/// Texts that no output may contain, and their kinds.
const SECRETS: [(&str, &str); 15] = [
    ("canary", "a secret of the tests"),
    ("63616e617279", "a secret of the tests in hex"),
    ("63616E617279", "a secret of the tests in hex"),
    (
        "99, 97, 110, 97, 114, 121",
        "a secret of the tests as bytes",
    ),
    ("Y2FuYXJ5", "a secret of the tests in base64"),
    ("v4~local~", "a bearer token"),
    ("k4.local.", "a token key"),
    ("PRIVATE KEY-----", "a private key"),
    ("TokenKey([", "a user's token key"),
    ("eyJhbGciOiJIUzI1Ni", "a bearer token of PocketBase"),
    ("bai_setup_", "the secret of a set-up link"),
    ("$scrypt$", "a password's hash"),
    ("$2a$", "a password's hash"),
    ("sandbox_access_token", "the sandbox's access token"),
    ("c2FuZGJveA==", "the sandbox's session key"),
];

/// The ends of the paths whose answers hand out a token, in `token` or `data.token`.
const HANDS_OUT_A_TOKEN: [&str; 7] = [
    "/api/files/token",
    "/api/wechat/login",
    "/api/platform/register",
    "/api/platform/login",
    "/api/system/refresh-token",
    "/auth-with-password",
    "/auth-refresh",
];

/// A one-time code that is a canary, and the same user's or phone's for the sandbox's rules.
pub fn code(code: &str) -> String {
    if code.contains("canary") {
        code.to_owned()
    } else {
        format!("{code}~canary")
    }
}

/// The kind of secret that is in `text`.
pub fn find(text: &str) -> Option<&'static str> {
    SECRETS
        .iter()
        .find(|(secret, _)| text.contains(secret))
        .map(|(_, kind)| *kind)
}

/// True if a line of the log is there to hand out the set-up link.
pub fn is_offer(line: &str) -> bool {
    line.contains("there is no superuser") && line.contains("/setup#")
}

/// The kind of secret that is in a server's log, besides the set-up link that it may hand out.
pub fn find_in_log(log: &str) -> Option<&'static str> {
    log.lines().filter(|line| !is_offer(line)).find_map(find)
}

/// The kind of secret that is in the body of an answer, besides the token that it may hand out.
pub fn find_in_answer(path: &str, status: u16, body: &[u8]) -> Option<&'static str> {
    let path = path.split('?').next().unwrap();
    if status == 200
        && (HANDS_OUT_A_TOKEN.iter().any(|end| path.ends_with(end))
            || path.contains("/impersonate/"))
    {
        let mut body: Value = serde_json::from_slice(body).unwrap();
        for pointer in ["/token", "/data/token"] {
            if let Some(token) = body.pointer_mut(pointer) {
                token.take();
            }
        }
        return find(&body.to_string());
    }
    find(&String::from_utf8_lossy(body))
}

/// Remembers what leaked, since neither a log line nor a panic can fail a test by itself.
#[derive(Clone, Default)]
pub struct Watch(Arc<Mutex<Vec<String>>>);

impl Watch {
    pub fn look(&self, whence: &str, text: &str) {
        if let Some(kind) = find(text) {
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(format!("{kind} in {whence}: {text}"));
        }
    }

    pub fn assert_nothing_leaked(&self) {
        let leaks = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        assert!(leaks.is_empty(), "{}", leaks.join("\n"));
    }

    fn subscriber(&self) -> impl tracing::Subscriber + Send + Sync + use<> {
        let layer = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_writer(self.clone());
        let targets = Targets::new()
            .with_target("bai", LevelFilter::TRACE)
            .with_default(LevelFilter::DEBUG);
        tracing_subscriber::registry().with(layer.with_filter(targets))
    }
}

impl<'a> MakeWriter<'a> for Watch {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl io::Write for Watch {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.look("a log line", &String::from_utf8_lossy(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Watches every log line and panic of this process from now on.
pub fn watch() -> &'static Watch {
    static WATCH: LazyLock<Watch> = LazyLock::new(Watch::default);
    static START: Once = Once::new();
    START.call_once(|| {
        tracing::subscriber::set_global_default(WATCH.subscriber()).unwrap();
        let otherwise = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // A failed assertion of a test may show what it likes.
            if panic
                .location()
                .is_none_or(|at| !at.file().starts_with("tests/"))
            {
                WATCH.look("a panic", panic.payload_as_str().unwrap_or_default());
            }
            otherwise(panic);
        }));
    });
    &WATCH
}

/// Gives a new database a token key that is a canary, and another one for each `seed`.
pub fn plant_token_key(
    location: &Location,
    postgres: Option<&PostgresSettings>,
    seed: u64,
    now: Timestamp,
) {
    let mut secret = Random::seeded(seed).bytes::<32>().unwrap();
    secret[..6].copy_from_slice(b"canary");
    let key = ServerKey {
        secret,
        created: now,
    };
    wait(async {
        let store = match postgres {
            Some(settings) => Store::connect(settings, Clock::System, Random::System).await,
            None => Store::open(location, 1 << 20),
        };
        let store = store.unwrap();
        // As a server's first start does, before anything else is in it.
        if let Some(file) = store.file() {
            file.ensure_identity(&Random::System).await.unwrap();
        }
        store.ensure_token_key(key).await.unwrap();
    });
}

#[test]
fn a_leak_would_be_noticed() {
    let leaks = |output: &dyn Fn()| {
        let watch = Watch::default();
        tracing::subscriber::with_default(watch.subscriber(), output);
        watch.0.lock().unwrap().len()
    };
    let key = *b"canary, and twenty-six bytes mor";
    assert_eq!(
        leaks(&|| tracing::trace!(target: "bai::wechat", code = code("alice~1"), "asked")),
        1
    );
    assert_eq!(
        leaks(&|| tracing::debug!(target: "h2", "pb.e30.v4~local~xxx")),
        1
    );
    assert_eq!(leaks(&|| tracing::error!(target: "bai", ?key)), 1);
    assert_eq!(
        leaks(&|| tracing::info!(target: "bai", "alice, 13800138000")),
        0
    );

    let offer = "there is no superuser: http://127.0.0.1/setup#bai_setup_x";
    assert_eq!((find_in_log(offer), find(offer).is_some()), (None, true));
    assert!(find_in_log("somebody came from /setup#bai_setup_x").is_some());

    let login = |record: &str| {
        format!(r#"{{"token":"pb.e30.v4~local~x","record":"{record}"}}"#).into_bytes()
    };
    assert_eq!(
        find_in_answer("/api/wechat/login", 200, &login("alice")),
        None
    );
    assert!(find_in_answer("/api/wechat/login", 200, &login("pb.e30.v4~local~x")).is_some());
    assert!(find_in_answer("/api/wechat/profile", 200, &login("alice")).is_some());
    assert!(find_in_answer("/api/wechat/login", 400, &code("bad").into_bytes()).is_some());
}
