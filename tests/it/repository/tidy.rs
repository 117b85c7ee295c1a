//! Rules of the repository, held by reading it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::source_graph::SourceGraph;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Each module may use those of a lower rank, and itself.
const RANKS: [(&str, u8); 35] = [
    ("main", 20),
    ("cli", 13),
    ("doctor", 12),
    ("server", 11),
    ("contract", 10),
    ("pocketbase", 10),
    ("admin", 9),
    ("http", 8),
    ("pb_data", 8),
    ("webhooks", 8),
    ("records", 7),
    ("backup", 7),
    ("monitoring", 7),
    ("auth", 6),
    ("app", 5),
    ("error", 4),
    ("store", 3),
    ("wechat", 3),
    ("password", 3),
    ("token", 3),
    ("avatars", 3),
    ("telemetry", 3),
    ("limits", 2),
    ("config", 1),
    ("domain", 0),
    ("filter", 0),
    ("clock", 0),
    ("outbound", 0),
    ("random", 0),
    ("metrics", 0),
    ("fair", 0),
    ("language", 0),
    ("priority", 0),
    ("build_info", 0),
    ("lib", 20),
];

/// Crates that only some modules, or files of one, may name.
const FENCED: [(&str, &[&str]); 21] = [
    ("image", &["avatars"]),
    ("poem", &["contract", "http", "pocketbase", "server"]),
    ("hyper", &["server"]),
    ("redb", &["store/file"]),
    ("postcard", &["store"]),
    (
        "rustls",
        &["config", "server", "outbound", "store/postgres", "doctor"],
    ),
    ("tokio_postgres", &["store/postgres"]),
    ("instant_acme", &["server"]),
    ("rcgen", &["server"]),
    (
        "ureq",
        &[
            "server",
            "wechat",
            "backup",
            "outbound",
            "cli/health",
            "webhooks",
        ],
    ),
    ("rusty_s3", &["backup"]),
    ("pasetors", &["token"]),
    ("scrypt", &["password"]),
    ("bcrypt", &["password"]),
    // Signatures of webhooks are no tokens.
    ("hmac", &["token", "webhooks/signature"]),
    ("prometheus", &["metrics"]),
    ("rusqlite", &["pb_data"]),
    ("zip", &["pb_data"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("sd_notify", &["cli"]),
];

fn sources() -> BTreeMap<PathBuf, String> {
    fn walk(dir: &Path, into: &mut BTreeMap<PathBuf, String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, into);
            } else if path.extension().is_some_and(|e| e == "rs") {
                into.insert(path.clone(), fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut files = BTreeMap::new();
    walk(&Path::new(ROOT).join("src"), &mut files);
    files
}

/// The top-level module that a file belongs to.
fn module(path: &Path) -> String {
    let inside = path.strip_prefix(Path::new(ROOT).join("src")).unwrap();
    let first = inside
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_str()
        .unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The code above the in-file tests.
fn product(source: &str) -> &str {
    source.split("#[cfg(test)]").next().unwrap()
}

fn rank(module: &str) -> u8 {
    RANKS
        .iter()
        .find(|(name, _)| *name == module)
        .unwrap_or_else(|| panic!("give {module} a rank"))
        .1
}

#[test]
fn dependencies_point_one_way() {
    let graph = SourceGraph::read(&Path::new(ROOT).join("src"));
    for file in graph.files() {
        let user = top_module(&file.name);
        for used in graph.uses(file).into_iter().map(top_module) {
            assert!(
                used == user || rank(used) < rank(user),
                "{}: {user} must not use {used}",
                file.name
            );
        }
    }
}

/// The top-level module of a file below `src/`.
fn top_module(name: &str) -> &str {
    name.split('/').next().unwrap().trim_end_matches(".rs")
}

#[test]
fn passwords_are_verified_by_the_guard_of_auth_only() {
    let mut callers = sources();
    callers.retain(|_, source| {
        let code = product(source).replace(char::is_whitespace, "");
        code.contains("passwords.verify(")
    });
    let callers: Vec<PathBuf> = callers.into_keys().collect();
    assert_eq!(callers, [Path::new(ROOT).join("src/auth/guard.rs")]);
}

#[test]
fn crates_stay_behind_their_fences() {
    for (path, source) in sources() {
        let inside = path
            .strip_prefix(Path::new(ROOT).join("src"))
            .unwrap()
            .with_extension("");
        for (krate, users) in FENCED {
            let named = product(&source).lines().any(|line| {
                let line = line.trim_start();
                !line.starts_with("//")
                    && (line.contains(&format!("use {krate}::"))
                        || line.contains(&format!(" {krate}::")))
            });
            let is_user = users.iter().any(|user| inside.starts_with(user));
            assert!(!named || is_user, "{}: {krate}", path.display());
        }
    }
}

#[test]
fn the_contract_s_words_live_in_the_api_only() {
    for (path, source) in sources() {
        let user = module(&path);
        if matches!(
            user.as_str(),
            "contract"
                | "http"
                | "pocketbase"
                | "records"
                | "server"
                | "config"
                | "pb_data"
                | "cli"
                | "doctor"
        ) {
            continue;
        }
        for line in product(&source)
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            let chinese = line.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            assert!(
                !chinese && !line.contains("users_name") && !line.contains("users_phone\""),
                "{}: {line}",
                path.display()
            );
        }
    }
}

#[test]
fn the_changelog_has_the_version() {
    let changelog = fs::read_to_string(Path::new(ROOT).join("CHANGELOG.md")).unwrap();
    assert!(changelog.contains(&format!("## {}", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn every_configuration_key_is_in_the_operations_page() {
    let page = fs::read_to_string(Path::new(ROOT).join("docs/operations.md")).unwrap();
    let shipped: toml::Table = toml::from_str(bai::config::SHIPPED).unwrap();
    for (section, keys) in &shipped {
        assert_in_page(&page, section, keys);
    }
}

fn assert_in_page(page: &str, name: &str, value: &toml::Value) {
    match value {
        toml::Value::Table(keys) => {
            keys.iter()
                .for_each(|(key, value)| assert_in_page(page, &format!("{name}.{key}"), value));
        }
        _ => assert!(page.contains(&format!("`{name}`")), "{name}"),
    }
}

/// The first words of each message that is logged as a warning or an error, up to what is filled in.
fn alarms(source: &str) -> impl Iterator<Item = &str> {
    let calls = ["tracing::warn!(", "tracing::error!("]
        .into_iter()
        .flat_map(|call| source.split(call).skip(1));
    calls.map(|rest| {
        let message = rest.split('"').nth(1).unwrap();
        message
            .split(['{', ':', ';', ',', '\\'])
            .next()
            .unwrap()
            .trim()
    })
}

#[test]
fn the_operations_page_explains_every_warning_and_error_of_the_log() {
    let page = fs::read_to_string(Path::new(ROOT).join("docs/operations.md")).unwrap();
    let mut unexplained = Vec::new();
    for (path, source) in sources() {
        for message in alarms(product(&source)) {
            assert!(
                message.contains(' '),
                "{}: begin {message:?} with words of its own",
                path.display()
            );
            if !page.contains(&format!("| `{message}")) {
                unexplained.push(message.to_owned());
            }
        }
    }
    assert_eq!(unexplained, Vec::<String>::new());
}

#[test]
fn files_are_rooms_of_human_size() {
    for (path, source) in sources() {
        let lines = product(&source).lines().count();
        assert!(lines <= 350, "{} has {lines} lines", path.display());
    }
}

/// Each test that docs/security.md names is there: `file::name`, or `file::begin_of_a_name_…`, or the file alone, as `cargo test`
/// finds them.
#[test]
fn the_security_page_names_tests_that_exist() {
    let page = fs::read_to_string(Path::new(ROOT).join("docs/security.md")).unwrap();
    let mut paths = Vec::new();
    test_paths(&Path::new(ROOT).join("tests/it"), "", &mut paths);
    let rows = page
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| promise"));
    let tests = rows.filter_map(|row| row.split(" | ").nth(1));
    let names = tests
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .filter(|name| !name.starts_with('.'));
    let mut count = 0;
    for name in names.filter(|name| {
        !["http::", "limits::"]
            .iter()
            .any(|unit| name.starts_with(unit))
    }) {
        let end = if name.contains("::") { "" } else { "::" };
        let wanted = format!("::{}{end}", name.trim_end_matches('…'));
        assert!(paths.iter().any(|path| path.contains(&wanted)), "{name}");
        count += 1;
    }
    assert!(count > 20, "{count} names only");
}

/// The paths of the functions in `folder`, which is the module `module`: `::budgets::a_source_has_a_share_of_the_budget`.
fn test_paths(folder: &Path, module: &str, into: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if path.is_dir() {
            test_paths(&path, &format!("{module}::{name}"), into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let module = if name == "mod" {
                module.to_owned()
            } else {
                format!("{module}::{name}")
            };
            let source = fs::read_to_string(&path).unwrap();
            let functions = source
                .lines()
                .filter_map(|line| line.split("fn ").nth(1)?.split(['(', '<']).next());
            into.extend(functions.map(|function| format!("{module}::{function}")));
        }
    }
}

#[test]
fn no_two_files_name_each_other() {
    let graph = SourceGraph::read(&Path::new(ROOT).join("src"));
    assert!(graph.files().count() > 200);
    assert_eq!(graph.cycles(), Vec::<Vec<String>>::new());
}

/// Names that hid what they named, and have others now: docs/architecture.md, Words.
const OLD_WORDS: [&str; 22] = [
    "Given", "Cast", "cast", "Best", "best", "acts", "Void", "Latest", "latest", "upkeep",
    "Upkeep", "alone", "sight", "watchers", "Passing", "Lasting", "Door", "door", "knock", "Who",
    "By", "news",
];

#[test]
fn old_words_do_not_come_back() {
    for (path, source) in sources() {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        assert!(!OLD_WORDS.contains(&stem), "{}", path.display());
        let words: Vec<&str> = product(&source)
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .flat_map(|line| line.split(|sign: char| !sign.is_alphanumeric() && sign != '_'))
            .filter(|word| !word.is_empty())
            .collect();
        for pair in words.windows(2) {
            let is_defined = ["struct", "enum", "trait", "fn", "mod", "type"].contains(&pair[0]);
            assert!(
                !is_defined || !OLD_WORDS.contains(&pair[1]),
                "{}: {} {}",
                path.display(),
                pair[0],
                pair[1]
            );
        }
    }
}

/// A new field is a change of few files: the value, its place in the table and on the disk, and the contract where it names it.
#[test]
fn a_user_s_field_is_named_in_six_files_at_most() {
    let files = sources();
    let naming = files
        .iter()
        .filter(|(_, source)| source.contains("promo_code"));
    let names: Vec<_> = naming.map(|(path, _)| path.display().to_string()).collect();
    assert!(names.len() <= 6, "{names:?}");
}
