//! One HTTP call to WeChat, on a blocking thread, bounded in number, time and size.

use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::unversioned::transport::DefaultConnector;

use super::error::Error;
use super::resolver::Remembering;
use crate::clock::Clock;
use crate::config;
use crate::fair::{Asker, Bounds, Budget, Share, Turns};
use crate::outbound::Cause;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// WeChat's answers have under 1 KiB.
const MAX_ANSWER: u64 = 64 * 1024;
/// Requests that may wait for a call's end or an access token; more are refused at once.
const MAX_WAITING: usize = 200;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Pause before the one repetition of a call that found nobody to connect to.
const RECONNECT_PAUSE: Duration = Duration::from_millis(100);

pub struct Http {
    agent: Agent,
    resolver: Remembering,
    base_url: String,
    way: Way,
    running: Turns<Asker>,
    admitted: Budget<Asker>,
}

/// A call. Its query may hold secrets, so it is never logged.
#[derive(Clone)]
pub struct Request {
    asker: Asker,
    path: &'static str,
    query: Vec<(&'static str, String)>,
    /// `None` is a GET, `Some` a POST.
    body: Option<Value>,
}

impl Request {
    pub fn get(asker: Asker, path: &'static str) -> Self {
        Self {
            asker,
            path,
            query: Vec::new(),
            body: None,
        }
    }

    pub fn post(asker: Asker, path: &'static str, body: Value) -> Self {
        Self {
            asker,
            path,
            query: Vec::new(),
            body: Some(body),
        }
    }

    /// Adds a query parameter; it is percent-encoded.
    pub fn query(mut self, name: &'static str, value: &str) -> Self {
        self.query.push((name, value.to_owned()));
        self
    }
}

impl Http {
    pub fn new(settings: &config::Wechat, limits: &config::Limits, clock: Clock) -> Self {
        let resolver = Remembering::new(clock);
        let proxy = ureq::Proxy::new(settings.proxy.expose())
            .ok()
            .filter(|_| !settings.proxy.is_empty());
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(proxy)
            .timeout_connect(Some(CONNECT_TIMEOUT.min(settings.timeout)))
            .timeout_global(Some(settings.timeout))
            .max_idle_connections(settings.max_concurrent)
            .max_idle_connections_per_host(settings.max_concurrent)
            .build();
        let admitted = settings.max_concurrent + MAX_WAITING;
        Self {
            agent: Agent::with_parts(config, DefaultConnector::new(), resolver.clone()),
            resolver,
            base_url: settings.base_url.expose().to_owned(),
            way: Way::of(settings.proxy.expose()),
            running: Turns::new(
                shared(settings.max_concurrent, limits),
                Bounds {
                    all: admitted,
                    each: admitted,
                },
            ),
            admitted: Budget::new(shared(admitted, limits)),
        }
    }

    /// A place among those whose calls run or wait, or a refusal at once; one source has a share of them.
    pub fn admit(&self, asker: Asker) -> Result<Share<Asker>, Error> {
        self.admitted.take(asker, 1).ok_or(Error::Full)
    }

    /// Sends the call and reads the JSON of its answer, whatever its content type says.
    pub async fn send(&self, request: &Request) -> Result<Value, Error> {
        match self.attempt(request.clone()).await {
            Err(error) if error.is_before_request() => {
                self.resolver.forget();
                tokio::time::sleep(RECONNECT_PAUSE).await;
                self.attempt(request.clone()).await
            }
            result => result,
        }
    }

    /// The turn moves to the thread: a call whose requester gave up still counts while it runs.
    async fn attempt(&self, request: Request) -> Result<Value, Error> {
        let turn = self.running.take(request.asker).await.map_err(other)?;
        let agent = self.agent.clone();
        let way = self.way;
        let url = format!("{}{}", self.base_url, request.path);
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            exchange(&agent, &url, request, way)
        })
        .await
        .map_err(other)?
    }
}

/// Bounds of which each source has its share.
fn shared(all: usize, limits: &config::Limits) -> Bounds {
    Bounds {
        all,
        each: limits.share_of(all),
    }
}

fn other(cause: impl std::fmt::Display) -> Error {
    Error::Unavailable(cause.to_string())
}

fn exchange(agent: &Agent, url: &str, request: Request, way: Way) -> Result<Value, Error> {
    let result = match request.body {
        None => agent.get(url).query_pairs(request.query).call(),
        Some(body) => agent.post(url).query_pairs(request.query).send_json(body),
    };
    let response = result.map_err(|e| way.unreachable(&e))?;
    if response.status() != 200 {
        return Err(Error::odd(status_in_words(response.status().as_u16())));
    }
    let body = response
        .into_body()
        .into_with_config()
        .limit(MAX_ANSWER)
        .read_to_vec()
        .map_err(|e| way.unreachable(&e))?;
    let json = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&body);
    serde_json::from_slice(json).map_err(|_| Error::odd(no_json_in_words(json)))
}

fn status_in_words(status: u16) -> String {
    let meaning = match status {
        300..400 => " (a redirection, as captive portals make)",
        407 => " (the proxy wants the user and password of wechat.proxy)",
        _ => "",
    };
    format!("HTTP status {status}{meaning}")
}

fn no_json_in_words(body: &[u8]) -> &'static str {
    match body.trim_ascii_start().first() {
        None => "an empty answer",
        Some(b'<') => "an HTML page",
        Some(_) => "an answer that is not JSON",
    }
}

/// The way to WeChat.
#[derive(Clone, Copy)]
enum Way {
    Straight,
    /// Through a proxy, which may speak TLS itself.
    Proxy {
        has_tls: bool,
    },
}

impl Way {
    fn of(proxy: &str) -> Self {
        match proxy {
            "" => Self::Straight,
            proxy => Self::Proxy {
                has_tls: proxy.starts_with("https://"),
            },
        }
    }

    /// The error of a call that had no whole answer: we connect to the proxy, if there is one.
    fn unreachable(self, error: &ureq::Error) -> Error {
        let cause = Cause::from(error);
        match self {
            Self::Proxy { has_tls } if cause.is_of_connecting() || has_tls && cause.is_of_tls() => {
                Error::ProxyUnreachable(cause)
            }
            _ => Error::Unreachable(cause),
        }
    }
}
