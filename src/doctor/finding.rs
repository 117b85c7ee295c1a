//! Findings: what was found, how bad it is, and what to do.

use serde::Serialize;

/// Weight of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// As it should be.
    Ok,
    /// It works, and could be better.
    Advice,
    /// It does not work, or is dangerous.
    Wrong,
    /// It could not be looked at.
    NotLookedAt,
}

/// A finding. No secret is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A word for programs, which stays as it is: `subject.word`.
    pub code: &'static str,
    /// Weight.
    pub mark: Mark,
    /// The finding, for people.
    pub found: String,
    /// Remedy, in lines; empty where there is nothing to do.
    pub remedy: String,
}

impl Finding {
    /// A finding of something that is as it should be.
    pub fn ok(code: &'static str, found: impl Into<String>) -> Self {
        Self::new(code, Mark::Ok, found)
    }

    /// A finding of something that could be better.
    pub fn advice(code: &'static str, found: impl Into<String>) -> Self {
        Self::new(code, Mark::Advice, found)
    }

    /// A finding of something that does not work, or is dangerous.
    pub fn wrong(code: &'static str, found: impl Into<String>) -> Self {
        Self::new(code, Mark::Wrong, found)
    }

    /// A finding of something that could not be looked at.
    pub fn not_looked_at(code: &'static str, found: impl Into<String>) -> Self {
        Self::new(code, Mark::NotLookedAt, found)
    }

    /// The finding with what to do.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    fn new(code: &'static str, mark: Mark, found: impl Into<String>) -> Self {
        Self {
            code,
            mark,
            found: found.into(),
            remedy: String::new(),
        }
    }
}
