//! Changes of records: who may make them, what is found out before, and the one transaction in which all of a request are
//! made or none.

use poem::Request;
use serde_json::{Map, Value};

use super::audit::{self, Made};
use super::coerce;
use super::form::Given;
use super::passwords::{Editor, Passwords, Sent};
use super::schema::Schemas;
use super::users::Identity;
use super::{companies, superusers, users};
use crate::auth::{self, AuditContext, Principal};
use crate::contract::view;
use crate::domain::{Collections, Kind, Phone, RecordId, TokenKey, User};
use crate::error::{Error, Result};
use crate::pocketbase::Context;
use crate::pocketbase::error::Refused;
use crate::pocketbase::field_error::{FieldError, FieldErrors};
use crate::store::{self, Conflict, Edit, Record, Write};

/// What is to be done with a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make it.
    Create,
    /// Change the one with this id.
    Update(String),
    /// Change the one whose id is in the body, or make it.
    Upsert,
    /// Remove the one with this id.
    Delete(String),
}

/// A change that the caller may ask for, with everything that is known before the records are looked at.
#[derive(Clone, Debug)]
pub struct Plan {
    kind: Kind,
    action: Action,
    body: Map<String, Value>,
    editor: Editor,
    passwords: Passwords,
    id: RecordId,
    conversation: uuid::Uuid,
    token_key: TokenKey,
}

impl Plan {
    /// The phone that its owner wants in place of their own, allowed by the old password.
    pub fn phone(&self) -> Option<&Phone> {
        self.passwords.phone.as_ref()
    }
}

impl Context {
    /// A plan for the change, if `who` may ask for it. A password is hashed here: the transaction must not wait for that.
    ///
    /// # Errors
    /// Inside: what PocketBase refuses. Outside: too many attempts, and errors of ours.
    pub async fn plan(
        &self,
        request: &Request,
        who: Option<&Principal>,
        kind: Kind,
        action: Action,
        body: Map<String, Value>,
    ) -> Result<Result<Plan, Refused>> {
        let editor = match editor(who, kind, &action, &body) {
            Ok(editor) => editor,
            Err(refused) => return Ok(Err(refused)),
        };
        let passwords = self
            .passwords(request, who, kind, editor, &action, &body)
            .await?;
        Ok(Ok(self.planned(kind, action, body, editor, passwords)?))
    }

    /// A plan for a change by somebody who may do what a superuser may.
    ///
    /// # Errors
    /// [`Error::TooMany`], and errors of ours.
    pub async fn plan_unasked(
        &self,
        kind: Kind,
        action: Action,
        body: Map<String, Value>,
    ) -> Result<Plan> {
        let sent = Sent::of(&body);
        let mut passwords = Passwords::NONE;
        if needs_hash(kind, &action, &sent) {
            passwords.hash = Some(self.hash(None, &sent).await?);
        }
        self.planned(kind, action, body, Editor::Superuser, passwords)
    }

    fn planned(
        &self,
        kind: Kind,
        action: Action,
        body: Map<String, Value>,
        editor: Editor,
        passwords: Passwords,
    ) -> Result<Plan> {
        let app = &self.app;
        let (id, conversation) = (
            RecordId::from_random(app.random.bytes()?),
            app.random.uuid()?,
        );
        let token_key = auth::new_token_key(app)?;
        Ok(Plan {
            kind,
            action,
            body,
            editor,
            passwords,
            id,
            conversation,
            token_key,
        })
    }

