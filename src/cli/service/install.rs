//! `bai service install`

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use clap::Args;

use super::checks;
use super::files;
use super::found::Found;
use super::places::{CONFIG, CONFIG_FOLDER, DATA, NAME, PROGRAM, UNIT};
use super::state::{Part, State};
use super::system::{self, property, succeed};
use super::words::{self, Tense};
use crate::build_info;
use crate::cli::outcome::Outcome;
use crate::cli::output;
use crate::language::Language;

/// The configuration of a new service, as packages bring it.
const FIRST_CONFIG: &str = include_str!("../../../deploy/config.toml");
/// Lines of the journal that are shown of a service that does not start.
const JOURNAL: usize = 15;
/// Programs that let nobody log in; the first one that is there is the user's shell.
const NO_LOGIN: [&str; 3] = ["/usr/sbin/nologin", "/sbin/nologin", "/bin/false"];

#[derive(Args)]
pub struct InstallArgs {
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// Makes a service of this program; or brings one up to date.
pub fn run(args: &InstallArgs, language: Language) -> Outcome {
    let machine = checks::machine("bai service install", language)?;
    checks::no_package(language)?;
    let found = Found::look(machine)?;
    checks::found(&found, language)?;
    if args.dry_run {
        return Part::ALL
            .into_iter()
            .try_for_each(|part| tell(part, &found, Tense::Planned, language));
    }
    for part in Part::ALL {
        bring_about(part, &found, language).map_err(|error| half_way(&error, language))?;
        tell(part, &found, Tense::Done, language)?;
    }
    output::print(&service_line(language)?)?;
    let program = found.program.to_string_lossy();
    if found.state(Part::Config) == State::Missing {
        let leave = Path::new("config.toml").exists();
        output::print(&words::next_steps(&program, leave, language))?;
    }
    output::print(&words::afterwards(&program, language))
}

fn half_way(error: &str, language: Language) -> String {
    language.choose(
        format!("{error}\nWhat is told above is done, and nothing else. Run it again when this is mended: it goes on from here"),
        format!("{error}\n以上列出的步骤已完成，其余未做。解决后重新运行即可继续"),
    )
}

fn tell(part: Part, found: &Found, tense: Tense, language: Language) -> Outcome {
    let program = found.program.to_string_lossy();
    let line = words::line(part, found.state(part), tense, &program, language);
    let versions = match (part, &found.old_version) {
        (Part::Program, Some(old)) => format!(" ({} -> {})", without_time(old), version()),
        _ => String::new(),
    };
    output::print(&format!("{line}{versions}"))
}

fn version() -> String {
    format!("bai {} ({})", build_info::VERSION, build_info::REVISION)
}

/// A version as `bai version` says it, without the time at which it was built.
fn without_time(version: &str) -> String {
    match version.split_once(", built") {
        Some((version, _)) => format!("{version})"),
        None => version.to_owned(),
    }
}

fn bring_about(part: Part, found: &Found, language: Language) -> Result<(), String> {
    let state = found.state(part);
    match (part, state) {
        (_, State::There) => Ok(()),
        (Part::User, _) => make_user(),
        (Part::Folder, _) => make_folder(),
        (Part::Config, State::Missing) => make_config(),
        (Part::Config, State::Different) => files::open_to_group(Path::new(CONFIG), group()?),
        (Part::Program, _) => copy_program(&found.contents),
        (Part::Unit, _) => write_unit(&found.unit),
        (Part::Boot, _) => succeed("systemctl", &["enable", NAME]).map(drop),
        (Part::Service, _) => start(language),
    }
}

fn make_user() -> Result<(), String> {
    let shell = NO_LOGIN.into_iter().find(|it| Path::new(it).exists());
    let shell = shell.unwrap_or(NO_LOGIN[0]);
    let mut arguments = vec![
        "--system",
        "--no-create-home",
        "--home-dir",
        DATA,
        "--shell",
        shell,
    ];
    match has_group()? {
        true => arguments.extend(["--gid", NAME]),
        false => arguments.push("--user-group"),
    }
    arguments.push(NAME);
    succeed("useradd", &arguments).map(drop)
}

/// Whether there is a group of that name without its user.
fn has_group() -> Result<bool, String> {
    Ok(system::run("getent", &["group", NAME])?.status.success())
}

fn group() -> Result<u32, String> {
    system::id("-g")?.ok_or_else(|| format!("id -g {NAME}: no such user"))
}

/// A folder that another user of that name had goes to this one with all that is in it.
fn make_folder() -> Result<(), String> {
    fs::create_dir_all(DATA).map_err(|e| format!("{DATA}: {e}"))?;
    succeed("chown", &["-RH", &format!("{NAME}:{NAME}"), DATA])?;
    let private = Permissions::from_mode(0o700);
    fs::set_permissions(DATA, private).map_err(|e| format!("{DATA}: {e}"))?;
    label(DATA)
}

fn make_config() -> Result<(), String> {
    files::place(
        Path::new(CONFIG),
        FIRST_CONFIG.as_bytes(),
        0o640,
        Some(group()?),
    )?;
    let open = Permissions::from_mode(0o755);
    fs::set_permissions(CONFIG_FOLDER, open).map_err(|e| format!("{CONFIG_FOLDER}: {e}"))
}

fn copy_program(contents: &[u8]) -> Result<(), String> {
    files::place(Path::new(PROGRAM), contents, 0o755, None)?;
    label(PROGRAM)
}

fn write_unit(unit: &str) -> Result<(), String> {
    files::place(Path::new(UNIT), unit.as_bytes(), 0o644, None)?;
    label(UNIT)
}

/// Gives a file the label that the machine's SELinux policy has for its place.
fn label(path: &str) -> Result<(), String> {
    if system::has_selinux() && system::run("restorecon", &["--version"]).is_ok() {
        succeed("restorecon", &["-R", path])?;
    }
    Ok(())
}

/// Starts or restarts the service and waits until it answers, for as long as its unit lets it.
fn start(language: Language) -> Result<(), String> {
    succeed("systemctl", &["daemon-reload"])?;
    succeed("systemctl", &["restart", NAME]).map(drop).map_err(|error| {
        let journal = system::journal(JOURNAL).join("\n");
        language.choose(
            format!("{error}\n\n{journal}\n\nThe service does not start; these are the last lines of its log (journalctl -u {NAME} has all). systemd tries again every five seconds. Most often it is the configuration: mend {CONFIG}, then systemctl restart {NAME}"),
            format!("{error}\n\n{journal}\n\n服务启动失败，以上是最后几行日志（全部日志：journalctl -u {NAME}）。systemd 每 5 秒重试一次。多为配置问题：修改 {CONFIG} 后执行 systemctl restart {NAME}"),
        )
    })
}

/// Status text of the service, by systemd.
fn service_line(language: Language) -> Result<String, String> {
    let properties = system::properties(&["StatusText"])?;
    let said = property(&properties, "StatusText");
    Ok(language.choose(format!("bai: {said}"), format!("bai：{said}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_without_their_times() {
        let said = "bai 0.1.0 (62083b99f59e, built 2026-11-29T22:08:24Z)";
        assert_eq!(without_time(said), "bai 0.1.0 (62083b99f59e)");
        assert_eq!(without_time("bai 0.0.9"), "bai 0.0.9");
    }
}
