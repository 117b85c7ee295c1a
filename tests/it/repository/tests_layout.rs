//! The layout of `tests/it/`: what tests share is in `support/`, the other folders hold tests only.

use std::fs;
use std::path::{Path, PathBuf};

const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it");

/// The files of `tests/it/` outside `support/`, but for `repository/`, whose tests have paths of sources in their texts.
fn test_files() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    read_below(Path::new(TESTS), &mut files);
    files.retain(|(path, _)| !path.starts_with("support") && !path.starts_with("repository"));
    assert!(files.len() > 50, "{} files only", files.len());
    files
}

fn read_below(folder: &Path, into: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_below(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).unwrap();
            into.push((path.strip_prefix(TESTS).unwrap().to_owned(), source));
        }
    }
}

/// The first name of each path of modules that begins with `root`: `support` of `crate::support::app`.
fn names_after<'a>(root: &str, source: &'a str) -> impl Iterator<Item = &'a str> {
    source.split(root).skip(1).map(|rest| {
        rest.split(|c: char| !c.is_alphanumeric() && c != '_')
            .next()
            .unwrap()
    })
}

#[test]
fn no_helper_is_exported_from_a_test_file() {
    for (path, source) in test_files() {
        let exported = source
            .lines()
            .find(|line| line.trim_start().starts_with("pub"));
        assert_eq!(
            exported,
            None,
            "{}: what others use goes to support/",
            path.display()
        );
    }
}

#[test]
fn tests_use_no_module_of_the_tests_but_support() {
    for (path, source) in test_files() {
        let used = names_after("crate::", &source).find(|name| *name != "support");
        assert_eq!(used, None, "{}", path.display());
        assert!(
            !source.contains("super::"),
            "{} uses what is in another test file",
            path.display()
        );
    }
}

#[test]
fn support_uses_no_test() {
    let mut files = Vec::new();
    read_below(&Path::new(TESTS).join("support"), &mut files);
    for (path, source) in files {
        let used = names_after("crate::", &source).find(|name| *name != "support");
        assert_eq!(used, None, "{}", path.display());
    }
}

/// A folder's `mod.rs` lists its files and has nothing else.
#[test]
fn folders_of_tests_have_no_code_of_their_own() {
    for (path, source) in test_files()
        .iter()
        .filter(|(path, _)| path.ends_with("mod.rs"))
    {
        let code = source
            .lines()
            .find(|line| !line.is_empty() && !line.starts_with("//") && !line.starts_with("mod "));
        assert_eq!(code, None, "{}", path.display());
    }
}
