//! Access rules of the collections, for an operator.

use serde::{Deserialize, Serialize};

use super::context::Admin;
use super::failure::Failure;
use super::io::Io;
use crate::auth::AuditContext;
use crate::domain::{Kind, RuleName, Rules};
use crate::records::rules::change::ChangeRulesError;

/// Collections whose rules can be changed.
const WITH_RULES: [Kind; 2] = [Kind::Users, Kind::Companies];

/// A command about rules.
#[derive(Clone, Deserialize, Serialize)]
pub enum RulesCommand {
    /// Lists those of the collection, or of all that have any.
    Show(Option<String>),
    /// Sets one.
    Set {
        /// Name or id of the collection.
        collection: String,
        /// Name of the rule, such as listRule or list.
        rule: String,
        /// Whom it lets in from now on.
        lets_in: LetsIn,
    },
}

/// Those whom a rule lets in.
#[derive(Clone, Deserialize, Serialize)]
pub enum LetsIn {
    /// Superusers only.
    Superusers,
    /// Everybody.
    Everybody,
    /// Whoever makes the filter true.
    Filter(String),
    /// Those whom it let in before anybody changed it.
    Default,
}

/// A rule, as it is.
#[derive(Serialize)]
struct RuleRow<'a> {
    collection: &'a str,
    rule: &'a str,
    text: Option<&'a str>,
    is_default: bool,
    /// Reason why the text cannot be read: then the rule lets superusers in only.
    problem: Option<String>,
}

/// Runs a command about rules.
pub(super) async fn run(admin: &Admin, command: RulesCommand, io: &Io) -> Result<(), Failure> {
    match command {
        RulesCommand::Show(None) => {
            for kind in WITH_RULES {
                show(admin, kind, io).await?;
            }
            Ok(())
        }
        RulesCommand::Show(Some(collection)) => show(admin, find(admin, &collection)?, io).await,
        RulesCommand::Set {
            collection,
            rule,
            lets_in,
        } => {
            let kind = find(admin, &collection)?;
            let name = rule_name(kind, &rule)?;
            lets_in.ensure_meant()?;
            set(admin, kind, name, lets_in, io).await
        }
    }
}

async fn show(admin: &Admin, kind: Kind, io: &Io) -> Result<(), Failure> {
    for name in RuleName::of(kind) {
        show_rule(admin, kind, *name, io).await?;
    }
    Ok(())
}

async fn set(
    admin: &Admin,
    kind: Kind,
    name: RuleName,
    lets_in: LetsIn,
    io: &Io,
) -> Result<(), Failure> {
    let rules = vec![(name, lets_in.text(kind, name))];
    admin
        .records
        .change_rules(AuditContext::operator(), kind, rules)
        .await?;
    show_rule(admin, kind, name, io).await
}

async fn show_rule(admin: &Admin, kind: Kind, name: RuleName, io: &Io) -> Result<(), Failure> {
    let collections = admin.app.collections();
    let text = collections.of(kind).rules.get(name);
    let problem = admin.records.unreadable(kind, text.as_deref());
    io.row(RuleRow {
        collection: kind.name(),
        rule: name.name(),
        text: text.as_deref(),
        is_default: text == Rules::default_of(kind).get(name),
        problem: problem.map(|problem| problem.to_string()),
    })
    .await
}

impl LetsIn {
    /// Refuses a text with nothing in it, such as a variable that is not set: it would let everybody in.
    fn ensure_meant(&self) -> Result<(), Failure> {
        match self {
            Self::Filter(text) if text.trim().is_empty() => Err(Failure::invalid(
                "an empty rule lets everybody in: say --everybody if that is meant, or --superusers",
            )),
            _ => Ok(()),
        }
    }

    fn text(self, kind: Kind, name: RuleName) -> Option<String> {
        match self {
            Self::Superusers => None,
            Self::Everybody => Some(String::new()),
            Self::Filter(text) => Some(text),
            Self::Default => Rules::default_of(kind).get(name).clone(),
        }
    }
}

fn find(admin: &Admin, name: &str) -> Result<Kind, Failure> {
    let names = WITH_RULES.map(Kind::name).join(" and ");
    match admin.app.collections().find(name).map(|found| found.kind) {
        Some(Kind::Superusers) => Err(Failure::invalid(format!(
            "{} has no rules: none binds superusers, and nobody else reaches them; {names} have rules",
            Kind::Superusers.name()
        ))),
        Some(kind) => Ok(kind),
        None => Err(Failure::not_found(format!(
            "there is no collection {name:?}: {names} have rules"
        ))),
    }
}

/// The rule of that name, which may be written without "Rule".
fn rule_name(kind: Kind, text: &str) -> Result<RuleName, Failure> {
    let is_named = |name: &&RuleName| {
        let name = name.name();
        let short = name.strip_suffix("Rule").unwrap_or(name);
        name.eq_ignore_ascii_case(text) || short.eq_ignore_ascii_case(text)
    };
    let names = RuleName::of(kind);
    names.iter().find(is_named).copied().ok_or_else(|| {
        let names: Vec<_> = names.iter().map(|name| name.name()).collect();
        Failure::not_found(format!(
            "{} has no rule {text:?}: its rules are {}",
            kind.name(),
            names.join(", ")
        ))
    })
}

impl From<ChangeRulesError> for Failure {
    fn from(error: ChangeRulesError) -> Self {
        match error {
            ChangeRulesError::Refused(_) => Self::invalid(error.to_string()),
            ChangeRulesError::Failed(error) => error.into(),
        }
    }
}
