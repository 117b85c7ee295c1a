//! Changes of records that somebody asks for.

use super::form::RecordForm;
use super::passwords::PasswordForm;
use super::patch::RecordPatch;
use super::rules::RequestInfo;
use crate::domain::{Kind, RecordId};

/// Action on a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make it.
    Create,
    /// Change the one with this id.
    Update(String),
    /// Change the one whose id is in the form, or make it.
    Upsert,
    /// Remove the one with this id.
    Delete(String),
}

/// A change that somebody asks for.
#[derive(Clone)]
pub struct ChangeRequest {
    /// The kind of the record.
    pub kind: Kind,
    /// Action on the record.
    pub action: Action,
    /// Changes to the record.
    pub patch: RecordPatch,
    /// The request as rules see it.
    pub info: RequestInfo,
}

impl ChangeRequest {
    /// A change that no request over the network asks for.
    pub fn new(kind: Kind, action: Action, patch: impl Into<RecordPatch>) -> Self {
        Self {
            kind,
            action,
            patch: patch.into(),
            info: RequestInfo::default(),
        }
    }

    /// Removes a record.
    pub fn delete(kind: Kind, id: impl Into<String>) -> Self {
        Self::new(kind, Action::Delete(id.into()), RecordForm::default())
    }

    /// The same, asked for by this request.
    #[must_use]
    pub fn by(self, info: RequestInfo) -> Self {
        Self { info, ..self }
    }

    /// The id of the record, if the request names one.
    pub fn id(&self) -> Option<&str> {
        match &self.action {
            Action::Create => None,
            Action::Update(id) | Action::Delete(id) => Some(id),
            Action::Upsert => Some(self.patch.form()?.id()),
        }
    }

    /// The id of the record that the request names, if it can be one.
    pub fn record_id(&self) -> Option<RecordId> {
        self.id().and_then(RecordId::parse)
    }

    /// The passwords of the form, where one may be set.
    pub(super) fn passwords(&self) -> Option<&PasswordForm> {
        let has_password =
            self.kind != Kind::Companies && !matches!(self.action, Action::Delete(_));
        let form = self.patch.form().filter(|_| has_password)?;
        Some(form.passwords())
    }
}
