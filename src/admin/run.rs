//! Dispatch of an operator's commands.

use super::command::AdminCommand;
use super::context::Admin;
use super::failure::Failure;
use super::io::Io;
use super::{
    companies, events, import, keys, maintenance, probe, rules, superusers, users, webhooks,
};
use crate::auth::AuditContext;
use crate::domain::EventKind;

/// Runs the command. It changes all that it names or nothing; when the caller goes away it stops at the next line of its answer.
///
/// # Errors
/// [`Failure`], for a person to read.
pub async fn run(admin: &Admin, command: AdminCommand, io: &mut Io) -> Result<(), Failure> {
    let app = &admin.app;
    let detail = command.audit_detail();
    let outcome = dispatch(admin, command, io).await;
    let outcome = outcome.map_err(|failure| failure.on(app.database()));
    if let Some(detail) = detail
        && outcome.is_ok()
    {
        let event = AuditContext::operator().event(app, EventKind::Command);
        app.audit(event.detail(detail));
    }
    // Without a server nobody would write them later.
    if let Err(error) = app.audit_log.flush().await {
        tracing::warn!(%error, "the events of a command are not written yet");
    }
    outcome
}

async fn dispatch(admin: &Admin, command: AdminCommand, io: &mut Io) -> Result<(), Failure> {
    match command {
        AdminCommand::User(command) => users::run(admin, command, io).await,
        AdminCommand::Company(command) => companies::run(admin, command, io).await,
        AdminCommand::Superuser(command) => superusers::run(admin, command, io).await,
        AdminCommand::Rules(command) => rules::run(admin, command, io).await,
        AdminCommand::Key(command) => keys::run(&admin.app, command, io).await,
        AdminCommand::Import(command) => import::run(admin, command, io).await,
        AdminCommand::Maintenance(command) => maintenance::run(&admin.app, command, io).await,
        AdminCommand::Events(query) => events::run(&admin.app, query, io).await,
        AdminCommand::Probe(command) => probe::run(&admin.app, command, io).await,
        AdminCommand::Webhooks(command) => webhooks::run(&admin.app, command, io).await,
    }
}
