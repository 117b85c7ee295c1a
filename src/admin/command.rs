//! Commands that an operator may give.

use serde::{Deserialize, Serialize};

use super::companies::CompanyCommand;
use super::import::ImportCommand;
use super::keys::KeyCommand;
use super::maintenance::MaintenanceCommand;
use super::probe::ProbeCommand;
use super::rules::RulesCommand;
use super::superusers::SuperuserCommand;
use super::users::UserCommand;
use super::webhooks::WebhookCommand;
use crate::auth::EventQuery;

/// A command, as it is sent over the admin socket.
#[derive(Clone, Deserialize, Serialize)]
pub enum AdminCommand {
    /// About users.
    User(UserCommand),
    /// About companies.
    Company(CompanyCommand),
    /// About superusers.
    Superuser(SuperuserCommand),
    /// About access rules.
    Rules(RulesCommand),
    /// About token keys.
    Key(KeyCommand),
    /// Brings records from PocketBase's folder or backup.
    Import(ImportCommand),
    /// About the database as a whole.
    Maintenance(MaintenanceCommand),
    /// Finds audit events.
    Events(EventQuery),
    /// About a probe of the way to the server.
    Probe(ProbeCommand),
    /// About webhooks.
    Webhooks(WebhookCommand),
}

impl AdminCommand {
    /// Detail of the audit event for the command itself; `None` if there is none, or only the events of the records that it changes.
    pub(super) fn audit_detail(&self) -> Option<&'static str> {
        match self {
            Self::User(UserCommand::Export { .. }) => Some("user export"),
            Self::User(UserCommand::Import(_)) => Some("import csv"),
            Self::Key(KeyCommand::Rotate) => Some("key rotate"),
            Self::Import(_) => Some("import pocketbase"),
            Self::Maintenance(MaintenanceCommand::Compact) => Some("compact"),
            Self::Maintenance(MaintenanceCommand::Backup) => Some("backup"),
            Self::Maintenance(MaintenanceCommand::Restore { .. }) => Some("restore"),
            Self::Webhooks(WebhookCommand::Retry(_)) => Some("webhooks retry"),
            Self::Webhooks(WebhookCommand::Test(_)) => Some("webhooks test"),
            Self::Key(KeyCommand::List)
            | Self::Maintenance(MaintenanceCommand::Check | MaintenanceCommand::Health)
            | Self::User(_)
            | Self::Company(_)
            | Self::Superuser(_)
            | Self::Rules(_)
            | Self::Events(_)
            | Self::Probe(_)
            | Self::Webhooks(WebhookCommand::List) => None,
        }
    }
}
