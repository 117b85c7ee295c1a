//! `bai service status`

use std::path::Path;

use clap::Args;
use serde::Serialize;

use super::places::{CONFIG, NAME, UNIT};
use super::system::{self, Properties, property};
use crate::admin::Failure;
use crate::cli::outcome::Outcome;
use crate::cli::output;
use crate::cli::visible::visible_json;
use crate::language::Language;

/// Lines of the log that are shown.
const JOURNAL: usize = 5;
/// Sign for a value that there is not.
const NONE: &str = "-";
/// Text before the secret of a set-up link.
const SET_UP: &str = "/setup#";
/// Properties that systemd is asked for.
const PROPERTIES: [&str; 9] = [
    "ActiveEnterTimestamp",
    "ActiveState",
    "ExecStart",
    "FragmentPath",
    "MainPID",
    "MemoryCurrent",
    "StatusText",
    "SubState",
    "UnitFileState",
];

#[derive(Args)]
pub struct StatusArgs {
    /// JSON instead of lines
    #[arg(long)]
    json: bool,
}

/// The service as it is seen by whoever asks; what they may not see, or there is not, is null.
#[derive(Debug, Serialize, PartialEq, Eq)]
struct Status {
    /// As systemd has it, such as `active`.
    state: String,
    enabled: bool,
    unit: String,
    program: Option<String>,
    version: Option<String>,
    since: Option<String>,
    pid: Option<u32>,
    memory_bytes: Option<u64>,
    says: Option<String>,
    health: Option<String>,
    log: Vec<String>,
}

/// Shows the service; an error if it does not run.
pub fn run(args: &StatusArgs, language: Language) -> Outcome {
    let properties = system::properties(&PROPERTIES).map_err(|error| {
        let why = language.choose("systemd cannot be asked", "无法查询 systemd");
        format!("{why}{}{error}", language.choose(": ", "："))
    })?;
    if property(&properties, "FragmentPath").is_empty() {
        return Err(not_installed(language).into());
    }
    let status = look(&properties);
    match args.json {
        true => output::print(&visible_json(&serde_json::to_string_pretty(&status)?))?,
        false => output::print(&lines(&status, language).join("\n"))?,
    }
    match status.state.as_str() {
        "active" => Ok(()),
        state => Err(Failure::failed(not_running(state, language)).into()),
    }
}

fn not_installed(language: Language) -> String {
    language.choose(
        format!("there is no service here ({UNIT}): sudo bai service install makes it"),
        format!("尚未安装服务（{UNIT}）：请执行 sudo bai service install"),
    )
}

fn not_running(state: &str, language: Language) -> String {
    language.choose(
        format!("the service does not run ({state}): journalctl -u {NAME} says why; systemctl restart {NAME} starts it"),
        format!("服务未运行（{state}）：用 journalctl -u {NAME} 查看原因，用 systemctl restart {NAME} 启动"),
    )
}

fn look(properties: &Properties) -> Status {
    let mut status = of_properties(properties);
    if let Some(program) = &status.program {
        status.version = system::version_of(Path::new(program));
        status.health = (status.state == "active")
            .then(|| health(program))
            .flatten();
    }
    let log = system::journal(JOURNAL).into_iter();
    status.log = log.map(|line| without_link(&line)).collect();
    status
}

/// A line of the log without the words by which whoever reads it could become the superuser: this screen is shown to others.
fn without_link(line: &str) -> String {
    match line.split_once(SET_UP) {
        Some((before, _)) => format!("{before}{SET_UP}…"),
        None => line.to_owned(),
    }
}

fn of_properties(properties: &Properties) -> Status {
    Status {
        state: property(properties, "ActiveState").to_owned(),
        enabled: property(properties, "UnitFileState") == "enabled",
        unit: property(properties, "FragmentPath").to_owned(),
        program: program(property(properties, "ExecStart")),
        version: None,
        since: text(properties, "ActiveEnterTimestamp"),
        pid: property(properties, "MainPID")
            .parse()
            .ok()
            .filter(|pid| *pid != 0),
        // All ones is an old systemd's word for none.
        memory_bytes: property(properties, "MemoryCurrent")
            .parse()
            .ok()
            .filter(|bytes| *bytes != u64::MAX),
        says: text(properties, "StatusText"),
        health: None,
        log: Vec::new(),
    }
}

