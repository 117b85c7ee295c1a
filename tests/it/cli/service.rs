//! `bai service`, as far as it changes no machine: the rest is done in a container that systemd has booted (`.ci/systemd`).

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::support::binary::bai;

/// Fake programs, which say what is in files of a folder.
const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/systemd");
const ACTIVE: &str = concat!(
    "ActiveState=active\nUnitFileState=enabled\nFragmentPath=/etc/systemd/system/bai.service\nMainPID=4711\n",
    "MemoryCurrent=104857600\nStatusText=serving http://127.0.0.1:8090\nExecStart={ path=",
    env!("CARGO_BIN_EXE_bai"),
    " ; argv[]=bai serve ; }\n"
);

/// Runs a command on a machine whose systemd says `show`; with the locale.
fn on_machine(folder: &Path, show: &str, args: &[&str], locale: &str) -> Output {
    fs::write(folder.join("show"), show).unwrap();
    let log = "INFO bai listens on http://127.0.0.1:8090\nWARN there is no superuser: http://127.0.0.1:8090/setup#bai_setup_x\n";
    fs::write(folder.join("journal"), log).unwrap();
    let path = format!("{PROGRAMS}:{}", std::env::var("PATH").unwrap());
    let mut command = bai(folder, args);
    command.env("PATH", path).env("FAKE_SYSTEMD", folder);
    command.env_remove("LANGUAGE").env("LC_ALL", locale);
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn status_is_one_screen_of_a_service_that_runs_without_its_set_up_link() {
    let folder = tempfile::tempdir().unwrap();
    let output = on_machine(folder.path(), ACTIVE, &["service", "status"], "C");
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    for line in [
        "state     active",
        "says      serving http://127.0.0.1:8090",
        "at boot   yes",
        "process   4711",
        "memory    100 MiB",
        "  INFO bai listens on http://127.0.0.1:8090",
    ] {
        assert!(shown.lines().any(|it| it == line), "{line} in {shown}");
    }
    assert!(shown.contains("version   bai 0."), "{shown}");
    assert!(!shown.contains("bai_setup_"), "{shown}");
    assert!(shown.lines().count() < 24, "{shown}");
}

#[test]
fn status_gives_programs_one_json_value() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["service", "status", "--json"];
    let output = on_machine(folder.path(), ACTIVE, &args, "zh_CN.UTF-8");
    let status: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(status["state"], "active");
    assert_eq!(status["enabled"], true);
    assert_eq!(status["pid"], 4711);
    assert_eq!(status["memory_bytes"], 104_857_600);
    assert_eq!(status["since"], Value::Null);
    assert_eq!(status["log"].as_array().unwrap().len(), 2);
}

#[test]
fn a_service_that_does_not_run_is_exit_code_1_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let failed = ACTIVE.replace("=active", "=failed");
    for (locale, told) in [
        ("C", "does not run (failed)"),
        ("zh_CN.UTF-8", "服务未运行（failed）"),
    ] {
        let output = on_machine(folder.path(), &failed, &["service", "status"], locale);
        assert_eq!(output.status.code(), Some(1));
        let error = text(&output.stderr);
        assert!(
            error.contains(told) && error.contains("journalctl -u bai"),
            "{error}"
        );
    }
    let none = on_machine(
        folder.path(),
        "ActiveState=inactive\nFragmentPath=\n",
        &["service", "status"],
        "C",
    );
    assert_eq!(none.status.code(), Some(1));
    assert!(
        text(&none.stderr).contains("sudo bai service install"),
        "{none:?}"
    );
}

/// On a machine that systemd started, root would see the plan.
#[test]
fn install_refuses_where_it_cannot_and_says_what_to_do_instead() {
    let booted = Path::new("/run/systemd/system").is_dir();
    if booted && rustix::process::geteuid().is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let args = ["service", "install", "--dry-run"];
    for (locale, elsewhere, as_root) in [
        ("C", "bai serve", "sudo bai service install"),
        (
            "zh_CN.UTF-8",
            "未使用 systemd|没有 systemd",
            "需要 root 权限",
        ),
    ] {
        let output = on_machine(folder.path(), ACTIVE, &args, locale);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let error = text(&output.stderr);
        let told = if booted { as_root } else { elsewhere };
        assert!(told.split('|').any(|it| error.contains(it)), "{error}");
        assert!(output.stdout.is_empty(), "{output:?}");
    }
}

#[test]
fn another_configuration_than_the_service_s_is_wrong_use() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["service", "status", "--config", "mine.toml"];
    let output = on_machine(folder.path(), ACTIVE, &args, "C");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("/etc/bai/config.toml"));
}
