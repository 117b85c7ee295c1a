//! `bai service`: this program as a service of systemd, as the packages bring it, from the file alone.

mod checks;
mod files;
mod found;
mod install;
mod places;
mod state;
mod status;
mod system;
mod uninstall;
mod unit;
mod words;

use std::path::Path;

use clap::Subcommand;

use self::places::CONFIG;
use super::outcome::Outcome;
use crate::admin::Failure;
use crate::language::Language;

#[derive(Subcommand)]
pub enum ServiceArgs {
    /// Make a service of this program that starts at boot: program, user, folder, configuration, unit; done again, bring it up to date
    Install(install::InstallArgs),
    /// Show whether the service runs: exit code 0 if so, else 1
    Status(status::StatusArgs),
    /// Stop the service and remove program and unit; configuration and database stay
    Uninstall(uninstall::UninstallArgs),
}

/// Runs a command about the service, whose configuration is always in the same place: another one (`config`) is refused.
pub fn run(args: &ServiceArgs, config: Option<&Path>) -> Outcome {
    let language = Language::of_environment();
    if config.is_some() {
        return Err(Failure::invalid(language.choose(
            format!("the service has its configuration in {CONFIG}: put yours there"),
            format!("服务固定使用 {CONFIG}：请将配置文件放到该位置"),
        ))
        .into());
    }
    match args {
        ServiceArgs::Install(args) => install::run(args, language),
        ServiceArgs::Status(args) => status::run(args, language),
        ServiceArgs::Uninstall(args) => uninstall::run(args, language),
    }
}
