//! What an operator may do from the command line, with the server running or stopped: docs/decisions/0008-admin-socket.md.

pub mod companies;
pub mod events;
pub mod frame;
mod import;
pub mod io;
pub mod keys;
pub mod maintenance;
pub mod socket;
pub mod superusers;
pub mod users;

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::io::{Caller, Input, Io, Output};
use crate::app::App;
use crate::auth::{AuditContext, EventQuery};
use crate::domain::EventKind;
pub use crate::pocketbase::operator::{Cause, Failure, Wanted};

/// Everything that an operator may ask for.
#[derive(Clone, Deserialize, Serialize)]
pub enum Command {
    /// About users.
    User(users::Command),
    /// About companies.
    Company(companies::Command),
    /// About superusers.
    Superuser(superusers::Command),
    /// About token keys.
    Key(keys::Command),
    /// Brings records from PocketBase's folder or backup at this absolute path.
    Import(PathBuf),
    /// About the database as a whole.
    Maintenance(maintenance::Command),
    /// Who did what when.
    Events(EventQuery),
}

/// Does what the command says. It changes all that it names or nothing; when the caller goes away it stops at the next line
/// of its answer.
///
/// # Errors
/// [`Failure`], for a person to read.
pub async fn run(app: &Arc<App>, command: Command, io: &mut Io) -> Result<(), Failure> {
    let act = command.act();
    let outcome = match command {
        Command::User(command) => users::run(app, command, io).await,
        Command::Company(command) => companies::run(app, command, io).await,
        Command::Superuser(command) => superusers::run(app, command, io).await,
        Command::Key(command) => keys::run(app, command, io).await,
        Command::Import(from) => import::run(app, from, io).await,
        Command::Maintenance(command) => maintenance::run(app, command, io).await,
        Command::Events(query) => events::run(app, query, io).await,
    };
    if let (Some(act), Ok(())) = (act, &outcome) {
        app.audit(
            AuditContext::operator()
                .event(app, EventKind::Command)
                .detail(act),
        );
    }
    // Without a server nobody would write them later.
    if let Err(error) = app.audit_log.flush().await {
        tracing::warn!(%error, "the events of a command are not written yet");
    }
    outcome
}

impl Command {
    /// What is to be remembered of it besides the changes of records, which are noted where they are made.
    fn act(&self) -> Option<&'static str> {
        match self {
            Self::User(users::Command::Export) => Some("user export"),
            Self::Key(keys::Command::Rotate) => Some("key rotate"),
            Self::Import(_) => Some("import pocketbase"),
            Self::Maintenance(maintenance::Command::Compact) => Some("compact"),
            Self::Maintenance(maintenance::Command::Backup) => Some("backup"),
            Self::Maintenance(maintenance::Command::Restore { .. }) => Some("restore"),
            Self::Key(keys::Command::List)
            | Self::Maintenance(maintenance::Command::Check | maintenance::Command::Health)
            | Self::User(_)
            | Self::Company(_)
            | Self::Superuser(_)
            | Self::Events(_) => None,
        }
    }
}

/// Gives out a page of records as rows, and at last how many there are on all pages.
async fn list(
    records: &crate::pocketbase::operator::Records,
    kind: crate::domain::Kind,
    wanted: Wanted,
    io: &Io,
) -> Result<(), Failure> {
    let (found, total) = records.list(kind, wanted).await?;
    for record in &found {
        io.row(records.show(record)).await?;
    }
    io.progress(u64::try_from(found.len()).unwrap_or(u64::MAX), total)
        .await
}
