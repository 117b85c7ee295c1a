//! Superusers, for an operator.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Failure, Io, Wanted};
use crate::app::App;
use crate::auth::{self, AuditContext, CreateSuperuserError};
use crate::domain::{Email, EventKind, Kind, PlainPassword};
use crate::pocketbase::operator::Records;
use crate::store::Record;

/// What may be done.
#[derive(Clone, Deserialize, Serialize)]
pub enum Command {
    /// A page of them.
    List(Wanted),
    /// A new one.
    Create(Credentials),
    /// Sets a password, which ends all tokens.
    SetPassword(Credentials),
    /// Ends all tokens.
    Revoke(String),
    /// Removes one, unless it is the last.
    Delete(String),
}

/// What a superuser logs in with.
#[derive(Clone, Deserialize, Serialize)]
pub struct Credentials {
    /// The e-mail address.
    pub email: String,
    /// The password.
    pub password: String,
}

/// Does it.
///
/// # Errors
/// [`Failure`].
pub async fn run(app: &Arc<App>, command: Command, io: &Io) -> Result<(), Failure> {
    let records = Records::new(app);
    let find = async |who: &str| records.find(Kind::Superusers, who).await;
    let superuser = match command {
        Command::List(wanted) => return super::list(&records, Kind::Superusers, wanted, io).await,
        Command::Create(credentials) => create(app, credentials).await?,
        Command::SetPassword(Credentials { email, password }) => {
            records
                .set_password(&find(&email).await?, &password)
                .await?
        }
        Command::Delete(who) => records.delete(&find(&who).await?).await?,
        Command::Revoke(who) => {
            let superuser = find(&who).await?;
            auth::revoke_tokens(app, &AuditContext::operator(), &superuser).await?;
            superuser
        }
    };
    io.row(records.show(&superuser)).await
}

async fn create(
    app: &App,
    Credentials { email, password }: Credentials,
) -> Result<Record, Failure> {
    let address = Email::parse(&email)
        .ok_or_else(|| Failure::invalid(format!("{email} is not an e-mail address")))?;
    let password = PlainPassword::new(password)
        .map_err(|why| Failure::invalid(format!("the password is {why}")))?;
    let superuser = match auth::create_superuser(app, address, password).await {
        Ok(superuser) => superuser,
        Err(CreateSuperuserError::Conflict(_)) => {
            let taken = format!("there is a superuser {email} already");
            return Err(Failure::invalid(taken));
        }
        Err(CreateSuperuserError::Failed(error)) => return Err(error.into()),
    };
    let event = AuditContext::operator()
        .event(app, EventKind::RecordCreate)
        .about(superuser.id.as_str());
    app.audit(event.detail(Kind::Superusers.name()));
    Ok(Record::Superuser(superuser))
}
