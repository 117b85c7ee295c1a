//! The answer of a list of records.

use poem_openapi::Object;
use serde::Serialize;

use super::fields::Fields;
use super::list_query::totals;
use crate::error::{Error, Result};
use crate::http::wire_types::AuthRecord;
use crate::records::list::Paging;
use crate::records::view::RecordView;

/// Bytes of a record, more or less.
const RECORD_BYTES: usize = 768;

/// The form of the answer.
#[derive(Object)]
#[expect(non_snake_case, reason = "PocketBase's names")]
pub struct RecordList {
    items: Vec<AuthRecord>,
    page: u64,
    perPage: u64,
    totalItems: i64,
    totalPages: i64,
}

/// The text of a [`RecordList`], written record by record: a tree of values for each takes five times as long.
pub struct RecordListText(Vec<u8>);

impl RecordListText {
    /// The begin of a list of so many records.
    pub fn with_capacity(records: usize) -> Self {
        let mut text = Vec::with_capacity(records * RECORD_BYTES);
        text.extend_from_slice(br#"{"items":["#);
        Self(text)
    }

    /// Adds what `fields` leaves of a record.
    pub fn push(&mut self, record: &RecordView<'_>, fields: &Fields) -> Result<()> {
        if !self.0.ends_with(b"[") {
            self.0.push(b',');
        }
        match fields.is_all() {
            true => self.write(record),
            false => self.write(&fields.pick_of_record(record.to_map())),
        }
    }

    fn write(&mut self, record: &impl Serialize) -> Result<()> {
        serde_json::to_writer(&mut self.0, record).map_err(Error::internal)
    }

    /// The whole text, of a list with `total` records on all pages.
    pub fn finish(mut self, paging: &Paging, total: u64) -> Vec<u8> {
        let Paging { page, per_page, .. } = paging;
        let (items, pages) = totals(paging, total);
        let end = format!(
            r#"],"page":{page},"perPage":{per_page},"totalItems":{items},"totalPages":{pages}}}"#
        );
        self.0.extend_from_slice(end.as_bytes());
        self.0
    }
}