    /// Makes all changes or none; the records as they are then, a deleted one as it was.
    ///
    /// # Errors
    /// Inside: which change was refused, and why. Outside: too many changes of phones, and errors of ours.
    pub async fn carry_out(
        &self,
        by: &AuditContext,
        plans: Vec<Result<Plan, Refused>>,
    ) -> Result<Result<Vec<Record>, (usize, Refused)>> {
        let wishes = self.wishes(by, &plans)?;
        if let Some(Err(refused)) = plans.first() {
            return Ok(Err((0, refused.clone())));
        }
        let (schemas, app) = (self.records.schemas().clone(), self.app.clone());
        let all = move |edit: &mut Edit<'_, '_>| {
            let mut all = Vec::with_capacity(plans.len());
            for (n, plan) in plans.iter().cloned().enumerate() {
                let made = match plan {
                    Ok(plan) => make(edit, plan, &schemas, &app.collections())?,
                    Err(refused) => Err(refused),
                };
                match made {
                    Ok(made) => all.push(made),
                    Err(refused) => return Ok(Err((n, refused))),
                }
            }
            Ok(Ok(all))
        };
        let made = self
            .app
            .store
            .edit(self.app.clock.now(), all)
            .await
            .map_err(Error::from);
        wishes.settle(&self.app, by, &made).await;
        Ok(made?.map(|all| {
            for made in &all {
                audit::note(&self.app, by, made);
            }
            all.into_iter().map(|made| made.record).collect()
        }))
    }
}

/// Whether the form has a new password that may be taken.
pub fn needs_hash(kind: Kind, action: &Action, sent: &Sent) -> bool {
    kind != Kind::Companies && !matches!(action, Action::Delete(_)) && sent.is_change()
}

/// As what `who` may do that, by PocketBase's rules of the collections.
fn editor(
    who: Option<&Principal>,
    kind: Kind,
    action: &Action,
    body: &Map<String, Value>,
) -> Result<Editor, Refused> {
    let own = |user: &User, id: &str| user.id.as_str() == id;
    match (who, kind, action) {
        (Some(Principal::Superuser(_)), ..) => Ok(Editor::Superuser),
        (Some(Principal::User(user)), Kind::Users, Action::Update(id)) if own(user, id) => {
            Ok(Editor::Owner)
        }
        (Some(Principal::User(user)), Kind::Users, Action::Upsert) if own(user, &id_in(body)) => {
            Ok(Editor::Owner)
        }
        (_, Kind::Users, Action::Update(_)) => Err(Refused::NOT_FOUND),
        _ => Err(Refused::SUPERUSERS_ONLY),
    }
}

fn id_in(body: &Map<String, Value>) -> String {
    body.get("id").map(coerce::text).unwrap_or_default()
}

fn make(
    edit: &mut Edit<'_, '_>,
    plan: Plan,
    schemas: &Schemas,
    collections: &Collections,
) -> Result<Result<Made, Refused>, store::Error> {
    let (editor, is_password) = (plan.editor, plan.passwords.hash.is_some());
    let is_deletion = matches!(plan.action, Action::Delete(_));
    let (write, before) = match write(edit, plan, schemas, collections)? {
        Ok(write) => write,
        Err(refused) => return Ok(Err(refused)),
    };
    let record = edit
        .write(write)?
        .map_err(|conflict| refusal(conflict, before.is_none()));
    Ok(record.map(|record| Made {
        record,
        before,
        editor,
        is_password,
        is_deletion,
    }))
}

/// The write that the plan comes to now, and the record before, unless it is new.
fn write(
    edit: &Edit<'_, '_>,
    plan: Plan,
    schemas: &Schemas,
    collections: &Collections,
) -> Result<Result<(Write, Option<Record>), Refused>, store::Error> {
    let id = match &plan.action {
        Action::Create => return Ok(create(plan, schemas, edit.now()).map(|write| (write, None))),
        Action::Update(id) | Action::Delete(id) => RecordId::parse(id),
        Action::Upsert => RecordId::parse(&id_in(&plan.body)),
    };
    let before = match &id {
        Some(id) => read(edit, plan.kind, id)?,
        None => None,
    };
    Ok(match (before, id, &plan.action) {
        (Some(before), Some(id), Action::Delete(_)) => Ok((delete(plan.kind, id), Some(before))),
        (Some(before), Some(id), _) => {
            update(plan, id, &before, schemas, collections).map(|write| (write, Some(before)))
        }
        (None, _, Action::Upsert) if plan.editor == Editor::Superuser => {
            create(plan, schemas, edit.now()).map(|write| (write, None))
        }
        _ => Err(Refused::NOT_FOUND),
    })
}

