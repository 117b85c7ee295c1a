//! Records as they are shown to somebody, with the companies that are asked for beside them.

use std::sync::Arc;

use serde_json::json;

use crate::app::App;
use crate::auth::company_of;
use crate::domain::{Collections, RuleName};
use crate::error::Result;
use crate::records::access::Access;
use crate::records::view::RecordView;
use crate::store::{Record, Store};

/// Occasion on which rules are asked of a record beside another one.
const EXPAND: &str = "expand";

/// The query parameter `expand`: of all relations there is one.
#[derive(Clone, Copy)]
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

/// Records as one reader sees them, and what is beside them.
pub struct Expansion<'a> {
    store: &'a Store,
    access: &'a Access,
    beside: Option<Access>,
    collections: Arc<Collections>,
}

impl<'a> Expansion<'a> {
    /// Records as `access` lets see them.
    pub fn new(app: &'a App, access: &'a Access, expand: Expand) -> Self {
        Self {
            store: &app.store,
            access,
            beside: expand.company.then(|| access.on(EXPAND)),
            collections: app.collections(),
        }
    }

    /// The record, and in `expand` the user's company, if the reader may see that.
    ///
    /// # Errors
    /// Only errors of ours.
    pub async fn of<'r>(&'r self, record: &'r Record) -> Result<RecordView<'r>> {
        let shown = self.access.view(record, &self.collections).await?;
        let Some(company) = self.company_of(record).await? else {
            return Ok(shown);
        };
        let company = self.access.view(&company, &self.collections).await?;
        Ok(shown.with("expand", json!({ "company_id": company })))
    }

    async fn company_of(&self, record: &Record) -> Result<Option<Record>> {
        let (Some(access), Record::User(user)) = (&self.beside, record) else {
            return Ok(None);
        };
        let company = company_of(self.store, user).await?;
        let Some(company) = company.map(Record::Company) else {
            return Ok(None);
        };
        Ok(access
            .allows(RuleName::View, &company)
            .await?
            .then_some(company))
    }
}
