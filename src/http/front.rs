//! The outermost endpoint, for every request: its id, CORS, panics, errors in the format of their path, headers, log.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use futures_util::FutureExt;
use ipnet::IpNet;
use poem::http::uri::Scheme;
use poem::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use poem::{Endpoint, PathPattern, Request, Response, Result};

use super::body::BodyTimeout;
use super::client_address::source_of;
use super::cors::Cors;
use super::error_format::FormatOf;
use super::error_log;
use super::memory::{Held, InMemoryOnce, Memory};
use super::operations::{Operations, Path};
use super::path;
use super::probe::Probe;
use super::rejected::Rejected;
use super::traffic::{Route, Traffic};
use super::unread::Unread;
use crate::random::Random;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest request id that is taken from a client.
const REQUEST_ID_MAX: usize = 64;

/// As PocketBase sends them.
const HEADERS: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
    (header::X_XSS_PROTECTION, "1; mode=block"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

/// A browser that has been here over our own TLS speaks nothing else to this host for a year. A proxy says that for itself.
const HTTPS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// The outermost endpoint; it never fails.
pub struct Front {
    pub inner: Operations,
    pub traffic: Traffic,
    pub cors: Cors,
    pub request_ids: RequestIds,
    pub body_timeout: BodyTimeout,
    pub memory: Memory,
    pub probe: Probe,
    /// Proxies that are believed about whom they forward for.
    pub trusted_proxies: Vec<IpNet>,
    /// The error format of a path below the base path.
    pub format_of: FormatOf,
    /// `Allow` by path; other paths are pages.
    pub allow: HashMap<String, String>,
    pub base_path: String,
    /// Whether the server has TLS of its own, and takes nothing without.
    pub has_tls: bool,
}

impl Endpoint for Front {
    type Output = Response;

    async fn call(&self, mut req: Request) -> Result<Response> {
        let started = Instant::now();
        let unread = Unread::keep(&mut req);
        self.probe.look(&req, &self.trusted_proxies);
        let escapes = path::unescape(&mut req);
        path::drop_unreadable_parameters(&mut req);
        let request_id = self.request_id(req.headers());
        let (method, uri) = (req.method().clone(), req.uri().clone());
        let (path, id) = (uri.path(), request_id.to_str().unwrap_or_default());
        let origin = req.headers().get(header::ORIGIN).cloned();
        let is_https = *req.scheme() == Scheme::HTTPS;
        let is_taken = is_https || !self.has_tls;
        let at = self.inner.at(path);
        let answered = self.answered_at_once(at, &req).filter(|_| is_taken);
        let (mut response, route) = if let Some(answered) = answered {
            // Whoever holds the request holds its body, of which the rest is to be read.
            drop(req);
            answered
        } else {
            let refused = match (is_taken, escapes) {
                (false, _) => Some(Rejected::NotHttps),
                (true, Err(path::InvalidEscape)) => Some(Rejected::InvalidPath),
                (true, Ok(())) => None,
            };
            self.respond(at, req, &method, path, id, refused).await
        };
        let headers = response.headers_mut();
        self.cors.apply(headers, origin.as_ref());
        for (name, value) in HEADERS {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if is_https {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, HTTPS_ONLY);
        }
        headers.insert(REQUEST_ID, request_id.clone());
        let (status, elapsed) = (response.status(), started.elapsed());
        route.count(&method, status, elapsed);
        tracing::debug!(request_id = id, %method, path, status = status.as_u16(), ?elapsed, "request");
        if let Some(unread) = unread {
            self.discard(unread, &response, started).await;
        }
        Ok(response)
    }
}

impl Front {
    /// The answer to a preflight, or to a path that is not as it should be, and the route that it is counted under.
    fn answered_at_once<'a>(
        &'a self,
        at: Option<&'a Path>,
        req: &Request,
    ) -> Option<(Response, &'a Route)> {
        let none = self.traffic.route(None);
        if req.method() == Method::OPTIONS {
            let route = at.map_or(none, |at| &*at.route);
            return Some((self.cors.preflight(req.headers()), route));
        }
        path::redirect(req.uri()).map(|to| (redirected(&to), none))
    }

    /// Reads what the handler left of the body, within the time that a body may take; the memory for what it read is free.
    async fn discard(&self, unread: Unread, response: &Response, started: Instant) {
        if let Some(held) = response.extensions().get::<Held>() {
            held.release_body();
        }
        let BodyTimeout(time) = self.body_timeout;
        unread.discard((started + time).into()).await;
    }

    /// The answer, and the route that it is counted under. Of a path that is not the contract's, poem tells the route.
    async fn respond<'a>(
        &'a self,
        at: Option<&'a Path>,
        mut req: Request,
        method: &Method,
        path: &str,
        request_id: &str,
        refused: Option<Rejected>,
    ) -> (Response, &'a Route) {
        let format = (self.format_of)(path.strip_prefix(&self.base_path).unwrap_or(path));
        req.set_data(self.body_timeout);
        let admitted = self
            .memory
            .admit(&req, source_of(&req, &self.trusted_proxies), format);
        if let Ok(held) = &admitted {
            req.set_data(held.clone());
        }
        let route = |pattern: Option<&PathPattern>| match at {
            Some(at) => &*at.route,
            None => self.traffic.route(pattern.map(|pattern| &*pattern.0)),
        };
        let answer = self.answer(at, req, admitted, refused);
        match AssertUnwindSafe(answer).catch_unwind().await {
            Ok(Ok(response)) => {
                let route = route(response.data());
                (response, route)
            }
            Ok(Err(e)) => {
                let route = route(e.data());
                error_log::log(&e, request_id, path);
                let allow = self.allow.get(path).map_or("GET, HEAD", String::as_str);
                (format.error(e, method, allow), route)
            }
            Err(_) => {
                tracing::error!(request_id, path, "a handler panicked");
                (format.internal(), route(None))
            }
        }
    }

    async fn answer(
        &self,
        at: Option<&Path>,
        req: Request,
        admitted: Result<Held, Rejected>,
        refused: Option<Rejected>,
    ) -> Result<Response> {
        let held = admitted?;
        if let Some(refused) = refused {
            return Err(refused.into());
        }
        let mut response = self.inner.call(at, req).await?;
        if response.extensions().get::<InMemoryOnce>().is_none() {
            response.extensions_mut().insert(held);
        }
        Ok(response)
    }

    /// The client's id if it is harmless in a log, else one of our own.
    fn request_id(&self, headers: &HeaderMap) -> HeaderValue {
        let harmless = |id: &&HeaderValue| {
            (1..=REQUEST_ID_MAX).contains(&id.len())
                && id
                    .as_bytes()
                    .iter()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
        };
        headers
            .get(REQUEST_ID)
            .filter(harmless)
            .cloned()
            .unwrap_or_else(|| self.request_ids.next())
    }
}

