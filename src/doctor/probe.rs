//! A request with a random word that the server was told to look for.

use super::context::Context;
use super::exchange::{Answer, Line, Request};
use super::server::{self, Absence};
use super::target::Target;
use crate::admin::probe::ProbeCommand;
use crate::admin::{AdminCommand, Client, Failure};
use crate::app::probes::Arrival;
use crate::outbound::Cause;

/// The path of a probe, below the URL.
pub const HEALTH: &str = "/api/health";
const WORD: &str = "X-Bai-Probe";

/// A probe that the server waits for.
pub struct Probe {
    client: Client,
    word: String,
}

impl Probe {
    /// Tells the server which word to wait for.
    pub fn announce(context: &Context) -> Result<Self, Absence> {
        let mut client = server::client(context)?;
        let word = word(context)?;
        let command = ProbeCommand::Announce(word.clone());
        client.rows(AdminCommand::Probe(command))?;
        Ok(Self { client, word })
    }

    /// Sends it, with these headers beside the word.
    pub fn send(
        &self,
        target: &Target,
        line: &mut Line,
        headers: &[(&'static str, &str)],
    ) -> Result<Answer, Cause> {
        let headers = [headers, &[(WORD, self.word.as_str())]].concat();
        ask_for_health(target, line, &headers)
    }

    /// The first arrival of it at the server.
    pub fn arrival(mut self) -> Result<Option<Arrival>, Absence> {
        let command = AdminCommand::Probe(ProbeCommand::Arrivals(self.word));
        let first = self.client.rows(command)?.into_iter().next();
        let arrival = first.map(serde_json::from_value).transpose();
        Ok(arrival.map_err(Failure::failed)?)
    }
}

/// Sends a request with these headers to where probes go.
pub fn ask_for_health(
    target: &Target,
    line: &mut Line,
    headers: &[(&'static str, &str)],
) -> Result<Answer, Cause> {
    line.send(&Request {
        authority: &target.authority(),
        path: &target.at(HEALTH),
        headers,
    })
}

fn word(context: &Context) -> Result<String, Failure> {
    let word = context.random.uuid().map_err(Failure::failed)?;
    Ok(word.simple().to_string())
}
