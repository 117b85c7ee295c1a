//! `/metrics` and `/readyz`: for those who watch the server.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use poem::http::uri::Authority;
use poem::http::{HeaderMap, HeaderValue, StatusCode, header};
use poem::{Endpoint, Request, Response, Result, Route, get};
use serde_json::{Map, Value, json};
use subtle::ConstantTimeEq;

use crate::app::App;
use crate::auth::{self, Principal};
use crate::config::Secret;
use crate::contract::error;
use crate::http::bearer;
use crate::http::client_address::address_of;
use crate::http::response::JSON;
use crate::metrics;
use crate::monitoring;
use crate::monitoring::Component;

/// Headers that say that somebody else asks than the peer: a proxy's, and a page's in a browser.
const FORWARDED: [&str; 8] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "via",
    "cf-connecting-ip",
    "origin",
];

/// The readers who are admitted.
#[derive(Clone)]
enum Access {
    /// Whoever shows the token.
    Token(Secret),
    /// Programs on this machine that ask directly.
    ThisMachine,
    /// Whoever reaches the address.
    Everybody,
}

/// Routes for monitoring beside the API: `/metrics`, unless it has an address of its own and needs no token, and `/readyz`.
pub fn beside_the_api(routes: Route, app: &Arc<App>) -> Route {
    let settings = &app.config.metrics;
    let has_token = !settings.token.expose().is_empty();
    let access = if has_token {
        Access::Token(settings.token.clone())
    } else {
        Access::ThisMachine
    };
    let routes = routes.at(
        "/readyz",
        get(Ready {
            app: Arc::clone(app),
            access: access.clone(),
        }),
    );
    match has_token || settings.listen.is_none() {
        true => routes.at(
            "/metrics",
            get(MetricsPage {
                app: Arc::clone(app),
                access,
            }),
        ),
        false => routes,
    }
}

/// Routes at `metrics.listen`.
pub fn routes(app: &Arc<App>) -> Route {
    let token = &app.config.metrics.token;
    let access = if token.expose().is_empty() {
        Access::Everybody
    } else {
        Access::Token(token.clone())
    };
    Route::new()
        .at(
            "/readyz",
            get(Ready {
                app: Arc::clone(app),
                access: access.clone(),
            }),
        )
        .at(
            "/metrics",
            get(MetricsPage {
                app: Arc::clone(app),
                access,
            }),
        )
}

struct MetricsPage {
    app: Arc<App>,
    access: Access,
}

impl Endpoint for MetricsPage {
    type Output = Response;

    async fn call(&self, req: Request) -> Result<Response> {
        self.access.admit(&req)?;
        let text = monitoring::metrics(&self.app).await;
        let answer = Response::builder().header(header::CACHE_CONTROL, "no-store");
        Ok(answer.content_type(metrics::CONTENT_TYPE).body(text))
    }
}

/// Everybody is told whether the server is ready; who may read the metrics and superusers are told what is wrong, too: a stranger need not
/// know which addresses we have and how full the disk is.
struct Ready {
    app: Arc<App>,
    access: Access,
}

impl Endpoint for Ready {
    type Output = Response;

    async fn call(&self, req: Request) -> Result<Response> {
        let components = monitoring::readiness(&self.app).await;
        let is_ready = components
            .iter()
            .all(|component| component.problems.is_empty());
        let mut data = Map::new();
        data.insert(
            "status".into(),
            if is_ready { "ready" } else { "not ready" }.into(),
        );
        if self.access.admit(&req).is_ok() || is_of_superuser(&self.app, &req).await {
            data.insert("components".into(), describe(&components));
        }
        let mut response = if is_ready {
            let body = json!({ "code": 200, "msg": "服务就绪", "data": data });
            Response::builder()
                .content_type(JSON)
                .body(body.to_string())
        } else {
            let msg = "服务未就绪,请运维人员查看 data.components 与日志";
            error::reply_with(StatusCode::SERVICE_UNAVAILABLE, msg, data.into())
        };
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }
}

fn describe(components: &[Component]) -> Value {
    let problem = |it: &monitoring::Problem| {
        let since = it.since.map(|since| since.to_string());
        json!({ "code": it.code, "text": it.text, "since": since })
    };
    let component = |it: &Component| {
        let problems: Vec<_> = it.problems.iter().map(problem).collect();
        (
            it.name.to_owned(),
            json!({ "ready": problems.is_empty(), "problems": problems }),
        )
    };
    Value::Object(components.iter().map(component).collect())
}

