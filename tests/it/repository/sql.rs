//! The statements for PostgreSQL keep to the subset that CockroachDB and YugabyteDB have, too: docs/decisions/0019-postgresql.md.

use std::fs;
use std::path::{Path, PathBuf};

/// Words that no statement has, each with the reason.
const NEVER: &[(&str, &str)] = &[
    (
        "advisory",
        "a stub in one engine, behind a flag in the other",
    ),
    ("collate", "the database is in the order of bytes"),
    ("copy ", "its binary form is PostgreSQL's alone"),
    ("currval", "numbers are ours"),
    ("foreign key", "no rule is the database's"),
    ("jsonb", "records are bytes"),
    ("listen", "one lock of all that notify"),
    ("nextval", "numbers are ours"),
    ("notify", "one lock of all that notify"),
    ("now()", "the time is ours"),
    ("current_timestamp", "the time is ours"),
    ("random()", "randomness is ours"),
    ("references", "no rule is the database's"),
    (
        "returning",
        "not in every engine with what it stands beside",
    ),
    ("savepoint", "not in every engine"),
    ("sequence", "numbers are ours"),
    ("serial", "numbers are ours"),
    ("temp", "not in every engine"),
    ("trigger", "no rule is the database's"),
    ("truncate", "not in every engine"),
];

/// Words with which a statement begins.
const BEGINS: &[&str] = &[
    "SELECT ", "INSERT ", "UPDATE ", "DELETE ", "CREATE ", "ALTER ", "DROP ", "SET ", "SHOW ",
    "BEGIN", "COMMIT", "ROLLBACK", "TRUNCATE", "COPY ", "LISTEN ", "NOTIFY ", "WITH ", "LOCK ",
];

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let below = folders.iter().flat_map(|folder| self::files(folder));
    files.into_iter().chain(below).collect()
}

/// The statements among the string literals of a source.
fn statements(source: &str) -> Vec<String> {
    let product = source.split("#[cfg(test)]").next().unwrap_or_default();
    let code: Vec<&str> = product
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        // What the database is asked of its own collation, before anything else.
        .filter(|line| !line.contains("SELECT datcollate"))
        .collect();
    let code = code.join("\n").replace("\\\n", " ").replace("\\\"", "'");
    let literals = code.split('"').skip(1).step_by(2);
    let is_statement = |text: &&str| BEGINS.iter().any(|begin| text.starts_with(begin));
    literals.filter(is_statement).map(str::to_owned).collect()
}

/// The words that a statement should not have.
fn offences(statement: &str) -> Vec<&'static str> {
    let statement = statement.to_lowercase();
    let never = NEVER.iter().map(|(word, _)| *word);
    let mut found: Vec<_> = never.filter(|word| statement.contains(word)).collect();
    let is_index = statement.starts_with("create index") || statement.starts_with("create unique");
    if is_index && statement.contains(" where ") {
        found.push("a partial index");
    }
    found
}

#[test]
fn statements_keep_to_what_all_engines_have() {
    let sources = files(Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/store/postgres"
    )));
    let mut count = 0;
    for path in sources {
        for statement in statements(&fs::read_to_string(&path).unwrap()) {
            let offences = offences(&statement);
            assert!(
                offences.is_empty(),
                "{}: {offences:?} in {statement}",
                path.display()
            );
            count += 1;
        }
    }
    assert!(count > 80, "only {count} statements were found");
}

#[test]
fn a_statement_of_one_engine_alone_would_be_noticed() {
    for statement in [
        "SELECT pg_advisory_lock(1)",
        "INSERT INTO a VALUES (nextval('b'))",
        "CREATE INDEX x ON a (b) WHERE c",
        "CREATE TABLE a (b serial)",
        "NOTIFY x",
        "UPDATE a SET b = now()",
    ] {
        let source = format!("const A: &str = \"{statement}\";");
        let found = statements(&source);
        assert!(!offences(&found[0]).is_empty(), "{statement}");
    }
    assert!(offences("SELECT a FROM b WHERE c = ANY($1)").is_empty());
}
