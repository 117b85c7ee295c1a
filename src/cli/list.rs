//! The options of commands that list records.

use clap::Args;

use super::session::Session;
use super::{Outcome, output};
use crate::admin::{Command, Output, Wanted, companies, superusers, users};
use crate::domain::Kind;
use crate::pocketbase::operator::Records;

#[derive(Args)]
pub struct List {
    /// Only those with this in their id, name, phone or the like
    #[arg(default_value = "", hide_default_value = true)]
    text: String,
    /// Only those for which this holds, in PocketBase's language, e.g. "users_status = 0 && created > '2026-01-01'"
    #[arg(long, default_value = "", hide_default_value = true)]
    filter: String,
    /// In this order, in PocketBase's language, e.g. "-updated" [default: newest first]
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        allow_hyphen_values = true
    )]
    sort: String,
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1000))]
    limit: u64,
    /// The page, from 1 on, of so many each
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    page: u64,
}

impl List {
    /// Prints the page, and on the standard error what is not on it.
    pub fn print(self, session: &Session, kind: Kind, json: bool) -> Outcome {
        let Self {
            text,
            filter,
            sort,
            limit,
            page,
        } = self;
        let wanted = Wanted {
            text,
            filter,
            sort,
            limit,
            page,
        };
        let command = match kind {
            Kind::Users => Command::User(users::Command::List(wanted)),
            Kind::Companies => Command::Company(companies::Command::List(wanted)),
            Kind::Superusers => Command::Superuser(superusers::Command::List(wanted)),
        };
        let (mut rows, mut total, mut answer) = (Vec::new(), 0, session.ask(command)?);
        while let Some(output) = answer.next() {
            match output {
                Output::Row(row) => rows.push(row),
                Output::Progress(progress) => total = progress.total,
                Output::Bytes(_) => {}
            }
        }
        answer.end()?;
        output::rows(Records::columns(kind), &rows, json)?;
        if rows.len() as u64 != total {
            eprintln!("bai: {} of {total}; see --limit and --page", rows.len());
        }
        Ok(())
    }
}
