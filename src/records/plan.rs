//! Plans of changes: what is found out about a change before it is decided, such as its passwords, which take long to verify and
//! to hash.

use serde_json::{Map, Value};

use super::Records;
use super::access::Access;
use super::change_request::{Action, ChangeRequest};
use super::form::{FormReader, RecordForm, TOKEN_KEY};
use super::passwords::{NewPassword, PasswordFindings, PasswordForm};
use super::refusal::Refusal;
use super::requester::Requester;
use super::values::Values;
use crate::app::App;
use crate::auth;
use crate::domain::{Kind, Phone, RecordId, TokenKey, User};
use crate::error::Result;
use crate::limits::Source;
use crate::store::Record;

/// The right by which a record is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Editor {
    /// That of the user whose record it is, by the rule for changes.
    Owner,
    /// That of anybody else, by the rule for changes or for new records.
    User,
    /// That of somebody whom the rule for managers lets do more: no old password, another e-mail address.
    Manager,
    /// That of a superuser.
    Superuser,
}

impl Editor {
    /// Whether it is a superuser's.
    pub fn is_superuser(self) -> bool {
        self == Self::Superuser
    }

    /// Whether e-mail addresses and passwords may be set like a superuser sets them.
    pub fn manages(self) -> bool {
        matches!(self, Self::Manager | Self::Superuser)
    }
}

/// A change with everything that is known before it is decided.
pub struct Plan {
    /// The change.
    pub request: ChangeRequest,
    /// The access of whoever asks for it.
    pub access: Access,
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
        self.request.record_id()
    }

    /// The body as rules see it, beside the record that it changes.
    pub fn body(&self, before: Option<&Record>) -> Map<String, Value> {
        let Some(form) = self.request.patch.form() else {
            return Map::new();
        };
        let schema = self.access.schemas().of(self.request.kind);
        match before {
            Some(before) => FormReader::new(form, &Values::of(before), schema).body(),
            None => FormReader::new(form, &Values::Blank(schema), schema).body(),
        }
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
        self.editor.is_superuser() && form.is_some_and(|form| form.edits(TOKEN_KEY))
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
    /// A plan whose right and passwords are not known yet.
    pub(super) fn draft(&self, requester: &Requester, request: ChangeRequest) -> Result<Plan> {
        Ok(Plan {
            access: Access::new(self, requester.reader(), request.info.clone()),
            request,
            editor: Editor::User,
            findings: PasswordFindings::default(),
            fresh: FreshValues::new(&self.app)?,
        })
    }

    /// The findings about the passwords, and about the phone, that `plan` asks for.
    ///
    /// # Errors
    /// Too many attempts are among them.
    pub(super) async fn findings(
        &self,
        requester: &Requester,
        plan: &Plan,
        before: Option<&Record>,
    ) -> Result<PasswordFindings> {
        let source = requester.limited_source();
        let new = plan.request.passwords().filter(|form| form.is_change());
        let mut findings = match (source, before) {
            (Some(source), Some(Record::User(user))) => {
                self.allowed_by_old_password(user, source, plan, new.is_some())
                    .await?
            }
            (Some(_), None) => PasswordFindings {
                phone: self.new_phone(plan),
                ..PasswordFindings::default()
            },
            _ => PasswordFindings::default(),
        };
        if let Some(passwords) = new.filter(|_| findings.old != Some(false)) {
            findings.new = hash(&self.app, source, passwords).await?;
        }
        Ok(findings)
    }

    /// Tries the old password, if it is needed: for a new one, unless the right is a manager's, and for another phone of one's own, by
    /// which one logs in and which tells whether it is somebody else's.
    async fn allowed_by_old_password(
        &self,
        user: &User,
        source: Source,
        plan: &Plan,
        is_new: bool,
    ) -> Result<PasswordFindings> {
        let form = plan.request.patch.form();
        let form = form.filter(|_| !matches!(plan.request.action, Action::Delete(_)));
        let Some(form) = form else {
            return Ok(PasswordFindings::default());
        };
        let phone = self.other_phone(user, form);
        let is_needed =
            !plan.editor.manages() && is_new || plan.editor == Editor::Owner && phone.is_some();
        if !is_needed {
            return Ok(PasswordFindings {
                phone,
                ..PasswordFindings::default()
            });
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

    /// The phone of a user whom somebody makes.
    fn new_phone(&self, plan: &Plan) -> Option<Phone> {
        let form = plan.request.patch.form()?;
        let schemas = self.schemas();
        let schema = schemas.of(Kind::Users);
        let is_user = plan.request.kind == Kind::Users;
        let blank = Values::Blank(schema);
        is_user.then(|| FormReader::new(form, &blank, schema).new_phone())?
    }
}

async fn hash(app: &App, source: Option<Source>, passwords: &PasswordForm) -> Result<NewPassword> {
    Ok(match passwords.new_password() {
        Ok(new) => NewPassword::Hash(auth::hash_password(app, source, new).await?),
        Err(problem) => NewPassword::Impossible(problem),
    })
}
