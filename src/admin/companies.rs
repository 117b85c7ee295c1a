//! Companies, for an operator.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::context::Admin;
use super::failure::{Cause, Failure};
use super::io::Io;
use super::records::{self, RecordQuery, find};
use crate::app::App;
use crate::auth::named_company;
use crate::domain::Kind;
use crate::error::Error;
use crate::records::requester::Requester;
use crate::store::Record;

/// A command about companies.
#[derive(Clone, Deserialize, Serialize)]
pub enum CompanyCommand {
    /// Lists a page of them.
    List(RecordQuery),
    /// Shows one.
    Show(String),
    /// Makes one with this key, or changes it.
    Put {
        /// The key.
        key: String,
        /// Values by field.
        values: Map<String, Value>,
    },
    /// Removes one.
    Delete(String),
}

/// Runs a command about companies.
pub(super) async fn run(admin: &Admin, command: CompanyCommand, io: &Io) -> Result<(), Failure> {
    let company = match command {
        CompanyCommand::List(query) => {
            return records::list(admin, Kind::Companies, query, io).await;
        }
        CompanyCommand::Show(name) => find(admin, Kind::Companies, &name).await?,
        CompanyCommand::Delete(name) => {
            let company = find(admin, Kind::Companies, &name).await?;
            admin.records.delete(&Requester::Operator, &company).await?
        }
        CompanyCommand::Put { key, values } => put(admin, key, values).await?,
    };
    io.row(records::to_row(admin, &company)).await
}

async fn put(
    admin: &Admin,
    key: String,
    mut values: Map<String, Value>,
) -> Result<Record, Failure> {
    match find(admin, Kind::Companies, &key).await {
        Ok(company) => {
            let form = records::form(admin, Kind::Companies, &values)?;
            let updated = admin.records.update(&Requester::Operator, &company, form);
            Ok(updated.await?)
        }
        Err(failure) if failure.cause == Cause::NotFound => {
            let named = values.insert("company_id".to_owned(), key.clone().into());
            if named.is_some_and(|named| named != key.as_str()) {
                return Err(Failure::invalid(format!(
                    "there is no company {key} that could get another company_id; make it without that field"
                )));
            }
            let form = records::form(admin, Kind::Companies, &values)?;
            let created = admin
                .records
                .create(&Requester::Operator, Kind::Companies, form);
            Ok(created.await?)
        }
        Err(failure) => Err(failure),
    }
}

/// The key in the values of a company that there is not.
pub(super) async fn missing_company(
    app: &App,
    values: &Map<String, Value>,
) -> Result<Option<String>, Error> {
    let key = values.get("company_id").and_then(Value::as_str);
    let Some(key) = key.filter(|key| !key.is_empty()) else {
        return Ok(None);
    };
    let found = named_company(&app.store, key).await?;
    Ok(found.is_none().then(|| key.to_owned()))
}

/// Refuses values with the key of a company that there is not.
pub(super) async fn ensure_company_of(
    app: &App,
    values: &Map<String, Value>,
) -> Result<(), Failure> {
    match missing_company(app, values).await? {
        None => Ok(()),
        Some(key) => Err(Failure::invalid(unknown_company(&key))),
    }
}

/// Line for a person about the key of a company that there is not.
pub(super) fn unknown_company(key: &str) -> String {
    format!(
        "there is no company {key}; \"bai company list\" shows them, \"bai company put {key}\" makes it"
    )
}

/// Refuses the key of a company that there is not; an empty one is none.
pub(super) async fn ensure_company(app: &App, key: &str) -> Result<(), Failure> {
    if key.is_empty() || named_company(&app.store, key).await?.is_some() {
        return Ok(());
    }
    Err(Failure::invalid(unknown_company(key)))
}
