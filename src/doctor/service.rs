//! The service: it runs, comes back after a reboot, and has what it needs of the machine.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use super::context::Context;
use super::finding::Finding;
use super::server::{self, Absence};
use crate::admin::maintenance::{Health, MaintenanceCommand};
use crate::admin::{AdminCommand, Cause, Client, Failure};
use crate::build_info;
use crate::config::Config;

const MIB: u64 = 1 << 20;
/// Memory of the whole server by default on two cores, in MiB: docs/operations.md, Memory.
const USUAL_MIB: u64 = 510;
const USUAL_CORES: u64 = 2;
/// Memory of a hash by default, in MiB.
const HASH_MIB: u64 = 16;
/// KiB of a connection with its requests.
const CONNECTION_KIB: u64 = 47;
/// Memory that the rest of the machine wants, in MiB.
const OTHERS_MIB: u64 = 200;
/// Files that are open beside connections, as the start reckons with.
const FILES: u64 = 100;
/// The folder that is there while systemd runs, as sd_booted(3) has it.
const SYSTEMD: &str = "/run/systemd/system";

/// State of the service by systemd, if that runs.
pub fn by_systemd(context: &Context) -> Vec<Finding> {
    if !Path::new(SYSTEMD).is_dir() {
        return Vec::new();
    }
    let at_boot = at_boot(context, &systemctl(&["is-enabled", "bai"]));
    let files = open_files(context);
    [Some(at_boot), files].into_iter().flatten().collect()
}

/// The running server, and what it says of itself.
pub fn running(context: &Context) -> Vec<Finding> {
    match server::client(context).and_then(health) {
        Ok(health) => runs(context, health),
        Err(absence) => vec![absent(context, &absence)],
    }
}

fn health(mut client: Client) -> Result<Health, Absence> {
    let row = client.row(AdminCommand::Maintenance(MaintenanceCommand::Health))?;
    let health = serde_json::from_value(row).map_err(Failure::failed)?;
    Ok(health)
}

fn runs(context: &Context, health: Health) -> Vec<Finding> {
    let version = build_info::VERSION;
    let found = context.say(
        format!("the server runs, and is this version, {version}"),
        format!("服务正在运行，版本与本程序一致：{version}"),
    );
    let problems = health.problems.into_iter();
    let problems = problems.map(|problem| {
        Finding::wrong("service.problem", problem).remedy(context.say(
            "the log has the cause: journalctl -u bai",
            "请查看日志：journalctl -u bai",
        ))
    });
    let runs = Finding::ok("service.runs", found);
    std::iter::once(runs).chain(problems).collect()
}

fn absent(context: &Context, absence: &Absence) -> Finding {
    match absence {
        Absence::Stopped => stopped(context),
        Absence::Mute => mute(context),
        Absence::Hanging => hanging(context),
        Absence::Closed(failure) if failure.cause == Cause::OtherVersion => {
            Finding::wrong("service.version", failure.message.clone()).remedy(context.say(
                "the program was replaced while it ran:\nsystemctl restart bai",
                "程序已更新，但服务仍在运行旧版本：\nsystemctl restart bai",
            ))
        }
        other => other.finding("service.runs", context),
    }
}

fn stopped(context: &Context) -> Finding {
    let path = context.config.store.path.display();
    let found = context.say(
        format!("no server has {path} open"),
        format!("没有服务打开 {path}"),
    );
    Finding::wrong("service.stopped", found).remedy(context.say(
        "start it:\nsystemctl start bai\nIf it runs, it has another configuration than this command: name it by --config",
        "请启动服务：\nsystemctl start bai\n如果服务已在运行，说明它用的是另一份配置：请用 --config 指定",
    ))
}

/// A server whose socket was removed, or another command that works on the database.
fn mute(context: &Context) -> Finding {
    let path = context.config.store.path.display();
    let found = context.say(
        format!("a process has {path} open, but its admin socket does not answer"),
        format!("有进程打开了 {path}，但它的管理套接字没有响应"),
    );
    Finding::wrong("service.mute", found).remedy(context.say(
        "if it is the server, restart it:\nsystemctl restart bai\nIf it is another command (bai migrate, bai compact), let it end",
        "如果是服务，请重启：\nsystemctl restart bai\n如果是其他命令（bai migrate、bai compact），请等它结束",
    ))
}

fn hanging(context: &Context) -> Finding {
    let found = context.say(
        "the server has the database open and does not answer",
        "服务打开了数据库，但没有响应",
    );
    Finding::wrong("service.hangs", found).remedy(context.say(
        "restart it, look at what it said before, and report that:\nsystemctl restart bai\njournalctl -u bai",
        "请重启服务，查看之前的日志，并反馈该问题：\nsystemctl restart bai\njournalctl -u bai",
    ))
}

/// Standard output of systemctl, in one line; empty: it cannot be had.
fn systemctl(args: &[&str]) -> String {
    let output = Command::new("systemctl").args(args).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    text.unwrap_or_default().trim().to_owned()
}

