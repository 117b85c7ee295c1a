//! The options of commands that list records.

use clap::Args;
use serde_json::Value;

use super::outcome::Outcome;
use super::output;
use crate::admin::companies::CompanyCommand;
use crate::admin::superusers::SuperuserCommand;
use crate::admin::users::UserCommand;
use crate::admin::{AdminCommand, Answer, Client, Failure, Output, RecordQuery};
use crate::domain::Kind;
use crate::records::summary;

#[derive(Args)]
pub struct ListArgs {
    /// Only this one (a whole id, openid, e-mail address or key), those whose phone begins so, or else those with this in their id, name or the like
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

impl ListArgs {
    /// Prints the page, and on the standard error what is not on it.
    pub fn print(self, client: &mut Client, kind: Kind, json: bool) -> Outcome {
        let page = Page::read(client.send(self.command(kind))?)?;
        output::rows(summary::fields(kind), &page.rows, json)?;
        if !page.is_all() {
            eprintln!(
                "bai: {} of {}; see --limit and --page",
                page.rows.len(),
                page.total
            );
        }
        Ok(())
    }

    fn command(self, kind: Kind) -> AdminCommand {
        let query = RecordQuery {
            text: self.text,
            filter: self.filter,
            sort: self.sort,
            limit: self.limit,
            page: self.page,
        };
        match kind {
            Kind::Users => AdminCommand::User(UserCommand::List(query)),
            Kind::Companies => AdminCommand::Company(CompanyCommand::List(query)),
            Kind::Superusers => AdminCommand::Superuser(SuperuserCommand::List(query)),
        }
    }
}

/// The users for whom `filter` holds, newest first: 50 of them at most.
pub fn users(client: &mut Client, filter: String) -> Result<Page, Failure> {
    let query = RecordQuery {
        filter,
        limit: 50,
        ..RecordQuery::default()
    };
    Page::read(client.send(AdminCommand::User(UserCommand::List(query)))?)
}

/// A page of a list.
pub struct Page {
    pub rows: Vec<Value>,
    /// The rows on all pages.
    pub total: u64,
}

impl Page {
    /// Reads the page from the answer to a command.
    ///
    /// # Errors
    /// The command's failure.
    pub fn read(mut answer: Answer<'_>) -> Result<Self, Failure> {
        let mut page = Self {
            rows: Vec::new(),
            total: 0,
        };
        while let Some(output) = answer.receive() {
            match output {
                Output::Row(row) => page.rows.push(row),
                Output::Progress(progress) => page.total = progress.total,
                Output::Bytes(_) => {}
            }
        }
        answer.end()?;
        Ok(page)
    }

    /// Whether there is nothing on other pages.
    pub fn is_all(&self) -> bool {
        self.rows.len() as u64 == self.total
    }
}
