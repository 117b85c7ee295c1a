//! Changes of records: all of a request are made or none, on the records as they are at that moment.

use jiff::Timestamp;

use super::Records;
use super::audit::PlannedEvent;
use super::change_request::{Action, ChangeRequest};
use super::decision::decide;
use super::form::RecordForm;
use super::passwords::PasswordForm;
use super::patch::{RecordPatch, UserPatch};
use super::phone_requests::PhoneRequests;
use super::plan::{Editor, Plan};
use super::refusal::{ChangeError, ChangesError, Refusal};
use super::requester::Requester;
use super::rights::Asked;
use super::schema::Schemas;
use super::working_set::WorkingSet;
use crate::auth::living_picture;
use crate::domain::{Kind, Status};
use crate::error::{Error, Result};
use crate::store::{CommitError, Conflict, Record, Store, Write};

/// Times that a request is decided anew because others changed its records meanwhile.
const TRIES: usize = 16;

/// Changes that may be made, with the events of them.
struct Decided {
    writes: Vec<Write>,
    events: Vec<PlannedEvent>,
}

/// The records as they are after all changes, with the events of them.
struct Made {
    records: Vec<Record>,
    events: Vec<PlannedEvent>,
}

impl Records {
    /// Makes a record.
    ///
    /// # Errors
    /// The fields that are wrong.
    pub async fn create(
        &self,
        requester: &Requester,
        kind: Kind,
        form: RecordForm,
    ) -> Result<Record, ChangeError> {
        let request = ChangeRequest::new(kind, Action::Create, form);
        self.change(requester, request).await
    }

    /// Changes a record.
    ///
    /// # Errors
    /// The fields that are wrong.
    pub async fn update(
        &self,
        requester: &Requester,
        record: &Record,
        patch: impl Into<RecordPatch>,
    ) -> Result<Record, ChangeError> {
        let action = Action::Update(record.id().to_string());
        let request = ChangeRequest::new(record.kind(), action, patch);
        self.change(requester, request).await
    }

    /// Removes a record.
    ///
    /// # Errors
    /// The last superuser stays.
    pub async fn delete(
        &self,
        requester: &Requester,
        record: &Record,
    ) -> Result<Record, ChangeError> {
        let request = ChangeRequest::delete(record.kind(), record.id().as_str());
        self.change(requester, request).await
    }

    /// Sets a password, which ends all tokens of the user or superuser.
    ///
    /// # Errors
    /// The reason why it cannot be one.
    pub async fn set_password(
        &self,
        requester: &Requester,
        record: &Record,
        password: &str,
    ) -> Result<Record, ChangeError> {
        let form = RecordForm::default().with_passwords(PasswordForm::set(password));
        self.update(requester, record, form).await
    }

    /// Lets a user log in, or does not; a change ends all tokens.
    pub async fn set_enabled(
        &self,
        requester: &Requester,
        user: &Record,
        is_enabled: bool,
    ) -> Result<Record, ChangeError> {
        let status = match is_enabled {
            true => Status::Active,
            false => Status::Disabled,
        };
        self.update(requester, user, UserPatch::Status(status))
            .await
    }

    /// Takes the phone from a user, who keeps everything else.
    pub async fn release_phone(
        &self,
        requester: &Requester,
        user: &Record,
    ) -> Result<Record, ChangeError> {
        self.update(requester, user, UserPatch::Phone(None)).await
    }

