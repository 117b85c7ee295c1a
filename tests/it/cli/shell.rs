//! What comes with the binary for a shell: completions and manual pages.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::binary::run;

const SHELLS: [&str; 5] = ["bash", "elvish", "fish", "powershell", "zsh"];

/// The names below "Commands:" in the help of a command.
fn commands_of(dir: &Path, parents: &[String]) -> Vec<String> {
    let mut args: Vec<&str> = parents.iter().map(String::as_str).collect();
    args.push("--help");
    let (output, help, _) = run(dir, &args);
    assert!(output.status.success(), "{args:?}");
    let Some((_, list)) = help.split_once("\nCommands:\n") else {
        return Vec::new();
    };
    let names = list
        .lines()
        .take_while(|line| !line.is_empty())
        .filter(|line| !line.starts_with("   "));
    names
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .collect()
}

/// Every command by its words, `bai` itself being the one without any.
fn all_commands(dir: &Path, words: &[String]) -> Vec<Vec<String>> {
    let below = commands_of(dir, words).into_iter().flat_map(|name| {
        let words: Vec<String> = words.iter().cloned().chain([name]).collect();
        all_commands(dir, &words)
    });
    std::iter::once(words.to_vec()).chain(below).collect()
}

#[test]
fn each_command_has_its_manual_page() {
    let dir = tempfile::tempdir().unwrap();
    let (output, _, error) = run(dir.path(), &["man", "pages/man1"]);
    assert!(output.status.success(), "{error}");
    let pages = dir.path().join("pages/man1");
    let made: BTreeSet<String> = std::fs::read_dir(&pages)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let page =
        |words: &Vec<String>| format!("{}.1", [&["bai".to_owned()], &words[..]].concat().join("-"));
    let commands = all_commands(dir.path(), &[]);
    assert!(commands.len() > 10, "{commands:?}");
    assert_eq!(made, commands.iter().map(page).collect());
    for name in made {
        let text = std::fs::read_to_string(pages.join(&name)).unwrap();
        for part in [".TH", ".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION"] {
            assert!(text.contains(part), "{name} lacks {part}");
        }
    }
    let (_, page, _) = run(dir.path(), &["man"]);
    assert_eq!(page, std::fs::read_to_string(pages.join("bai.1")).unwrap());
}

#[test]
fn each_shell_has_completions_that_name_every_command() {
    let dir = tempfile::tempdir().unwrap();
    // What does not need a configuration works beside a broken one.
    std::fs::write(dir.path().join("config.toml"), "nonsense").unwrap();
    let commands = commands_of(dir.path(), &[]);
    for shell in SHELLS {
        let (output, script, _) = run(dir.path(), &["completions", shell]);
        assert!(output.status.success());
        for command in &commands {
            assert!(script.contains(command.as_str()), "{shell}: {command}");
        }
    }
    assert_eq!(
        run(dir.path(), &["completions", "sh"]).0.status.code(),
        Some(2)
    );
}

/// bash is asked, as it asks the script when somebody presses Tab after `bai ke`.
#[test]
fn bash_takes_the_completions() {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("bai.bash");
    std::fs::write(&script, run(dir.path(), &["completions", "bash"]).1).unwrap();
    let ask = r#"source "$0"; COMP_WORDS=(bai ke); COMP_CWORD=1; _bai bai ke bai; echo "${COMPREPLY[@]}""#;
    let output = Command::new("bash")
        .args(["-c", ask])
        .arg(&script)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "key\n");
}
