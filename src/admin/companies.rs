//! Companies, for an operator.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Cause, Failure, Io, Wanted};
use crate::app::App;
use crate::domain::Kind;
use crate::pocketbase::operator::Records;

/// What may be done.
#[derive(Clone, Deserialize, Serialize)]
pub enum Command {
    /// A page of them.
    List(Wanted),
    /// One.
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

/// Does it.
///
/// # Errors
/// [`Failure`].
pub async fn run(app: &Arc<App>, command: Command, io: &Io) -> Result<(), Failure> {
    let records = Records::new(app);
    let find = async |name: &str| records.find(Kind::Companies, name).await;
    let company = match command {
        Command::List(wanted) => return super::list(&records, Kind::Companies, wanted, io).await,
        Command::Show(name) => find(&name).await?,
        Command::Delete(name) => records.delete(&find(&name).await?).await?,
        Command::Put { key, mut values } => match find(&key).await {
            Ok(company) => records.update(&company, values).await?,
            Err(failure) if failure.cause == Cause::NotFound => {
                values.insert("company_id".to_owned(), key.into());
                records.create(Kind::Companies, values).await?
            }
            Err(failure) => return Err(failure),
        },
    };
    io.row(records.show(&company)).await
}
