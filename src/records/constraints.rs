//! Constraints of a field: what PocketBase's description of it says about its values.

use regex::Regex;
use serde_json::{Number, Value};

/// The least and the greatest, and whatever else a description says about values.
#[derive(Clone, Debug, Default)]
pub struct Constraints {
    /// The least number, or the fewest characters.
    pub min: Option<Number>,
    /// The greatest number.
    pub max: Option<Number>,
    /// Whether numbers have no fraction.
    pub is_whole: bool,
    /// The expression that a text has to match.
    pub pattern: Option<Pattern>,
    /// The most values of a select field.
    pub most_values: usize,
}

/// An expression that a text has to match; one that cannot be read matches nothing.
#[derive(Clone, Debug)]
pub struct Pattern(Option<Regex>);

impl Constraints {
    /// Reads PocketBase's description of a field.
    pub fn read(description: &Value) -> Self {
        let number = |name: &str| description[name].as_number().cloned();
        let pattern = description["pattern"].as_str().unwrap_or_default();
        let most = description["maxSelect"].as_u64().unwrap_or_default();
        Self {
            min: number("min"),
            max: number("max"),
            is_whole: description["onlyInt"] == true,
            pattern: (!pattern.is_empty()).then(|| Pattern(Regex::new(pattern).ok())),
            most_values: usize::try_from(most).unwrap_or(usize::MAX).max(1),
        }
    }
}

impl Pattern {
    /// Whether the text matches.
    pub fn matches(&self, text: &str) -> bool {
        let pattern = self.0.as_ref();
        pattern.is_some_and(|pattern| pattern.is_match(text))
    }
}
