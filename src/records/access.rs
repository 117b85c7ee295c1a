//! Access to records: what somebody may do with which, by the rules of the collections as they are when the request comes.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Records;
use super::filter_record::FilterRecord;
use super::list::ListError;
use super::reader::Reader;
use super::rules::{RequestInfo, Rule, RuleSet, Subject, SubjectView, SurroundingRecords};
use super::schema::Schemas;
use crate::domain::{Kind, RuleName};
use crate::error::{Error, Result};
use crate::filter::{self, Budget, Filter, TooCostly};
use crate::store::Record;

/// Access of one reader, for one request.
#[derive(Clone)]
pub struct Access(Arc<Inner>);

struct Inner {
    records: Records,
    schemas: Arc<Schemas>,
    rules: Arc<RuleSet>,
    reader: Reader,
    /// The record of `@request.auth`.
    auth: Option<Record>,
    request: RequestInfo,
    now: Timestamp,
}

/// Question whether a rule lets somebody do something with a record.
pub struct Question {
    /// The rule.
    pub rule: RuleName,
    /// The record.
    pub subject: Subject,
    /// The body of the change, with the modifiers of fields applied.
    pub body: Map<String, Value>,
    /// Records as the changes before this one leave them.
    pub surroundings: SurroundingRecords,
}

/// Question whose parts are at hand.
struct Asked<'a> {
    rule: RuleName,
    view: &'a SubjectView<'a>,
    body: &'a Map<String, Value>,
    surroundings: &'a SurroundingRecords,
}

/// Answer of a rule that was evaluated.
enum Answer {
    Is(bool),
    Failed(Error),
}

impl Access {
    /// Access of `reader`, who sends such a request.
    pub fn new(records: &Records, reader: Reader, request: RequestInfo) -> Self {
        Self(Arc::new(Inner {
            schemas: records.schemas(),
            rules: records.rules(),
            auth: reader.record(),
            now: records.app.clock.now(),
            records: records.clone(),
            reader,
            request,
        }))
    }

    /// Access of the operator, whom no rule binds.
    pub fn operator(records: &Records) -> Self {
        Self::new(records, Reader::Operator, RequestInfo::default())
    }

    /// The same for a reader whose own record is this one by now.
    #[must_use]
    pub fn with_auth(&self, auth: Record) -> Self {
        let inner = &*self.0;
        Self(Arc::new(Inner {
            records: inner.records.clone(),
            schemas: Arc::clone(&inner.schemas),
            rules: Arc::clone(&inner.rules),
            reader: inner.reader.clone(),
            auth: Some(auth),
            request: inner.request.clone(),
            now: inner.now,
        }))
    }

    /// The same on another occasion.
    #[must_use]
    pub fn on(&self, context: &'static str) -> Self {
        self.of(self.0.request.on(context))
    }

    /// The same reader's, who sends another request.
    #[must_use]
    pub fn of(&self, request: RequestInfo) -> Self {
        Self::new(&self.0.records, self.0.reader.clone(), request)
    }

    /// The same for a request with that body, which answers to a change are asked about, too.
    #[must_use]
    pub fn with_body(&self, body: Map<String, Value>) -> Self {
        let request = self.0.request.clone();
        self.of(RequestInfo { body, ..request })
    }

    /// Whoever reads.
    pub fn reader(&self) -> &Reader {
        &self.0.reader
    }

    /// The record of whoever reads.
    pub fn auth(&self) -> Option<&Record> {
        self.0.auth.as_ref()
    }

    /// The records that are asked for.
    pub fn records(&self) -> &Records {
        &self.0.records
    }

    /// The fields of the collections.
    pub fn schemas(&self) -> &Arc<Schemas> {
        &self.0.schemas
    }

    /// The time of the request.
    pub fn now(&self) -> Timestamp {
        self.0.now
    }

    /// Whether no rule binds the reader.
    pub fn is_superuser(&self) -> bool {
        self.0.reader.sees_all()
    }

    /// Whether the rule lets anybody but superusers do it with any record.
    pub fn is_open(&self, kind: Kind, rule: RuleName) -> bool {
        self.is_superuser() || *self.0.rule(kind, rule) != Rule::SuperusersOnly
    }

    /// Whether it depends on the record what the rule lets the reader do.
    pub fn asks_records(&self, kind: Kind, rule: RuleName) -> bool {
        self.settled(kind, rule).is_none()
    }

    /// Whether the rule lets the reader do it with the record.
    ///
    /// # Errors
    /// Only errors of ours.
    pub async fn allows(&self, rule: RuleName, record: &Record) -> Result<bool> {
        // Nothing of a record is copied for a rule that asks for none.
        match self.settled(record.kind(), rule) {
            Some(answer) => Ok(answer),
            None => self.answer(self.question(rule, record)).await,
        }
    }

