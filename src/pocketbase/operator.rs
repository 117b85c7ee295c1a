//! Records as an operator sees and changes them at the command line: all of them, by the rules that hold for superusers.

use std::sync::Arc;

use poem::http::StatusCode;
use poem_openapi::types::ToJSON;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Context;
use super::error::Refused;
use super::events::EventRecord;
use crate::app::App;
use crate::auth::{self, IdentityField};
use crate::domain::{AuditEvent, EventId, Kind, Phone, RecordId};
use crate::error::{Error, Result};
use crate::records::form::RecordForm;
use crate::records::list::by_id;
use crate::records::list::condition::Condition;
use crate::records::list::paging::Paging;
use crate::records::refusal::{ChangeError, Refusal};
use crate::records::requester::Requester;
use crate::records::view;
use crate::store::Record;

/// Why an operator's command was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Deserialize, Serialize)]
#[error("{message}")]
pub struct Failure {
    /// Whose fault it is.
    pub cause: Cause,
    /// One line for a person.
    pub message: String,
}

/// Whose fault a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Cause {
    /// There is nothing of that name.
    NotFound,
    /// What was asked for cannot be.
    Invalid,
    /// It should have worked.
    Failed,
}

impl Failure {
    /// There is nothing of that name.
    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self {
            cause: Cause::NotFound,
            message: message.into(),
        }
    }

    /// What was asked for cannot be.
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self {
            cause: Cause::Invalid,
            message: message.into(),
        }
    }

    /// It should have worked.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "errors are mapped by it")]
    pub fn failed(message: impl ToString) -> Self {
        Self {
            cause: Cause::Failed,
            message: message.to_string(),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::failed(error)
    }
}

impl From<crate::store::Error> for Failure {
    fn from(error: crate::store::Error) -> Self {
        Self::failed(error)
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let cause = if refused.is(StatusCode::NOT_FOUND) {
            Cause::NotFound
        } else {
            Cause::Invalid
        };
        Self {
            cause,
            message: refused.in_words(),
        }
    }
}

impl From<ChangeError> for Failure {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Refused(Refusal::NotFound) => {
                Self::not_found(Refusal::NotFound.to_string())
            }
            ChangeError::Refused(refusal) => Self::invalid(refusal.to_string()),
            ChangeError::Failed(error) => error.into(),
        }
    }
}

/// Which records are wanted.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Wanted {
    /// Part of a name, a phone, an openid or the like; empty: all.
    pub text: String,
    /// A filter in PocketBase's language; empty: none.
    pub filter: String,
    /// A sort in PocketBase's language; empty: newest first.
    pub sort: String,
    /// At most so many, 1000 at the most …
    pub limit: u64,
    /// … from this page on, the first being 1.
    pub page: u64,
}

/// The records, for an operator.
#[derive(Clone)]
pub struct Records(Context);

impl Records {
    /// Over the records of `app`.
    #[must_use]
    pub fn new(app: &Arc<App>) -> Self {
        Self(Context::new(app))
    }

    /// All fields that a record may have, hidden ones left out.
    #[must_use]
    pub fn fields(&self, kind: Kind) -> Vec<String> {
        let schemas = self.0.records.schemas();
        schemas
            .of(kind)
            .fields()
            .filter(|field| !field.is_hidden)
            .map(|field| field.name.clone())
            .collect()
    }

    /// An event as `GET /api/events` has it.
    #[must_use]
    pub fn show_event(event: (EventId, AuditEvent)) -> Value {
        EventRecord::new(event).to_json().unwrap_or_default()
    }

    /// The record as PocketBase writes it.
    #[must_use]
    pub fn show(&self, record: &Record) -> Map<String, Value> {
        view::record(record, &self.0.app.collections())
    }

    /// A page of records, and how many there are on all pages.
    ///
    /// # Errors
    /// A filter or a sort that cannot be read.
    pub async fn list(&self, kind: Kind, wanted: Wanted) -> Result<(Vec<Record>, u64), Failure> {
        let filter = [wanted.filter, having(kind, &wanted.text)];
        let filter: Vec<_> = filter
            .into_iter()
            .filter(|part| !part.is_empty())
            .map(|part| format!("({part})"))
            .collect();
        let sort = if wanted.sort.is_empty() {
            "-created".to_owned()
        } else {
            wanted.sort
        };
        let schemas = self.0.records.schemas();
        let schema = schemas.of(kind);
        let condition = Condition::parse(&filter.join(" && "), &sort, schema, true).map_err(|_| {
            Failure::invalid("the filter or the sort cannot be read: they are in PocketBase's language, with these fields: ".to_owned() + &self.fields(kind).join(", "))
        })?;
        let paging = Paging {
            page: wanted.page.max(1),
            per_page: wanted.limit.clamp(1, 1000),
            skip_total: false,
        };
        let found = self.0.list_all(kind, paging, condition, None).await?;
        Ok((found.records, found.total))
    }