fn read(edit: &Edit<'_, '_>, kind: Kind, id: &RecordId) -> Result<Option<Record>, store::Error> {
    Ok(match kind {
        Kind::Users => edit.user(id)?.map(Record::User),
        Kind::Companies => edit.company(id)?.map(Record::Company),
        Kind::Superusers => edit.superuser(id)?.map(Record::Superuser),
    })
}

fn create(plan: Plan, schemas: &Schemas, now: jiff::Timestamp) -> Result<Write, Refused> {
    let Plan {
        kind,
        body,
        passwords,
        id,
        conversation,
        token_key,
        ..
    } = plan;
    let schema = schemas.of(kind);
    let identity = Identity {
        id,
        conversation,
        token_key,
        now,
    };
    Ok(match kind {
        Kind::Users => Write::InsertUser(users::create(&body, schema, passwords, identity)?),
        Kind::Companies => {
            Write::InsertCompany(companies::create(&body, schema, identity.id, now)?)
        }
        Kind::Superusers => {
            Write::InsertSuperuser(superusers::create(&body, schema, passwords, identity)?)
        }
    })
}

fn update(
    plan: Plan,
    id: RecordId,
    before: &Record,
    schemas: &Schemas,
    collections: &Collections,
) -> Result<Write, Refused> {
    let Plan {
        kind,
        body,
        editor,
        passwords,
        token_key,
        ..
    } = plan;
    let schema = schemas.of(kind);
    let shown = view::record(before, collections).0;
    Ok(match before {
        Record::User(user) => {
            let update = users::update(user, &shown, &body, schema, editor, passwords, token_key)?;
            Write::UpdateUser(id, Box::new(update))
        }
        Record::Company(company) => {
            Write::UpdateCompany(id, companies::update(company, &shown, &body, schema)?)
        }
        Record::Superuser(_) => Write::UpdateSuperuser(
            id,
            superusers::update(&shown, &body, schema, passwords, token_key)?,
        ),
    })
}

fn delete(kind: Kind, id: RecordId) -> Write {
    match kind {
        Kind::Users => Write::DeleteUser(id),
        Kind::Companies => Write::DeleteCompany(id),
        Kind::Superusers => Write::DeleteSuperuser(id),
    }
}

fn refusal(conflict: Conflict, is_new: bool) -> Refused {
    let field = |name, error| {
        let errors = FieldErrors::from([(name, error)]);
        if is_new {
            Refused::create(errors)
        } else {
            Refused::update(errors)
        }
    };
    match conflict {
        Conflict::Id => field("id", FieldError::NOT_UNIQUE),
        Conflict::OpenId => field("openid", FieldError::NOT_UNIQUE),
        Conflict::Phone => field("users_phone", FieldError::NOT_UNIQUE),
        Conflict::Email => field("email", FieldError::NOT_UNIQUE),
        Conflict::CompanyId => field("company_id", FieldError::NOT_UNIQUE),
        Conflict::LastSuperuser => Refused::LAST_SUPERUSER,
        Conflict::NoSuchRecord | Conflict::Changed => Refused::NOT_FOUND,
    }
}

/// The id that is given for a new record, or `random`.
pub fn new_id(given: &mut Given<'_>, random: RecordId) -> RecordId {
    let parse = |text: &str| match text.chars().count() {
        n if n < RecordId::LEN => Err(FieldError::min(RecordId::LEN)),
        _ => RecordId::parse(text).ok_or(FieldError::FORMAT),
    };
    given.parse("id", parse).unwrap_or(random)
}

/// The hash of a new password; why it cannot be one, is added to the errors.
pub fn hash(given: &mut Given<'_>, hash: Option<Result<String, FieldError>>) -> Option<String> {
    match hash? {
        Ok(hash) => Some(hash),
        Err(error) => {
            given.errors.insert("password", error);
            None
        }
    }
}
