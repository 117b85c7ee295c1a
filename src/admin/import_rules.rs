//! Access rules that an import brings, or leaves behind.

use serde::{Deserialize, Serialize};

use super::context::Admin;
use super::failure::Failure;
use crate::auth::AuditContext;
use crate::domain::{Kind, RuleName, Rules};

/// A rule of which PocketBase has another text.
#[derive(Deserialize, Serialize)]
pub struct OtherRule {
    /// Name of the collection.
    pub collection: String,
    /// Name of the rule.
    pub rule: String,
    /// Text here before the import.
    pub here: Option<String>,
    /// PocketBase's.
    pub theirs: Option<String>,
    /// Reason why PocketBase's cannot be a rule here.
    pub problem: Option<String>,
}

/// The rules of which PocketBase has other texts than hold here.
pub fn other_rules(admin: &Admin, theirs: &[(Kind, Rules)]) -> Vec<OtherRule> {
    let collections = admin.app.collections();
    let mut others = Vec::new();
    for (kind, theirs) in theirs {
        let here = &collections.of(*kind).rules;
        let names = RuleName::of(*kind).iter();
        let differing = names.filter(|name| here.get(**name) != theirs.get(**name));
        others.extend(differing.map(|name| other_rule(admin, *kind, *name, here, theirs)));
    }
    others
}

fn other_rule(
    admin: &Admin,
    kind: Kind,
    name: RuleName,
    here: &Rules,
    theirs: &Rules,
) -> OtherRule {
    let text = theirs.get(name);
    let problem = admin.records.problem(kind, name, text.as_deref());
    OtherRule {
        collection: kind.name().to_owned(),
        rule: name.name().to_owned(),
        here: here.get(name).clone(),
        theirs: text.clone(),
        problem: problem.map(|problem| problem.to_string()),
    }
}

/// Has PocketBase's rules hold here. One that cannot be read lets superusers in only: never more than PocketBase did.
pub async fn bring(admin: &Admin, others: &[OtherRule]) -> Result<(), Failure> {
    for kind in Kind::ALL {
        let of_kind = others
            .iter()
            .filter(|other| other.collection == kind.name());
        let rules = of_kind.filter_map(|other| {
            let text = other.theirs.clone().filter(|_| other.problem.is_none());
            Some((RuleName::parse(&other.rule)?, text))
        });
        let rules: Vec<_> = rules.collect();
        admin
            .records
            .change_rules(AuditContext::operator(), kind, rules)
            .await?;
    }
    Ok(())
}
