//! `bai doctor`, and its report as programs read it.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::binary::bai;
use crate::support::canary;

/// A report.
pub struct Report {
    pub exit_code: i32,
    value: Value,
}

/// Settings of the environment.
pub type Settings = Vec<(&'static str, String)>;

impl Report {
    /// The report on what is in the folder with these settings.
    pub fn of(dir: &Path, settings: &Settings, args: &[&str]) -> Self {
        let mut command = bai(dir, &[&["doctor", "--json"], args].concat());
        command.envs(settings.iter().map(|(name, value)| (name, value)));
        Self::read(&mut command)
    }

    pub fn read(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(canary::find(&text), None, "{text}");
        let value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"));
        Self {
            exit_code: output.status.code().unwrap(),
            value,
        }
    }

    /// The finding of this code, with its mark; it has to be there.
    pub fn find(&self, code: &str) -> Found {
        let found = self.findings().find(|it| it["code"] == code);
        let found = found.unwrap_or_else(|| panic!("no {code} in {:#}", self.value));
        let text = |name: &str| found[name].as_str().unwrap().to_owned();
        Found {
            mark: text("mark"),
            found: text("found"),
            remedy: text("remedy"),
        }
    }

    /// Codes of a subject: those that begin with it.
    pub fn codes(&self, subject: &str) -> Vec<&str> {
        let codes = self.findings().map(|it| it["code"].as_str().unwrap());
        codes.filter(|code| code.starts_with(subject)).collect()
    }

    pub fn count(&self, mark: &str) -> u64 {
        self.value[mark].as_u64().unwrap()
    }

    fn findings(&self) -> impl Iterator<Item = &Value> {
        self.value["findings"].as_array().unwrap().iter()
    }
}

/// A finding.
#[derive(Debug)]
pub struct Found {
    pub mark: String,
    pub found: String,
    pub remedy: String,
}

impl Found {
    /// The finding, if it has this mark and what is to do has these words.
    pub fn is(self, mark: &str, remedy: &str) -> Self {
        assert_eq!(self.mark, mark, "{self:?}");
        assert!(self.remedy.contains(remedy), "{remedy}: {self:?}");
        self
    }

    pub fn says(self, words: &str) -> Self {
        assert!(self.found.contains(words), "{words}: {self:?}");
        self
    }
}
