//! Access rules of PocketBase, as an import tells of them.

use super::visible::visible;
use crate::admin::import_rules::OtherRule;
use crate::domain::{Kind, RuleName};

/// Lines about the rules of which PocketBase has other ones: what each lets whom do.
pub fn lines(others: &[OtherRule], is_asked: bool, is_dry: bool) -> Vec<String> {
    if others.is_empty() {
        return Vec::new();
    }
    let head = match (is_asked, is_dry) {
        (false, _) => {
            "Left behind: rules of PocketBase that are other ones here; --rules brings them, and --dry-run with it changes nothing:"
        }
        (true, true) => "Rules that would hold here, as in PocketBase:",
        (true, false) => "Rules that hold here now, as in PocketBase:",
    };
    let lines = others.iter().flat_map(lines_of);
    [head.to_owned()].into_iter().chain(lines).collect()
}

fn lines_of(other: &OtherRule) -> [String; 3] {
    let OtherRule {
        collection, rule, ..
    } = other;
    let name = RuleName::parse(rule);
    let what = name.map_or("", |name| action(name, collection));
    [
        format!("  {collection} {rule}: who may {what}"),
        format!("    here        {}", lets_in(name, other.here.as_deref())),
        format!("    PocketBase  {}", theirs(name, other)),
    ]
}

fn theirs(name: Option<RuleName>, other: &OtherRule) -> String {
    let lets_in = lets_in(name, other.theirs.as_deref());
    match &other.problem {
        Some(problem) => {
            let closed = self::lets_in(name, None);
            format!(
                "{lets_in}; it cannot be a rule here, so: {closed}. {}",
                visible(problem)
            )
        }
        None => lets_in,
    }
}

/// Those whom a rule lets in. Nobody has logged in yet where the rule of logins is asked.
fn lets_in(name: Option<RuleName>, text: Option<&str>) -> String {
    let is_login = name == Some(RuleName::Auth);
    match text {
        None if is_login => "nobody".to_owned(),
        None => "superusers only".to_owned(),
        Some("") if is_login => "everybody".to_owned(),
        Some("") => "everybody, guests who have not logged in among them".to_owned(),
        Some(text) if is_login || text.contains("@request.auth") => {
            format!("whoever makes it true: {}", visible(text))
        }
        Some(text) => format!("whoever makes it true, perhaps guests: {}", visible(text)),
    }
}

/// Words for the things that a rule lets do, which go on after "may".
fn action(name: RuleName, collection: &str) -> &'static str {
    let is_users = collection == Kind::Users.name();
    match (name, is_users) {
        (RuleName::List, true) => "list users",
        (RuleName::List, false) => "list companies",
        (RuleName::View, true) => "see a user",
        (RuleName::View, false) => "see a company",
        (RuleName::Create, true) => "make users",
        (RuleName::Create, false) => "make companies",
        (RuleName::Update, true) => "change a user",
        (RuleName::Update, false) => "change a company",
        (RuleName::Delete, true) => "remove a user",
        (RuleName::Delete, false) => "remove a company",
        (RuleName::Auth, _) => "log in",
        (RuleName::Manage, _) => "set a user's password and e-mail address",
    }
}

/// Warns of rules that were brought and cannot be read.
pub fn warn(others: &[OtherRule], is_asked: bool) {
    for other in others
        .iter()
        .filter(|other| is_asked && other.problem.is_some())
    {
        eprintln!(
            "bai: PocketBase's {} of {} cannot be a rule here: it lets superusers in only, until \"bai rules set\" sets another",
            other.rule, other.collection
        );
    }
}
