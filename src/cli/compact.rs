//! `bai compact`

use super::outcome::Outcome;
use super::session::{self, IfMissing};
use crate::admin::AdminCommand;
use crate::admin::maintenance::MaintenanceCommand;
use crate::config::Config;

pub fn run(config: &Config) -> Outcome {
    let mut client = session::open(config, IfMissing::Refuse)?;
    let compact = AdminCommand::Maintenance(MaintenanceCommand::Compact);
    let lengths = client.row(compact)?;
    println!(
        "{} bytes before, {} bytes now",
        lengths["before"], lengths["now"]
    );
    Ok(())
}
