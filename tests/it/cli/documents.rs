//! Commands in the documents, each run as a reader pastes it: in a shell, in a folder with a database.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::app::Call;
use crate::support::binary::{Running, bai};
use crate::support::canary::PASSWORD;
use crate::support::documents::{Block, pages, uncommented};
use crate::support::installation::Installation;
use crate::support::pb_data::PbData;

/// Beginnings of commands that the tests cannot or may not run, and the reason.
const NOT_RUN: [(&str, &str); 20] = [
    ("export", "is for a cargo after it"),
    ("cargo", "builds for minutes what CI builds"),
    ("deploy/dist/build", "CI builds the archive"),
    ("deploy/dist/compile", "builds for minutes what CI builds"),
    ("deploy/debian/build", "CI builds the package"),
    ("deploy/rpm/build", "CI builds the package"),
    ("sha256sum", "wants the archive"),
    ("tar", "wants the archive, which CI builds and unpacks"),
    ("cd", "goes into the archive"),
    ("./bai", "is in the archive, and serves"),
    ("apt", "changes the machine"),
    ("rpm", "changes the machine"),
    ("sudo", "changes the machine; CI does it in a container"),
    ("install", "changes the machine"),
    ("editor", "is interactive"),
    ("systemctl", "wants systemd"),
    ("journalctl", "wants systemd"),
    ("docker", "wants an engine"),
    ("bai service", "wants systemd; CI has it in a container"),
    (
        "BAI_CUTS=2000",
        "runs the long tests, which CI does by themselves",
    ),
];

/// A document, in both languages, whose commands the tests do not run, as they want several machines; their form is held as everywhere.
const NOT_RUN_PAGE: &str = "/scale.md:";

/// Paths of the documents, and the ones in the folder of the test.
const PATHS: [(&str, &str); 6] = [
    ("/srv/", ""),
    ("/mnt/backups/", "mnt-"),
    ("/mnt/usb/", "usb-"),
    ("/usr/local/share/man/", ""),
    ("/etc/bash_completion.d/", "completions-"),
    ("/tmp/", ""),
];

/// Commands that take something away: one of them is never pasted with others.
const DESTRUCTIVE: [&str; 12] = [
    "disable",
    "delete",
    "revoke",
    "set-password",
    "release-phone",
    "rotate",
    "restore",
    "compact",
    "migrate",
    "purge",
    "rm",
    "stop",
];

/// Commands that ask before they do anything; without a terminal they refuse.
const ASKING: [&str; 2] = ["bai restore", "bai user release-phone"];

fn blocks() -> Vec<Block> {
    pages().iter().flat_map(|path| Block::all(path)).collect()
}

fn command_blocks() -> Vec<Block> {
    let all = blocks().into_iter();
    all.filter(|block| block.language == "console").collect()
}

/// The command without its comment and without what is quoted.
fn bare(command: &str) -> String {
    let mut bare = String::new();
    let mut quote = None;
    for char in uncommented(command, "#").chars() {
        match quote {
            Some(open) if char == open => quote = None,
            Some(_) => {}
            None if ['\'', '"'].contains(&char) => quote = Some(char),
            None => bare.push(char),
        }
    }
    bare
}

/// Whether the command begins with the words of one that the tests do not run. In a list it is indented.
fn is_not_run(command: &str) -> bool {
    let command = command.trim_start();
    let mut names = NOT_RUN.iter().map(|(name, _)| *name);
    names.any(|name| command == name || command.starts_with(&format!("{name} ")))
}

#[test]
fn commands_are_in_blocks_that_say_so_one_in_each_line() {
    let known = [
        "console", "toml", "yaml", "nginx", "text", "json", "js", "html",
    ];
    for block in blocks() {
        assert!(
            known.contains(&block.language.as_str()),
            "{}: a block of {:?}: commands are in ```console",
            block.place,
            block.language
        );
    }
    for block in command_blocks() {
        for command in block.commands() {
            let bare = bare(&command);
            assert!(
                !bare.contains(['|', ';', '&', '<', '[']),
                "{}: one command in each line, and no placeholders that a shell reads: {command}",
                block.place
            );
        }
    }
}

