//! Changes that are asked for, and what is found out about them before the records are looked at: whether the requester may
//! ask for them, and their passwords, which take long to verify and to hash.

use super::Records;
use super::form::{FormReader, RecordForm, TOKEN_KEY};
use super::passwords::{NewPassword, PasswordFindings, PasswordForm};
use super::patch::RecordPatch;
use super::refusal::{ChangeError, Refusal};
use super::requester::Requester;
use super::values::Values;
use crate::app::App;
use crate::auth;
use crate::domain::{Kind, Phone, RecordId, TokenKey, User};
use crate::error::Result;
use crate::limits::Source;

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
}

impl ChangeRequest {
    /// Removes a record.
    pub fn delete(kind: Kind, id: impl Into<String>) -> Self {
        Self {
            kind,
            action: Action::Delete(id.into()),
            patch: RecordForm::default().into(),
        }
    }

    /// The id of the record, if the request names one.
    pub fn id(&self) -> Option<&str> {
        match &self.action {
            Action::Create => None,
            Action::Update(id) | Action::Delete(id) => Some(id),
            Action::Upsert => Some(self.patch.form()?.id()),
        }
    }

    /// The passwords of the form, where one may be set.
    fn passwords(&self) -> Option<&PasswordForm> {
        let has_password =
            self.kind != Kind::Companies && !matches!(self.action, Action::Delete(_));
        let form = self.patch.form().filter(|_| has_password)?;
        Some(form.passwords())
    }
}

/// The right by which a record is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Editor {
    /// That of the user whose record it is.
    Owner,
    /// That of a superuser, who needs no old password.
    Superuser,
}

impl Editor {
    /// The right that the requester has, by PocketBase's rules of the collections.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::SuperusersOnly`].
    fn of(requester: &Requester, request: &ChangeRequest) -> Result<Self, Refusal> {
        if requester.is_superuser() {
            return Ok(Self::Superuser);
        }
        let is_own =
            request.kind == Kind::Users && request.id().is_some_and(|id| requester.is_user(id));
        match (request.kind, &request.action) {
            (Kind::Users, Action::Update(_) | Action::Upsert) if is_own => Ok(Self::Owner),
            (Kind::Users, Action::Update(_)) => Err(Refusal::NotFound),
            _ => Err(Refusal::SuperusersOnly),
        }
    }
}

/// A change that the requester may ask for, with everything that is known before the record is looked at.
pub struct Plan {
    /// The change.
    pub request: ChangeRequest,
    /// The right by which it is made.
    pub editor: Editor,
    /// Findings about its passwords.
    pub findings: PasswordFindings,
    /// Values that nobody sends.
    pub fresh: FreshValues,
}

/// Values of a new record that nobody sends, and a secret for a record whose tokens end.
#[derive(Clone)]
pub struct FreshValues {
    /// The id, unless one is sent.
    pub id: RecordId,
    /// The conversation of a user, unless one is sent.
    pub conversation: uuid::Uuid,
    /// The token key.
    pub token_key: TokenKey,
}

impl Plan {
    /// The id of the record that the request names, if it can be one.
    pub fn record_id(&self) -> Option<RecordId> {
        self.request.id().and_then(RecordId::parse)
    }

    /// The form of a new record.
    ///
    /// # Errors
    /// [`Refusal::BadRequest`]: there is none.
    pub fn form(&self) -> Result<&RecordForm, Refusal> {
        self.request.patch.form().ok_or(Refusal::BadRequest)
    }

    /// Whether the form sets a token key, as only superusers can.
    pub fn sets_token_key(&self) -> bool {
        let form = self.request.patch.form();
        self.editor == Editor::Superuser && form.is_some_and(|form| form.edits(TOKEN_KEY))
    }

    /// Whether a password is set.
    pub fn sets_password(&self) -> bool {
        !matches!(self.findings.new, NewPassword::None)
    }
}

impl FreshValues {
    fn new(app: &App) -> Result<Self> {
        Ok(Self {
            id: RecordId::from_random(app.random.bytes()?),
            conversation: app.random.uuid()?,
            token_key: auth::new_token_key(app)?,
        })
    }
}

impl Records {
    /// A plan for the change, if the requester may ask for it.
    ///
    /// # Errors
    /// [`ChangeError`]: too many attempts are among them.
    pub(super) async fn plan(
        &self,
        requester: &Requester,
        request: ChangeRequest,
    ) -> Result<Plan, ChangeError> {
        let editor = Editor::of(requester, &request)?;
        let owner = requester.user().filter(|_| editor == Editor::Owner);
        let findings = match owner {
            Some((user, source)) => self.own_passwords(user, source, &request).await?,
            None => self.passwords(&request).await?,
        };
        Ok(Plan {
            request,
            editor,
            findings,
            fresh: FreshValues::new(&self.app)?,
        })
    }

    /// The findings about the passwords of somebody who needs no old one.
    async fn passwords(&self, request: &ChangeRequest) -> Result<PasswordFindings> {
        let mut findings = PasswordFindings::default();
        if let Some(passwords) = request.passwords().filter(|form| form.is_change()) {
            findings.new = hash(&self.app, None, passwords).await?;
        }
        Ok(findings)
    }

    /// The findings about the passwords of a user who changes their own record.
    async fn own_passwords(
        &self,
        user: &User,
        source: Source,
        request: &ChangeRequest,
    ) -> Result<PasswordFindings> {
        let new = request.passwords().filter(|form| form.is_change());
        let mut findings = self
            .allowed_by_old_password(user, source, request, new.is_some())
            .await?;
        if let Some(passwords) = new.filter(|_| findings.old != Some(false)) {
            findings.new = hash(&self.app, Some(source), passwords).await?;
        }
        Ok(findings)
    }

    /// Tries the old password, if the owner changes what needs it: the password, or the phone, by which they log in and which
    /// tells whether it is somebody else's.
    async fn allowed_by_old_password(
        &self,
        user: &User,
        source: Source,
        request: &ChangeRequest,
        is_new: bool,
    ) -> Result<PasswordFindings> {
        let Some(form) = request.patch.form() else {
            return Ok(PasswordFindings::default());
        };
        let phone = self.other_phone(user, form);
        if !is_new && phone.is_none() {
            return Ok(PasswordFindings::default());
        }
        let old = form.passwords().old();
        let is_right = auth::verify_old_password(&self.app, source, user, old).await?;
        Ok(PasswordFindings {
            new: NewPassword::None,
            old: Some(is_right),
            if_token_key: is_right.then(|| user.token_key.clone()),
            phone: phone.filter(|_| is_right),
        })
    }

    fn other_phone(&self, user: &User, form: &RecordForm) -> Option<Phone> {
        let schemas = self.schemas();
        let stored = Values::of_user(user);
        FormReader::new(form, &stored, schemas.of(Kind::Users)).other_phone(user)
    }
}

async fn hash(app: &App, source: Option<Source>, passwords: &PasswordForm) -> Result<NewPassword> {
    Ok(match passwords.new_password() {
        Ok(new) => NewPassword::Hash(auth::hash_password(app, source, new).await?),
        Err(problem) => NewPassword::Impossible(problem),
    })
}
