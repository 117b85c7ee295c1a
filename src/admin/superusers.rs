//! Superusers, for an operator.

use serde::{Deserialize, Serialize};

use super::context::Admin;
use super::failure::Failure;
use super::io::Io;
use super::records::{self, RecordQuery, find};
use crate::app::App;
use crate::auth::{self, AuditContext, CreateSuperuserError};
use crate::domain::{Email, EventKind, Kind, PlainPassword};
use crate::records::requester::Requester;
use crate::store::Record;

/// A command about superusers.
#[derive(Clone, Deserialize, Serialize)]
pub enum SuperuserCommand {
    /// Lists a page of them.
    List(RecordQuery),
    /// Shows one.
    Show(String),
    /// Gives out null if there may be a new one with this e-mail address.
    CheckNew(String),
    /// Makes a new one.
    Create(Credentials),
    /// Sets a password, which ends all tokens.
    SetPassword(Credentials),
    /// Ends all tokens.
    Revoke(String),
    /// Removes one, unless it is the last.
    Delete(String),
}

/// Login of a superuser.
#[derive(Clone, Deserialize, Serialize)]
pub struct Credentials {
    /// The e-mail address.
    pub email: String,
    /// The password.
    pub password: String,
}

/// Runs a command about superusers.
pub(super) async fn run(admin: &Admin, command: SuperuserCommand, io: &Io) -> Result<(), Failure> {
    let superuser = match command {
        SuperuserCommand::List(query) => {
            return records::list(admin, Kind::Superusers, query, io).await;
        }
        SuperuserCommand::Show(name) => find(admin, Kind::Superusers, &name).await?,
        SuperuserCommand::CheckNew(email) => {
            check_new(&admin.app, &email).await?;
            return io.row(()).await;
        }
        SuperuserCommand::Create(credentials) => create(&admin.app, credentials).await?,
        SuperuserCommand::SetPassword(Credentials { email, password }) => {
            let superuser = find(admin, Kind::Superusers, &email).await?;
            admin
                .records
                .set_password(&Requester::Operator, &superuser, &password)
                .await?
        }
        SuperuserCommand::Delete(name) => {
            let superuser = find(admin, Kind::Superusers, &name).await?;
            admin
                .records
                .delete(&Requester::Operator, &superuser)
                .await?
        }
        SuperuserCommand::Revoke(name) => {
            let superuser = find(admin, Kind::Superusers, &name).await?;
            auth::revoke_tokens(&admin.app, &AuditContext::operator(), &superuser).await?;
            superuser
        }
    };
    io.row(records::to_row(admin, &superuser)).await
}

/// The address of a superuser who may be made.
async fn check_new(app: &App, email: &str) -> Result<Email, Failure> {
    let address = Email::parse(email)
        .ok_or_else(|| Failure::invalid(format!("{email:?} is not an e-mail address")))?;
    match app.store.superuser_by_email(email).await? {
        Some(_) => Err(taken(email)),
        None => Ok(address),
    }
}

fn taken(email: &str) -> Failure {
    Failure::invalid(format!(
        "there is a superuser {email} already; \"bai superuser set-password {email}\" gives another password"
    ))
}

async fn create(
    app: &App,
    Credentials { email, password }: Credentials,
) -> Result<Record, Failure> {
    let address = check_new(app, &email).await?;
    let password = PlainPassword::new(password)
        .map_err(|why| Failure::invalid(format!("the password is {why}")))?;
    let superuser = match auth::create_superuser(app, address, password).await {
        Ok(superuser) => superuser,
        Err(CreateSuperuserError::Conflict(_)) => {
            return Err(taken(&email));
        }
        Err(CreateSuperuserError::Failed(error)) => return Err(error.into()),
    };
    let event = AuditContext::operator()
        .event(app, EventKind::RecordCreate)
        .about(superuser.id.as_str());
    app.audit(event.detail(Kind::Superusers.name()));
    Ok(Record::Superuser(superuser))
}
