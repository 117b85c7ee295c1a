//! `bai user`

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value};

use super::list::List;
use super::session::{Missing, Session};
use super::{Group, Outcome, output, password};
use crate::admin::users::{Command as Users, New};
use crate::admin::{Command as Operation, Output};
use crate::config::Config;
use crate::domain::Kind;
use crate::pocketbase::operator::Records;

#[derive(Subcommand)]
pub enum Command {
    /// List users, newest first
    List(List),
    /// Show a user
    Show(Principal),
    /// Make a platform user; the password is asked for, or is the first line of the standard input
    Create(Create),
    /// Set a password, asked for as at "create"; the user's tokens end
    SetPassword(Principal),
    /// Keep a user from logging in; tokens are refused at once
    Disable(Principal),
    /// Let a user log in again
    Enable(Principal),
    /// End a user's tokens; a login gives new ones
    Revoke(Principal),
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
        who: Principal,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Write all users, oldest first, without passwords
    Export(Export),
}

#[derive(Args)]
pub struct Principal {
    /// Record id, phone, openid or e-mail address
    who: String,
}

#[derive(Args)]
pub struct Create {
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
pub struct Export {
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

pub fn run(config: &Config, user: Group<Command>) -> Outcome {
    let session = Session::open(config, Missing::Refuse)?;
    let (columns, json) = (Records::columns(Kind::Users), user.json);
    let ask = |command| session.rows(Operation::User(command));
    let done = |what: &str, command| output::done(what, columns, &ask(command)?[0], json);
    match user.command {
        Command::List(list) => list.print(&session, Kind::Users, json),
        Command::Show(Principal { who }) => output::record(&ask(Users::Show(who))?[0], json),
        Command::Create(new) => {
            let Create {
                phone,
                name,
                picture,
                company,
            } = new;
            let new = New {
                phone,
                name,
                picture,
                company,
                password: password::read()?,
            };
            done("made", Users::Create(new))
        }
        Command::SetPassword(Principal { who }) => {
            ask(Users::Show(who.clone()))?;
            done(
                "has a new password",
                Users::SetPassword {
                    who,
                    password: password::read()?,
                },
            )
        }
        Command::Disable(Principal { who }) => done(
            "disabled",
            Users::SetEnabled {
                who,
                is_enabled: false,
            },
        ),
        Command::Enable(Principal { who }) => done(
            "enabled",
            Users::SetEnabled {
                who,
                is_enabled: true,
            },
        ),
        Command::Revoke(Principal { who }) => {
            done("has no valid token any more", Users::Revoke(who))
        }
        Command::ReleasePhone { phone, yes } => {
            let user = &ask(Users::Holder(phone.clone()))?[0];
            let shown = output::summary(&Records::HOLDER, user);
            output::confirm(&format!("Take {phone} from {shown}?"), yes)?;
            let holder = user["id"].as_str().unwrap_or_default().to_owned();
            let released = ask(Users::ReleasePhone { phone, holder })?;
            output::done(
                "has no phone any more",
                &Records::HOLDER,
                &released[0],
                json,
            )
        }
        Command::Delete {
            who: Principal { who },
            yes,
        } => {
            let shown = output::summary(columns, &ask(Users::Show(who.clone()))?[0]);
            output::confirm(&format!("Remove {shown} for good?"), yes)?;
            done("removed", Users::Delete(who))
        }
        Command::Export(options) => export(&session, &options),
    }
}

fn export(session: &Session, options: &Export) -> Outcome {
    let to: Box<dyn Write> = match &options.file {
        Some(file) => Box::new(create(file)?),
        None => Box::new(io::stdout()),
    };
    let mut lines = Lines::new(options.format, BufWriter::new(to));
    let bar = super::progress::bar("users");
    let mut answer = session.ask(Operation::User(Users::Export))?;
    while let Some(output) = answer.next() {
        match output {
            Output::Row(row) => lines.write(row)?,
            Output::Progress(progress) => bar.show(progress),
            Output::Bytes(_) => {}
        }
    }
    answer.end()?;
    bar.clear();
    Ok(lines.finish()?)
}

/// What users are is for their owner's eyes.
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

    fn write(&mut self, row: Value) -> Result<(), Box<dyn std::error::Error>> {
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
