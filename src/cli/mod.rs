//! The command line.

// Whoever reads the output may have had enough, as "head" has: these macros would panic.
#![deny(clippy::print_stdout)]

mod arenas;
mod backup;
mod check;
mod compact;
mod company;
mod config_file;
mod doctor;
mod events;
mod export;
mod field_value;
mod files;
mod group;
mod health;
mod import;
mod import_csv;
mod import_report;
mod import_rules;
mod import_target;
mod key;
mod list;
mod local_time;
mod migrate;
mod move_database;
mod new_database;
mod outcome;
mod output;
mod password;
mod postgres;
mod print;
mod progress;
mod quotes;
mod report_file;
mod restore;
mod rules;
mod scratch;
mod scratch_copy;
mod serve;
mod service;
mod session;
mod shell;
mod store_check;
mod superuser;
mod systemd;
mod table;
mod user;
mod user_file;
mod user_table;
mod visible;
mod webhooks;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::LazyLock;

use clap::{CommandFactory, Parser, Subcommand};

use self::group::Group;
use self::outcome::Outcome;
use crate::build_info;
use crate::config::Config;

/// Text for `--version`: version, revision and build time.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let time =
        build_info::time().map_or_else(|| "at an unknown time".to_owned(), |at| at.to_string());
    format!(
        "{} ({}, built {time})",
        build_info::VERSION,
        build_info::REVISION
    )
});

/// One user system for a WeChat mini-program and its web platform.
#[derive(Parser)]
#[command(name = "bai", version = VERSION.as_str(), disable_help_subcommand = true)]
struct Cli {
    /// Configuration file [default: ./config.toml, else for an installed bai /etc/bai/config.toml, else built-in defaults]
    #[arg(long, short, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    args: Option<AnyArgs>,
}

#[derive(Subcommand)]
enum AnyArgs {
    #[command(flatten)]
    Configured(ConfiguredArgs),
    /// Look at everything that a first day in production gets wrong, and say what to do; exit code 0: nothing is wrong
    Doctor(doctor::DoctorArgs),
    #[command(flatten)]
    Shell(shell::ShellArgs),
    /// Make a service of this program on a machine with systemd; look at it, or remove it
    #[command(subcommand)]
    Service(service::ServiceArgs),
    /// Print version, revision and build time
    Version,
}

/// The commands that need a configuration.
#[derive(Subcommand)]
enum ConfiguredArgs {
    /// Run the server (also without any command)
    Serve(serve::ServeArgs),
    /// Print the OpenAPI document
    Openapi {
        /// As YAML instead of JSON
        #[arg(long)]
        yaml: bool,
    },
    /// Ask the running server whether it is healthy: exit code 0 if so, else 1; for containers and monitors
    Health {
        /// Where the server is, with its base path [default: as configured]
        #[arg(long)]
        url: Option<String>,
        /// Ask whether all that it needs is fine, too: free space on the disk, WeChat
        #[arg(long)]
        ready: bool,
    },
    /// Print the effective configuration, secrets masked, or write a file to begin with
    Config(config_file::ConfigArgs),
    /// Find users and change them
    User(Group<user::UserArgs>),
    /// Find companies and change them
    Company(Group<company::CompanyArgs>),
    /// Manage those who may do everything through PocketBase's API
    Superuser(Group<superuser::SuperuserArgs>),
    /// Show and set the access rules: who besides superusers may list, see, make, change and remove records through PocketBase's API
    Rules(Group<rules::RulesArgs>),
    /// Manage the keys that tokens are encrypted with
    Key(Group<key::KeyArgs>),
    /// Show who did what when
    Events(events::EventsArgs),
    /// Show the webhooks: what waits for each, and what became of the newest tries
    Webhooks(webhooks::WebhooksArgs),
    /// Copy the database to a new file and read it back
    Backup(backup::BackupArgs),
    /// Put a backup in the place of the database, and keep that under another name
    Restore(restore::RestoreArgs),
    /// Read a whole database file, changing nothing, and say what is in it or what is wrong with it
    Check(check::CheckArgs),
    /// Bring a database of an older version of bai up to date, as the start of the server does; the file as it was is kept
    Migrate,
    /// Move a whole database to another engine: a file to PostgreSQL, or back
    Move(move_database::MoveArgs),
    /// Try an engine that databases are kept by
    #[command(subcommand)]
    Store(store_check::StoreArgs),
    /// Bring users from elsewhere
    #[command(subcommand)]
    Import(import::ImportArgs),
    /// Write everybody into another server's database
    #[command(subcommand)]
    Export(export::ExportArgs),
    /// Give unused space of the database file back
    Compact,
}