    /// The record that `name` names: a user by id, e-mail address, openid or phone, a company by id or key, a superuser by id
    /// or e-mail address.
    ///
    /// # Errors
    /// There is none.
    pub async fn find(&self, kind: Kind, name: &str) -> Result<Record, Failure> {
        let app = &self.0.app;
        if let Some(id) = RecordId::parse(name)
            && let Some(record) = by_id(app, kind, &id).await?
        {
            return Ok(record);
        }
        let found = match kind {
            Kind::Users => auth::user_by_identity(app, name, &IdentityField::ALL)
                .await?
                .map(Record::User),
            Kind::Companies => app
                .store
                .company_by_company_id(name)
                .await?
                .map(Record::Company),
            Kind::Superusers => app
                .store
                .superuser_by_email(name)
                .await?
                .map(Record::Superuser),
        };
        found.ok_or_else(|| {
            Failure::not_found(format!(
                "there is no {} {name}; {}",
                noun(kind),
                names(kind)
            ))
        })
    }

    /// The user who has this phone.
    ///
    /// # Errors
    /// It is no phone, or nobody's.
    pub async fn holder(&self, phone: &str) -> Result<Record, Failure> {
        let parsed =
            Phone::parse(phone).map_err(|why| Failure::invalid(format!("{phone} is {why}")))?;
        let user = self.0.app.store.user_by_phone(&parsed).await?;
        user.map(Record::User)
            .ok_or_else(|| Failure::not_found(format!("nobody has the phone {phone}")))
    }

    /// Makes a record of `body`.
    ///
    /// # Errors
    /// What is wrong with which field.
    pub async fn create(&self, kind: Kind, body: Map<String, Value>) -> Result<Record, Failure> {
        let form = self.form(kind, &body)?;
        let records = &self.0.records;
        Ok(records.create(&Requester::Operator, kind, form).await?)
    }

    /// Changes what `body` has of the record.
    ///
    /// # Errors
    /// What is wrong with which field.
    pub async fn update(
        &self,
        record: &Record,
        body: Map<String, Value>,
    ) -> Result<Record, Failure> {
        let form = self.form(record.kind(), &body)?;
        let records = &self.0.records;
        Ok(records.update(&Requester::Operator, record, form).await?)
    }

    /// Sets a password, which ends all tokens.
    ///
    /// # Errors
    /// What is wrong with the password.
    pub async fn set_password(&self, record: &Record, password: &str) -> Result<Record, Failure> {
        let records = &self.0.records;
        let changed = records.set_password(&Requester::Operator, record, password);
        Ok(changed.await?)
    }

    /// Lets a user log in, or does not.
    ///
    /// # Errors
    /// Only errors of ours.
    pub async fn set_enabled(&self, user: &Record, is_enabled: bool) -> Result<Record, Failure> {
        let records = &self.0.records;
        let changed = records.set_enabled(&Requester::Operator, user, is_enabled);
        Ok(changed.await?)
    }

    /// Takes the phone from a user, who keeps everything else.
    ///
    /// # Errors
    /// Only errors of ours.
    pub async fn release_phone(&self, user: &Record) -> Result<Record, Failure> {
        let records = &self.0.records;
        Ok(records.release_phone(&Requester::Operator, user).await?)
    }

    /// Removes the record.
    ///
    /// # Errors
    /// The last superuser stays.
    pub async fn delete(&self, record: &Record) -> Result<Record, Failure> {
        let records = &self.0.records;
        Ok(records.delete(&Requester::Operator, record).await?)
    }

    fn form(&self, kind: Kind, body: &Map<String, Value>) -> Result<RecordForm, Failure> {
        self.ensure_fields(kind, body)?;
        Ok(RecordForm::read(body, self.0.records.schemas().of(kind)))
    }

    /// PocketBase passes over what it does not know; at a shell that is a slip of the pen.
    fn ensure_fields(&self, kind: Kind, body: &Map<String, Value>) -> Result<(), Failure> {
        let fields = self.fields(kind);
        match body.keys().find(|key| !fields.contains(key)) {
            None => Ok(()),
            Some(key) => Err(Failure::invalid(format!(
                "there is no field {key}; there are {}",
                fields.join(", ")
            ))),
        }
    }
}

/// A filter for records that have `text` in what people know them by.
fn having(kind: Kind, text: &str) -> String {
    let fields: &[&str] = match kind {
        Kind::Users => &[
            "id",
            "openid",
            "email",
            "users_phone",
            "users_name",
            "users_id",
            "company_id",
        ],
        Kind::Companies => &["id", "company_id"],
        Kind::Superusers => &["id", "email"],
    };
    let quoted = text.replace('\\', "\\\\").replace('\'', "\\'");
    let has_it: Vec<_> = fields
        .iter()
        .map(|field| format!("{field} ~ '{quoted}'"))
        .collect();
    if text.is_empty() {
        String::new()
    } else {
        has_it.join(" || ")
    }
}

fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Users => "user",
        Kind::Companies => "company",
        Kind::Superusers => "superuser",
    }
}

fn names(kind: Kind) -> &'static str {
    match kind {
        Kind::Users => "name it by id, phone, openid or e-mail address",
        Kind::Companies => "name it by id or company_id",
        Kind::Superusers => "name it by id or e-mail address",
    }
}
