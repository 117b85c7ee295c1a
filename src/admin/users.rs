//! Users, for an operator.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::companies::{ensure_company, ensure_company_of};
use super::context::Admin;
use super::failure::Failure;
use super::io::Io;
use super::records::{self, RecordQuery, find, to_row};
use super::user_import;
use crate::app::App;
use crate::auth::{self, AuditContext, Registration};
use crate::domain::{Invalid, Kind, Name, Phone, Picture, PlainPassword, ShortText};
use crate::error::Error;
use crate::records::requester::Requester;
use crate::records::summary;
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
    /// Gives out null if there may be such a new platform user.
    CheckNew(NewPlatformUser),
    /// Makes a new platform user.
    Create {
        /// The user.
        user: NewPlatformUser,
        /// The password.
        password: String,
    },
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
    /// Changes fields of one.
    Update {
        /// The user: a record id, phone, openid or e-mail address.
        who: String,
        /// Values by field.
        values: Map<String, Value>,
    },
    /// Makes users without passwords; for each a row: null, or why it was not made.
    Import(Vec<Map<String, Value>>),
    /// Removes one.
    Delete(String),
    /// Gives out all of them that match, oldest first; as rows of values, the first of which has their names.
    Export {
        /// A filter in PocketBase's language; empty: none.
        filter: String,
    },
}

/// A new platform user.
#[derive(Clone, Deserialize, Serialize)]
pub struct NewPlatformUser {
    /// Phone: the login name.
    pub phone: String,
    /// Name.
    pub name: String,
    /// Picture, or empty.
    pub picture: String,
    /// Key of a company, or empty.
    pub company: String,
}

/// Runs a command about users.
pub(super) async fn run(admin: &Admin, command: UserCommand, io: &Io) -> Result<(), Failure> {
    let user = match command {
        UserCommand::List(query) => return records::list(admin, Kind::Users, query, io).await,
        UserCommand::Import(users) => return user_import::run(admin, users, io).await,
        UserCommand::Export { filter } => return export(admin, &filter, io).await,
        UserCommand::Show(who) => find(admin, Kind::Users, &who).await?,
        UserCommand::Holder(phone) => records::phone_holder(admin, &phone).await?,
        UserCommand::CheckNew(new) => {
            check_new(&admin.app, &new).await?;
            return io.row(()).await;
        }
        UserCommand::Create { user, password } => create(&admin.app, user, password).await?,
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
        UserCommand::Update { who, values } => update(admin, &who, &values).await?,
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

async fn update(admin: &Admin, who: &str, values: &Map<String, Value>) -> Result<Record, Failure> {
    let user = find(admin, Kind::Users, who).await?;
    let form = records::form(admin, Kind::Users, values)?;
    ensure_not_emptied(values)?;
    ensure_company_of(&admin.app, values).await?;
    let updated = admin.records.update(&Requester::Operator, &user, form);
    Ok(updated.await?)
}

/// Refuses to take what a user is known by.
fn ensure_not_emptied(values: &Map<String, Value>) -> Result<(), Failure> {
    let is_emptied = |name: &&str| values.get(*name).is_some_and(|value| value == "");
    match summary::NEEDED.into_iter().find(is_emptied) {
        None => Ok(()),
        Some(name) => Err(Failure::invalid(format!(
            "{name} must not be empty (\"bai user release-phone\" takes a phone from its user)"
        ))),
    }
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

async fn create(app: &App, new: NewPlatformUser, password: String) -> Result<Record, Failure> {
    let checked = check_new(app, &new).await?;
    let password = parse("password", PlainPassword::new(password))?;
    let registration = Registration {
        company_id: checked.company,
        ..Registration::new(checked.name, checked.phone, password, checked.picture)
    };
    match auth::create_user(app, &AuditContext::operator(), registration).await {
        Ok(user) => Ok(Record::User(user)),
        Err(Error::PhoneTaken { .. }) => Err(taken(&new.phone)),
        Err(error) => Err(error.into()),
    }
}

fn taken(phone: &str) -> Failure {
    Failure::invalid(format!(
        "there is a user with the phone {phone}; \"bai user show {phone}\" shows who it is"
    ))
}

/// A new platform user, but for the password.
struct CheckedUser {
    name: Name,
    phone: Phone,
    picture: Picture,
    company: ShortText,
}

/// Reads the values of a new platform user, whose phone has to be free and whose company there.
async fn check_new(app: &App, new: &NewPlatformUser) -> Result<CheckedUser, Failure> {
    let checked = CheckedUser {
        name: parse("name", Name::parse(&new.name))?,
        phone: parse("phone", Phone::parse(&new.phone))?,
        picture: match new.picture.as_str() {
            "" => Picture::default(),
            picture => parse("picture", Picture::parse(picture))?,
        },
        company: parse("company", ShortText::parse(&new.company))?,
    };
    if app.store.user_by_phone(&checked.phone).await?.is_some() {
        return Err(taken(&new.phone));
    }
    ensure_company(app, &new.company).await?;
    Ok(checked)
}

/// The value of an option, or the failure that names the option.
fn parse<T>(option: &str, value: Result<T, Invalid>) -> Result<T, Failure> {
    value.map_err(|why| Failure::invalid(format!("the {option} is {why}")))
}

/// Gives out all users. It keeps a page in memory, however many there are. A user who is made meanwhile comes, one who is removed
/// may not.
async fn export(admin: &Admin, filter: &str, io: &Io) -> Result<(), Failure> {
    let app = &admin.app;
    let selection = records::select(admin, Kind::Users, filter)?;
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
        done += u64::try_from(page.len()).unwrap_or_default();
        for user in admin.records.matching(&selection, page).await? {
            let mut row = to_row(admin, &user);
            let values: Vec<Value> = fields
                .iter()
                .map(|field| row.remove(field).unwrap_or_default())
                .collect();
            io.row(values).await?;
        }
        io.progress(done, total.max(done)).await?;
    }
}
