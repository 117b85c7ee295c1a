//! Files of older versions: commands that look change nothing, and a migration is asked for.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use serde_json::Value;

use crate::support::binary::{Running, bai, run};

const OLDER: [(u32, &[u8]); 6] = [
    (1, include_bytes!("../../fixtures/stored/store_v1.gz")),
    (2, include_bytes!("../../fixtures/stored/store_v2.gz")),
    (3, include_bytes!("../../fixtures/stored/store_v3.gz")),
    (4, include_bytes!("../../fixtures/stored/store_v4.gz")),
    (5, include_bytes!("../../fixtures/stored/store_v5.gz")),
    (6, include_bytes!("../../fixtures/stored/store_v6.gz")),
];

/// Commands that only look at the database.
const LOOKS: [&[&str]; 9] = [
    &["user", "list"],
    &["user", "list", "138", "--json"],
    &["user", "show", "nobody"],
    &["company", "list"],
    &["company", "show", "nobody"],
    &["superuser", "list"],
    &["rules", "show"],
    &["key", "list"],
    &["events"],
];

/// Commands that write to the database, be it an event that says that they ran.
const CHANGES: [&[&str]; 14] = [
    &["user", "export"],
    &["user", "disable", "13800138000"],
    &["user", "delete", "13800138000", "--yes"],
    &["company", "put", "acme", "company_name=Acme"],
    &["company", "delete", "acme", "--yes"],
    &["superuser", "create", "root@example.com"],
    &["superuser", "revoke", "root@example.com"],
    &["rules", "set", "tbl_company", "list", "--everybody"],
    &["key", "rotate"],
    &["backup"],
    &["backup", "copy.redb"],
    &["compact"],
    &["export", "pocketbase", "out"],
    &["import", "pocketbase", "none"],
];

fn unpack(packed: &[u8], dir: &Path) {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed)
        .read_to_end(&mut bytes)
        .unwrap();
    fs::write(dir.join("bai.redb"), bytes).unwrap();
}

fn folder(dir: &Path) -> BTreeMap<OsString, Vec<u8>> {
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    entries
        .map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap()))
        .collect()
}

fn each_older_file(check: impl Fn(u32, &Path)) {
    for (version, packed) in OLDER {
        let dir = tempfile::tempdir().unwrap();
        unpack(packed, dir.path());
        check(version, dir.path());
    }
}

#[test]
fn no_command_changes_a_file_of_an_older_version() {
    each_older_file(|version, dir| {
        let before = folder(dir);
        for args in LOOKS.iter().chain(&CHANGES) {
            let (output, _, told) = run(dir, args);
            assert_eq!(output.status.code(), Some(1), "{args:?}: {told}");
            if args.first() != Some(&"import") {
                assert!(
                    told.contains(&format!("schema version {version}"))
                        && told.contains("bai.redb")
                        && told.contains("bai migrate")
                        && told.contains("bai serve"),
                    "{args:?}: {told}"
                );
            }
            assert!(folder(dir) == before, "{args:?} changed the folder");
        }
    });
}

#[test]
fn an_older_file_is_checked_and_said_to_be_whole_and_older() {
    each_older_file(|version, dir| {
        fs::rename(dir.join("bai.redb"), dir.join("old.redb")).unwrap();
        let before = folder(dir);
        let (output, out, _) = run(dir, &["check", "old.redb"]);
        assert!(output.status.success());
        assert!(
            out.starts_with(&format!(
                "old.redb: whole and older: of schema version {version}, this bai writes 7; users "
            )),
            "{out}"
        );
        let json: Value =
            serde_json::from_str(&run(dir, &["check", "old.redb", "--json"]).1).unwrap();
        assert_eq!(json["version"], version);
        assert!(folder(dir) == before);
    });
}

#[test]
fn a_migration_is_told_and_keeps_the_file_as_it_was() {
    each_older_file(|version, dir| {
        let before = fs::read(dir.join("bai.redb")).unwrap();
        let users = |file| -> Value {
            let (_, out, _) = run(dir, &["check", file, "--json"]);
            serde_json::from_str::<Value>(&out).unwrap()["users"].clone()
        };
        let counted = users("bai.redb");
        let (output, out, told) = run(dir, &["migrate"]);
        assert!(output.status.success(), "{told}");
        let kept = format!("bai.redb.v{version}.bak");
        assert_eq!(
            out,
            format!(
                "bai.redb was brought from schema version {version} to 7; as it was it is kept as {kept}\n"
            )
        );
        assert!(fs::read(dir.join(kept)).unwrap() == before);
        assert_eq!(users("bai.redb"), counted);
        assert!(run(dir, &["user", "list"]).0.status.success());
        let rules = run(dir, &["rules", "show", "--json"]).1;
        assert_eq!(rules.matches("\"is_default\": true").count(), 12, "{rules}");
        let now = folder(dir);
        assert_eq!(
            run(dir, &["migrate"]).1,
            "bai.redb is up to date: schema version 7\n"
        );
        assert!(folder(dir) == now);
    });
}

#[test]
fn the_server_migrates_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    unpack(OLDER[0].1, dir.path());
    let running = Running::start(bai(dir.path(), &["serve"]));
    assert!(run(dir.path(), &["migrate"]).1.contains("up to date"));
    running.signal("-TERM");
    let (_, log) = running.wait();
    assert!(
        log.contains("migrating the database") && log.contains("bai.redb.v1.bak"),
        "{log}"
    );
}

#[test]
fn looking_changes_no_byte_of_a_file_of_this_version_either() {
    let dir = tempfile::tempdir().unwrap();
    unpack(OLDER[2].1, dir.path());
    assert!(run(dir.path(), &["migrate"]).0.status.success());
    let before = folder(dir.path());
    for args in LOOKS {
        let (output, _, told) = run(dir.path(), args);
        assert!(
            output.status.success() || told.contains("nobody"),
            "{args:?}: {told}"
        );
        assert!(folder(dir.path()) == before, "{args:?} changed the folder");
    }
}