    /// The answer to a question.
    ///
    /// # Errors
    /// Only errors of ours.
    pub async fn answer(&self, question: Question) -> Result<bool> {
        if let Some(answer) = self.settled(question.subject.kind(), question.rule) {
            return Ok(answer);
        }
        let inner = Arc::clone(&self.0);
        let evaluated = self
            .0
            .records
            .evaluate(self.0.reader.actor(), move |budget| {
                let view = question.subject.view(&inner.schemas);
                let asked = Asked {
                    rule: question.rule,
                    view: &view,
                    body: &question.body,
                    surroundings: &question.surroundings,
                };
                inner.evaluate(question.subject.kind(), &asked, budget)
            });
        match evaluated.await {
            Ok(Answer::Is(answer)) => Ok(answer),
            Ok(Answer::Failed(error)) | Err(ListError::Failed(error)) => Err(error),
            Err(error) => {
                tracing::warn!(%error, "an access rule costs too much: it lets nobody in");
                Ok(false)
            }
        }
    }

    fn question(&self, rule: RuleName, record: &Record) -> Question {
        Question {
            rule,
            subject: Subject::Stored(record.clone()),
            body: self.0.request.body.clone(),
            surroundings: self.surroundings(),
        }
    }

    /// The stored records, for rules that look at others.
    pub fn surroundings(&self) -> SurroundingRecords {
        SurroundingRecords::new(&self.0.records, &self.0.schemas)
    }

    /// The answer, if it takes no look at a record.
    fn settled(&self, kind: Kind, rule: RuleName) -> Option<bool> {
        match self.0.rule(kind, rule) {
            _ if self.is_superuser() => Some(true),
            Rule::SuperusersOnly => Some(false),
            Rule::Everybody => Some(true),
            Rule::Filter(_) => None,
        }
    }

    /// Whether the rule lets the reader do it with the record, among these, found out within `budget`, for a thread that may take its time.
    ///
    /// # Errors
    /// [`TooCostly`].
    pub fn allows_within(
        &self,
        rule: RuleName,
        record: &Record,
        surroundings: &SurroundingRecords,
        budget: &Budget,
    ) -> Result<bool, TooCostly> {
        if let Some(answer) = self.settled(record.kind(), rule) {
            return Ok(answer);
        }
        let view = SubjectView::stored(record, &self.0.schemas);
        let asked = Asked {
            rule,
            view: &view,
            body: &self.0.request.body,
            surroundings,
        };
        match self.0.evaluate(record.kind(), &asked, budget)? {
            Answer::Is(answer) => Ok(answer),
            Answer::Failed(error) => {
                tracing::error!(%error, "the records that an access rule looks at cannot be read");
                Ok(false)
            }
        }
    }

    /// The rule as a filter of this request, for a list: `None` lets all records in.
    ///
    /// # Errors
    /// [`ListError::SuperusersOnly`], [`ListError::TooCostly`].
    pub async fn list_filter(&self, kind: Kind) -> Result<Option<Filter>, ListError> {
        match self.settled(kind, RuleName::List) {
            Some(true) => return Ok(None),
            Some(false) => return Err(ListError::SuperusersOnly),
            None => {}
        }
        let inner = Arc::clone(&self.0);
        let bound = self
            .0
            .records
            .evaluate(self.0.reader.actor(), move |budget| {
                inner.bound(kind, RuleName::List, budget)
            });
        bound.await
    }

    /// Whether the record is the reader's own.
    pub fn owns(&self, record: &Record) -> bool {
        let is_it = |own: &Record| own.kind() == record.kind() && own.id() == record.id();
        self.auth().is_some_and(is_it)
    }
}

impl Inner {
    fn rule(&self, kind: Kind, rule: RuleName) -> &Rule {
        self.rules.of(kind).get(rule)
    }

    fn evaluate(
        &self,
        kind: Kind,
        asked: &Asked<'_>,
        budget: &Budget,
    ) -> Result<Answer, TooCostly> {
        let Rule::Filter(filter) = self.rule(kind, asked.rule) else {
            return Ok(Answer::Is(false));
        };
        let auth = self.auth_view();
        let context = self.context(auth.as_ref(), asked.body, asked.surroundings);
        match filter.matches(asked.view, &context, budget) {
            Ok(answer) => Ok(Answer::Is(answer)),
            Err(costly) => match asked.surroundings.take_error() {
                Some(error) => Ok(Answer::Failed(error)),
                None => Err(costly),
            },
        }
    }

    fn bound(
        &self,
        kind: Kind,
        rule: RuleName,
        budget: &Budget,
    ) -> Result<Option<Filter>, TooCostly> {
        let Rule::Filter(filter) = self.rule(kind, rule) else {
            return Ok(None);
        };
        let auth = self.auth_view();
        let surroundings = SurroundingRecords::new(&self.records, &self.schemas);
        let context = self.context(auth.as_ref(), &self.request.body, &surroundings);
        filter.bind(&context, budget).map(Some)
    }

    fn auth_view(&self) -> Option<FilterRecord<'_>> {
        let auth = self.auth.as_ref()?;
        Some(FilterRecord::new(auth, self.schemas.of(auth.kind())))
    }

    fn context<'a>(
        &'a self,
        auth: Option<&'a FilterRecord<'a>>,
        body: &'a Map<String, Value>,
        surroundings: &'a SurroundingRecords,
    ) -> filter::Context<'a> {
        filter::Context {
            now: self.now,
            auth: auth.map(|record| record as &dyn filter::Record),
            is_superuser: false,
            request: filter::Request {
                method: &self.request.method,
                context: self.request.context,
                query: Some(&self.request.query),
                headers: Some(&self.request.headers),
                body: Some(body),
            },
            records: Some(surroundings),
        }
    }
}
