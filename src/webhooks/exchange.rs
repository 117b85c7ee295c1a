//! One call of a webhook, on the thread that calls it, bounded in time and size.

use std::time::Duration;

use ureq::Agent;
use ureq::http::Response;
use ureq::unversioned::transport::DefaultConnector;

use super::message::Signed;
use super::outcome::{Outcome, Trouble};
use super::resolver::{Guarded, is_private};
use super::retry_after;
use crate::build_info::VERSION;
use crate::clock::Clock;
use crate::config::WebhookUrl;
use crate::outbound::Cause;

/// Whoever takes longer counts as down.
const DEADLINE: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read, so that the connection can be used again.
const MAX_ANSWER: u64 = 64 * 1024;
const MAX_IDLE: Duration = Duration::from_secs(3);

/// The way to one webhook, cheap to clone; its connections are kept.
#[derive(Clone)]
pub struct Way {
    agent: Agent,
    url: WebhookUrl,
    clock: Clock,
}

impl Way {
    /// The way to this address, with at most so many connections that are kept.
    pub fn new(url: &WebhookUrl, connections: usize, clock: Clock) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(DEADLINE))
            .user_agent(format!("bai/{VERSION}"))
            // Shorter than receivers keep a connection open that is idle.
            .max_idle_age(MAX_IDLE)
            .max_idle_connections(connections)
            .max_idle_connections_per_host(connections)
            .build();
        let resolver = Guarded {
            takes_all: url.names_address(),
        };
        Self {
            agent: Agent::with_parts(config, DefaultConnector::new(), resolver),
            url: url.clone(),
            clock,
        }
    }

    /// Sends the message, and reads the answer away.
    pub fn send(&self, message: &Signed) -> Outcome {
        let request = self
            .agent
            .post(self.url.expose())
            .header("content-type", "application/json")
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", message.seconds.to_string())
            .header("webhook-signature", &message.signature);
        match request.send(message.body.as_slice()) {
            Ok(answer) => self.outcome(answer),
            Err(error) => failed(&error),
        }
    }

    fn outcome(&self, answer: Response<ureq::Body>) -> Outcome {
        let status = answer.status().as_u16();
        let asked = answer.headers().get("retry-after");
        let asked = asked.and_then(|asked| asked.to_str().ok());
        let asked = asked.and_then(|asked| retry_after::read(asked, self.clock.now()));
        // The status has said it all.
        let _ = answer
            .into_body()
            .into_with_config()
            .limit(MAX_ANSWER)
            .read_to_vec();
        Outcome::of_status(status, asked)
    }
}

fn failed(error: &ureq::Error) -> Outcome {
    let trouble = match is_private(error) {
        true => Trouble::PrivateAddress,
        false => Trouble::NoAnswer(Cause::from(error)),
    };
    Outcome::Failed(trouble, None)
}
