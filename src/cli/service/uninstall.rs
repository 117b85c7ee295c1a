//! `bai service uninstall`

use std::fs;
use std::io;
use std::path::Path;

use clap::Args;

use super::checks;
use super::found;
use super::places::{CONFIG_FOLDER, DATA, DROP_INS, NAME, PROGRAM, UNIT};
use super::system::succeed;
use super::unit::{self, Origin};
use crate::cli::outcome::Outcome;
use crate::cli::output;
use crate::language::Language;

#[derive(Args)]
pub struct UninstallArgs {
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Takes the service away, and neither the configuration nor the database.
pub fn run(args: &UninstallArgs, language: Language) -> Outcome {
    checks::machine("bai service uninstall", language)?;
    checks::no_package(language)?;
    let unit = found::read(UNIT)?;
    if unit.is_none() && !Path::new(PROGRAM).exists() {
        let nothing = language.choose(
            format!("nothing to do: neither {UNIT} nor {PROGRAM} is there"),
            format!("无需卸载：{UNIT} 和 {PROGRAM} 都不存在"),
        );
        return output::print(&nothing);
    }
    output::confirm(&question(language), args.yes)?;
    if let Some(unit) = unit {
        stop(language)?;
        remove_unit(&String::from_utf8_lossy(&unit), language)?;
    }
    remove_program(language)?;
    output::print(&what_stays(language))
}

fn question(language: Language) -> String {
    language.choose(
        format!(
            "Stop the service and remove {UNIT} and {PROGRAM}? Configuration and database stay."
        ),
        format!("停止服务并删除 {UNIT} 和 {PROGRAM}？配置和数据库会保留。"),
    )
}

fn stop(language: Language) -> Outcome {
    succeed("systemctl", &["stop", NAME])?;
    succeed("systemctl", &["disable", NAME])?;
    output::print(language.choose(
        "service bai: stopped, and off at boot",
        "服务 bai：已停止，并取消开机自启",
    ))
}

/// A unit that was written or changed by hand is put away instead.
fn remove_unit(unit: &str, language: Language) -> Outcome {
    let line = match unit::origin(unit) {
        Origin::Ours => {
            fs::remove_file(UNIT).map_err(|e| format!("{UNIT}: {e}"))?;
            language.choose(
                format!("unit {UNIT}: removed"),
                format!("systemd 单元 {UNIT}：已删除"),
            )
        }
        Origin::Others => {
            let kept = format!("{UNIT}.mine");
            fs::rename(UNIT, &kept).map_err(|e| format!("{UNIT}: {e}"))?;
            language.choose(
                format!("unit {UNIT}: changed by hand, so it is kept as {kept}"),
                format!("systemd 单元 {UNIT}：被手动修改过，已另存为 {kept}"),
            )
        }
    };
    succeed("systemctl", &["daemon-reload"])?;
    output::print(&line)
}

fn remove_program(language: Language) -> Outcome {
    match fs::remove_file(PROGRAM) {
        Ok(()) => output::print(&language.choose(
            format!("program {PROGRAM}: removed"),
            format!("程序 {PROGRAM}：已删除"),
        )),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(format!("{PROGRAM}: {e}").into()),
    }
}

fn what_stays(language: Language) -> String {
    let drop_ins = match Path::new(DROP_INS).exists() {
        true => format!(" {DROP_INS}"),
        false => String::new(),
    };
    language.choose(
        format!(
            "Kept: {CONFIG_FOLDER}, and {DATA} with the database and its user. \"bai service install\" goes on with them.\n\
             To delete them for good: rm -r {DATA} {CONFIG_FOLDER}{drop_ins} && userdel {NAME}"
        ),
        format!(
            "已保留：{CONFIG_FOLDER} 和 {DATA}（数据库）及其用户，重新执行 bai service install 即可继续使用。\n\
             如需彻底删除：rm -r {DATA} {CONFIG_FOLDER}{drop_ins} && userdel {NAME}"
        ),
    )
}
