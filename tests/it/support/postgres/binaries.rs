//! PostgreSQL's programs: where they are, and the account that runs them.

use std::env;
use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// A program of PostgreSQL with none of its variables from outside, in `folder`, as an account that it accepts.
pub fn program(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(bindir().join(name));
    if let Some((uid, gid)) = account() {
        command.uid(uid).gid(gid);
    }
    prepared(command, folder)
}

/// The same, run by a command of root's that begins so.
pub fn program_on(entry: &[String], name: &str, folder: &Path) -> Command {
    let mut command = Command::new(&entry[0]);
    command.args(&entry[1..]);
    if let Some((uid, gid)) = account() {
        command.args([format!("--setuid={uid}"), format!("--setgid={gid}")]);
    }
    command.arg("--").arg(bindir().join(name));
    prepared(command, folder)
}

fn prepared(mut command: Command, folder: &Path) -> Command {
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    // What a terminal sends to its group is not for PostgreSQL: its folder's guard ends it.
    command
        .current_dir(folder)
        .stdin(Stdio::null())
        .process_group(0);
    command
}

/// Runs a program of PostgreSQL to its end.
pub fn run(name: &str, folder: &Path, args: &[&str]) {
    let output = program(name, folder).args(args).output().unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{name} {args:?}: {out}{err}");
}

/// Gives a folder to the account that runs PostgreSQL.
pub fn give(folder: &Path) {
    if let Some((uid, gid)) = account() {
        chown(folder, Some(uid), Some(gid)).unwrap();
    }
}

/// User and group `postgres` for root, whom PostgreSQL refuses; none for others, who are it themselves.
fn account() -> Option<(u32, u32)> {
    static ACCOUNT: OnceLock<Option<(u32, u32)>> = OnceLock::new();
    *ACCOUNT.get_or_init(|| rustix::process::geteuid().is_root().then(postgres_account))
}

fn postgres_account() -> (u32, u32) {
    let accounts = fs::read_to_string("/etc/passwd").unwrap();
    let fields = accounts
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields[0] == "postgres")
        .expect(
            "PostgreSQL does not run as root, and there is no user postgres: install postgresql-15",
        );
    (fields[2].parse().unwrap(), fields[3].parse().unwrap())
}

/// The folder of the programs: what `pg_config` says, or Debian's place, or one in PATH.
fn bindir() -> &'static Path {
    static BINDIR: OnceLock<PathBuf> = OnceLock::new();
    BINDIR.get_or_init(|| {
        let candidates = [configured(), installed(), in_path()].concat();
        candidates
            .into_iter()
            .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
            .expect("no initdb and postgres by pg_config, in /usr/lib/postgresql/ or in PATH: install postgresql-15")
    })
}

fn configured() -> Vec<PathBuf> {
    let answer = Command::new("pg_config").arg("--bindir").output();
    let paths = answer.map(|output| String::from_utf8(output.stdout).unwrap());
    paths.iter().map(|path| path.trim().into()).collect()
}

fn installed() -> Vec<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut folders: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin")).collect();
    folders.sort();
    folders
}

fn in_path() -> Vec<PathBuf> {
    env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect()
}
