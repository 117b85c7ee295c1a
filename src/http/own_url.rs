//! The URL under which clients reach this server.

use poem::Request;
use poem::http::header;
use poem::http::uri::{Authority, Scheme};

use super::client_address::peer_socket;
use crate::config::Server;

const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// The URL without a slash at its end: the first that the operator named, or else where the request went to. Empty if nothing
/// tells: what follows is a path then.
pub fn own_url(request: &Request, server: &Server) -> String {
    named(server)
        .or_else(|| asked(request, server))
        .unwrap_or_default()
}

/// The first of `server.public_urls`, unless they are as the contract has them, which is nobody's choice.
fn named(server: &Server) -> Option<String> {
    let is_chosen = server.public_urls != Server::default().public_urls;
    let first = server.public_urls.first().filter(|_| is_chosen)?;
    Some(first.url.to_string().trim_end_matches('/').to_owned())
}

fn asked(request: &Request, server: &Server) -> Option<String> {
    let host = match request.headers().get(header::HOST) {
        Some(host) => host.to_str().ok()?.parse().ok()?,
        None => request.uri().authority()?.clone(),
    };
    let scheme = match is_https(request, server) {
        true => "https",
        false => "http",
    };
    is_plain(&host).then(|| format!("{scheme}://{host}{}", server.base_path))
}

/// Whether it is a host with or without a port, and nothing else.
fn is_plain(host: &Authority) -> bool {
    !host.host().is_empty() && !host.as_str().contains('@')
}

/// Whether the client speaks TLS, with this server or with a proxy that is believed.
fn is_https(request: &Request, server: &Server) -> bool {
    let peer = peer_socket(request).ip();
    let is_trusted = server
        .trusted_proxies
        .iter()
        .any(|network| network.contains(&peer));
    let forwarded = request
        .headers()
        .get(FORWARDED_PROTO)
        .filter(|_| is_trusted);
    match forwarded.and_then(|proto| proto.to_str().ok()) {
        Some(proto) => proto.trim().eq_ignore_ascii_case("https"),
        None => *request.scheme() == Scheme::HTTPS,
    }
}
