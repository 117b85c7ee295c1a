//! Users, for an operator.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::context::Admin;
use super::failure::Failure;
use super::io::Io;
use super::records::{self, RecordQuery, find, to_row};
use crate::app::App;
use crate::auth::{self, AuditContext, Registration};
use crate::domain::{Invalid, Kind, Name, Phone, Picture, PlainPassword, ShortText};
use crate::error::Error;
use crate::records::requester::Requester;
use crate::store::{Cursor, Order, Record};

/// Users that are read at once for an export.
const PAGE: usize = 500;

/// A command about users.
#[derive(Clone, Deserialize, Serialize)]
pub enum UserCommand {
    /// Lists a page of them.
    List(RecordQuery),
    /// Shows one.
    Show(String),
    /// Makes a new platform user.
    Create(NewPlatformUser),
    /// Sets a password, which ends all tokens.
    SetPassword {
        /// The user: a record id, phone, openid or e-mail address.
        who: String,
        /// The password.
        password: String,
    },
    /// Lets a user log in, or does not.
    SetEnabled {
        /// The user: a record id, phone, openid or e-mail address.
        who: String,
        /// Whether logins are allowed.
        is_enabled: bool,
    },
    /// Ends all tokens.
    Revoke(String),
    /// Shows the user who has a phone.
    Holder(String),
    /// Takes a phone from the user who has it.
    ReleasePhone {
        /// The phone.
        phone: String,
        /// The record id of the user who was shown to have it.
        holder: String,
    },
    /// Removes one.
    Delete(String),
    /// Gives out all of them, oldest first; as rows of values, the first of which has their names.
    Export,
}

/// A new platform user.
#[derive(Clone, Deserialize, Serialize)]
pub struct NewPlatformUser {
    /// Phone: the login name.
    pub phone: String,
    /// Name.
    pub name: String,
    /// Password.
    pub password: String,
    /// Picture, or empty.
    pub picture: String,
    /// Key of a company, or empty.
    pub company: String,
}

/// Runs a command about users.
pub(super) async fn run(admin: &Admin, command: UserCommand, io: &Io) -> Result<(), Failure> {
    let user = match command {
        UserCommand::List(query) => return records::list(admin, Kind::Users, query, io).await,
        UserCommand::Export => return export(admin, io).await,
        UserCommand::Show(who) => find(admin, Kind::Users, &who).await?,
        UserCommand::Holder(phone) => records::phone_holder(admin, &phone).await?,
        UserCommand::Create(new) => create(&admin.app, new).await?,
        UserCommand::SetPassword { who, password } => {
            let user = find(admin, Kind::Users, &who).await?;
            admin
                .records
                .set_password(&Requester::Operator, &user, &password)
                .await?
        }
        UserCommand::SetEnabled { who, is_enabled } => {
            let user = find(admin, Kind::Users, &who).await?;
            admin
                .records
                .set_enabled(&Requester::Operator, &user, is_enabled)
                .await?
        }
        UserCommand::ReleasePhone { phone, holder } => {
            release_phone(admin, &phone, &holder).await?
        }
        UserCommand::Delete(who) => {
            let user = find(admin, Kind::Users, &who).await?;
            admin.records.delete(&Requester::Operator, &user).await?
        }
        UserCommand::Revoke(who) => {
            let user = find(admin, Kind::Users, &who).await?;
            auth::revoke_tokens(&admin.app, &AuditContext::operator(), &user).await?;
            user
        }
    };
    io.row(to_row(admin, &user)).await
}

/// Takes the phone from `holder`, unless it is somebody else's since it was shown.
async fn release_phone(admin: &Admin, phone: &str, holder: &str) -> Result<Record, Failure> {
    let user = records::phone_holder(admin, phone).await?;
    if user.id().as_str() != holder {
        return Err(Failure::failed(format!(
            "the phone {phone} is somebody else's by now; nothing was done"
        )));
    }
    let released = admin.records.release_phone(&Requester::Operator, &user);
    Ok(released.await?)
}

async fn create(app: &App, new: NewPlatformUser) -> Result<Record, Failure> {
    let phone = new.phone.clone();
    match auth::create_user(app, &AuditContext::operator(), registration(new)?).await {
        Ok(user) => Ok(Record::User(user)),
        Err(Error::PhoneTaken { .. }) => Err(Failure::invalid(format!(
            "there is a user with the phone {phone}"
        ))),
        Err(error) => Err(error.into()),
    }
}

fn registration(new: NewPlatformUser) -> Result<Registration, Failure> {
    let name = parse("name", Name::parse(&new.name))?;
    let phone = parse("phone", Phone::parse(&new.phone))?;
    let password = parse("password", PlainPassword::new(new.password))?;
    let picture = match new.picture.as_str() {
        "" => Picture::default(),
        picture => parse("picture", Picture::parse(picture))?,
    };
    let company_id = parse("company", ShortText::parse(&new.company))?;
    Ok(Registration {
        company_id,
        ..Registration::new(name, phone, password, picture)
    })
}

/// The value of an option, or the failure that names the option.
fn parse<T>(option: &str, value: Result<T, Invalid>) -> Result<T, Failure> {
    value.map_err(|why| Failure::invalid(format!("the {option} is {why}")))
}

/// Gives out all users. It keeps a page in memory, however many there are. A user who is made meanwhile comes, one who is removed
/// may not.
async fn export(admin: &Admin, io: &Io) -> Result<(), Failure> {
    let app = &admin.app;
    let fields = records::fields(admin, Kind::Users);
    io.row(&fields).await?;
    let total = app.store.count_users().await?;
    let mut done = 0;
    let mut cursor = Cursor::START;
    let database = app.generation();
    let oldest_first = Order::UsersByCreated {
        newest_first: false,
    };
    loop {
        let page = app.store.records_after(oldest_first, &cursor, PAGE).await?;
        if app.generation() != database {
            return Err(Failure::failed(
                "a backup was restored or an import ended meanwhile: what came is of the database before; export again",
            ));
        }
        let Some(last) = page.last() else {
            return Ok(());
        };
        cursor = Cursor::after(last);
        for user in page {
            let mut row = to_row(admin, &user);
            let values: Vec<Value> = fields
                .iter()
                .map(|field| row.remove(field).unwrap_or_default())
                .collect();
            io.row(values).await?;
            done += 1;
        }
        io.progress(done, total.max(done)).await?;
    }
}
