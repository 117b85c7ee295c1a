//! Words for the parts of a service and for what is done to them.

use super::places::{CONFIG, DATA, UNIT};
use super::state::{Part, State};
use crate::language::Language;

/// Whether something was done, or would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tense {
    /// It was.
    Done,
    /// It would be.
    Planned,
}

/// The part by name; the program with its place.
pub fn noun(part: Part, program: &str, language: Language) -> String {
    match part {
        Part::User => language.choose("system user bai", "系统用户 bai").into(),
        Part::Folder => language.choose(
            format!("folder {DATA}, for that user only"),
            format!("数据目录 {DATA}（仅该用户可访问）"),
        ),
        Part::Config => language.choose(
            format!("configuration {CONFIG}, readable by root and that user"),
            format!("配置文件 {CONFIG}（root 和该用户可读）"),
        ),
        Part::Program => language.choose(format!("program {program}"), format!("程序 {program}")),
        Part::Unit => language.choose(format!("unit {UNIT}"), format!("systemd 单元 {UNIT}")),
        Part::Boot => language.choose("start at boot", "开机自启").into(),
        Part::Service => language.choose("service bai", "服务 bai").into(),
    }
}

/// Outcome of a part in this state.
pub fn verb(part: Part, state: State, tense: Tense, language: Language) -> &'static str {
    let is_planned = tense == Tense::Planned;
    match (part, state, is_planned) {
        (Part::Service, State::There, _) => language.choose(
            "runs, and nothing is new: left alone",
            "正在运行，没有变化，不重启",
        ),
        (_, State::There, _) => language.choose("there already", "已就绪"),
        (Part::Service, State::Missing, true) => language.choose("would be started", "将启动"),
        (Part::Service, State::Missing, false) => language.choose("started", "已启动"),
        (Part::Service, State::Different, true) => language.choose("would be restarted", "将重启"),
        (Part::Service, State::Different, false) => language.choose("restarted", "已重启"),
        (Part::Boot, _, true) => language.choose("would be turned on", "将开启"),
        (Part::Boot, _, false) => language.choose("turned on", "已开启"),
        (Part::Folder | Part::Config, State::Different, true) => {
            language.choose("rights would be set", "将修正权限")
        }
        (Part::Folder | Part::Config, State::Different, false) => {
            language.choose("rights set", "已修正权限")
        }
        (_, State::Missing, true) => language.choose("would be made", "将创建"),
        (_, State::Missing, false) => language.choose("made", "已创建"),
        (_, State::Different, true) => language.choose("would be replaced", "将更新"),
        (_, State::Different, false) => language.choose("replaced", "已更新"),
    }
}

/// The line for a part.
pub fn line(part: Part, state: State, tense: Tense, program: &str, language: Language) -> String {
    let noun = noun(part, program, language);
    let verb = verb(part, state, tense, language);
    language.choose(format!("{noun}: {verb}"), format!("{noun}：{verb}"))
}

/// Next steps once a first service runs. Paths are whole, because sudo on CentOS does not look into /usr/local/bin.
/// `leave`: the folder that one is in has a configuration, which commands would take in the place of the service's.
pub fn next_steps(program: &str, leave: bool, language: Language) -> String {
    let leave = match (leave, language) {
        (false, _) => "",
        (true, Language::English) => {
            "  cd /    # the config.toml of this folder is not the service's\n"
        }
        (true, Language::Chinese) => "  cd /    # 当前目录的 config.toml 不是服务的配置\n",
    };
    language.choose(
        format!(
            "\nNext:\n{leave}  \
             {program} superuser create EMAIL    # who may do everything, and use the console\n  \
             vi {CONFIG}    # for production: provider = \"wechat\", app_id, secret\n  \
             systemctl restart bai\n  \
             {program} doctor    # looks for what is wrong still, and says what to do"
        ),
        format!(
            "\n接下来：\n{leave}  \
             {program} superuser create EMAIL    # 创建超级管理员，可登录控制台\n  \
             vi {CONFIG}    # 正式上线：provider = \"wechat\"，填写 app_id（AppID）和 secret（AppSecret）\n  \
             systemctl restart bai\n  \
             {program} doctor    # 检查还有什么问题，并给出处理方法"
        ),
    )
}

/// Commands that show the service and remove it.
pub fn afterwards(program: &str, language: Language) -> String {
    language.choose(
        format!(
            "\nLook at it: {program} service status. The log: journalctl -u bai\n\
             Undo it: {program} service uninstall (configuration and database stay)"
        ),
        format!(
            "\n查看状态：{program} service status；查看日志：journalctl -u bai\n\
             卸载：{program} service uninstall（保留配置和数据库）"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use Language::{Chinese, English};

    #[test]
    fn a_line_says_the_part_and_what_came_of_it_in_both_languages() {
        let line = |part, state, tense, language| line(part, state, tense, "/p/bai", language);
        for (found, said) in [
            (
                line(Part::User, State::There, Tense::Planned, English),
                "system user bai: there already",
            ),
            (
                line(Part::Program, State::Different, Tense::Done, English),
                "program /p/bai: replaced",
            ),
            (
                line(Part::Service, State::Different, Tense::Planned, English),
                "service bai: would be restarted",
            ),
            (
                line(Part::Boot, State::Missing, Tense::Done, Chinese),
                "开机自启：已开启",
            ),
            (
                line(Part::Program, State::Missing, Tense::Planned, Chinese),
                "程序 /p/bai：将创建",
            ),
        ] {
            assert_eq!(found, said);
        }
    }

    #[test]
    fn who_installs_from_a_folder_with_a_configuration_is_told_to_leave_it() {
        for language in [Language::English, Language::Chinese] {
            let steps = |leave| next_steps("/p/bai", leave, language);
            assert!(steps(true).contains("\n  cd /    # "), "{}", steps(true));
            assert!(!steps(false).contains("cd /"), "{}", steps(false));
        }
    }
}
