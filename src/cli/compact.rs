//! `bai compact`

use super::outcome::Outcome;
use super::output;
use super::postgres;
use super::session::{self, Access};
use crate::admin::AdminCommand;
use crate::admin::maintenance::MaintenanceCommand;
use crate::config::Config;

pub fn run(config: &Config) -> Outcome {
    postgres::refuse(config, "bai compact")?;
    let mut client = session::open(config, Access::Change)?;
    let compact = AdminCommand::Maintenance(MaintenanceCommand::Compact);
    let lengths = client.row(compact)?;
    output::print(&format!(
        "{} bytes before, {} bytes now",
        lengths["before"], lengths["now"]
    ))
}
