//! The unit as a machine's systemd understands it: that of deploy/systemd, without what came later.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::places::DATA;
use crate::build_info;

/// The unit for the newest systemd.
const SHIPPED: &str = include_str!("../../../deploy/systemd/bai.service");
/// The program that the shipped unit starts.
const SHIPPED_PROGRAM: &str = "/usr/bin/bai";
/// The oldest systemd that a unit is written for: that of CentOS 7.
pub const OLDEST: u32 = 219;
/// The words before the sum.
const SUM: &str = "# sha256 of all below this line: ";

/// Settings that came after the oldest systemd, and the version of each, by systemd's NEWS. An unknown one would only be warned of at
/// each reload; the ones that `Setting::for_systemd` replaces would do harm, or leave a hole.
const BROUGHT_BY: [(&str, u32); 25] = [
    ("StartLimitIntervalSec", 230),
    ("TasksMax", 227),
    ("MemoryMax", 231),
    ("MemoryDenyWriteExecute", 231),
    ("RestrictRealtime", 231),
    ("PrivateUsers", 232),
    ("ProtectControlGroups", 232),
    ("ProtectKernelModules", 232),
    ("ProtectKernelTunables", 232),
    ("RemoveIPC", 232),
    ("RestrictNamespaces", 233),
    ("KeyringMode", 235),
    ("LockPersonality", 235),
    ("StateDirectory", 235),
    ("StateDirectoryMode", 235),
    ("PrivateMounts", 239),
    // It takes sets since 231 and has @system-service since 239. Without that set, next to nothing would be allowed.
    ("SystemCallFilter", 239),
    ("SystemCallErrorNumber", 239),
    ("ProtectHostname", 242),
    ("RestrictSUIDSGID", 242),
    ("ProtectKernelLogs", 244),
    ("ProtectClock", 245),
    ("ProcSubset", 247),
    ("ProtectProc", 247),
    ("PrivateIPC", 248),
];
/// The first systemd that can make all but some folders read-only.
const STRICT: u32 = 232;

/// The machine, as far as a unit depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// Version of its systemd.
    pub systemd: u32,
    /// Whether its kernel makes user namespaces; hardened ones and CentOS 7 do not, and a unit that wants one would not start there.
    pub user_namespaces: bool,
}

/// The origin of a unit that is found on a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Written by us, and not changed since.
    Ours,
    /// Written or changed by somebody else.
    Others,
}

/// The unit for this machine, with a sum by which changes of it are noticed.
pub fn text(machine: Machine, program: &str) -> String {
    let body = body(machine, program);
    let version = build_info::VERSION;
    format!(
        "# Written by \"bai service install\" of bai {version}, for systemd {}. It is written anew by the next one, which refuses when this\n\
         # was changed by hand. Change it with \"systemctl edit bai\": such changes stay.\n\
         {SUM}{}\n{body}",
        machine.systemd,
        sum(&body)
    )
}

/// The origin of a unit, by its sum.
pub fn origin(unit: &str) -> Origin {
    let below = unit.split_once(SUM).and_then(|it| it.1.split_once('\n'));
    match below {
        Some((found, body)) if found == sum(body) => Origin::Ours,
        _ => Origin::Others,
    }
}

fn sum(body: &str) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(body.as_bytes()) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn body(machine: Machine, program: &str) -> String {
    let mut lines = String::new();
    let mut left_out = Vec::new();
    for line in settings_and_comments() {
        match line_for(line, machine, program) {
            Some(line) => {
                lines.push_str(&line);
                lines.push('\n');
            }
            None => left_out.extend(line.split_once('=').map(|it| it.0)),
        }
    }
    left_out.dedup();
    format!("{}{lines}", left_out_comment(&left_out))
}

/// The shipped unit without the comment at its head.
fn settings_and_comments() -> impl Iterator<Item = &'static str> {
    SHIPPED.lines().skip_while(|line| line.starts_with('#'))
}

fn left_out_comment(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        names => format!(
            "# Without what this machine does not know: {}\n",
            names.join(", ")
        ),
    }
}

/// The line, or what stands in its place; none if there is nothing.
fn line_for(line: &str, machine: Machine, program: &str) -> Option<String> {
    if line == "[Service]" && machine.systemd < version_of("StartLimitIntervalSec") {
        return Some(format!("{line}\nStartLimitInterval=0"));
    }
    match line.split_once('=') {
        Some((name, value)) if !line.starts_with('#') => setting_for(name, value, machine, program),
        _ => Some(line.to_owned()),
    }
}

fn setting_for(name: &str, value: &str, machine: Machine, program: &str) -> Option<String> {
    let systemd = machine.systemd;
    let is_known = systemd >= version_of(name);
    match name {
        "ExecStart" => Some(format!(
            "{name}={}",
            value.replace(SHIPPED_PROGRAM, program)
        )),
        "MemoryMax" if !is_known => Some(format!("MemoryLimit={value}")),
        "ProtectSystem" if systemd < STRICT => Some(format!("{name}=full")),
        "StateDirectory" if !is_known && systemd >= STRICT => {
            Some(format!("ReadWritePaths={DATA}"))
        }
        "PrivateUsers" if !machine.user_namespaces => None,
        _ => is_known.then(|| format!("{name}={value}")),
    }
}

