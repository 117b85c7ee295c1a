//! Webhooks, for an operator: their state, a try at once, a message to try out.

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::io::Io;
use crate::app::App;
use crate::app::webhooks::Hook;
use crate::monitoring::{self, WebhookStatus};
use crate::webhooks;

/// A command about webhooks.
#[derive(Clone, Copy, Deserialize, Serialize)]
pub enum WebhookCommand {
    /// Lists all of them.
    List,
    /// Tries everything that waits for the webhook of this number, or for all, at once.
    Retry(Option<usize>),
    /// Sends a message to try out.
    Test(usize),
}

/// State of a webhook.
#[derive(Serialize)]
struct WebhookRow {
    number: usize,
    webhook: String,
    events: Vec<&'static str>,
    pending: u64,
    oldest: Option<String>,
    last_success: Option<String>,
    last_failure: Option<String>,
    cause: Option<String>,
    failing_since: Option<String>,
    next_try: Option<String>,
    given_up: u64,
    /// Whether the process that was asked is the one that delivers, and knows of tries.
    is_delivering: bool,
}

/// Answer of a webhook that was tried out.
#[derive(Serialize)]
struct Tried {
    webhook: String,
}

/// Runs a command about webhooks.
pub(super) async fn run(app: &App, command: WebhookCommand, io: &Io) -> Result<(), Failure> {
    match command {
        WebhookCommand::List => list(app, io).await,
        WebhookCommand::Retry(number) => retry(app, number, io).await,
        WebhookCommand::Test(number) => test(app, number, io).await,
    }
}

async fn list(app: &App, io: &Io) -> Result<(), Failure> {
    for status in monitoring::webhooks(app).await? {
        io.row(row(app, &status)).await?;
    }
    Ok(())
}

fn row(app: &App, status: &WebhookStatus<'_>) -> WebhookRow {
    let state = &status.state;
    let failure = state.last_failure.as_ref();
    WebhookRow {
        number: status.hook.number,
        webhook: status.hook.name.clone(),
        events: status.hook.events.iter().map(|kind| kind.name()).collect(),
        pending: status.pending,
        oldest: status.oldest.map(|at| at.to_string()),
        last_success: state.last_success.map(|at| at.to_string()),
        last_failure: failure.map(|failure| failure.at.to_string()),
        cause: failure.map(|failure| failure.reason.clone()),
        failing_since: state.failing_since.map(|at| at.to_string()),
        next_try: state.next_try.map(|at| at.to_string()),
        given_up: state.given_up,
        is_delivering: app.webhooks.is_delivering(),
    }
}

async fn retry(app: &App, number: Option<usize>, io: &Io) -> Result<(), Failure> {
    let wanted = match number {
        Some(number) => vec![hook(app, number)?],
        None => app.webhooks.all().iter().collect(),
    };
    if !app.webhooks.is_delivering() {
        return Err(Failure::invalid(
            "nothing is delivered from here: ask where the server runs; its start tries everything at once",
        ));
    }
    for hook in wanted {
        hook.retry();
    }
    list(app, io).await
}

async fn test(app: &App, number: usize, io: &Io) -> Result<(), Failure> {
    let webhook = format!("{number}, {}", hook(app, number)?.name);
    match webhooks::test(app, number).await {
        Ok(()) => io.row(Tried { webhook }).await,
        Err(trouble) => Err(Failure::failed(format!(
            "webhook {webhook} did not take the message: {trouble}"
        ))),
    }
}

fn hook(app: &App, number: usize) -> Result<&Hook, Failure> {
    let known = app.webhooks.all().len();
    let missing = || {
        Failure::not_found(format!(
            "there is no webhook {number}: {known} are configured"
        ))
    };
    app.webhooks.get(number).ok_or_else(missing)
}
