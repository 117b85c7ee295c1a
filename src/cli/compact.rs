//! `bai compact`

use super::Outcome;
use super::session::{Missing, Session};
use crate::admin::{Command, maintenance};
use crate::config::Config;

pub fn run(config: &Config) -> Outcome {
    let session = Session::open(config, Missing::Refuse)?;
    let rows = session.rows(Command::Maintenance(maintenance::Command::Compact))?;
    println!(
        "{} bytes before, {} bytes now",
        rows[0]["before"], rows[0]["now"]
    );
    Ok(())
}
