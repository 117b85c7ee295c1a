//! The first start with nothing configured, and the configuration that one begins with.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use crate::support::binary::{Running, bai, run};

/// The values of a configuration, without its comments.
fn values(text: &str) -> toml::Table {
    toml::from_str(text).unwrap()
}

fn files(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_first_start_says_five_lines_and_leaves_nothing_but_the_database() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(bai(dir.path(), &[]));
    let base = running.base.clone();
    running.signal("-TERM");
    let (success, log) = running.wait();
    assert!(success, "{log}");
    let told = log
        .lines()
        .filter(|line| line.contains(" INFO ") || line.contains(" WARN "));
    let told: Vec<&str> = told.take_while(|line| !line.contains("stopping")).collect();
    let setup = format!("{base}/setup#");
    let [docs, console] = ["docs", "_/"].map(|page| format!("{base}/{page}"));
    let lines: [&[&str]; 5] = [
        &["bai listens on", &base, "database="],
        &[&docs, &console],
        &["there is no superuser", "bai superuser create", &setup],
        &["WeChat sandbox is on", "any code logs in"],
        &[
            "for production",
            "bai config init",
            "bai service install",
            "bai doctor",
        ],
    ];
    assert_eq!(told.len(), lines.len(), "{told:#?}");
    for (line, words) in told.iter().zip(lines) {
        assert!(words.iter().all(|word| line.contains(word)), "{line}");
    }
    assert_eq!(files(dir.path()), ["bai.redb"]);
}

#[test]
fn a_server_with_a_configuration_is_not_told_how_to_begin() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(
        run(dir.path(), &["config", "init"]).0.status.code(),
        Some(0)
    );
    let running = Running::start(bai(dir.path(), &[]));
    running.signal("-TERM");
    let (_, log) = running.wait();
    assert!(!log.contains("for production: "), "{log}");
}

#[test]
fn the_configuration_to_begin_with_has_every_key_in_both_languages_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let defaults = run(dir.path(), &["config"]).1;
    for (language, comment) in [
        ("en_US.UTF-8", "# Configuration of bai"),
        ("zh_CN.UTF-8", "# bai 的配置"),
    ] {
        let mut init = bai(dir.path(), &["config", "init", "new.toml"]);
        let output = init.env("LANG", language).output().unwrap();
        assert!(output.status.success());
        let file = dir.path().join("new.toml");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with(comment), "{text}");
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let effective = run(dir.path(), &["config", "--config", "new.toml"]).1;
        assert_eq!(effective, defaults, "{language}");
        fs::remove_file(file).unwrap();
    }
}

#[test]
fn both_languages_of_the_configuration_have_the_same_lines_but_for_comments() {
    let [english, chinese] = [
        include_str!("../../../config.toml"),
        include_str!("../../../config.zh-CN.toml"),
    ];
    let settings = |text: &'static str| -> Vec<&str> {
        text.lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .collect()
    };
    assert_eq!(settings(english), settings(chinese));
    assert_eq!(values(english), values(chinese));
    // Each key has a comment above its first one, in both.
    let commented = |text: &str| text.lines().filter(|line| line.starts_with('#')).count();
    assert!(commented(chinese) * 10 >= commented(english) * 9);
}

#[test]
fn a_configuration_that_is_there_is_left_alone_even_when_it_cannot_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.toml");
    fs::write(&file, "[wechat").unwrap();
    let (output, _, told) = run(dir.path(), &["config", "init"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains("config.toml is there already"), "{told}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "[wechat");
    let (output, _, told) = run(dir.path(), &["config", "init", "nowhere/config.toml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        told.contains("cannot write nowhere/config.toml: No such file or directory (os error 2)\n"),
        "{told}"
    );
    symlink("unmounted", dir.path().join("link.toml")).unwrap();
    let (_, _, told) = run(dir.path(), &["config", "init", "link.toml"]);
    assert!(told.contains("link.toml is there already"), "{told}");
}

#[test]
fn a_disk_that_is_full_leaves_no_configuration() {
    let dir = tempfile::tempdir().unwrap();
    // A limit of files' lengths stands for the disk: the write fails, or the signal is the end.
    let init = format!(
        "ulimit -f 4; exec {} config init",
        env!("CARGO_BIN_EXE_bai")
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &init]).current_dir(dir.path());
    assert!(!shell.output().unwrap().status.success());
    assert!(!dir.path().join("config.toml").exists());
}
