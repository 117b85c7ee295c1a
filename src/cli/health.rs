//! `bai health`

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use serde_json::Value;
use ureq::Body;
use ureq::http::Response;

use super::outcome::Outcome;
use super::output;
use crate::admin::maintenance::{Health, MaintenanceCommand};
use crate::admin::{AdminCommand, Client, Failure};
use crate::config::Config;
use crate::outbound::Cause;

/// Longer than the server needs to find out that it cannot write, shorter than monitors wait.
const DEADLINE: Duration = Duration::from_secs(5);
/// Answers have less than that.
const MAX_ANSWER: u64 = 64 * 1024;

/// Asks the server at `url`, or the one of this configuration. The database is not touched.
pub fn run(config: &Config, url: Option<String>, ready: bool) -> Outcome {
    // Its certificate is for a name, and here is only an address.
    if url.is_none() && config.server.tls.is_on() {
        return ask_admin_socket(config, ready);
    }
    let url = url.unwrap_or_else(|| url_of(config));
    let url = url.trim_end_matches('/');
    let mut answer = send(config, url, ready)?;
    let status = answer.status();
    let body = answer.body_mut().with_config().limit(MAX_ANSWER);
    let body: Value = body.read_json().unwrap_or_default();
    match (status.as_u16(), &body["data"]["status"]) {
        (200, Value::String(word)) => output::print(word),
        (503, Value::String(word)) => Err(format!("{url} is {word}{}", problems(&body)).into()),
        _ => Err(format!("{url} answers {status}, which is not bai's answer").into()),
    }
}

fn send(config: &Config, url: &str, ready: bool) -> Result<Response<Body>, String> {
    let agent = agent();
    let answer = if ready {
        let token = config.metrics.token.expose();
        agent
            .get(format!("{url}/readyz"))
            .header("Authorization", format!("Bearer {token}"))
            .call()
    } else {
        agent.post(format!("{url}/api/system/health")).send_empty()
    };
    // The HTTP client's own words may quote the request.
    answer.map_err(|error| match error {
        ureq::Error::Timeout(_) => format!("{url} does not answer within {DEADLINE:?}"),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
            format!("{url} is not a URL such as http://127.0.0.1:8090")
        }
        error => no_answer(url, &Cause::from(&error)),
    })
}

fn no_answer(url: &str, cause: &Cause) -> String {
    match cause {
        Cause::Refused => format!(
            "nobody answers at {url}: the server does not run, or is elsewhere (server.listen, --url)"
        ),
        cause => format!("{url} cannot be asked: {cause}; {}", cause.remedy()),
    }
}

fn ask_admin_socket(config: &Config, ready: bool) -> Outcome {
    if config.store.is_on_postgres() {
        return Err(Failure::invalid(
            "a server with server.tls is asked by the name that its certificate has: name it, such as --url https://api.example.com",
        )
        .into());
    }
    let mut client = Client::connect(&config.store.path)?.ok_or("nobody has the database open")?;
    let health = client.row(AdminCommand::Maintenance(MaintenanceCommand::Health))?;
    let health: Health = serde_json::from_value(health)?;
    if !health.is_writable {
        return Err("the server is unhealthy: it takes no writes".into());
    }
    if ready && !health.problems.is_empty() {
        return Err(format!("the server is not ready: {}", health.problems.join("; ")).into());
    }
    output::print(if ready { "ready" } else { "healthy" })
}

/// URL of the server; one that listens on all addresses listens on the loopback, too.
fn url_of(config: &Config) -> String {
    let listen = config.server.listen;
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!(
        "http://{}{}",
        SocketAddr::new(ip, listen.port()),
        config.server.base_path
    )
}

/// Problems that are in the way of being ready, as far as the server tells them.
fn problems(body: &Value) -> String {
    let components = body["data"]["components"].as_object().into_iter().flatten();
    let texts = components.flat_map(|(name, component)| {
        let problems = component["problems"].as_array().into_iter().flatten();
        problems.filter_map(move |it| Some(format!("{name}: {}", it["text"].as_str()?)))
    });
    let texts: Vec<_> = texts.collect();
    if texts.is_empty() {
        String::new()
    } else {
        format!(": {}", texts.join("; "))
    }
}

/// No proxy and no redirect: the server itself is asked.
fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(DEADLINE));
    config.build().new_agent()
}
