//! The code for mini-programs in the quick start, run by node against a server, in a stand-in for WeChat's runtime.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::installation::Installation;

const RUNTIME: &str = include_str!("../../mini_program/runtime.cjs");

/// The address that the page writes.
const ADDRESS: &str = "https://bai.example.com/pb";

/// The quick start in both languages.
const PAGES: [&str; 2] = ["docs/quick-start.md", "docs/zh-CN/quick-start.md"];

/// The blocks of the page in a language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = fs::read_to_string(path).unwrap();
    let begin = format!("\n```{language}\n");
    let bodies = text.split(&begin).skip(1);
    let blocks = bodies.map(|block| block.split_once("\n```").unwrap().0);
    blocks.map(str::to_owned).collect()
}

/// Actions of the page's scripts with the server at `base`.
fn run_scripts(page: &str, base: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let scripts = blocks(page, "js");
    let names = ["utils/bai.js", "pages/me/me.js"];
    assert_eq!(scripts.len(), names.len(), "{page}");
    for (name, script) in names.iter().zip(&scripts) {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, script.replace(ADDRESS, base)).unwrap();
    }
    let runtime = folder.path().join("runtime.cjs");
    fs::write(&runtime, RUNTIME).unwrap();
    let output = Command::new("node").arg(&runtime).output().unwrap();
    assert!(output.status.success(), "{page}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{page}: {e} in {output:?}"))
}

/// Words of the markup that `begin` and `end` enclose.
fn enclosed<'a>(markup: &'a str, begin: &str, end: &str) -> Vec<&'a str> {
    let rests = markup.split(begin).skip(1);
    rests.map(|rest| rest.split_once(end).unwrap().0).collect()
}

/// Names of the handlers that the markup binds.
fn bound(markup: &str) -> Vec<&str> {
    let attributes = markup.split(" bind").skip(1);
    attributes
        .map(|rest| rest.split('"').nth(1).unwrap())
        .collect()
}

#[test]
#[ignore = "needs node; .ci/run runs it"]
fn the_code_of_the_quick_start_logs_in_and_completes_the_profile() {
    for page in PAGES {
        let mut place = Installation::empty();
        let told = place.with_server(|base| run_scripts(page, base));
        assert_eq!(told["asksForPrivacy"], true, "{told}");
        assert_eq!(told["asksAgain"], false, "{told}");
        assert_eq!(told["contract"], true, "{told}");
        assert_eq!(told["uploaded"], "wxfile://tmp_1.png");
        // One login at the start, one for the token that was refused, one of the test's own.
        assert_eq!(told["codes"], 3, "{told}");
        assert_eq!(told["toasts"], json!(["更新成功"]));
        assert_eq!(told["after"]["status"], "login_success");
        assert_eq!(told["after"]["is_info_complete"], true);
        assert_eq!(told["after"]["user"]["users_phone"], "13900139001");
        assert_eq!(told["after"]["user"]["users_name"], "李四");
        assert_eq!(told["refused"]["code"], 400, "{told}");
    }
}

#[test]
#[ignore = "needs node; .ci/run runs it"]
fn the_markup_of_the_quick_start_names_handlers_and_data_of_its_script() {
    for page in PAGES {
        let mut place = Installation::empty();
        let told = place.with_server(|base| run_scripts(page, base));
        let markup = blocks(page, "html").join("\n");
        let handlers = bound(&markup);
        assert_eq!(handlers.len(), 5, "{handlers:?}");
        for handler in handlers {
            let known = told["handlers"].as_array().unwrap();
            assert!(known.contains(&json!(handler)), "{page}: {handler}");
        }
        for name in enclosed(&markup, "{{", "}}") {
            let known = told["data"].as_array().unwrap();
            let name = name.trim_start_matches('!');
            assert!(known.contains(&json!(name)), "{page}: {name}");
        }
    }
}
