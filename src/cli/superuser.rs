//! `bai superuser`

use std::io::{self, BufRead, IsTerminal};

use clap::Subcommand;

use super::Outcome;
use crate::app::App;
use crate::auth;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::{Email, Invalid, PlainPassword};
use crate::random::Random;
use crate::store::Location;

#[derive(Subcommand)]
pub enum Command {
    /// Make a superuser; the password is asked for, or is the first line of the standard input
    Create {
        /// The e-mail address to log in with
        email: String,
    },
}

pub fn run(config: Config, command: &Command) -> Outcome {
    let Command::Create { email } = command;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(create(config, email))
}

async fn create(config: Config, email: &str) -> Outcome {
    let address = Email::parse(email).ok_or_else(|| format!("{email} is not an e-mail address"))?;
    let password = PlainPassword::new(read_password()?).map_err(|why| match why {
        Invalid::Empty => "there is no password on the standard input".to_owned(),
        why => format!("the password is {why}"),
    })?;
    let location = Location::File(config.store.path.clone());
    let app = App::new(config, &location, Clock::System, Random::System).await?;
    match auth::create_superuser(&app, address, password).await? {
        Ok(superuser) => println!(
            "superuser {} ({}) in {}",
            superuser.email,
            superuser.id,
            app.config.store.path.display()
        ),
        Err(_) => return Err(format!("there is a superuser {email} already").into()),
    }
    Ok(())
}

/// Never an argument: those are in the list of processes and in the shell's history.
fn read_password() -> io::Result<String> {
    if io::stdin().is_terminal() {
        return rpassword::prompt_password("password: ");
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
