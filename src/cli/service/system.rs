//! Programs of the system that are run, and what they say of it.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::places::{BOOTED, NAME};

/// Folders with programs of administrators, which are not in everybody's PATH.
const FOLDERS: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// State of SELinux: "1" if it refuses what it does not allow.
const SELINUX: &str = "/sys/fs/selinux/enforce";
/// Number of user namespaces that there may be at once.
const USER_NAMESPACES: &str = "/proc/sys/user/max_user_namespaces";
/// Signs of a container, by those that make them.
const CONTAINER: [&str; 2] = ["/.dockerenv", "/run/.containerenv"];

/// Properties of the unit, by `systemctl show`.
pub type Properties = BTreeMap<String, String>;

/// Runs a program to its end, whatever that is; its messages are those that programs read.
///
/// # Errors
/// It cannot be started.
pub fn run(program: &str, arguments: &[&str]) -> Result<Output, String> {
    let path = env::var("PATH").unwrap_or_default();
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    command.env("PATH", format!("{path}:{FOLDERS}"));
    command.env("LC_ALL", "C").env_remove("LANGUAGE");
    command.output().map_err(|e| format!("{program}: {e}"))
}

/// Runs a program that has to succeed; what it printed.
///
/// # Errors
/// It does not; with its own words.
pub fn succeed(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = run(program, arguments)?;
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    let command = arguments.first().unwrap_or(&"");
    let told = text(&output.stderr);
    Err(format!("{program} {command}: {told} ({})", output.status))
}

/// The text of an output, without the end of its last line.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_owned()
}

/// Whether systemd started this machine.
pub fn has_systemd() -> bool {
    Path::new(BOOTED).is_dir()
}

/// Whether this is a container, as far as its maker says so.
pub fn is_container() -> bool {
    CONTAINER.iter().any(|sign| Path::new(sign).exists())
}

/// Whether root asks.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Version of systemd, such as 239.
///
/// # Errors
/// It does not say.
pub fn systemd_version() -> Result<u32, String> {
    let said = succeed("systemctl", &["--version"])?;
    version_in(&said).ok_or_else(|| format!("systemctl --version: {said}"))
}

/// The version in a first line such as `systemd 239 (239-82.el8)`.
fn version_in(said: &str) -> Option<u32> {
    let word = said.split_whitespace().nth(1)?;
    let digits = word.split(|sign: char| !sign.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// Whether the kernel makes user namespaces.
pub fn has_user_namespaces() -> bool {
    let most = fs::read_to_string(USER_NAMESPACES);
    most.is_ok_and(|most| most.trim() != "0")
}

/// Whether SELinux refuses what it does not allow.
pub fn has_selinux() -> bool {
    fs::read_to_string(SELINUX).is_ok_and(|word| word.trim() == "1")
}

/// Properties of the unit, of those names.
///
/// # Errors
/// systemd is not asked.
pub fn properties(names: &[&str]) -> Result<Properties, String> {
    let flags = names.iter().map(|name| format!("--property={name}"));
    let flags: Vec<_> = flags.collect();
    let mut arguments = vec!["show", NAME];
    arguments.extend(flags.iter().map(String::as_str));
    Ok(properties_in(&succeed("systemctl", &arguments)?))
}

fn properties_in(said: &str) -> Properties {
    let lines = said.lines().filter_map(|line| line.split_once('='));
    lines
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// A property; "" if there is none.
pub fn property<'a>(properties: &'a Properties, name: &str) -> &'a str {
    properties.get(name).map_or("", String::as_str)
}

/// The last lines of the service in the journal, oldest first; none where nobody may read it.
pub fn journal(lines: usize) -> Vec<String> {
    let lines = lines.to_string();
    let arguments = [
        "--unit",
        NAME,
        "--lines",
        &lines,
        "--no-pager",
        "--quiet",
        "--output",
        "cat",
    ];
    let said = run("journalctl", &arguments).map(|output| text(&output.stdout));
    let said = said.unwrap_or_default();
    said.lines().map(str::to_owned).collect()
}

/// The id of a user, or with `-g` of the group, of that name.
///
/// # Errors
/// `id` is not there.
pub fn id(flag: &str) -> Result<Option<u32>, String> {
    let output = run("id", &[flag, NAME])?;
    Ok(text(&output.stdout)
        .parse()
        .ok()
        .filter(|_| output.status.success()))
}

/// The version that a program says it has; none if it says nothing.
pub fn version_of(program: &Path) -> Option<String> {
    let output = run(&program.to_string_lossy(), &["version"]).ok()?;
    let said = text(&output.stdout);
    output
        .status
        .success()
        .then_some(said)
        .filter(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_number_in_systemctl_s_first_line() {
        for (said, version) in [
            ("systemd 219\n+PAM +AUDIT", Some(219)),
            ("systemd 239 (239-82.0.3.al8.5)\n+PAM", Some(239)),
            ("systemd 252 (252.39-1~deb12u2)", Some(252)),
            ("systemd 257.4-1.fc42", Some(257)),
            ("systemd v", None),
            ("", None),
        ] {
            assert_eq!(version_in(said), version, "{said}");
        }
    }

    #[test]
    fn a_property_is_all_behind_the_first_equals_sign() {
        let properties = properties_in("StatusText=serving http://a/?b=c\nMainPID=1\nResult=\n");
        assert_eq!(property(&properties, "StatusText"), "serving http://a/?b=c");
        assert_eq!(property(&properties, "Result"), "");
        assert_eq!(property(&properties, "None"), "");
    }
}