/// The version that brought a setting; all have the ones that are not in the table.
fn version_of(name: &str) -> u32 {
    let found = BROUGHT_BY.iter().find(|(known, _)| *known == name);
    found.map_or(0, |(_, version)| *version)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Settings of the unit that the oldest systemd has.
    const OLD: [&str; 31] = [
        "After",
        "CapabilityBoundingSet",
        "Description",
        "DevicePolicy",
        "Documentation",
        "ExecStart",
        "Group",
        "LimitCORE",
        "LimitNOFILE",
        "NoNewPrivileges",
        "NotifyAccess",
        "PrivateDevices",
        "PrivateTmp",
        "ProtectHome",
        "ProtectSystem",
        "Restart",
        "RestartPreventExitStatus",
        "RestartSec",
        "RestrictAddressFamilies",
        "SystemCallArchitectures",
        "TimeoutStartSec",
        "TimeoutStopSec",
        "Type",
        "UMask",
        "User",
        "WantedBy",
        "Wants",
        "WatchdogSec",
        "WorkingDirectory",
        // Ours, in the place of newer ones.
        "MemoryLimit",
        "StartLimitInterval",
    ];

    fn unit(systemd: u32) -> String {
        let machine = Machine {
            systemd,
            user_namespaces: true,
        };
        text(machine, "/usr/local/bin/bai")
    }

    fn settings(unit: &str) -> Vec<(&str, &str)> {
        let lines = unit.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(|line| line.split_once('=')).collect()
    }

    fn value<'a>(unit: &'a str, name: &str) -> Vec<&'a str> {
        let found = settings(unit).into_iter().filter(|it| it.0 == name);
        found.map(|it| it.1).collect()
    }

    #[test]
    fn a_setting_is_in_the_table_or_as_old_as_the_oldest_systemd() {
        for (name, _) in settings(SHIPPED) {
            let is_new = BROUGHT_BY.iter().any(|(known, _)| *known == name);
            assert_ne!(is_new, OLD.contains(&name), "{name}");
        }
        for (name, version) in BROUGHT_BY {
            assert!(!value(SHIPPED, name).is_empty(), "{name} is in no unit");
            assert!(version > OLDEST, "{name}");
        }
    }

    #[test]
    fn the_newest_systemd_has_the_shipped_unit_with_the_place_of_the_program() {
        let shipped: Vec<_> = settings_and_comments().collect();
        let shipped = shipped
            .join("\n")
            .replace(SHIPPED_PROGRAM, "/usr/local/bin/bai");
        for systemd in [252, 259] {
            let unit = unit(systemd);
            assert!(unit.ends_with(&format!("\n{shipped}\n")), "{unit}");
        }
    }

    #[test]
    fn centos_7_with_systemd_219_has_only_what_it_knows() {
        let unit = unit(219);
        for (name, _) in settings(&unit) {
            assert!(OLD.contains(&name), "{name}");
        }
        assert_eq!(value(&unit, "ProtectSystem"), ["full"]);
        assert_eq!(value(&unit, "MemoryLimit"), ["512M"]);
        assert_eq!(value(&unit, "CapabilityBoundingSet"), [""]);
        // Read as a list of what is allowed, a name that it does not know would leave nothing.
        assert!(value(&unit, "SystemCallFilter").is_empty());
        let service = unit.split_once("[Service]\n").unwrap().1;
        assert!(service.starts_with("StartLimitInterval=0\n"), "{unit}");
        assert!(
            unit.contains("\n# Without what this machine does not know: StartLimitIntervalSec, ")
        );
    }

    #[test]
    fn alibaba_cloud_linux_3_with_systemd_239_filters_calls_and_says_enosys() {
        let unit = unit(239);
        assert_eq!(
            value(&unit, "SystemCallFilter"),
            ["@system-service", "~@privileged"]
        );
        assert_eq!(value(&unit, "SystemCallErrorNumber"), ["ENOSYS"]);
        assert_eq!(value(&unit, "ProtectSystem"), ["strict"]);
        assert_eq!(value(&unit, "StateDirectory"), ["bai"]);
        assert_eq!(value(&unit, "MemoryMax"), ["512M"]);
        assert!(value(&unit, "RestrictSUIDSGID").is_empty());
        assert!(value(&unit, "ProtectProc").is_empty());
    }

    #[test]
    fn ubuntu_20_04_with_systemd_245_lacks_three_settings() {
        let unit = unit(245);
        assert_eq!(
            settings(SHIPPED).len() - settings(&unit).len(),
            ["ProtectProc", "ProcSubset", "PrivateIPC"].len()
        );
    }

    #[test]
    fn a_strict_systemd_that_makes_no_state_folder_may_write_to_it_nevertheless() {
        let between = unit(234);
        assert_eq!(value(&between, "ProtectSystem"), ["strict"]);
        assert_eq!(value(&between, "ReadWritePaths"), ["/var/lib/bai"]);
        assert!(value(&unit(235), "ReadWritePaths").is_empty());
    }

    #[test]
    fn a_kernel_without_user_namespaces_is_asked_for_none() {
        let machine = Machine {
            systemd: 252,
            user_namespaces: false,
        };
        let unit = text(machine, "/usr/bin/bai");
        assert!(value(&unit, "PrivateUsers").is_empty());
        assert!(unit.contains("not know: PrivateUsers\n"), "{unit}");
    }

    #[test]
    fn a_change_of_any_line_is_noticed() {
        let unit = unit(252);
        assert_eq!(origin(&unit), Origin::Ours);
        assert_eq!(
            origin(&unit.replace("TasksMax=512", "TasksMax=513")),
            Origin::Others
        );
        assert_eq!(origin(&format!("{unit}\n")), Origin::Others);
        assert_eq!(origin(SHIPPED), Origin::Others);
        assert_eq!(origin(""), Origin::Others);
    }
}
