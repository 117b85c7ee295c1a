//! Sources of the settings: for each key, who set it last.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// Source of the value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// The configuration file.
    File(PathBuf),
    /// An environment variable of this name.
    Environment(String),
    /// An argument of the command line.
    Argument(&'static str),
}

/// Sources of all keys that are not as they are by default: `section.key`, `section.table.key`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    file: Option<PathBuf>,
    by_key: BTreeMap<String, Source>,
}

impl Sources {
    /// The keys of `table`, which `file` has.
    pub(super) fn of_file(file: &Path, table: &Table) -> Self {
        let mut sources = Self {
            file: Some(file.to_owned()),
            by_key: BTreeMap::new(),
        };
        sources.set(&[], table, &Source::File(file.to_owned()));
        sources
    }

    /// The variable `name` set what is at `path` in `table`.
    pub(super) fn set_by_variable(&mut self, path: &[String], table: &Table, name: &str) {
        self.set(path, table, &Source::Environment(name.to_owned()));
    }

    /// The argument `name` set `key`.
    pub fn set_by_argument(&mut self, key: &str, name: &'static str) {
        self.by_key.insert(key.to_owned(), Source::Argument(name));
    }

    fn set(&mut self, path: &[String], table: &Table, source: &Source) {
        self.by_key.retain(|key, _| !is_inside(key, path));
        let set = leaves(table).into_iter().map(|(key, _)| key);
        let set = set.filter(|key| is_inside(key, path));
        self.by_key.extend(set.map(|key| (key, source.clone())));
    }

    /// The configuration file, if there is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The source of `key`.
    #[must_use]
    pub fn of(&self, key: &str) -> Source {
        self.by_key.get(key).cloned().unwrap_or(Source::Default)
    }
}

/// Whether the key is at `path` or below it.
fn is_inside(key: &str, path: &[String]) -> bool {
    let mut names = key.split('.');
    path.iter().all(|name| names.next() == Some(name.as_str()))
}

/// The values that are no tables, with their keys: `section.key`, `section.table.key`.
pub fn leaves(table: &Table) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (name, value) in table {
        match value {
            Value::Table(entries) => {
                let inside = leaves(entries).into_iter();
                found.extend(inside.map(|(key, value)| (format!("{name}.{key}"), value)));
            }
            value => found.push((name.clone(), value)),
        }
    }
    found
}
