//! Messages of commands that were not done: each names what it is about, the cause, and what to do.

use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Stdio;

use crate::support::binary::{bai, run};
use crate::support::installation::Installation;

/// A folder with what commands stumble over.
fn stumbling_place() -> Installation {
    let mut place = Installation::stopped();
    place.create("13800000001", "Anne").ok();
    place
        .run_with(
            &["superuser", "create", "root@example.com"],
            "canary-password\n",
        )
        .ok();
    place.run(&["backup", "copy.redb"]).ok();
    let dir = place.path();
    fs::create_dir(dir.join("folder")).unwrap();
    fs::write(dir.join("text.txt"), "hi").unwrap();
    fs::write(dir.join("empty.redb"), "").unwrap();
    fs::copy(dir.join("copy.redb"), dir.join("damaged.redb")).unwrap();
    damage(&dir.join("damaged.redb"));
    fs::hard_link(dir.join("bai.redb"), dir.join("second-name.redb")).unwrap();
    place.stop();
    place
}

fn damage(file: &Path) {
    let file = OpenOptions::new().write(true).open(file).unwrap();
    let middle = file.metadata().unwrap().len() / 2;
    file.write_all_at(&vec![0x55; 65536], middle).unwrap();
}

/// Arguments, exit code, and what the message has to say.
type Case = (&'static [&'static str], i32, &'static [&'static str]);

const CASES: &[Case] = &[
    (&["backup", "nope/x"], 1, &["no folder nope", "make it"]),
    (&["backup", "text.txt/x"], 1, &["no folder text.txt"]),
    (
        &["backup", "folder"],
        2,
        &["folder is a folder", "name a file in it"],
    ),
    (
        &["backup", "copy.redb"],
        2,
        &["copy.redb is there already", "another"],
    ),
    (&["user", "export", "nope/x"], 1, &["no folder nope"]),
    (&["user", "export", "folder"], 2, &["folder is a folder"]),
    (
        &["user", "export", "copy.redb"],
        2,
        &["copy.redb is there already"],
    ),
    (
        &["restore", "bai.redb", "--yes"],
        2,
        &["bai.redb is the database itself", "backup"],
    ),
    (
        &["restore", "./bai.redb", "--yes"],
        2,
        &["is the database itself"],
    ),
    (
        &["restore", "second-name.redb", "--yes"],
        2,
        &["is the database itself"],
    ),
    (&["restore", "folder", "--yes"], 2, &["folder is a folder"]),
    (
        &["restore", "nope", "--yes"],
        1,
        &["no file nope", "bai backup"],
    ),
    (
        &["restore", "text.txt", "--yes"],
        1,
        &["text.txt is not a bai database"],
    ),
    (
        &["restore", "empty.redb", "--yes"],
        1,
        &["empty.redb is not a bai database", "empty"],
    ),
    (
        &["restore", "damaged.redb", "--yes"],
        1,
        &["damaged.redb is damaged", "block", "bai check"],
    ),
    (&["restore", "copy.redb"], 2, &["say --yes", "no terminal"]),
    (&["check", "folder"], 2, &["folder is a folder"]),
    (&["check", "empty.redb"], 1, &["empty.redb", "empty"]),
    (
        &["check", "damaged.redb"],
        1,
        &["damaged.redb is damaged", "block"],
    ),
    (
        &["user", "list", "--filter", "users_nam = 1"],
        2,
        &["--filter", "users_nam\"", "users_name"],
    ),
    (
        &["user", "list", "--filter", "users_name = "],
        2,
        &["--filter", "PocketBase's language"],
    ),
    (
        &["user", "list", "--filter", "(users_name = 1"],
        2,
        &["--filter", "PocketBase's language"],
    ),
    (
        &["user", "list", "--sort", "foo"],
        2,
        &["--sort", "foo", "users_name"],
    ),
    (
        &["user", "show", "nobody"],
        1,
        &["no user nobody", "phone, openid"],
    ),
    (&["user", "show", ""], 2, &["WHO"]),
    (&["user", "delete", "13800000001"], 2, &["say --yes"]),
    (
        &["user", "create", "--phone", "1", "--name", "x"],
        2,
        &["the phone is"],
    ),
    (
        &["user", "create", "--phone", "13800000001", "--name", "x"],
        2,
        &["13800000001", "bai user show"],
    ),
    (
        &["user", "create", "--phone", "13800000002", "--name", ""],
        2,
        &["the name is"],
    ),
    (
        &[
            "user",
            "create",
            "--phone",
            "13800000002",
            "--name",
            "x",
            "--company",
            "acme",
        ],
        2,
        &["no company acme", "bai company put acme"],
    ),
    (
        &["user", "create", "--phone", "13800000002", "--name", "x"],
        2,
        &["no password", "first line of the standard input"],
    ),
    (&["user", "set-password", "nobody"], 1, &["no user nobody"]),
    (&["user", "release-phone", "1"], 2, &["1 is"]),
    (
        &["superuser", "create", "root"],
        2,
        &["\"root\" is not an e-mail address"],
    ),
    (
        &["superuser", "create", "root@example.com"],
        2,
        &["root@example.com already", "set-password"],
    ),
    (
        &["superuser", "set-password", "nobody@example.com"],
        1,
        &["no superuser nobody@example.com"],
    ),
    (
        &["superuser", "delete", "root@example.com", "--yes"],
        2,
        &["last superuser", "bai superuser create"],
    ),
    (
        &["company", "show", "x"],
        1,
        &["no company x", "company_id"],
    ),
    (&["events", "--since", "x"], 2, &["--since is a time"]),
    (&["events", "--kind", "x"], 2, &["login-failed"]),
    (
        &["import", "pocketbase", "nope"],
        1,
        &["nope is neither", "data.db"],
    ),
    (
        &["export", "pocketbase", "text.txt"],
        1,
        &["cannot read or write text.txt"],
    ),
    (&["health"], 1, &["nobody answers at http://", "--url"]),
];

