//! `bai company`

use clap::Subcommand;
use serde_json::Value;

use super::field_value::FieldValues;
use super::group::Group;
use super::list::ListArgs;
use super::outcome::Outcome;
use super::output;
use super::session::{self, Access};
use crate::admin::companies::CompanyCommand;
use crate::admin::{AdminCommand, Client, Failure};
use crate::config::Config;
use crate::domain::Kind;
use crate::records::summary;

#[derive(Subcommand)]
pub enum CompanyArgs {
    /// List companies, newest first
    List(ListArgs),
    /// Show a company
    Show {
        /// Record id or key
        company: String,
    },
    /// Make a company, or change it if there is one with this key
    Put {
        /// The key, which users have as company_id
        key: String,
        #[command(flatten)]
        values: FieldValues,
    },
    /// Remove a company for good; its users keep its key
    Delete {
        /// Record id or key
        company: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

pub fn run(config: &Config, group: Group<CompanyArgs>) -> Outcome {
    let json = group.json;
    let access = match group.args {
        CompanyArgs::List(_) | CompanyArgs::Show { .. } => Access::Read,
        _ => Access::Change,
    };
    let mut client = session::open(config, access)?;
    let client = &mut client;
    match group.args {
        CompanyArgs::List(list) => list.print(client, Kind::Companies, json),
        CompanyArgs::Show { company } => {
            output::record(&send(client, CompanyCommand::Show(company))?, json)
        }
        CompanyArgs::Put { key, values } => {
            let values = values.by_field()?;
            let written = send(client, CompanyCommand::Put { key, values })?;
            output::done("written", summary::fields(Kind::Companies), &written, json)
        }
        CompanyArgs::Delete { company, yes } => delete(client, company, yes, json),
    }
}

fn delete(client: &mut Client, company: String, yes: bool, json: bool) -> Outcome {
    let columns = summary::fields(Kind::Companies);
    let found = send(client, CompanyCommand::Show(company.clone()))?;
    let line = output::summary(columns, &found);
    output::confirm(&format!("Remove {line} for good?"), yes)?;
    let removed = send(client, CompanyCommand::Delete(company))?;
    output::done("removed", columns, &removed, json)
}

/// The company that the command is about, as it is then.
fn send(client: &mut Client, command: CompanyCommand) -> Result<Value, Failure> {
    client.row(AdminCommand::Company(command))
}
