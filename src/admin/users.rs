//! Users, for an operator.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Failure, Io, Wanted};
use crate::app::App;
use crate::auth::{self, AuditContext, Registration};
use crate::domain::{Invalid, Kind, Name, Phone, Picture, PlainPassword, ShortText};
use crate::error::Error;
use crate::pocketbase::operator::Records;
use crate::store::{Cursor, Order, Record};

/// How many users are read at once for an export.
const PAGE: usize = 500;

/// What may be done.
#[derive(Clone, Deserialize, Serialize)]
pub enum Command {
    /// A page of them.
    List(Wanted),
    /// One.
    Show(String),
    /// A new platform user.
    Create(New),
    /// Sets a password, which ends all tokens.
    SetPassword {
        /// Whose.
        who: String,
        /// The password.
        password: String,
    },
    /// Whether somebody may log in.
    SetEnabled {
        /// Who.
        who: String,
        /// May they?
        is_enabled: bool,
    },
    /// Ends all tokens.
    Revoke(String),
    /// The one who has a phone.
    Holder(String),
    /// Takes a phone from the one who has it.
    ReleasePhone {
        /// The phone.
        phone: String,
        /// The record id of whom it was shown to be.
        holder: String,
    },
    /// Removes one.
    Delete(String),
    /// All of them, oldest first; as rows of values, the first of which has their names.
    Export,
}

/// A new platform user.
#[derive(Clone, Deserialize, Serialize)]
pub struct New {
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

/// Does it.
///
/// # Errors
/// [`Failure`].
pub async fn run(app: &Arc<App>, command: Command, io: &Io) -> Result<(), Failure> {
    let records = Records::new(app);
    let find = async |who: &str| records.find(Kind::Users, who).await;
    let changed = match command {
        Command::List(wanted) => return super::list(&records, Kind::Users, wanted, io).await,
        Command::Export => return export(app, &records, io).await,
        Command::Show(who) => find(&who).await?,
        Command::Holder(phone) => records.holder(&phone).await?,
        Command::ReleasePhone { phone, holder } => release_phone(&records, &phone, &holder).await?,
        Command::Create(new) => create(app, new).await?,
        Command::SetPassword { who, password } => {
            records.set_password(&find(&who).await?, &password).await?
        }
        Command::SetEnabled { who, is_enabled } => {
            records.set_enabled(&find(&who).await?, is_enabled).await?
        }
        Command::Delete(who) => records.delete(&find(&who).await?).await?,
        Command::Revoke(who) => {
            let user = find(&who).await?;
            auth::revoke_tokens(app, &AuditContext::operator(), &user).await?;
            user
        }
    };
    io.row(records.show(&changed)).await
}

/// Takes the phone from `holder`, unless it is somebody else's since it was shown.
async fn release_phone(records: &Records, phone: &str, holder: &str) -> Result<Record, Failure> {
    let user = records.holder(phone).await?;
    if user.id().as_str() != holder {
        return Err(Failure::failed(format!(
            "the phone {phone} is somebody else's by now; nothing was done"
        )));
    }
    records.release_phone(&user).await
}

async fn create(app: &App, new: New) -> Result<Record, Failure> {
    let wrong =
        |field: &'static str| move |why: Invalid| Failure::invalid(format!("the {field} is {why}"));
    let registration = Registration {
        name: Name::parse(&new.name).map_err(wrong("name"))?,
        phone: Phone::parse(&new.phone).map_err(wrong("phone"))?,
        password: PlainPassword::new(new.password).map_err(wrong("password"))?,
        picture: match new.picture.as_str() {
            "" => Picture::default(),
            picture => Picture::parse(picture).map_err(wrong("picture"))?,
        },
        user_type: None,
        id_number: ShortText::default(),
        level: ShortText::default(),
        company_id: ShortText::parse(&new.company).map_err(wrong("company"))?,
        parent_id: ShortText::default(),
        promo_code: ShortText::default(),
        group_id: ShortText::default(),
    };
    match auth::create_user(app, &AuditContext::operator(), registration).await {
        Ok(user) => Ok(Record::User(user)),
        Err(Error::PhoneTaken) => Err(Failure::invalid(format!(
            "there is a user with the phone {}",
            new.phone
        ))),
        Err(error) => Err(error.into()),
    }
}

/// Keeps a page in memory, however many there are. A user who is made meanwhile comes, one who is removed may not.
async fn export(app: &App, records: &Records, io: &Io) -> Result<(), Failure> {
    let fields = records.fields(Kind::Users);
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
            let mut shown = records.show(&user);
            let row: Vec<Value> = fields
                .iter()
                .map(|field| shown.remove(field).unwrap_or_default())
                .collect();
            io.row(row).await?;
            done += 1;
        }
        io.progress(done, total.max(done)).await?;
    }
}
