//! Users from a table, made for an operator or a superuser.

use futures_util::stream::{self, Stream, StreamExt as _};
use serde_json::{Map, Value};

use super::companies::{missing_company, unknown_company};
use super::context::Admin;
use super::failure::{Cause, Failure};
use super::io::Io;
use super::records;
use super::typed_text::{Misfit, ensure_fit};
use crate::domain::Kind;
use crate::error::Error;
use crate::records::refusal::{ChangeError, Refusal};
use crate::records::requester::Requester;

/// Users that are made at the same time: their writes share a commit.
const AT_ONCE: usize = 64;

/// Values of a user, by field.
pub type Row = Map<String, Value>;

/// Treatment of the users of a table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// They are made.
    Make,
    /// It is found out who would be made.
    Check,
}

/// The reason why a user does not come; as text, one line for a person.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    /// A text that its field cannot hold.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// The key of a company that there is not.
    #[error("{}", unknown_company(.0))]
    NoCompany(String),
    /// Values that a user may not have.
    #[error(transparent)]
    Refused(Refusal),
    /// An error of ours, with which the import ends.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<ChangeError> for RowError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Refused(refusal) => Self::Refused(refusal),
            ChangeError::Failed(error) => Self::Failed(error),
        }
    }
}

impl From<RowError> for Failure {
    fn from(error: RowError) -> Self {
        match error {
            RowError::Failed(error) => error.into(),
            RowError::Refused(refusal) => ChangeError::Refused(refusal).into(),
            other => Self::invalid(other.to_string()),
        }
    }
}

/// Refuses rows with a field that there is not.
///
/// # Errors
/// The field, and those that there are.
pub fn ensure_fields(admin: &Admin, rows: &[Row]) -> Result<(), Failure> {
    rows.iter()
        .try_for_each(|row| records::ensure_fields(admin, Kind::Users, row))
}

/// Makes each user by itself, or checks who could be made; an outcome for each, in order.
pub fn outcomes<'a>(
    admin: &'a Admin,
    requester: &'a Requester,
    rows: Vec<Row>,
    mode: Mode,
) -> impl Stream<Item = Result<(), RowError>> + 'a {
    stream::iter(rows)
        .map(move |row| outcome(admin, requester, row, mode))
        .buffered(AT_ONCE)
}

async fn outcome(
    admin: &Admin,
    requester: &Requester,
    row: Row,
    mode: Mode,
) -> Result<(), RowError> {
    ensure_fit(&row, admin.records.schemas().of(Kind::Users))?;
    if let Some(key) = missing_company(&admin.app, &row).await? {
        return Err(RowError::NoCompany(key));
    }
    match mode {
        Mode::Make => {
            let created = admin.records.create_without_password(requester, row);
            created.await?;
        }
        Mode::Check => admin.records.check_without_password(requester, row).await?,
    }
    Ok(())
}

/// Makes each user by itself; a row for each: null, or why it was not made.
///
/// # Errors
/// A field that there is not; nothing was made then.
pub async fn run(admin: &Admin, rows: Vec<Row>, io: &Io) -> Result<(), Failure> {
    ensure_fields(admin, &rows)?;
    let mut made = outcomes(admin, &Requester::Operator, rows, Mode::Make);
    while let Some(outcome) = made.next().await {
        match outcome.map_err(Failure::from) {
            Err(failure) if failure.cause != Cause::Invalid => return Err(failure),
            outcome => io.row(outcome.err().map(|failure| failure.message)).await?,
        }
    }
    Ok(())
}