/// A redirect of a whole request, as PocketBase answers a path that is not as it should be.
fn redirected(to: &str) -> Response {
    Response::builder()
        .status(StatusCode::TEMPORARY_REDIRECT)
        .header(header::LOCATION, to)
        .finish()
}

/// Ids that are unique within a process and very likely among processes: a random half and a counted one.
pub struct RequestIds {
    prefix: u32,
    count: AtomicU32,
}

impl RequestIds {
    pub fn new(random: &Random) -> Self {
        Self {
            prefix: u32::from_be_bytes(random.bytes().unwrap_or_default()),
            count: AtomicU32::new(1),
        }
    }

    fn next(&self) -> HeaderValue {
        let id =
            u64::from(self.prefix) << 32 | u64::from(self.count.fetch_add(1, Ordering::Relaxed));
        HeaderValue::try_from(format!("{id:016x}")).unwrap_or(HeaderValue::from_static("-"))
    }
}

/// `Allow` by path from the OpenAPI document.
pub fn allow_by_path(document: &serde_json::Value, base_path: &str) -> HashMap<String, String> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths
        .map(|(path, item)| {
            let methods = item
                .as_object()
                .into_iter()
                .flatten()
                .map(|(method, _)| method.to_uppercase());
            (
                format!("{base_path}{path}"),
                methods.collect::<Vec<_>>().join(", "),
            )
        })
        .collect()
}
