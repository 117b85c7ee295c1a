//! `bai doctor` as a command: its exit code, its output, and a configuration that it cannot use.

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use crate::support::binary::{bai, run};

const BROKEN: &str = "[wechat]\nprovider = \"wechat\"\nsecret = \"5ecre7";

#[test]
fn a_configuration_that_cannot_be_used_is_a_finding_without_its_secret() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("config.toml"), BROKEN).unwrap();
    let (output, out, _) = run(dir.path(), &["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        out.contains("config.toml, line 3") && out.contains("bai config init"),
        "{out}"
    );
    let (output, json, err) = run(dir.path(), &["doctor", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["findings"][0]["code"], "configuration.unusable");
    assert_eq!(report["wrong"], 1);
    assert!(!format!("{out}{json}{err}").contains("5ecre7"));
}

#[test]
fn what_is_wrong_is_exit_code_1_also_when_nobody_reads_on() {
    let dir = tempfile::tempdir().unwrap();
    for arguments in [&["doctor"][..], &["doctor", "--json"]] {
        let mut doctor = bai(dir.path(), arguments);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let status = doctor.stdout(Stdio::from(writer)).status().unwrap();
        assert_eq!(status.code(), Some(1), "{arguments:?}");
    }
}

#[test]
fn a_url_is_refused_without_its_password() {
    let dir = tempfile::tempdir().unwrap();
    let url = "https://li:5ecre7@api.example.com";
    let (output, _, err) = run(dir.path(), &["doctor", "--url", url]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        err.contains("api.example.com") && !err.contains("5ecre7"),
        "{err}"
    );
}