#[test]
fn each_message_names_its_subject_the_cause_and_what_to_do() {
    let place = stumbling_place();
    for (args, code, parts) in CASES {
        let mut command = bai(place.path(), args);
        // Nobody listens there.
        command.env("BAI_SERVER__LISTEN", "127.0.0.1:1");
        let output = command.output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(*code), "{args:?}: {told}");
        for part in *parts {
            assert!(told.contains(part), "{args:?}: no {part:?} in {told}");
        }
        assert!(
            !told.contains("store.path and its folder"),
            "{args:?}: {told}"
        );
    }
}

/// The message of a command on a database that is not there or cannot be one.
#[test]
fn a_database_that_is_not_there_is_named_with_the_settings_that_name_it() {
    let place = stumbling_place();
    for (path, part) in [
        ("nope/x.redb", "there is no database at"),
        ("text.txt/x", "cannot open text.txt/x: Not a directory"),
        ("text.txt", "text.txt is not a bai database"),
        ("damaged.redb", "damaged.redb is damaged"),
    ] {
        let mut command = bai(place.path(), &["user", "list"]);
        let output = command.env("BAI_STORE__PATH", path).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(part), "{path}: {told}");
    }
}

/// A reader who has had enough, as "head" has, is no failure, whichever command writes.
#[test]
fn a_reader_who_goes_away_ends_a_command_quietly() {
    let place = stumbling_place();
    for args in [
        &["user", "export"][..],
        &["user", "export", "--format", "csv"],
        &["user", "list"],
        &["user", "list", "--json"],
        &["openapi"],
        &["config"],
        &["events"],
        &["check"],
        &["man"],
        &["completions", "bash"],
    ] {
        let mut command = bai(place.path(), args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let told: Vec<_> = lines.map(Result::unwrap).collect();
        assert!(child.wait().unwrap().success(), "{args:?}: {told:?}");
        assert!(
            told.iter().all(|line| line.ends_with("bai.redb")),
            "{args:?}: {told:?}"
        );
    }
    assert!(run(place.path(), &["check"]).0.status.success());
}