fn at_boot(context: &Context, state: &str) -> Finding {
    match state {
        "enabled" | "enabled-runtime" | "static" | "generated" | "alias" => Finding::ok(
            "service.at_boot",
            context.say(
                "systemd starts it at every boot",
                "开机时由 systemd 自动启动",
            ),
        ),
        "disabled" => Finding::wrong(
            "service.disabled",
            context.say(
                "systemd does not start it at a boot: a reboot ends the service",
                "未设置开机自启：重启机器后服务不会运行",
            ),
        )
        .remedy("systemctl enable bai"),
        "masked" | "masked-runtime" => Finding::wrong(
            "service.masked",
            context.say("the unit bai is masked", "bai 服务已被屏蔽（masked）"),
        )
        .remedy("systemctl unmask bai\nsystemctl enable bai"),
        _ => Finding::advice(
            "service.no_unit",
            context.say(
                "systemd has no unit \"bai\": see that something starts it at every boot",
                "systemd 中没有 bai 服务：请确认开机时有程序启动它",
            ),
        )
        .remedy(context.say(
            "a unit comes with the packages, and with \"bai service install\"",
            "软件包自带该服务，也可运行「bai service install」",
        )),
    }
}

/// Files that the service may have open, of which each connection is one.
fn open_files(context: &Context) -> Option<Finding> {
    let pid = systemctl(&["show", "bai", "--property=MainPID", "--value"]);
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    let most = line.split_whitespace().next()?.parse().ok()?;
    judge_files(context, most)
}

fn judge_files(context: &Context, most: u64) -> Option<Finding> {
    let connections = u64::try_from(context.config.server.max_connections).unwrap_or(u64::MAX);
    let needed = connections.saturating_add(FILES);
    let found = (most < needed).then(|| {
        context.say(
            format!(
                "the service may open {most} files, and server.max_connections asks for {needed}"
            ),
            format!("服务最多可打开 {most} 个文件，而 server.max_connections 需要 {needed} 个"),
        )
    })?;
    Some(
        Finding::advice("service.open_files", found).remedy(context.say(
            "systemctl edit bai:\n[Service]\nLimitNOFILE=16384",
            "systemctl edit bai:\n[Service]\nLimitNOFILE=16384",
        )),
    )
}

/// Memory of the machine, beside what the configuration can take under attack.
pub fn memory(context: &Context) -> Vec<Finding> {
    let Some(has) = all_memory() else {
        let found = context.say(
            "the system does not tell its memory",
            "系统没有提供内存信息",
        );
        return vec![Finding::not_looked_at("service.memory", found)];
    };
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let cores = u64::try_from(cores).unwrap_or(u64::MAX);
    vec![judge_memory(context, has, cores)]
}

fn judge_memory(context: &Context, has: u64, cores: u64) -> Finding {
    let needs = most_memory(&context.config, cores);
    let found = context.say(
        format!("{has} MiB of memory; the server takes {needs} at most, under attack"),
        format!("内存 {has} MiB；服务在受攻击时最多占用 {needs} MiB"),
    );
    match has < needs + OTHERS_MIB {
        false => Finding::ok("service.memory", found),
        true => Finding::advice("service.memory_short", found).remedy(context.say(
            "take a larger machine, or lower server.max_connections, server.body_memory_mib and store.cache_mib; swap is of no use",
            "请换用内存更大的机器，或调低 server.max_connections、server.body_memory_mib、store.cache_mib；增加 swap 没有用",
        )),
    }
}

/// The most memory that the server takes, in MiB.
fn most_memory(config: &Config, cores: u64) -> u64 {
    let all = USUAL_MIB.saturating_add(configured_memory(config));
    let further = cores.saturating_sub(USUAL_CORES).saturating_mul(HASH_MIB);
    all.saturating_sub(configured_memory(&Config::default()))
        .saturating_add(further)
}

/// Memory that the configuration bounds, in MiB.
fn configured_memory(config: &Config) -> u64 {
    let server = &config.server;
    let connections = number(server.max_connections).saturating_mul(CONNECTION_KIB) / 1024;
    number(config.store.cache_mib)
        .saturating_add(number(server.body_memory_mib))
        .saturating_add(connections)
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Memory of the machine or of the container, whichever is less, in MiB.
fn all_memory() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok()?;
    let line = machine
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let machine = line.split_whitespace().next()?.parse::<u64>().ok()? / 1024;
    let container = fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let container = container.and_then(|text| text.trim().parse::<u64>().ok());
    Some(container.map_or(machine, |bytes| machine.min(bytes / MIB)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_that_no_boot_starts_is_wrong_and_no_unit_is_advice() {
        for (state, code) in [
            ("enabled", "service.at_boot"),
            ("disabled", "service.disabled"),
            ("masked", "service.masked"),
            ("not-found", "service.no_unit"),
            ("", "service.no_unit"),
        ] {
            assert_eq!(at_boot(&Context::of_tests(), state).code, code, "{state}");
        }
    }

    #[test]
    fn memory_is_reckoned_by_the_configuration_and_the_cores() {
        let mut context = Context::of_tests();
        assert_eq!(most_memory(&context.config, 2), USUAL_MIB);
        assert_eq!(most_memory(&context.config, 4), USUAL_MIB + 32);
        for (has, code) in [(709, "service.memory_short"), (710, "service.memory")] {
            assert_eq!(judge_memory(&context, has, 2).code, code);
        }
        context.config.store.cache_mib += 100;
        assert_eq!(most_memory(&context.config, 1), USUAL_MIB + 100);
    }

    #[test]
    fn each_connection_is_an_open_file() {
        assert!(judge_files(&Context::of_tests(), 4195).is_some());
        assert!(judge_files(&Context::of_tests(), 4196).is_none());
    }
}
