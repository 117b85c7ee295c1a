//! Changes of rules.

use super::catalog::SchemaCatalog;
use super::check::check;
use crate::app::App;
use crate::auth::AuditContext;
use crate::domain::{EventKind, Kind, RuleChange, RuleName};
use crate::error::Error;
use crate::filter::SyntaxError;
use crate::records::Records;
use crate::store;

/// Reason why rules were not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeRulesError {
    /// Rules that cannot be.
    #[error("{}", joined(.0))]
    Refused(Vec<(RuleName, RuleProblem)>),
    /// It should have worked.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// Reason why a text is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleProblem {
    /// It cannot be read.
    #[error("Invalid rule. Raw error: {0}.")]
    Unreadable(#[from] SyntaxError),
    /// It would let everybody do what superusers do.
    #[error("Cannot be blank.")]
    Blank,
    /// Superusers reach everything, and nobody else reaches them.
    #[error(
        "System collection API rule cannot be changed: no rule binds superusers, and nobody else reaches this collection. Change the rules of tbl_auth_users or tbl_company."
    )]
    OfSuperusers,
    /// The records of the collection cannot log in.
    #[error("This collection has no such rule: only records of tbl_auth_users log in.")]
    NotOfCollection,
}

impl From<store::Error> for ChangeRulesError {
    fn from(error: store::Error) -> Self {
        Self::Failed(error.into())
    }
}

fn joined(problems: &[(RuleName, RuleProblem)]) -> String {
    let lines = problems
        .iter()
        .map(|(name, problem)| format!("{}: {problem}", name.name()));
    lines.collect::<Vec<_>>().join("; ")
}

impl Records {
    /// Sets these rules of a collection, for everybody from the answer on. Whoever asked may go away: it is done whole all the same.
    ///
    /// # Errors
    /// [`ChangeRulesError`]; nothing was changed if rules were refused.
    pub async fn change_rules(
        &self,
        context: AuditContext,
        kind: Kind,
        rules: Vec<(RuleName, Option<String>)>,
    ) -> Result<Vec<RuleChange>, ChangeRulesError> {
        self.check_rules(kind, &rules)?;
        let records = self.clone();
        let change = tokio::spawn(async move {
            let now = records.app.clock.now();
            let changes = records.app.store.change_rules(kind, rules, now).await?;
            records.app.follow_state().await?;
            audit(&records.app, &context, kind, &changes);
            Ok(changes)
        });
        change.await.map_err(Error::internal)?
    }

    fn check_rules(
        &self,
        kind: Kind,
        rules: &[(RuleName, Option<String>)],
    ) -> Result<(), ChangeRulesError> {
        let problems: Vec<_> = rules
            .iter()
            .filter_map(|(name, text)| Some((*name, self.problem(kind, *name, text.as_deref())?)))
            .collect();
        if problems.is_empty() {
            Ok(())
        } else {
            Err(ChangeRulesError::Refused(problems))
        }
    }

    /// The reason why a text cannot be read as a rule of the collection, or as a filter over it.
    pub fn unreadable(&self, kind: Kind, text: Option<&str>) -> Option<SyntaxError> {
        let collections = self.app.collections();
        let schemas = self.schemas();
        let catalog = SchemaCatalog {
            collections: &collections,
            schemas: &schemas,
        };
        check(text, kind, &catalog).err()
    }

    /// The reason why the rule of that name may not have this text.
    pub fn problem(&self, kind: Kind, name: RuleName, text: Option<&str>) -> Option<RuleProblem> {
        let collections = self.app.collections();
        if collections.of(kind).rules.get(name).as_deref() == text {
            return None;
        }
        match (kind, name, text) {
            (Kind::Superusers, ..) => Some(RuleProblem::OfSuperusers),
            _ if !RuleName::of(kind).contains(&name) => Some(RuleProblem::NotOfCollection),
            (_, RuleName::Manage, Some("")) => Some(RuleProblem::Blank),
            _ => self.unreadable(kind, text).map(RuleProblem::from),
        }
    }
}

fn audit(app: &App, context: &AuditContext, kind: Kind, changes: &[RuleChange]) {
    for change in changes {
        let subject = format!("{}.{}", kind.name(), change.name.name());
        let event = context.event(app, EventKind::RuleChange).about(subject);
        app.audit(event.rule_change(change));
    }
}
