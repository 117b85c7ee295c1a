//! `bai events`

use clap::Args;

use super::list::Page;
use super::local_time::begin_of_day;
use super::outcome::Outcome;
use super::output;
use super::session::{self, Access};
use crate::admin::AdminCommand;
use crate::auth::EventQuery;
use crate::config::Config;

/// Columns of a table of events.
const COLUMNS: [&str; 9] = [
    "at", "kind", "cause", "count", "actor", "actorId", "subject", "source", "detail",
];

#[derive(Args)]
pub struct EventsArgs {
    /// Only what this user or superuser did or was done to: a record id, phone, openid or e-mail address
    #[arg(long, value_name = "WHO")]
    user: Option<String>,
    /// Only events of these kinds, with commas between them, e.g. login, login-failed, record-update, command
    #[arg(long)]
    kind: Option<String>,
    /// Only what such actors did: nobody, user, superuser or operator
    #[arg(long)]
    actor: Option<String>,
    /// Not before this time: 2d (so long ago), 2026-11-22 (the day begins at midnight here), or 2026-11-22T05:50:36Z
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

pub fn run(config: &Config, args: EventsArgs) -> Outcome {
    let json = args.json;
    let mut client = session::open(config, Access::Read)?;
    let page = Page::read(client.send(AdminCommand::Events(query(args)))?)?;
    output::rows(&COLUMNS, &page.rows, json)?;
    if !page.is_all() {
        let last = page.rows.last().and_then(|row| row["id"].as_str());
        let last = last.unwrap_or_default();
        eprintln!("bai: there are older ones: --before {last}");
    }
    Ok(())
}

fn query(args: EventsArgs) -> EventQuery {
    EventQuery {
        user: args.user,
        kind: args.kind,
        actor: args.actor,
        since: args.since.map(begin_of_day),
        until: args.until.map(begin_of_day),
        before: args.before,
        limit: Some(args.limit),
    }
}
