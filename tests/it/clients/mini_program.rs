//! The client for mini-programs, its sample, and the code of the quick start, by node: the tests are in `tests/clients/`.

use std::path::Path;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Runs a file of `tests/clients/` on the binary, with the packages of `tests/clients/package.json` in this folder.
fn run(file: &str, packages: &str) {
    let mut node = Command::new("node");
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("BAI_")) {
        node.env_remove(name);
    }
    let tests = Path::new(ROOT).join("tests/clients");
    node.args(["--test", "--test-reporter=tap"]);
    node.arg(tests.join(file));
    node.env("BAI_BINARY", env!("CARGO_BIN_EXE_bai"));
    node.env("NODE_PATH", packages);
    let output = node.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("\n# pass 0\n"), "{said}");
}

fn packages() -> String {
    std::env::var("BAI_MINI_PROGRAM")
        .expect("BAI_MINI_PROGRAM names the node_modules of tests/clients, which .ci/run installs")
}

#[test]
#[ignore = "needs node; .ci/run runs it"]
fn the_client_for_mini_programs_does_what_its_readme_says() {
    run("kit.test.cjs", "");
}

#[test]
#[ignore = "needs node, and the packages of tests/clients in BAI_MINI_PROGRAM; .ci/run runs it"]
fn the_sample_mini_program_compiles_and_works() {
    run("sample.test.cjs", &packages());
}

#[test]
#[ignore = "needs node, and the packages of tests/clients in BAI_MINI_PROGRAM; .ci/run runs it"]
fn the_code_of_the_quick_start_logs_in_and_completes_the_profile() {
    run("quick_start.test.cjs", &packages());
}
