//! `bai user`

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use serde_json::Value;

use super::field_value::FieldValues;
use super::group::Group;
use super::list::{self, ListArgs};
use super::outcome::Outcome;
use super::session::{self, Access};
use super::user_file::{Format, UserFile};
use super::{files, output, password};
use crate::admin::users::{NewPlatformUser, UserCommand};
use crate::admin::{AdminCommand, Client, Failure, Output};
use crate::config::Config;
use crate::domain::Kind;
use crate::records::summary;

#[derive(Subcommand)]
pub enum UserArgs {
    /// List users, newest first
    List(ListArgs),
    /// Show a user
    Show(UserName),
    /// Find users by an identity that is no name of theirs
    Find(FindArgs),
    /// Make a platform user; the password is asked for, or is the first line of the standard input
    Create(CreateArgs),
    /// Change fields of a user, such as users_name=Anne
    Update {
        #[command(flatten)]
        name: UserName,
        #[command(flatten)]
        values: FieldValues,
    },
    /// Set a password, asked for as at "create"; the user's tokens end
    SetPassword(UserName),
    /// Keep a user from logging in; tokens are refused at once
    Disable(UserName),
    /// Let a user log in again
    Enable(UserName),
    /// End a user's tokens; a login gives new ones
    Revoke(UserName),
    /// Take a phone from the user who has it, shown first; they keep everything else
    ReleasePhone {
        /// Phone
        phone: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Remove a user for good
    Delete {
        #[command(flatten)]
        name: UserName,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Write users, oldest first, without passwords
    Export(ExportArgs),
}

#[derive(Args)]
pub struct UserName {
    /// Record id, phone, openid or e-mail address
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    who: String,
}

#[derive(Args)]
pub struct FindArgs {
    /// Identity among the apps of one WeChat account, the whole of it
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    unionid: String,
}

#[derive(Args)]
pub struct CreateArgs {
    /// Phone, which is the login name
    #[arg(long)]
    phone: String,
    /// Name
    #[arg(long)]
    name: String,
    /// Address of a picture
    #[arg(long, default_value = "", hide_default_value = true)]
    picture: String,
    /// Key of the user's company
    #[arg(long, default_value = "", hide_default_value = true)]
    company: String,
}

#[derive(Args)]
pub struct ExportArgs {
    /// The file [default: the standard output]
    file: Option<PathBuf>,
    /// Form of the file
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// Only those for which this holds, in PocketBase's language, e.g. "users_status = 1"
    #[arg(long, default_value = "", hide_default_value = true)]
    filter: String,
}

pub fn run(config: &Config, group: Group<UserArgs>) -> Outcome {
    let json = group.json;
    let access = match group.args {
        UserArgs::List(_) | UserArgs::Show(_) | UserArgs::Find(_) => Access::Read,
        _ => Access::Change,
    };
    let mut client = session::open(config, access)?;
    let client = &mut client;
    match group.args {
        UserArgs::List(list) => list.print(client, Kind::Users, json),
        UserArgs::Show(UserName { who }) => {
            output::record(&send(client, UserCommand::Show(who))?, json)
        }
        UserArgs::Find(FindArgs { unionid }) => find(client, &unionid, json),
        UserArgs::ReleasePhone { phone, yes } => release_phone(client, phone, yes, json),
        UserArgs::Export(options) => export(client, &options),
        UserArgs::Create(new) => create_user(client, new, json),
        UserArgs::Update { name, values } => {
            let who = name.who;
            let values = values.some_by_field()?;
            change(client, "written", UserCommand::Update { who, values }, json)
        }
        UserArgs::SetPassword(UserName { who }) => set_password(client, who, json),
        UserArgs::Disable(UserName { who }) => {
            let disable = UserCommand::SetEnabled {
                who,
                is_enabled: false,
            };
            change(client, "disabled", disable, json)
        }
        UserArgs::Enable(UserName { who }) => {
            let enable = UserCommand::SetEnabled {
                who,
                is_enabled: true,
            };
            change(client, "enabled", enable, json)
        }
        UserArgs::Revoke(UserName { who }) => {
            let revoke = UserCommand::Revoke(who);
            change(client, "has no valid token any more", revoke, json)
        }
        UserArgs::Delete { name, yes } => delete(client, name.who, yes, json),
    }
}

/// The user whom the command is about, as they are then.
fn send(client: &mut Client, command: UserCommand) -> Result<Value, Failure> {
    client.row(AdminCommand::User(command))
}

fn find(client: &mut Client, unionid: &str, json: bool) -> Outcome {
    let found = list::users(client, summary::filter_by_unionid(unionid))?;
    if found.rows.is_empty() {
        return Err(Failure::not_found(format!("nobody has the unionid {unionid}")).into());
    }
    output::rows(summary::fields(Kind::Users), &found.rows, json)
}

/// Sends the command, and prints what was `done` to which user.
fn change(client: &mut Client, done: &str, command: UserCommand, json: bool) -> Outcome {
    let user = send(client, command)?;
    output::done(done, summary::fields(Kind::Users), &user, json)
}

/// Asks for the password of a user who may be made.
fn create_user(client: &mut Client, args: CreateArgs, json: bool) -> Outcome {
    let user = NewPlatformUser {
        phone: args.phone,
        name: args.name,
        picture: args.picture,
        company: args.company,
    };
    send(client, UserCommand::CheckNew(user.clone()))?;
    let password = password::read()?;
    change(client, "made", UserCommand::Create { user, password }, json)
}

/// Asks for the password of a user who is there.
fn set_password(client: &mut Client, who: String, json: bool) -> Outcome {
    send(client, UserCommand::Show(who.clone()))?;
    let password = password::read()?;
    let command = UserCommand::SetPassword { who, password };
    change(client, "has a new password", command, json)
}

fn release_phone(client: &mut Client, phone: String, yes: bool, json: bool) -> Outcome {
    let user = send(client, UserCommand::Holder(phone.clone()))?;
    let line = output::summary(&summary::PHONE_HOLDER_FIELDS, &user);
    output::confirm(&format!("Take {phone} from {line}?"), yes)?;
    let holder = user["id"].as_str().unwrap_or_default().to_owned();
    let released = send(client, UserCommand::ReleasePhone { phone, holder })?;
    output::done(
        "has no phone any more",
        &summary::PHONE_HOLDER_FIELDS,
        &released,
        json,
    )
}

fn delete(client: &mut Client, who: String, yes: bool, json: bool) -> Outcome {
    let user = send(client, UserCommand::Show(who.clone()))?;
    let line = output::summary(summary::fields(Kind::Users), &user);
    output::confirm(&format!("Remove {line} for good?"), yes)?;
    change(client, "removed", UserCommand::Delete(who), json)
}

/// Writes the users to the file, which goes again if they are not all written.
fn export(client: &mut Client, args: &ExportArgs) -> Outcome {
    let Some(file) = &args.file else {
        return write_users(client, args, io::stdout());
    };
    files::ensure_new(file)?;
    let written = write_users(client, args, create(file)?);
    if written.is_err() {
        let _ = fs::remove_file(file);
    }
    written
}

fn write_users(client: &mut Client, args: &ExportArgs, to: impl Write) -> Outcome {
    let mut lines = UserFile::begin(args.format, BufWriter::new(to))?;
    let bar = super::progress::bar("users");
    let mut answer = client.send(AdminCommand::User(UserCommand::Export {
        filter: args.filter.clone(),
    }))?;
    while let Some(output) = answer.receive() {
        match output {
            Output::Row(row) => lines.write(row)?,
            Output::Progress(progress) => bar.update(progress),
            Output::Bytes(_) => {}
        }
    }
    answer.end()?;
    bar.clear();
    Ok(lines.finish()?)
}

/// Makes the file for its owner only: it holds everything about the users.
fn create(file: &PathBuf) -> Result<File, String> {
    let mut options = File::options();
    options.write(true).create_new(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(file)
        .map_err(|e| format!("cannot write {}: {e}", file.display()))
}
