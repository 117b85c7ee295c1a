//! The right by which a change is made, by the rules of the collection, in PocketBase's order of questions.

use super::access::{Access, Question};
use super::change_request::Action;
use super::decision::proposed;
use super::form::FormReader;
use super::plan::{Editor, Plan};
use super::problem::{FieldProblem, FieldProblems};
use super::refusal::{ChangeError, Refusal};
use super::rules::Subject;
use super::values::Values;
use super::working_set::WorkingSet;
use crate::domain::RuleName;
use crate::store::Record;

/// A change on the way to its right: the record as the changes before it leave it, and those.
pub struct Asked<'a> {
    /// The access of whoever asks, whose own record is as the changes before this one leave it.
    pub access: Access,
    /// The change.
    pub plan: &'a Plan,
    /// The record that it names.
    pub before: Option<&'a Record>,
    /// Records as the changes before it leave them.
    pub set: &'a WorkingSet<'a>,
}

impl<'a> Asked<'a> {
    /// A change that is asked about, behind those of `set`.
    pub fn new(plan: &'a Plan, before: Option<&'a Record>, set: &'a WorkingSet<'a>) -> Self {
        let own = plan.access.auth().and_then(|own| set.left_of(own));
        let access = match own {
            Some(own) => plan.access.with_auth(own.clone()),
            None => plan.access.clone(),
        };
        Self {
            access,
            plan,
            before,
            set,
        }
    }

    /// The right by which the change may be made.
    ///
    /// # Errors
    /// [`Refusal::SuperusersOnly`] where a rule lets nobody else, [`Refusal::NotFound`] for a record that the rule hides,
    /// [`Refusal::Create`] without a field for a new one that it does not let be made.
    pub async fn right(&self) -> Result<Editor, ChangeError> {
        if self.access.is_superuser() {
            return Ok(Editor::Superuser);
        }
        match self.plan.request.action {
            Action::Create => self.right_to_create().await,
            Action::Upsert => self.right_to_upsert().await,
            Action::Update(_) => self.right_to_update().await,
            Action::Delete(_) => {
                self.ensure_allowed(RuleName::Delete).await?;
                Ok(Editor::User)
            }
        }
    }

    async fn right_to_update(&self) -> Result<Editor, ChangeError> {
        let before = self.ensure_allowed(RuleName::Update).await?;
        if self.allows(RuleName::Manage, stored(before)).await? {
            return Ok(Editor::Manager);
        }
        Ok(if self.access.owns(before) {
            Editor::Owner
        } else {
            Editor::User
        })
    }

    /// A record that may not be changed is as one that is not there, but for its id, which is taken.
    async fn right_to_upsert(&self) -> Result<Editor, ChangeError> {
        let Some(before) = self.before else {
            self.ask_in_vain(RuleName::Update).await?;
            return self.right_to_create().await;
        };
        if self.allows(RuleName::Update, stored(before)).await? {
            return self.right_to_update().await;
        }
        self.right_to_create().await?;
        let problems = ("id", FieldProblem::NotUnique).into();
        Err(Refusal::Create(problems).into())
    }

    async fn right_to_create(&self) -> Result<Editor, ChangeError> {
        self.ensure_open(RuleName::Create)?;
        if !self.allows(RuleName::Create, self.proposed()).await? {
            return Err(Refusal::Create(FieldProblems::new()).into());
        }
        let manages = self.allows(RuleName::Manage, self.proposed()).await?;
        Ok(if manages {
            Editor::Manager
        } else {
            Editor::User
        })
    }

    fn ensure_open(&self, rule: RuleName) -> Result<(), Refusal> {
        if self.access.is_open(self.plan.request.kind, rule) {
            Ok(())
        } else {
            Err(Refusal::SuperusersOnly)
        }
    }

    /// The stored record, if the rule lets the change be made.
    async fn ensure_allowed(&self, rule: RuleName) -> Result<&Record, ChangeError> {
        self.ensure_open(rule)?;
        match self.before {
            Some(before) if self.allows(rule, stored(before)).await? => return Ok(before),
            Some(_) => {}
            None => self.ask_in_vain(rule).await?,
        }
        Err(Refusal::NotFound.into())
    }

    /// Asks the rule about another record than the one that is named and not there.
    async fn ask_in_vain(&self, rule: RuleName) -> Result<(), ChangeError> {
        let kind = self.plan.request.kind;
        if let Some(id) = self.plan.record_id()
            && let Some(other) = self.access.stand_in(rule, kind, Some(&id)).await?
        {
            self.allows(rule, Subject::Stored(other)).await?;
        }
        Ok(())
    }

    async fn allows(&self, rule: RuleName, subject: Subject) -> Result<bool, ChangeError> {
        let is_new = !matches!(subject, Subject::Stored(_));
        let before = self.before.filter(|_| !is_new);
        let access = &self.access;
        let question = Question {
            rule,
            subject,
            body: self.plan.body(before),
            surroundings: access
                .surroundings()
                .with(self.set.all_left(), self.set.touched()),
        };
        Ok(access.answer(question).await?)
    }

    /// The record that the change would make. It is not verified yet: whether it may be, is what rules are asked for.
    fn proposed(&self) -> Subject {
        let access = &self.access;
        match proposed(self.plan, access.schemas(), access.now()) {
            Ok(Record::User(mut user)) => {
                user.verified = false;
                Subject::Proposed(Record::User(user))
            }
            Ok(record) => Subject::Proposed(record),
            Err(_) => self.proposed_values(),
        }
    }

    fn proposed_values(&self) -> Subject {
        let kind = self.plan.request.kind;
        let schema = self.access.schemas().of(kind);
        let form = self.plan.request.patch.form().cloned().unwrap_or_default();
        let mut values = FormReader::new(&form, &Values::Blank(schema), schema).values();
        values.insert("verified".to_owned(), false.into());
        Subject::Values(kind, values)
    }
}

fn stored(record: &Record) -> Subject {
    Subject::Stored(record.clone())
}