impl Access {
    fn admit(&self, req: &Request) -> Result<()> {
        match self {
            Self::Everybody => Ok(()),
            Self::Token(token) if shows(req.headers(), token) => Ok(()),
            Self::Token(_) => {
                let mut response = error::reply(
                    StatusCode::UNAUTHORIZED,
                    "请在 Authorization 中提供 Bearer 加 metrics.token",
                );
                response
                    .headers_mut()
                    .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                Err(poem::Error::from_response(response))
            }
            Self::ThisMachine => admit_this_machine(req),
        }
    }
}

fn shown_token(headers: &HeaderMap) -> Option<&str> {
    let shown = headers.get(header::AUTHORIZATION)?;
    bearer::token(shown.to_str().ok()?)
}

/// Whether a superuser asks, from where superusers may come.
async fn is_of_superuser(app: &App, req: &Request) -> bool {
    let address = address_of(req, &app.config.server.trusted_proxies);
    let Some(token) = shown_token(req.headers()).filter(|_| app.config.console.admits(address))
    else {
        return false;
    };
    let caller = auth::authenticate(app, token).await;
    caller.is_ok_and(|caller| matches!(caller.principal, Principal::Superuser(_)))
}

fn shows(headers: &HeaderMap, token: &Secret) -> bool {
    let shown = shown_token(headers).unwrap_or_default();
    shown.as_bytes().ct_eq(token.expose().as_bytes()).into()
}

/// A proxy on this machine is a loopback peer, too: it gives itself away by what it adds.
fn is_of_this_machine(peer: Option<&SocketAddr>, headers: &HeaderMap) -> bool {
    let is_forwarded = FORWARDED.iter().any(|name| headers.contains_key(*name));
    peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback()) && !is_forwarded
}

fn admit_this_machine(req: &Request) -> Result<()> {
    if !is_of_this_machine(req.remote_addr().as_socket_addr(), req.headers()) {
        return Err(forbidden(
            "只有本机程序可以直接读取(不经过代理);如需从别处读取,请设置 metrics.token 或 metrics.listen",
        ));
    }
    if !names_this_machine(req) {
        return Err(forbidden(
            "Host 须为 localhost 或回环地址,如 http://127.0.0.1:8090;如需用别的名称读取,请设置 metrics.token 或 metrics.listen",
        ));
    }
    Ok(())
}

fn forbidden(text: &str) -> poem::Error {
    poem::Error::from_response(error::reply(StatusCode::FORBIDDEN, text))
}

/// A page in a browser on this machine is a loopback peer, too, whose name its owner may lead to this machine: whatever host the
/// request names has to be one that nobody else can have. HTTP/2 has it in the URL.
fn names_this_machine(req: &Request) -> bool {
    let in_url = req.original_uri().authority().map(Authority::as_str);
    let hosts = req
        .headers()
        .get_all(header::HOST)
        .iter()
        .map(|host| host.to_str().unwrap_or("?"));
    hosts.chain(in_url).all(is_loopback_name)
}

fn is_loopback_name(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else {
        return host.is_empty();
    };
    let host = authority.host();
    let ip = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || ip.is_ok_and(|ip| ip.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderName;

    use super::*;

    fn is_admitted(peer: &str, header: Option<&'static str>) -> bool {
        let header = header.map(|name| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static("127.0.0.1"),
            )
        });
        is_of_this_machine(Some(&peer.parse().unwrap()), &header.into_iter().collect())
    }

    #[test]
    fn only_a_direct_peer_on_the_loopback_is_of_this_machine() {
        for peer in [
            "127.0.0.1:5",
            "127.8.8.8:5",
            "[::1]:5",
            "[::ffff:127.0.0.1]:5",
        ] {
            assert!(is_admitted(peer, None), "{peer}");
            for header in FORWARDED {
                assert!(!is_admitted(peer, Some(header)), "{peer} {header}");
            }
        }
        for peer in [
            "10.0.0.1:5",
            "203.0.113.7:5",
            "[2001:db8::1]:5",
            "[::ffff:10.0.0.1]:5",
            "0.0.0.0:5",
        ] {
            assert!(!is_admitted(peer, None), "{peer}");
        }
    }

    #[test]
    fn only_names_that_nobody_else_can_have_are_this_machine_s() {
        for name in [
            "",
            "localhost",
            "LOCALHOST:8090",
            "127.0.0.1",
            "127.8.8.8:1",
            "[::1]:8090",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(is_loopback_name(name), "{name}");
        }
        for name in [
            "evil.example",
            "evil.example:8090",
            "localhost.evil.example",
            "10.0.0.1",
            "[2001:db8::1]",
            "?",
            "a b",
            "127.0.0.1.evil.example",
            "::1x",
        ] {
            assert!(!is_loopback_name(name), "{name}");
        }
    }
}