#[test]
fn what_takes_something_away_is_not_pasted_with_other_commands() {
    for block in command_blocks() {
        let commands = block.commands();
        for command in &commands {
            let bare = bare(command);
            let destructive = bare
                .split_whitespace()
                .any(|word| DESTRUCTIVE.contains(&word));
            assert!(
                !destructive || commands.len() == 1,
                "{}: this takes something away, so it is alone in its block: {command}",
                block.place
            );
        }
    }
}

fn console(lines: &[&str]) -> Block {
    Block {
        place: String::new(),
        language: "console".into(),
        lines: lines.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn the_rules_for_blocks_refuse_what_they_are_for() {
    assert_eq!(bare("bai a 'x | y' # | z"), "bai a ");
    let joined = console(&["$ curl \\", "  -d x", "{}", "$ bai a"]).commands();
    assert_eq!(joined, ["curl \\\n  -d x", "bai a"]);
    assert_eq!(
        console(&["bai a", "", "bai b"]).commands(),
        ["bai a", "bai b"]
    );
}

/// A folder that has what the documents speak of: a database with a user, PocketBase's folder, a backup to restore.
struct Reader {
    place: Installation,
    programs: tempfile::TempDir,
    token: String,
}

impl Reader {
    fn new(database: &Path, block: &Block) -> Self {
        let place = Installation::empty();
        fs::copy(database, place.path().join("bai.redb")).unwrap();
        if block.lines.iter().any(|line| line.contains("bai restore")) {
            fs::copy(database, place.path().join("usb-bai.redb")).unwrap();
        }
        let table = "users_phone,users_name,company_id\n13900000001,张三,\n13900000002,李四,\n";
        fs::write(place.path().join("table.csv"), table).unwrap();
        let pb = PbData::with_users(2);
        fs::create_dir(place.path().join("pb_data")).unwrap();
        for (path, bytes) in pb.files() {
            let name = path.file_name().unwrap();
            fs::write(place.path().join("pb_data").join(name), bytes).unwrap();
        }
        Self {
            place,
            programs: programs(),
            token: String::new(),
        }
    }

    fn run(&mut self, command: &str) {
        let command = PATHS
            .iter()
            .fold(command.to_owned(), |text, (theirs, ours)| {
                text.replace(theirs, ours)
            });
        match command.split_whitespace().next().unwrap() {
            _ if is_not_run(&command) => {}
            "curl" => self.call(&command),
            "bai" if bare(&command).trim() == "bai serve" => self.serve(),
            "bai" if command.starts_with("bai health") => self.health(&command),
            "bai" if command.starts_with("bai doctor") => self.doctor(&command),
            "bai" => self.finish(&command),
            program => panic!("the test does not know {program}; can it run {command}?"),
        }
    }

    /// The command in a shell; its output.
    fn shell(&self, command: &str, env: &[(&str, &str)]) -> Output {
        let path = std::env::var("PATH").unwrap();
        let path = format!("{}:{path}", self.programs.path().display());
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(self.place.path());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("BAI_")) {
            shell.env_remove(name);
        }
        shell.env("PATH", path).envs(env.iter().copied());
        shell.stdin(Stdio::piped());
        shell.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = shell.spawn().unwrap();
        // A command that wants no password does not read it.
        let _ = writeln!(child.stdin.take().unwrap(), "{PASSWORD}");
        child.wait_with_output().unwrap()
    }

    fn finish(&self, command: &str) {
        let output = self.shell(command, &[("BAI_PASSWORD__LOG_N", "4")]);
        let told = String::from_utf8_lossy(&output.stderr);
        if ASKING.iter().any(|asking| command.starts_with(asking)) {
            assert_eq!(output.status.code(), Some(2), "{command}: {told}");
            assert!(told.contains("say --yes"), "{command}: {told}");
        } else {
            assert_eq!(output.status.code(), Some(0), "{command}: {told}");
        }
    }

    /// Exit code 1, as what it finds here is wrong; it asks nobody outside.
    fn doctor(&self, command: &str) {
        let command = command.replace(".example.com", ".invalid");
        let output = self.shell(&command, &[]);
        assert_eq!(output.status.code(), Some(1), "{command}: {output:?}");
    }

    fn serve(&mut self) {
        self.place.start();
        self.place.stop();
    }

    fn health(&mut self, command: &str) {
        self.place.start();
        let base = self.place.server.as_ref().unwrap().base.clone();
        let listen = base.trim_start_matches("http://");
        let output = self.shell(command, &[("BAI_SERVER__LISTEN", listen)]);
        assert!(output.status.success(), "{command}: {output:?}");
        self.place.stop();
    }

    /// Sends what the command would, with the token of the answer before it.
    fn call(&mut self, command: &str) {
        let arguments = self.shell(command, &[]).stdout;
        let arguments = String::from_utf8(arguments).unwrap();
        let words: Vec<&str> = arguments.split_terminator('\0').collect();
        let after = |flag: &str| {
            let at = words.iter().position(|word| *word == flag);
            words[at.unwrap_or_else(|| panic!("no {flag} in {command}")) + 1]
        };
        let url = words.iter().find(|word| word.starts_with("http")).unwrap();
        let path = url.strip_prefix("http://127.0.0.1:8090").unwrap();
        let body = serde_json::from_str(after("-d")).unwrap();
        let token = self.token.clone();
        let has_token = words.contains(&"Authorization: Bearer pb.eyJ…");
        let method = after("-X").to_owned();
        let answer = self.place.with_server(|base| {
            let call = Call::new(&method, base, path).json(&body);
            match has_token {
                true => call.bearer(&token).send(),
                false => call.send(),
            }
        });
        assert_eq!(answer.status, 200, "{command}");
        if let Some(token) = answer.ok()["token"].as_str() {
            token.clone_into(&mut self.token);
        }
    }
}

/// A folder of programs for a shell: bai, and a curl that says how it was called.
fn programs() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    symlink(env!("CARGO_BIN_EXE_bai"), folder.path().join("bai")).unwrap();
    let curl = folder.path().join("curl");
    fs::write(&curl, "#!/bin/sh\nprintf '%s\\0' \"$@\"\n").unwrap();
    fs::set_permissions(&curl, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// All but those with the same commands as one before: it would be run in the same folder. So a page in Chinese runs only what it has
/// otherwise than its English pair, from which `repository::translations` keeps it.
fn blocks_to_run() -> Vec<Block> {
    let mut known = BTreeSet::new();
    let all = command_blocks().into_iter();
    all.filter(|block| !block.place.contains(NOT_RUN_PAGE) && known.insert(block.uncommented()))
        .collect()
}

#[test]
fn a_page_in_chinese_runs_what_its_english_pair_does_not() {
    let mut known = BTreeSet::new();
    let mut is_new = |lines: &[&str]| known.insert(console(lines).uncommented());
    assert!(is_new(&["bai check   # a look"]));
    assert!(!is_new(&["bai check   # 检查"]));
    assert!(is_new(&["bai check --json   # 检查"]));
}

#[test]
fn every_command_of_the_documents_runs() {
    let template = tempfile::tempdir().unwrap();
    let running = Running::start(bai(template.path(), &[]));
    let body = serde_json::json!({
        "users_name": "张三", "users_phone": "13800138000", "users_picture": "https://example.com/a.png",
        "password": PASSWORD, "passwordConfirm": PASSWORD,
    });
    running.post("/api/platform/register", &body).ok();
    running.signal("-TERM");
    assert!(running.wait().0);
    let mut commands = 0;
    for block in blocks_to_run() {
        // The user of the first login comes by the documents themselves.
        let database = template.path().join("bai.redb");
        let mut reader = Reader::new(&database, &block);
        if block.lines.iter().any(|line| line.starts_with("$ curl")) {
            fs::remove_file(reader.place.path().join("bai.redb")).unwrap();
        }
        for command in block.commands() {
            reader.run(&command);
            commands += 1;
        }
    }
    assert!(commands > 50, "{commands}");
}
