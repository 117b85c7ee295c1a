//! `bai user`

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value};

use super::group::Group;
use super::list::ListArgs;
use super::outcome::Outcome;
use super::session::{self, Access};
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
    /// Make a platform user; the password is asked for, or is the first line of the standard input
    Create(CreateArgs),
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
    /// Write all users, oldest first, without passwords
    Export(ExportArgs),
}

#[derive(Args)]
pub struct UserName {
    /// Record id, phone, openid or e-mail address
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    who: String,
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
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Format {
    /// JSON Lines: an object in each line
    Jsonl,
    /// Comma-separated values under a line of names (RFC 4180)
    Csv,
}

pub fn run(config: &Config, group: Group<UserArgs>) -> Outcome {
    let json = group.json;
    let access = match group.args {
        UserArgs::List(_) | UserArgs::Show(_) => Access::Read,
        _ => Access::Change,
    };
    let mut client = session::open(config, access)?;
    let client = &mut client;
    match group.args {
        UserArgs::List(list) => list.print(client, Kind::Users, json),
        UserArgs::Show(UserName { who }) => {
            output::record(&send(client, UserCommand::Show(who))?, json)
        }
        UserArgs::ReleasePhone { phone, yes } => release_phone(client, phone, yes, json),
        UserArgs::Export(options) => export(client, &options),
        UserArgs::Create(new) => create_user(client, new, json),
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

fn export(client: &mut Client, args: &ExportArgs) -> Outcome {
    let to: Box<dyn Write> = match &args.file {
        Some(file) => {
            files::ensure_new(file)?;
            Box::new(create(file)?)
        }
        None => Box::new(io::stdout()),
    };
    let mut lines = Lines::new(args.format, BufWriter::new(to));
    let bar = super::progress::bar("users");
    let mut answer = client.send(AdminCommand::User(UserCommand::Export))?;
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

/// A file of users; the first row are the names of the fields.
enum Lines<W: Write> {
    Jsonl { names: Option<Vec<String>>, to: W },
    Csv(csv::Writer<W>),
}

impl<W: Write> Lines<W> {
    fn new(format: Format, to: W) -> Self {
        match format {
            Format::Jsonl => Self::Jsonl { names: None, to },
            Format::Csv => Self::Csv(csv::Writer::from_writer(to)),
        }
    }

    fn write(&mut self, row: Value) -> io::Result<()> {
        let Value::Array(values) = row else {
            return Ok(());
        };
        match self {
            Self::Csv(csv) => csv.write_record(values.into_iter().map(cell))?,
            Self::Jsonl {
                names: Some(names),
                to,
            } => {
                let object: Map<String, Value> = names.iter().cloned().zip(values).collect();
                serde_json::to_writer(&mut *to, &object)?;
                to.write_all(b"\n")?;
            }
            Self::Jsonl { names, .. } => *names = Some(values.into_iter().map(cell).collect()),
        }
        Ok(())
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Csv(mut csv) => csv.flush(),
            Self::Jsonl { mut to, .. } => to.flush(),
        }
    }
}

fn cell(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
