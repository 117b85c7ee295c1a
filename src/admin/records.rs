//! Records of any collection, for an operator: found, listed and shown.

use serde_json::{Map, Value};

use super::context::Admin;
use super::failure::Failure;
use super::io::Io;
use crate::domain::Kind;
pub use crate::pocketbase::operator::Wanted as ListQuery;
use crate::store::Record;

/// The record that `name` names.
pub async fn find(admin: &Admin, kind: Kind, name: &str) -> Result<Record, Failure> {
    admin.records.find(kind, name).await
}

/// The record as rows show it.
pub fn to_row(admin: &Admin, record: &Record) -> Map<String, Value> {
    admin.records.show(record)
}

/// Gives out a page of records as rows, and at last how many there are on all pages.
pub async fn list(admin: &Admin, kind: Kind, query: ListQuery, io: &Io) -> Result<(), Failure> {
    let (found, total) = admin.records.list(kind, query).await?;
    for record in &found {
        io.row(to_row(admin, record)).await?;
    }
    let shown = u64::try_from(found.len()).unwrap_or(u64::MAX);
    io.progress(shown, total).await
}