    /// Makes one change; the record as it is then, a deleted one as it was.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn change(
        &self,
        requester: &Requester,
        request: ChangeRequest,
    ) -> Result<Record, ChangeError> {
        let changed = self.change_all(requester, vec![Ok(request)]);
        let mut changed = Box::pin(changed).await?;
        Ok(changed.pop().ok_or(Refusal::NotFound)?)
    }

    /// Makes all changes or none; the records as they are then, a deleted one as it was. A request that its door refuses comes
    /// last: whatever is wrong with those before it is told first.
    ///
    /// # Errors
    /// [`ChangesError`].
    pub async fn change_all(
        &self,
        requester: &Requester,
        requests: Vec<Result<ChangeRequest, Refusal>>,
    ) -> Result<Vec<Record>, ChangesError> {
        let plans = self.plan_all(requester, requests).await?;
        let phones = PhoneRequests::count(&self.app, requester, &plans)?;
        let outcome = self.make(&plans).await;
        phones.settle(&self.app, requester, &outcome).await;
        let Made { records, events } = outcome?;
        let context = requester.audit_context();
        for event in events {
            event.write(&self.app, &context);
        }
        Ok(records)
    }

    /// Decides on one change, and makes none.
    ///
    /// # Errors
    /// [`ChangeError`], as [`Records::change`] would have it.
    pub async fn check(
        &self,
        requester: &Requester,
        request: ChangeRequest,
    ) -> Result<(), ChangeError> {
        let plans = self.plan_all(requester, vec![Ok(request)]).await?;
        self.decide_all(&plans).await?;
        Ok(())
    }

    /// A plan for each request up to the first one that is refused: nothing behind it would be done, and no password is hashed for
    /// nothing.
    async fn plan_all(
        &self,
        requester: &Requester,
        requests: Vec<Result<ChangeRequest, Refusal>>,
    ) -> Result<Vec<Result<Plan, Refusal>>> {
        let mut set = WorkingSet::new(&self.app.store);
        let is_only = requests.len() == 1;
        let mut plans = Vec::with_capacity(requests.len());
        for request in requests {
            let planned = match request {
                Ok(request) => self.plan(requester, request, &mut set, is_only).await,
                Err(refusal) => Err(refusal.into()),
            };
            match planned {
                Ok(plan) => plans.push(Ok(plan)),
                Err(ChangeError::Failed(error)) => return Err(error),
                Err(ChangeError::Refused(refusal)) => {
                    plans.push(Err(refusal));
                    break;
                }
            }
        }
        Ok(plans)
    }

    /// A plan for the change, if the requester may ask for it. Rules ask for what the changes before it leave, so that those behind it are
    /// told of it.
    async fn plan(
        &self,
        requester: &Requester,
        request: ChangeRequest,
        set: &mut WorkingSet<'_>,
        is_only: bool,
    ) -> Result<Plan, ChangeError> {
        let mut plan = self.draft(requester, request)?;
        if plan.access.is_superuser() {
            plan.editor = Editor::Superuser;
            plan.findings = self.findings(requester, &plan, None).await?;
            return Ok(plan);
        }
        let before = set.read(&plan.request).await?;
        plan.editor = right(&plan, before.as_ref(), set).await?;
        plan.findings = self.findings(requester, &plan, before.as_ref()).await?;
        if !is_only {
            set.add_provisionally(decide(&plan, before, &self.schemas(), plan.access.now())?);
        }
        Ok(plan)
    }

    /// Decides on the records as they are and commits; again if one of them was changed in between.
    async fn make(&self, plans: &[Result<Plan, Refusal>]) -> Result<Made, ChangesError> {
        let named = plans.iter().flatten().filter_map(Plan::record_id);
        let named: Vec<_> = named.collect();
        let _locked = self.app.store.lock(&named).await;
        for _ in 0..TRIES {
            let Decided { writes, events } = self.decide_all(plans).await?;
            let is_new: Vec<_> = writes.iter().map(is_insert).collect();
            match self.app.store.commit(writes).await {
                Ok(records) => return Ok(Made { records, events }),
                Err(CommitError::Failed(error)) => return Err(Error::from(error).into()),
                Err(CommitError::Conflict {
                    conflict: Conflict::Changed | Conflict::NoSuchRecord,
                    ..
                }) => {}
                Err(CommitError::Conflict { index, conflict }) => {
                    let refusal = Refusal::of(conflict, is_new[index]);
                    return Err(ChangesError::Refused { index, refusal });
                }
            }
        }
        let error = format!("records were changed by others during each of {TRIES} tries");
        Err(Error::internal(error).into())
    }

    /// The writes that the plans come to, each on the record as those before it leave it.
    async fn decide_all(&self, plans: &[Result<Plan, Refusal>]) -> Result<Decided, ChangesError> {
        let schemas = self.schemas();
        let now = self.app.clock.now();
        let mut set = WorkingSet::new(&self.app.store);
        let mut events = Vec::new();
        for (index, plan) in plans.iter().enumerate() {
            let event = match plan {
                Ok(plan) => add(&mut set, plan, &schemas, now).await,
                Err(refusal) => Err(refusal.clone().into()),
            };
            events.extend(event.map_err(|error| ChangesError::at(index, error))?);
        }
        Ok(Decided {
            writes: set.into_writes(),
            events,
        })
    }
}

/// Adds the write that a plan comes to; the event of it. The right is asked for again, of the record as it is now.
async fn add(
    set: &mut WorkingSet<'_>,
    plan: &Plan,
    schemas: &Schemas,
    now: Timestamp,
) -> Result<Option<PlannedEvent>, ChangeError> {
    let before = set.read(&plan.request).await?;
    if right(plan, before.as_ref(), set).await? != plan.editor {
        return Err(Refusal::NotFound.into());
    }
    let write = decide(plan, before, schemas, now)?;
    let write = with_living_picture(set.store(), write).await?;
    let event = PlannedEvent::of(plan, &write);
    set.add(write).await?;
    Ok(event)
}

/// The write, with an own picture that is gone led to the one that is there.
async fn with_living_picture(store: &Store, mut write: Write) -> Result<Write> {
    if let Write::Update {
        before: Record::User(before),
        after: Record::User(after),
    } = &mut write
        && before.picture != after.picture
    {
        after.picture = living_picture(store, &after.id, &after.picture).await?;
    }
    Ok(write)
}

async fn right(
    plan: &Plan,
    before: Option<&Record>,
    set: &WorkingSet<'_>,
) -> Result<Editor, ChangeError> {
    Asked::new(plan, before, set).right().await
}

fn is_insert(write: &Write) -> bool {
    matches!(write, Write::Insert(_))
}