/// A property; none if it is empty.
fn text(properties: &Properties, name: &str) -> Option<String> {
    Some(property(properties, name).to_owned()).filter(|it| !it.is_empty())
}

/// The program in a property such as `{ path=/usr/bin/bai ; argv[]=… }`.
fn program(exec_start: &str) -> Option<String> {
    let behind = exec_start.split_once("path=")?.1;
    behind.split_whitespace().next().map(str::to_owned)
}

/// Answer of `bai health` with the service's configuration; none where only root can read that.
fn health(program: &str) -> Option<String> {
    std::fs::File::open(CONFIG).ok()?;
    let output = system::run(program, &["health", "--config", CONFIG]).ok()?;
    let said = match output.status.success() {
        true => system::text(&output.stdout),
        false => system::text(&output.stderr),
    };
    Some(said)
}

/// The value as text, or the sign for none.
fn or_none(value: Option<impl ToString>) -> String {
    value.map_or_else(|| NONE.to_owned(), |it| it.to_string())
}

fn lines(status: &Status, language: Language) -> Vec<String> {
    let hidden = language.choose("not seen (as root it is)", "无法查看（需要 root）");
    let boot = match status.enabled {
        true => language.choose("yes", "是"),
        false => language.choose("no", "否"),
    };
    let memory = status
        .memory_bytes
        .map(|bytes| format!("{} MiB", bytes >> 20));
    let health = match status.state.as_str() {
        "active" => status.health.as_deref().unwrap_or(hidden),
        _ => NONE,
    };
    let rows = [
        ("state", "状态", status.state.clone()),
        ("since", "启动时间", or_none(status.since.as_ref())),
        ("says", "服务信息", or_none(status.says.as_ref())),
        ("health", "健康检查", health.to_owned()),
        ("program", "程序", or_none(status.program.as_ref())),
        ("version", "版本", or_none(status.version.as_ref())),
        ("unit", "systemd 单元", status.unit.clone()),
        ("at boot", "开机自启", boot.to_owned()),
        ("process", "进程", or_none(status.pid)),
        ("memory", "内存", or_none(memory)),
    ];
    let mut lines: Vec<_> = rows
        .into_iter()
        .map(|(english, chinese, value)| row(english, chinese, &value, language))
        .collect();
    lines.push(language.choose("log", "日志").to_owned());
    let log = status.log.iter().map(|line| format!("  {line}"));
    lines.extend(log);
    if status.log.is_empty() {
        lines.push(format!("  {hidden}"));
    }
    lines
}

fn row(english: &str, chinese: &str, value: &str, language: Language) -> String {
    language.choose(
        format!("{english:10}{value}"),
        format!("{chinese}：{value}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn properties(lines: &[(&str, &str)]) -> Properties {
        let owned = lines
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        owned.collect()
    }

    #[test]
    fn what_systemd_does_not_know_is_none() {
        let status = of_properties(&properties(&[
            ("ActiveState", "inactive"),
            ("MainPID", "0"),
            ("MemoryCurrent", "18446744073709551615"),
            ("StatusText", ""),
            ("ActiveEnterTimestamp", ""),
        ]));
        assert_eq!(status.pid, None);
        assert_eq!(status.memory_bytes, None);
        assert_eq!(
            (status.says, status.since, status.program),
            (None, None, None)
        );
        let newer = of_properties(&properties(&[("MemoryCurrent", "[not set]")]));
        assert_eq!(newer.memory_bytes, None);
    }

    #[test]
    fn a_set_up_link_is_not_shown() {
        let line = "WARN whoever has this link: http://127.0.0.1:8090/setup#bai_setup_canary";
        let shown = without_link(line);
        assert_eq!(
            shown,
            "WARN whoever has this link: http://127.0.0.1:8090/setup#…"
        );
        assert_eq!(without_link("INFO bai listens"), "INFO bai listens");
    }

    #[test]
    fn the_program_is_the_path_that_systemd_starts() {
        let said = "{ path=/usr/local/bin/bai ; argv[]=/usr/local/bin/bai serve --config /etc/bai/config.toml ; ignore_errors=no }";
        assert_eq!(program(said).as_deref(), Some("/usr/local/bin/bai"));
        assert_eq!(program(""), None);
    }
}
