//! `bai webhooks`

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::local_time::local_minute;
use super::outcome::Outcome;
use super::output;
use super::session::{self, Access};
use crate::admin::AdminCommand;
use crate::admin::webhooks::WebhookCommand;
use crate::config::{Config, WebhookSecret};
use crate::domain::UserEventKind;
use crate::random::Random;

/// Columns of a table of webhooks.
const COLUMNS: [&str; 8] = [
    "number",
    "webhook",
    "events",
    "pending",
    "oldest",
    "last success",
    "last failure",
    "next try",
];
/// Bytes of a new secret.
const KEY: usize = 32;

#[derive(Args)]
pub struct WebhooksArgs {
    #[command(subcommand)]
    pub args: Option<WebhooksCommand>,
    /// JSON instead of a table
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Clone, Copy, Subcommand)]
pub enum WebhooksCommand {
    /// Try everything that waits at once
    Retry {
        /// Only for the webhook of this number
        number: Option<usize>,
    },
    /// Send a message of the type "test", signed as the real ones are
    Test {
        /// The number of the webhook
        number: usize,
    },
    /// Print a new secret for the configuration
    Secret,
}

pub fn run(config: &Config, args: &WebhooksArgs) -> Outcome {
    match args.args {
        Some(WebhooksCommand::Secret) => secret(),
        Some(WebhooksCommand::Test { number }) => test(config, number, args.json),
        Some(WebhooksCommand::Retry { number }) => {
            list(config, WebhookCommand::Retry(number), args.json)
        }
        None => list(config, WebhookCommand::List, args.json),
    }
}

/// Prints a new secret.
pub fn secret() -> Outcome {
    let key: [u8; KEY] = Random::System.bytes()?;
    output::print(&WebhookSecret::text(&key))
}

fn test(config: &Config, number: usize, json: bool) -> Outcome {
    // It leaves an event.
    let mut client = session::open(config, Access::Change)?;
    let rows = client.rows(AdminCommand::Webhooks(WebhookCommand::Test(number)))?;
    if json {
        return output::rows(&COLUMNS, &rows, true);
    }
    let webhook = rows.first().and_then(|row| row["webhook"].as_str());
    output::print(&format!(
        "webhook {} took the message",
        webhook.unwrap_or_default()
    ))
}

fn list(config: &Config, command: WebhookCommand, json: bool) -> Outcome {
    let access = match command {
        WebhookCommand::List => Access::Read,
        WebhookCommand::Retry(_) | WebhookCommand::Test(_) => Access::Change,
    };
    let mut client = session::open(config, access)?;
    let rows = client.rows(AdminCommand::Webhooks(command))?;
    if json {
        return output::rows(&COLUMNS, &rows, true);
    }
    if rows.is_empty() {
        return output::print(
            "no webhook is configured: see \"webhooks\" in config.toml and docs/webhooks.md",
        );
    }
    let lines: Vec<_> = rows.iter().map(line).collect();
    output::rows(&COLUMNS, &lines, false)
}

/// A webhook in words for a table.
fn line(row: &Value) -> Value {
    json!({
        "number": row["number"],
        "webhook": row["webhook"],
        "events": events(&row["events"]),
        "pending": row["pending"],
        "oldest": row["oldest"],
        "last success": time(&row["last_success"]),
        "last failure": failure(row),
        "next try": row["next_try"],
    })
}

fn events(names: &Value) -> String {
    let names = names.as_array().map(Vec::as_slice).unwrap_or_default();
    match names.len() == UserEventKind::ALL.len() {
        true => "all".to_owned(),
        false => names
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(","),
    }
}

fn time(at: &Value) -> String {
    at.as_str().map(local_minute).unwrap_or_default()
}

fn failure(row: &Value) -> String {
    match row["cause"].as_str() {
        Some(cause) => format!("{}: {cause}", time(&row["last_failure"])),
        None => String::new(),
    }
}
