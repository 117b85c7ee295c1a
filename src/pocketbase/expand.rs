//! Records as they are shown, with the companies that are asked for beside them.

use serde_json::json;

use super::Context;
use crate::error::Result;
use crate::http::wire_types::AuthRecord;
use crate::records::view;
use crate::store::Record;

/// The query parameter `expand`: of all relations there is one.
pub struct Expand {
    company: bool,
}

impl Expand {
    /// Reads a list with commas; what is no relation is ignored.
    pub fn parse(text: Option<&str>) -> Self {
        let company = text
            .unwrap_or_default()
            .split(',')
            .any(|name| name.trim() == "company_id");
        Self { company }
    }
}

impl Context {
    /// The record, and in `expand` the user's company, which everybody may see who sees a user.
    ///
    /// # Errors
    /// Only errors of ours.
    pub async fn expanded(&self, record: &Record, expand: &Expand) -> Result<AuthRecord> {
        let (app, mut shown) = (&self.app, view::record(record, &self.app.collections()));
        if let Record::User(user) = record
            && expand.company
            && !user.company_id.is_empty()
            && let Some(company) = app.store.company_by_company_id(&user.company_id).await?
        {
            let company = view::company(&company, &app.collections().companies);
            shown.insert("expand".to_owned(), json!({ "company_id": company }));
            shown.sort_keys();
        }
        Ok(AuthRecord(shown))
    }
}
