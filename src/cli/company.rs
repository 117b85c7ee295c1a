//! `bai company`

use clap::Subcommand;
use serde_json::{Map, Value};

use super::list::List;
use super::session::{Missing, Session};
use super::{Group, Outcome, output};
use crate::admin::Command as Operation;
use crate::admin::companies::Command as Companies;
use crate::config::Config;
use crate::domain::Kind;
use crate::pocketbase::operator::Records;

#[derive(Subcommand)]
pub enum Command {
    /// List companies, newest first
    List(List),
    /// Show a company
    Show {
        /// Record id or key
        company: String,
    },
    /// Make a company, or change it if there is one with this key
    Put {
        /// The key, which users have as company_id
        key: String,
        /// Values of fields
        #[arg(value_name = "FIELD=VALUE", value_parser = field)]
        values: Vec<(String, String)>,
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

fn field(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("expected FIELD=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub fn run(config: &Config, company: Group<Command>) -> Outcome {
    let session = Session::open(config, Missing::Refuse)?;
    let (columns, json) = (Records::columns(Kind::Companies), company.json);
    let ask = |command| session.rows(Operation::Company(command));
    match company.command {
        Command::List(list) => list.print(&session, Kind::Companies, json),
        Command::Show { company } => output::record(&ask(Companies::Show(company))?[0], json),
        Command::Put { key, values } => {
            let values: Map<String, Value> = values
                .into_iter()
                .map(|(name, value)| (name, value.into()))
                .collect();
            output::done(
                "written",
                columns,
                &ask(Companies::Put { key, values })?[0],
                json,
            )
        }
        Command::Delete { company, yes } => {
            let shown = output::summary(columns, &ask(Companies::Show(company.clone()))?[0]);
            output::confirm(&format!("Remove {shown} for good?"), yes)?;
            output::done(
                "removed",
                columns,
                &ask(Companies::Delete(company))?[0],
                json,
            )
        }
    }
}
