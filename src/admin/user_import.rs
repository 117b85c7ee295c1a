//! Users from a file, made for an operator.

use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::{Map, Value};

use super::companies::ensure_company_of;
use super::context::Admin;
use super::failure::{Cause, Failure};
use super::io::Io;
use super::records;
use super::typed_text::ensure_fit;
use crate::domain::Kind;
use crate::records::requester::Requester;

/// Users that are made at the same time: their writes share a commit.
const AT_ONCE: usize = 64;

/// Makes each user by itself; a row for each: null, or why it was not made.
///
/// # Errors
/// A field that there is not; nothing was made then.
pub async fn run(admin: &Admin, users: Vec<Map<String, Value>>, io: &Io) -> Result<(), Failure> {
    for user in &users {
        records::ensure_fields(admin, Kind::Users, user)?;
    }
    let mut made = stream::iter(users)
        .map(|user| create(admin, user))
        .buffered(AT_ONCE);
    while let Some(outcome) = made.next().await {
        match outcome {
            Err(failure) if failure.cause != Cause::Invalid => return Err(failure),
            outcome => io.row(outcome.err().map(|failure| failure.message)).await?,
        }
    }
    Ok(())
}

async fn create(admin: &Admin, values: Map<String, Value>) -> Result<(), Failure> {
    ensure_fit(&values, admin.records.schemas().of(Kind::Users))?;
    ensure_company_of(&admin.app, &values).await?;
    let created = admin
        .records
        .create_without_password(&Requester::Operator, values);
    created.await?;
    Ok(())
}
