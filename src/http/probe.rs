//! Probe of `bai doctor`: a request that carries an announced word is noted as it arrived. Others are asked for that header only while
//! a word is waited for.

use std::sync::Arc;

use ipnet::IpNet;
use poem::Request;
use poem::http::{HeaderMap, HeaderName, header};

use super::client_address::{address_of, peer_socket};
use crate::app::probes::{Arrival, Probes};

const WORD: HeaderName = HeaderName::from_static("x-bai-probe");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Characters of a header, and of the path, that are noted.
const MOST_CHARS: usize = 300;
/// Lines of a header that are noted.
const MOST_LINES: usize = 8;

/// Notes probes.
pub struct Probe(pub Arc<Probes>);

impl Probe {
    /// Notes the request, if it is one that is waited for.
    pub fn look(&self, request: &Request, trusted: &[IpNet]) {
        if self.0.is_waiting()
            && let Some(word) = request.headers().get(WORD)
        {
            self.0
                .arrived(word.as_bytes(), || arrival(request, trusted));
        }
    }
}

fn arrival(request: &Request, trusted: &[IpNet]) -> Arrival {
    let (peer, headers) = (peer_socket(request), request.headers());
    let host = lines(headers, &header::HOST).into_iter().next();
    Arrival {
        peer,
        is_trusted: trusted.iter().any(|network| network.contains(&peer.ip())),
        client: address_of(request, trusted),
        forwarded_for: lines(headers, &FORWARDED_FOR),
        forwarded_proto: lines(headers, &FORWARDED_PROTO).into_iter().next(),
        host: host.or_else(|| request.uri().authority().map(|it| cut(it.as_str()))),
        path: cut(request.uri().path()),
        version: format!("{:?}", request.version()),
    }
}

fn lines(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let lines = headers.get_all(name).iter().take(MOST_LINES);
    lines
        .map(|line| cut(&String::from_utf8_lossy(line.as_bytes())))
        .collect()
}

fn cut(text: &str) -> String {
    text.chars().take(MOST_CHARS).collect()
}
