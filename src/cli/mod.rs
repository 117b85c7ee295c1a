//! The command line.

mod backup;
mod compact;
mod export;
mod import;
mod key;
mod serve;
mod shell;
mod show;
mod superuser;
mod systemd;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::LazyLock;

use clap::{Parser, Subcommand};
use clap_complete::Shell;

use crate::build_info;
use crate::config::Config;
use crate::store::{Location, Store};

/// What `--version` shows: version, revision and build time.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let time = build_info::time().map_or_else(|| "at an unknown time".to_owned(), |at| at.to_string());
    format!("{} ({}, built {time})", build_info::VERSION, build_info::REVISION)
});

/// The result of a command; an error is one message for a person.
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// One user system for a WeChat mini-program and its web platform.
#[derive(Parser)]
#[command(name = "bai", version = VERSION.as_str(), disable_help_subcommand = true)]
struct Cli {
    /// Configuration file [default: ./config.toml, else for an installed bai /etc/bai/config.toml, else built-in defaults]
    #[arg(long, short, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server (also without any command)
    Serve,
    /// Print the OpenAPI document
    Openapi {
        /// As YAML instead of JSON
        #[arg(long)]
        yaml: bool,
    },
    /// Print the effective configuration, secrets masked
    Config,
    /// Manage the keys that tokens are encrypted with (the server must be stopped)
    #[command(subcommand)]
    Key(key::Command),
    /// Manage those who may do everything through PocketBase's API (the server must be stopped)
    #[command(subcommand)]
    Superuser(superuser::Command),
    /// Copy the database to a new file and read it back (the server must be stopped)
    Backup {
        /// The new file [default: beside the database, named after the time]
        file: Option<PathBuf>,
    },
    /// Read a whole database file, changing nothing, and say what is in it or what is wrong with it
    Check {
        /// The file [default: the database; the server must be stopped]
        file: Option<PathBuf>,
    },
    /// Bring users from elsewhere
    #[command(subcommand)]
    Import(import::Command),
    /// Write everybody into another server's database
    #[command(subcommand)]
    Export(export::Command),
    /// Give unused space of the database file back (the server must be stopped)
    Compact,
    /// Print the script with which a shell completes bai's commands
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, or write a page for each command
    Man {
        /// The folder for the pages, such as /usr/local/share/man/man1 [default: bai(1) to the standard output]
        folder: Option<PathBuf>,
    },
}

/// Parses the arguments and runs the command: exit code 0, 1 for a failure, 2 for wrong use.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match execute(cli.config.as_deref(), cli.command.unwrap_or(Command::Serve)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bai: {error}");
            ExitCode::FAILURE
        }
    }
}

fn execute(file: Option<&Path>, command: Command) -> Outcome {
    match command {
        Command::Completions { shell } => shell::completions(shell),
        Command::Man { folder } => shell::man(folder.as_deref()),
        Command::Serve => serve::run(load(file)?),
        Command::Openapi { yaml } => show::openapi(load(file)?, yaml),
        Command::Config => show::config(&load(file)?),
        Command::Key(command) => key::run(&load(file)?, &command),
        Command::Superuser(command) => superuser::run(load(file)?, &command),
        Command::Backup { file: copy } => backup::backup(&load(file)?, copy),
        Command::Check { file: database } => backup::check(&load(file)?, database),
        Command::Import(command) => import::run(&load(file)?, &command),
        Command::Export(command) => export::run(&load(file)?, &command),
        Command::Compact => compact::run(&load(file)?),
    }
}

/// The database of a server that does not run; it has to be there.
fn open_store(config: &Config) -> Result<Store, Box<dyn std::error::Error>> {
    let path = &config.store.path;
    if !path.exists() {
        return Err(format!("there is no database at {}; see store.path", path.display()).into());
    }
    Ok(Store::open(&Location::File(path.clone()), config.store.cache_mib << 20)?)
}

fn load(file: Option<&Path>) -> Result<Config, Box<dyn std::error::Error>> {
    let program = std::env::current_exe().unwrap_or_default();
    let file = file.or_else(|| usual_files(&program).find(|usual| usual.exists()));
    for (name, _) in std::env::vars().filter(|(name, _)| Config::is_suspicious(name)) {
        eprintln!("bai: {name} is ignored: settings are named BAI_<SECTION>__<KEY>, with two underscores");
    }
    Ok(Config::load(file, std::env::vars())?)
}

/// Where `program` looks for its configuration when none is named. Only an installed one takes the machine's: what is being
/// built or tried out in a folder must not open the database that users are in.
fn usual_files(program: &Path) -> impl Iterator<Item = &'static Path> {
    let installed =
        ["/usr/bin", "/usr/local/bin"].iter().any(|folder| program.parent() == Some(Path::new(folder)));
    let files = [Some("config.toml"), installed.then_some("/etc/bai/config.toml")];
    files.into_iter().flatten().map(Path::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_installed_bai_takes_the_configuration_of_the_machine() {
        let files = |program| usual_files(Path::new(program)).collect::<Vec<_>>();
        for installed in ["/usr/bin/bai", "/usr/local/bin/bai"] {
            assert_eq!(files(installed), ["config.toml", "/etc/bai/config.toml"].map(Path::new));
        }
        for other in ["/usr/src/bai/target/release/bai", "/home/li/bai", "/usr/bin/../../tmp/bai", "bai", ""]
        {
            assert_eq!(files(other), [Path::new("config.toml")], "{other}");
        }
    }
}
