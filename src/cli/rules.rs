//! `bai rules`

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::group::Group;
use super::outcome::Outcome;
use super::output;
use super::session::{self, Access};
use crate::admin::AdminCommand;
use crate::admin::rules::{LetsIn, RulesCommand};
use crate::config::Config;

/// Columns of a table of rules.
const COLUMNS: [&str; 4] = ["collection", "rule", "lets in", "default"];

#[derive(Subcommand)]
pub enum RulesArgs {
    /// Show the rules of a collection, or of all
    Show {
        /// tbl_auth_users or tbl_company
        collection: Option<String>,
    },
    /// Set a rule, for everybody at once
    Set(SetArgs),
}

#[derive(Args)]
pub struct SetArgs {
    /// tbl_auth_users or tbl_company
    collection: String,
    /// listRule, viewRule, createRule, updateRule, deleteRule; for tbl_auth_users also authRule, manageRule
    rule: String,
    #[command(flatten)]
    lets_in: LetsInArgs,
}

/// Those whom the rule lets in: exactly one of these is said.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct LetsInArgs {
    /// A filter of PocketBase, such as 'company_id = @request.auth.company_id': it lets in whoever makes it true of a record
    text: Option<String>,
    /// Let everybody in, even those who have not logged in
    #[arg(long)]
    everybody: bool,
    /// Let superusers in only
    #[arg(long)]
    superusers: bool,
    /// The rule as it was before anybody changed it
    #[arg(long)]
    default: bool,
}

impl From<LetsInArgs> for LetsIn {
    fn from(args: LetsInArgs) -> Self {
        match args {
            LetsInArgs {
                text: Some(text), ..
            } => Self::Filter(text),
            LetsInArgs {
                everybody: true, ..
            } => Self::Everybody,
            LetsInArgs {
                superusers: true, ..
            } => Self::Superusers,
            _ => Self::Default,
        }
    }
}

pub fn run(config: &Config, group: Group<RulesArgs>) -> Outcome {
    let (access, command) = match group.args {
        RulesArgs::Show { collection } => (Access::Read, RulesCommand::Show(collection)),
        RulesArgs::Set(args) => (Access::Change, set(args)),
    };
    let mut client = session::open(config, access)?;
    let rules = client.rows(AdminCommand::Rules(command))?;
    if group.json {
        return output::rows(&COLUMNS, &rules, true);
    }
    let lines: Vec<_> = rules.iter().map(line).collect();
    output::rows(&COLUMNS, &lines, false)
}

fn set(args: SetArgs) -> RulesCommand {
    RulesCommand::Set {
        collection: args.collection,
        rule: args.rule,
        lets_in: args.lets_in.into(),
    }
}

/// A rule in words for a table.
fn line(rule: &Value) -> Value {
    json!({
        "collection": rule["collection"],
        "rule": rule["rule"],
        "lets in": lets_in(rule["text"].as_str(), rule["problem"].as_str()),
        "default": if rule["is_default"] == true { "yes" } else { "no" },
    })
}

/// Those whom a rule lets in.
fn lets_in(text: Option<&str>, problem: Option<&str>) -> String {
    match (text, problem) {
        (Some(text), Some(problem)) => {
            format!("superusers only, because it cannot be read: {problem}. It says: {text}")
        }
        (None, _) => "superusers only".to_owned(),
        (Some(""), _) => "everybody".to_owned(),
        (Some(text), _) => text.to_owned(),
    }
}
