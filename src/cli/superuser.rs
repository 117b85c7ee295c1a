//! `bai superuser`

use clap::{Args, Subcommand};

use super::list::List;
use super::new_database::NewDatabase;
use super::session::{Missing, Session};
use super::{Group, Outcome, output, password};
use crate::admin::Command as Operation;
use crate::admin::superusers::{Command as Superusers, Credentials};
use crate::config::Config;
use crate::domain::Kind;
use crate::pocketbase::operator::Records;

#[derive(Subcommand)]
pub enum Command {
    /// List superusers
    List(List),
    /// Make a superuser; the password is asked for, or is the first line of the standard input
    Create {
        #[command(flatten)]
        who: Principal,
        #[command(flatten)]
        new: NewDatabase,
    },
    /// Set a password, asked for as at "create"; the superuser's tokens end
    SetPassword(Principal),
    /// End a superuser's tokens; a login gives new ones
    Revoke(Principal),
    /// Remove a superuser for good; the last one stays
    Delete {
        #[command(flatten)]
        who: Principal,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

#[derive(Args)]
pub struct Principal {
    /// The e-mail address to log in with
    email: String,
}

pub fn run(config: &Config, superuser: Group<Command>) -> Outcome {
    // The first superuser may come before the first start.
    let missing = match superuser.command {
        Command::Create { new, .. } => Missing::Make(new),
        _ => Missing::Refuse,
    };
    let session = Session::open(config, missing)?;
    let (columns, json) = (Records::columns(Kind::Superusers), superuser.json);
    let done = |what: &str, command| {
        let rows = session.rows(Operation::Superuser(command))?;
        output::done(what, columns, &rows[0], json)
    };
    let credentials = |email| {
        Ok::<_, Box<dyn std::error::Error>>(Credentials {
            email,
            password: password::read()?,
        })
    };
    match superuser.command {
        Command::List(list) => list.print(&session, Kind::Superusers, json),
        Command::Create {
            who: Principal { email },
            ..
        } => done("made", Superusers::Create(credentials(email)?)),
        Command::SetPassword(Principal { email }) => done(
            "has a new password",
            Superusers::SetPassword(credentials(email)?),
        ),
        Command::Revoke(Principal { email }) => {
            done("has no valid token any more", Superusers::Revoke(email))
        }
        Command::Delete {
            who: Principal { email },
            yes,
        } => {
            output::confirm(&format!("Remove {email} for good?"), yes)?;
            done("removed", Superusers::Delete(email))
        }
    }
}