/// Parses the arguments and runs the command: exit code 0, 1 for a failure, 2 for wrong use.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let serve = AnyArgs::Configured(ConfiguredArgs::Serve(serve::ServeArgs::default()));
    let outcome = match cli.args.unwrap_or(serve) {
        AnyArgs::Configured(ConfiguredArgs::Config(config_file::ConfigArgs {
            args: Some(config_file::ConfigCommand::Init { file }),
        })) => config_file::init(&file),
        AnyArgs::Configured(ConfiguredArgs::Webhooks(webhooks::WebhooksArgs {
            args: Some(webhooks::WebhooksCommand::Secret),
            ..
        })) => webhooks::secret(),
        AnyArgs::Doctor(args) => doctor::run(load(cli.config.as_deref(), None), &args),
        AnyArgs::Configured(args) => {
            let listen = match &args {
                ConfiguredArgs::Serve(args) => {
                    arenas::limit();
                    args.listen
                }
                _ => None,
            };
            load(cli.config.as_deref(), listen).and_then(|config| execute(config, args))
        }
        AnyArgs::Version => output::print(&format!("bai {}", *VERSION)),
        AnyArgs::Shell(args) => shell::run(&args, Cli::command()),
        AnyArgs::Service(args) => service::run(&args, cli.config.as_deref()),
    };
    outcome::exit_code(outcome)
}

fn execute(config: Config, args: ConfiguredArgs) -> Outcome {
    match args {
        ConfiguredArgs::Serve(args) => serve::run(config, args.new),
        ConfiguredArgs::Openapi { yaml } => print::openapi(config, yaml),
        ConfiguredArgs::Health { url, ready } => health::run(&config, url, ready),
        ConfiguredArgs::Config(_) => config_file::print(&config),
        ConfiguredArgs::User(args) => user::run(&config, args),
        ConfiguredArgs::Company(args) => company::run(&config, args),
        ConfiguredArgs::Superuser(args) => superuser::run(&config, args),
        ConfiguredArgs::Rules(args) => rules::run(&config, args),
        ConfiguredArgs::Key(args) => key::run(&config, &args),
        ConfiguredArgs::Events(args) => events::run(&config, args),
        ConfiguredArgs::Webhooks(args) => webhooks::run(&config, &args),
        ConfiguredArgs::Backup(args) => backup::run(&config, args),
        ConfiguredArgs::Restore(args) => restore::run(&config, &args),
        ConfiguredArgs::Check(args) => check::run(&config, &args),
        ConfiguredArgs::Migrate => migrate::run(&config),
        ConfiguredArgs::Move(args) => move_database::run(&config, &args),
        ConfiguredArgs::Store(args) => store_check::run(&args),
        ConfiguredArgs::Import(args) => import::run(&config, &args),
        ConfiguredArgs::Export(args) => export::run(&config, &args),
        ConfiguredArgs::Compact => compact::run(&config),
    }
}

/// Reads the configuration; an address to listen at is taken instead of any other.
fn load(
    file: Option<&Path>,
    listen: Option<SocketAddr>,
) -> Result<Config, Box<dyn std::error::Error>> {
    let program = std::env::current_exe().unwrap_or_default();
    let file = file.or_else(|| usual_files(&program).find(|usual| usual.exists()));
    for (name, _) in std::env::vars().filter(|(name, _)| Config::is_suspicious(name)) {
        eprintln!(
            "bai: {name} is ignored: settings are named BAI_<SECTION>__<KEY>, with two underscores"
        );
    }
    let argument = listen.map(|address| ("BAI_SERVER__LISTEN".to_owned(), address.to_string()));
    let mut config = Config::load(file, std::env::vars().chain(argument))?;
    if listen.is_some() {
        config.sources.set_by_argument("server.listen", "--listen");
    }
    Ok(config)
}

/// Paths at which `program` looks for its configuration when none is named. Only an installed one takes the machine's: what is being
/// built or tried out in a folder must not open the database that users are in.
fn usual_files(program: &Path) -> impl Iterator<Item = &'static Path> {
    let installed = ["/usr/bin", "/usr/local/bin"]
        .iter()
        .any(|folder| program.parent() == Some(Path::new(folder)));
    let files = [
        Some("config.toml"),
        installed.then_some("/etc/bai/config.toml"),
    ];
    files.into_iter().flatten().map(Path::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_installed_bai_takes_the_configuration_of_the_machine() {
        let files = |program| usual_files(Path::new(program)).collect::<Vec<_>>();
        for installed in ["/usr/bin/bai", "/usr/local/bin/bai"] {
            assert_eq!(
                files(installed),
                ["config.toml", "/etc/bai/config.toml"].map(Path::new)
            );
        }
        for other in [
            "/usr/src/bai/target/release/bai",
            "/home/li/bai",
            "/usr/bin/../../tmp/bai",
            "bai",
            "",
        ] {
            assert_eq!(files(other), [Path::new("config.toml")], "{other}");
        }
    }
}
