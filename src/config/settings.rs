//! The settings as people look at them: each key with its value, its meaning and its source. No secret is in it.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::SHIPPED;
use super::sections::{Config, masked};
use super::sources::{Source, leaves};

/// A setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// `section.key`, or `section.table.key`.
    pub key: String,
    /// Its value as TOML; stars in place of a secret.
    pub value: String,
    /// Its value if nobody sets it, as TOML.
    pub default: String,
    /// Its meaning, as the shipped file tells it.
    pub meaning: String,
    /// Source of the value.
    pub source: Source,
    /// The environment variable that sets it.
    pub variable: String,
}

impl Config {
    /// All settings, in the order of the shipped file.
    ///
    /// # Errors
    /// None that is known: every value has a form in TOML.
    pub fn settings(&self) -> Result<Vec<Setting>, toml::ser::Error> {
        let mut values = texts(self)?;
        let mut defaults = texts(&Self::default())?;
        let keys = meanings(SHIPPED).into_iter();
        let settings = keys.map(|(key, meaning)| Setting {
            value: values.remove(&key).unwrap_or_default(),
            default: defaults.remove(&key).unwrap_or_default(),
            source: self.sources.of(&key),
            variable: format!("BAI_{}", key.to_uppercase().replace('.', "__")),
            key,
            meaning,
        });
        Ok(settings.collect())
    }
}

/// All values as TOML, by key.
fn texts(config: &Config) -> Result<BTreeMap<String, String>, toml::ser::Error> {
    let table = Table::try_from(config)?;
    let values = leaves(&table).into_iter();
    let shown = values.map(|(key, value)| {
        let value = without_arguments(&key, masked_texts(value.clone()));
        (key, value.to_string())
    });
    Ok(shown.collect())
}

/// The value, with stars for the arguments of the program to run, among which there may be keys.
fn without_arguments(key: &str, value: Value) -> Value {
    match value {
        Value::Array(mut words) if key == "backup.on_failure" => {
            words
                .iter_mut()
                .skip(1)
                .for_each(|word| *word = "***".into());
            Value::Array(words)
        }
        value => value,
    }
}

/// The value, with stars for users and passwords of any URL in it.
fn masked_texts(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(masked(&text)),
        Value::Array(items) => Value::Array(items.into_iter().map(masked_texts).collect()),
        Value::Table(entries) => {
            let entries = entries.into_iter();
            Value::Table(
                entries
                    .map(|(key, value)| (key, masked_texts(value)))
                    .collect(),
            )
        }
        other => other,
    }
}

/// A line of a commented file.
enum Line<'a> {
    Comment(&'a str),
    Section(&'a str),
    Key(&'a str),
    Blank,
    Other,
}

impl<'a> Line<'a> {
    fn read(line: &'a str) -> Self {
        if line.is_empty() {
            return Self::Blank;
        }
        if let Some(words) = line.strip_prefix('#') {
            return Self::Comment(words.trim());
        }
        if let Some(name) = line.strip_prefix('[') {
            return Self::Section(name.trim_end_matches(']'));
        }
        let key = line.split_once(" = ").map(|(key, _)| key);
        key.filter(|key| is_key(key)).map_or(Self::Other, Self::Key)
    }
}

/// The keys of a commented file in their order, each with the comment above it. Keys that follow one another share one.
fn meanings(file: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut section = "";
    let mut comment = Vec::new();
    let mut is_over = false;
    for line in file.lines().map(Line::read) {
        match line {
            Line::Comment(words) => {
                if std::mem::take(&mut is_over) {
                    comment.clear();
                }
                comment.push(words);
            }
            Line::Section(name) => {
                section = name;
                comment.clear();
            }
            Line::Key(key) => {
                found.push((whole_key(section, key), comment.join("\n")));
                is_over = true;
            }
            Line::Blank => comment.clear(),
            Line::Other => {}
        }
    }
    found
}

/// The key with its section, if it is in one.
fn whole_key(section: &str, key: &str) -> String {
    match section {
        "" => key.to_owned(),
        section => format!("{section}.{key}"),
    }
}

/// Whether a line begins with it as with a key, and is not in a value of several lines.
fn is_key(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_key_of_the_shipped_file_has_a_meaning_and_its_default() {
        let settings = Config::default().settings().unwrap();
        let shipped: Table = toml::from_str(SHIPPED).unwrap();
        let expected: BTreeMap<_, _> = leaves(&shipped).into_iter().collect();
        let keys = settings.iter().map(|setting| &setting.key);
        assert_eq!(keys.collect::<BTreeSet<_>>(), expected.keys().collect());
        for setting in settings {
            assert!(setting.meaning.len() > 10, "{setting:?}");
            assert_eq!(setting.value, setting.default);
            assert_eq!(setting.source, Source::Default);
            let value = toml::from_str::<Table>(&format!("v = {}", setting.value));
            assert!(value.is_ok(), "{setting:?}");
        }
    }

    #[test]
    fn keys_that_follow_one_another_share_a_comment() {
        let file = "# The file.\n\n# Zero.\nz = 0\n# Of no key.\n[a]\n# One.\n# Two.\nb = 1\nc = [\n  { d = 2 },\n]\n# Three.\ne = 1\n[a.f]\n# Four.\ng = 1\n";
        let expected = [
            ("z", "Zero."),
            ("a.b", "One.\nTwo."),
            ("a.c", "One.\nTwo."),
            ("a.e", "Three."),
            ("a.f.g", "Four."),
        ];
        let expected = expected.map(|(key, words)| (key.to_owned(), words.to_owned()));
        assert_eq!(meanings(file), expected);
    }
}
