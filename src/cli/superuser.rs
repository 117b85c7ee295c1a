//! `bai superuser`

use clap::{Args, Subcommand};
use serde_json::Value;

use super::group::Group;
use super::list::ListArgs;
use super::new_database::NewDatabase;
use super::outcome::Outcome;
use super::session::{self, Access};
use super::{output, password};
use crate::admin::superusers::{Credentials, SuperuserCommand};
use crate::admin::{AdminCommand, Client, Failure};
use crate::config::Config;
use crate::domain::Kind;
use crate::records::summary;

#[derive(Subcommand)]
pub enum SuperuserArgs {
    /// List superusers
    List(ListArgs),
    /// Make a superuser; the password is asked for, or is the first line of the standard input
    Create {
        #[command(flatten)]
        name: SuperuserName,
        #[command(flatten)]
        new: NewDatabase,
    },
    /// Set a password, asked for as at "create"; the superuser's tokens end
    SetPassword(SuperuserName),
    /// End a superuser's tokens; a login gives new ones
    Revoke(SuperuserName),
    /// Remove a superuser for good; the last one stays
    Delete {
        #[command(flatten)]
        name: SuperuserName,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

#[derive(Args)]
pub struct SuperuserName {
    /// The e-mail address to log in with
    email: String,
}

pub fn run(config: &Config, group: Group<SuperuserArgs>) -> Outcome {
    let json = group.json;
    // The first superuser may come before the first start.
    let access = match group.args {
        SuperuserArgs::List(_) => Access::Read,
        SuperuserArgs::Create { new, .. } => Access::Create(new),
        _ => Access::Change,
    };
    let mut client = session::open(config, access)?;
    let (done, command) = match group.args {
        SuperuserArgs::List(list) => return list.print(&mut client, Kind::Superusers, json),
        SuperuserArgs::Create { name, .. } => {
            send(&mut client, SuperuserCommand::CheckNew(name.email.clone()))?;
            ("made", SuperuserCommand::Create(credentials(name)?))
        }
        SuperuserArgs::SetPassword(name) => {
            send(&mut client, SuperuserCommand::Show(name.email.clone()))?;
            let credentials = credentials(name)?;
            (
                "has a new password",
                SuperuserCommand::SetPassword(credentials),
            )
        }
        SuperuserArgs::Revoke(name) => {
            let revoke = SuperuserCommand::Revoke(name.email);
            ("has no valid token any more", revoke)
        }
        SuperuserArgs::Delete { name, yes } => {
            output::confirm(&format!("Remove {} for good?", name.email), yes)?;
            ("removed", SuperuserCommand::Delete(name.email))
        }
    };
    let superuser = send(&mut client, command)?;
    output::done(done, summary::fields(Kind::Superusers), &superuser, json)
}

fn send(client: &mut Client, command: SuperuserCommand) -> Result<Value, Failure> {
    client.row(AdminCommand::Superuser(command))
}

fn credentials(name: SuperuserName) -> Result<Credentials, Failure> {
    Ok(Credentials {
        email: name.email,
        password: password::read()?,
    })
}
