//! `bai events`

use clap::Args;

use super::session::{Missing, Session};
use super::{Outcome, output};
use crate::admin::{Command, Output};
use crate::auth::EventQuery;
use crate::config::Config;

/// What a table shows of an event.
const COLUMNS: [&str; 9] = [
    "at", "kind", "cause", "count", "actor", "actorId", "subject", "source", "detail",
];

#[derive(Args)]
pub struct Events {
    /// Only what this user or superuser did or was done to: a record id, phone, openid or e-mail address
    #[arg(long, value_name = "WHO")]
    user: Option<String>,
    /// Only events of this kind, e.g. login, login-failed, record-update, command
    #[arg(long)]
    kind: Option<String>,
    /// Not before this time: 2d (so long ago), 2026-11-22 (UTC), or 2026-11-22T05:50:36Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only events older than the one with this id
    #[arg(long, value_name = "ID")]
    before: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// JSON instead of a table
    #[arg(long)]
    json: bool,
}

pub fn run(config: &Config, events: Events) -> Outcome {
    let Events {
        user,
        kind,
        since,
        until,
        before,
        limit,
        json,
    } = events;
    let session = Session::open(config, Missing::Refuse)?;
    let query = EventQuery {
        user,
        kind,
        since,
        until,
        before,
        limit: Some(limit),
    };
    let (mut rows, mut total, mut answer) = (Vec::new(), 0, session.ask(Command::Events(query))?);
    while let Some(piece) = answer.next() {
        match piece {
            Output::Row(row) => rows.push(row),
            Output::Progress(progress) => total = progress.total,
            Output::Bytes(_) => {}
        }
    }
    answer.end()?;
    output::rows(&COLUMNS, &rows, json)?;
    if rows.len() as u64 != total {
        let last = rows
            .last()
            .and_then(|row| row["id"].as_str())
            .unwrap_or_default();
        eprintln!("bai: there are older ones: --before {last}");
    }
    Ok(())
}
