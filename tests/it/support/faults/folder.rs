//! The content of a folder after a command, and the verdict on it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::scenario::{DATABASE, Scenario, Steps};
use super::state::{State, States, of_bytes};

/// Names and bytes of the files in a folder and in those within it; of sockets nothing.
pub type Files = BTreeMap<String, Vec<u8>>;

pub fn files(dir: &Path) -> Files {
    let mut all = Files::new();
    walk(dir, "", &mut all);
    all
}

fn walk(dir: &Path, prefix: &str, all: &mut Files) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            walk(&entry.path(), &format!("{name}/"), all);
        } else if kind.is_file() {
            all.insert(name, fs::read(entry.path()).unwrap());
        }
    }
}

/// Names of the folders in a folder; none has another in it.
pub fn folders(dir: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    folders
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect()
}

/// A name without its time.
pub fn mask(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_ascii_digit() { '#' } else { c })
        .collect()
}

/// The outcome of a command when nothing is in its way.
pub struct Expected {
    pub scenario: Scenario,
    /// The files that it finds.
    pub found: Files,
    /// The state of the database before; `None` if there is none.
    pub before: Option<State>,
    pub after: State,
    /// Databases that it leaves beside its own, by masked name.
    kept: BTreeMap<String, State>,
    /// The masked names of all that it leaves.
    names: BTreeSet<String>,
}

impl Expected {
    /// `found` is what the command finds, `left` what it leaves.
    pub fn new(scenario: Scenario, found: Files, left: &Files) -> Self {
        let state = |bytes: &Vec<u8>| of_bytes(bytes).unwrap();
        let is_kept = |name: &&String| {
            *name != DATABASE && !found.contains_key(*name) && !left[*name].is_empty()
        };
        let kept = left.keys().filter(is_kept);
        let kept = kept.filter_map(|name| Some((mask(name), of_bytes(&left[name]).ok()?)));
        Self {
            scenario,
            before: found.get(DATABASE).map(state),
            after: state(&left[DATABASE]),
            kept: kept.collect(),
            names: left.keys().map(|name| mask(name)).collect(),
            found,
        }
    }

    /// True if the database may have this state when the command was interrupted, or failed.
    fn allows(&self, found: Option<&State>, is_acknowledged: bool) -> bool {
        if is_acknowledged || found == Some(&self.after) {
            return found == Some(&self.after);
        }
        let (Some(found), Steps::Several) = (found, self.scenario.steps) else {
            return found == self.before.as_ref();
        };
        found.is_between(&self.before.clone().unwrap_or_default(), &self.after)
    }

    /// Judges a folder.
    pub fn judge(
        &self,
        files: &BTreeMap<String, impl AsRef<[u8]>>,
        is_acknowledged: bool,
        states: &States,
    ) -> Result<(), String> {
        for (name, bytes) in self.found.iter().filter(|(name, _)| *name != DATABASE) {
            let is_same = files.get(name).is_some_and(|found| found.as_ref() == bytes);
            is_same
                .then_some(())
                .ok_or_else(|| format!("{name}, which was there, is gone or changed"))?;
        }
        let database = files.get(DATABASE).map(|bytes| states.of(bytes.as_ref()));
        let database = database
            .transpose()
            .map_err(|e| format!("the database: {e}"))?;
        if !self.allows(database.as_ref(), is_acknowledged) {
            let found = database.map_or("missing".into(), |found| found.compare(&self.after));
            let asked = if is_acknowledged {
                "what was acknowledged"
            } else {
                "the one before nor after"
            };
            return Err(format!("the database is not {asked}: {found}"));
        }
        let has_changed = database.as_ref() == Some(&self.after) && database != self.before;
        self.judge_kept(files, is_acknowledged || has_changed, states)
    }

    /// Databases that the command keeps or makes are whole, if they have their names.
    fn judge_kept(
        &self,
        files: &BTreeMap<String, impl AsRef<[u8]>>,
        are_all_there: bool,
        states: &States,
    ) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        for (name, bytes) in files {
            let Some(expected) = self.kept.get(&mask(name)) else {
                continue;
            };
            let state = states
                .of(bytes.as_ref())
                .map_err(|e| format!("{name}: {e}"))?;
            if state != *expected {
                return Err(format!(
                    "{name} is not what it should be: {}",
                    state.compare(expected)
                ));
            }
            seen.insert(mask(name));
        }
        match self
            .kept
            .keys()
            .find(|name| are_all_there && !seen.contains(*name))
        {
            Some(name) => Err(format!("there is no {name}")),
            None => Ok(()),
        }
    }

    /// Files that neither the command nor the one after it should leave.
    pub fn leftovers(&self, dir: &Path, next: &str) -> Vec<String> {
        let is_known = |name: &String| {
            self.found.contains_key(name)
                || self.names.contains(&mask(name))
                || name == next
                || name == DATABASE
        };
        files(dir)
            .into_keys()
            .filter(|name| !is_known(name))
            .collect()
    }
}
