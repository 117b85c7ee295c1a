//! Commands on a database on PostgreSQL: they open it directly, say so, and leave files alone.

use std::fs;
use std::io::Write;
use std::iter;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::binary::bai;
use crate::support::canary::PASSWORD;
use crate::support::postgres::{database, shared, sql};

const NOWHERE: &str = "postgres://bai:canary-in-a-url@127.0.0.1:1/bai";
const PHONE: &str = "13800138000";

/// The end of a command.
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Commands in an empty folder, on one database.
struct Commands {
    dir: TempDir,
    url: String,
}

impl Commands {
    fn on(url: &str) -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            url: url.to_owned(),
        }
    }

    fn folder(&self) -> &Path {
        self.dir.path()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = bai(self.folder(), args);
        command.envs([
            ("BAI_STORE__URL", self.url.as_str()),
            ("BAI_STORE__REQUIRE_SYNC", "false"),
            ("BAI_PASSWORD__LOG_N", "4"),
        ]);
        command
    }

    fn run(&self, args: &[&str]) -> Ended {
        end(self.command(args), "")
    }

    /// The output of a command that has to succeed, and to say where it was.
    fn done(&self, args: &[&str], input: &str) -> String {
        let ended = end(self.command(args), input);
        assert_eq!(ended.code, Some(0), "{args:?}: {}{}", ended.out, ended.err);
        let name = self.url.replacen("bai@", "", 1);
        assert_eq!(ended.err.lines().next(), Some(&*format!("bai: {name}")));
        ended.out
    }

    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.done(&[args, &["--json"]].concat(), "")).unwrap()
    }

    /// Somebody else's statement.
    fn sql(&self, statement: &str) {
        sql::execute(&self.url, statement);
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn end(mut command: Command, input: &str) -> Ended {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that wants no input may have ended.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    Ended {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Commands on a database with a user, a company and a superuser.
fn filled() -> Commands {
    let commands = Commands::on(&database());
    let password = format!("{PASSWORD}\n");
    commands.done(&["superuser", "create", "root@example.com"], &password);
    commands.done(&["company", "put", "acme", "company_name=Acme"], "");
    let user = [
        "user",
        "create",
        "--phone",
        PHONE,
        "--name",
        "Anne",
        "--company",
        "acme",
    ];
    commands.done(&user, &password);
    commands
}

#[test]
fn backup_restore_and_compact_are_wrong_use_and_name_the_tools() {
    let commands = Commands::on(NOWHERE);
    for args in [
        &["backup"][..],
        &["restore", "x.redb", "--yes"],
        &["compact"],
    ] {
        let ended = commands.run(args);
        assert_eq!(ended.code, Some(2), "{args:?}: {}", ended.err);
        for words in [args[0], "127.0.0.1:1/bai", "pg_basebackup", "docs/scale.md"] {
            assert!(ended.err.contains(words), "{}", ended.err);
        }
        assert!(!ended.err.contains("canary"), "{}", ended.err);
    }
    assert!(commands.files().is_empty());
}

#[test]
fn documents_need_no_database_and_show_no_password() {
    let commands = Commands::on(NOWHERE);
    assert_eq!(commands.run(&["openapi"]).code, Some(0));
    let shown = commands.run(&["config"]).out;
    assert!(shown.contains("url = \"postgres://***@127.0.0.1:1/bai\""));
    assert!(!shown.contains("canary"));
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn commands_find_what_commands_have_made_and_touch_no_file() {
    let commands = filled();
    let superusers = commands.json(&["superuser", "list"]);
    assert_eq!(superusers[0]["email"], "root@example.com");
    assert_eq!(
        commands.json(&["company", "show", "acme"])["company_name"],
        "Acme"
    );
    commands.done(&["user", "update", PHONE, "users_name=Bea"], "");
    commands.done(&["user", "disable", PHONE], "");
    let user = commands.json(&["user", "show", PHONE]);
    assert_eq!(
        (&user["users_name"], &user["users_status"]),
        (&"Bea".into(), &0.into())
    );
    commands.done(&["user", "enable", PHONE], "");
    let exported = commands.done(&["user", "export"], "");
    assert!(exported.contains(PHONE) && exported.lines().count() == 1);
    commands.done(&["rules", "set", "tbl_company", "list", "--everybody"], "");
    assert!(
        commands
            .done(&["rules", "show", "tbl_company"], "")
            .contains("everybody")
    );
    commands.done(&["key", "rotate"], "");
    assert_eq!(commands.json(&["key", "list"]).as_array().unwrap().len(), 2);
    commands.done(&["user", "delete", PHONE, "--yes"], "");
    assert!(!commands.done(&["user", "list"], "").contains(PHONE));
    assert!(commands.files().is_empty(), "{:?}", commands.files());
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn events_of_a_command_are_stored_when_it_ends() {
    let commands = filled();
    let kinds = "SELECT count(*) FROM events";
    assert_eq!(sql::value(&commands.url, kinds), "3");
    let events = commands.json(&["events"]);
    let events = events.as_array().unwrap();
    assert_eq!(events.len(), 3);
    assert!(events.iter().all(|event| event["kind"] == "record-create"));
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn a_dry_run_knows_who_is_there_and_an_import_brings_the_others() {
    let commands = filled();
    let table = commands.folder().join("table.csv");
    let lines = format!("users_phone,users_name\n{PHONE},Twice\n13900139000,Carl\n");
    fs::write(&table, lines).unwrap();
    let dry = commands.run(&["import", "csv", "table.csv", "--dry-run"]);
    assert_eq!(dry.code, Some(1), "{}", dry.err);
    assert!(dry.out.contains("users would come: 1"), "{}", dry.out);
    assert!(!commands.done(&["user", "list"], "").contains("Carl"));
    let import = commands.run(&["import", "csv", "table.csv"]);
    assert!(import.out.contains("users came: 1"), "{}", import.out);
    assert!(commands.done(&["user", "list"], "").contains("Carl"));
    assert_eq!(commands.files(), ["bai.import.tsv", "table.csv"]);
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn what_is_exported_to_pocketbase_can_be_imported_into_another_database() {
    let commands = filled();
    let summary = commands.done(&["export", "pocketbase", "out"], "");
    assert!(
        summary.contains("1 users, 1 companies, 1 superusers"),
        "{summary}"
    );
    let other = Commands::on(&database());
    let folder = commands.folder().join("out");
    let import = ["import", "pocketbase", folder.to_str().unwrap(), "--accept"];
    other.done(&import, "");
    for args in [&["user", "show", PHONE][..], &["company", "show", "acme"]] {
        assert_eq!(commands.json(args), other.json(args));
    }
    assert!(other.run(&["check"]).out.contains("whole; users 1"));
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn a_check_finds_whatever_somebody_else_has_changed() {
    let commands = filled();
    let check = || commands.run(&["check"]);
    let whole = check();
    assert_eq!(whole.code, Some(0), "{}", whole.err);
    assert!(
        whole
            .out
            .ends_with(": whole; users 1, companies 1, superusers 1, events 3\n"),
        "{}",
        whole.out
    );
    for (table, change, told) in [
        ("users", "phone = '13911111111'", "the column phone of"),
        ("users", "openid = 'x'", "the column openid of"),
        ("users", "email = 'a@example.com'", "the column email of"),
        ("users", "name_begin = 'B'", "the column name_begin of"),
        ("users", "number = 7", "the column number of"),
        ("users", "created_ms = 1", "the column created_ms of"),
        ("users", "record = '\\x00'", "is damaged"),
        ("companies", "company_id = 'x'", "the column company_id of"),
        ("superusers", "email = 'x'", "the column email of"),
        ("superusers", "number = 9", "the column number of"),
        ("events", "party = 'x'", "the column party of"),
        ("events", "origin = 0", "the column origin of"),
        ("events", "event = '\\x00'", "is damaged"),
        (
            "totals",
            "users = 2",
            "there are 1 users, and 2 are counted",
        ),
        ("totals", "companies = 0", "there are 1 companies"),
        ("totals", "superusers = 0", "there are 1 superusers"),
        (
            "totals",
            "imported_hashes = 3",
            "users with imported hashes",
        ),
        (
            "totals",
            "user_number = 0",
            "the newest user has the number 1",
        ),
        ("event_totals", "events = 8", "and 8 are counted"),
        (
            "event_totals",
            "number = 1",
            "the newest event has the number",
        ),
        ("state", "value = '\\x00'", "damaged"),
    ] {
        commands.sql(&format!("CREATE TABLE kept AS SELECT * FROM {table}"));
        commands.sql(&format!("UPDATE {table} SET {change}"));
        let ended = check();
        commands.sql(&format!(
            "BEGIN; DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept; DROP TABLE kept; COMMIT"
        ));
        assert_eq!(ended.code, Some(1), "{table} {change}: {}", ended.out);
        assert!(ended.err.contains(told), "{table} {change}: {}", ended.err);
    }
    assert_eq!(check().code, Some(0));
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn a_check_reads_more_than_a_page_of_each() {
    let commands = filled();
    let lines = (0..2_500).map(|n| format!("139{n:08},user {n}"));
    let table: Vec<_> = iter::once("users_phone,users_name".to_owned())
        .chain(lines)
        .collect();
    fs::write(commands.folder().join("table.csv"), table.join("\n")).unwrap();
    commands.done(&["import", "csv", "table.csv"], "");
    let check = commands.run(&["check", "--json"]);
    let found: Value = serde_json::from_str(&check.out).unwrap();
    assert_eq!(found["users"], 2_501);
    let last = "UPDATE users SET created_ms = 1 WHERE id = (SELECT max(id) FROM users)";
    commands.sql(last);
    assert!(commands.run(&["check"]).err.contains("created_ms"));
}

/// Statements that make tables of version 1 of those of version 2.
const BACK_TO_1: [&str; 5] = [
    "DROP TABLE avatars",
    "DROP TABLE outbox",
    "DROP TABLE leases",
    "ALTER TABLE totals DROP COLUMN avatars, DROP COLUMN avatar_bytes, DROP COLUMN message",
    "UPDATE bai_schema SET version = 1, oldest = 1",
];

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn tables_of_version_1_are_refused_until_they_are_brought_up_to_date() {
    let commands = filled();
    for statement in BACK_TO_1 {
        commands.sql(statement);
    }
    let refused = commands.run(&["user", "list"]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.err.contains("version 1") && refused.err.contains("bai migrate"),
        "{}",
        refused.err
    );
    let migrated = commands.run(&["migrate"]).out;
    assert!(migrated.contains("version 1 to 2"), "{migrated}");
    let check = commands.run(&["check", "--json"]);
    let found: Value = serde_json::from_str(&check.out).unwrap();
    assert_eq!((&found["users"], &found["avatars"]), (&1.into(), &0.into()));
    commands.done(&["user", "delete", PHONE, "--yes"], "");
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn a_migration_says_from_which_version_to_which() {
    let commands = Commands::on(&database());
    let migrate = || commands.run(&["migrate"]);
    assert!(
        migrate()
            .out
            .ends_with(" has tables of version 2 now; there were none\n")
    );
    assert!(
        migrate()
            .out
            .ends_with(" is up to date: its tables are of version 2\n")
    );
    commands.sql("UPDATE bai_schema SET version = 9, oldest = 9");
    for args in [&["migrate"][..], &["user", "list"]] {
        let ended = commands.run(args);
        assert_eq!(ended.code, Some(1), "{}", ended.out);
        assert!(
            ended
                .err
                .contains("schema version 9, this bai knows up to 2"),
            "{}",
            ended.err
        );
    }
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn a_database_that_would_lose_or_misplace_something_is_refused_in_words() {
    let commands = Commands::on(&database());
    for args in [&["user", "list"][..], &["migrate"], &["serve"]] {
        let mut command = commands.command(args);
        command.env("BAI_STORE__REQUIRE_SYNC", "true");
        let ended = end(command, "");
        assert_eq!(ended.code, Some(1), "{args:?}");
        let words = "set synchronous_standby_names (Patroni: synchronous_mode), or store.require_sync = false";
        assert!(ended.err.contains(words), "{}", ended.err);
    }
    shared().administer(
        "CREATE DATABASE of_another_order TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en' LOCALE 'C'",
    );
    let ended = Commands::on(&shared().url("of_another_order")).run(&["user", "list"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains("has to be C"), "{}", ended.err);
    assert!(ended.err.contains("LOCALE 'C'"), "{}", ended.err);
}
