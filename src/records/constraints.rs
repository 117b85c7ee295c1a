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
    /// The earliest date, in PocketBase's form.
    pub earliest: Option<String>,
    /// The latest date.
    pub latest: Option<String>,
    /// The most bytes of a text or of JSON.
    pub max_size: Option<usize>,
    /// Domains of addresses.
    pub domains: Domains,
    /// Whether the server sets the date of a new record.
    pub on_create: bool,
    /// Whether the server sets the date at each change.
    pub on_update: bool,
}

/// Domains that addresses may have, compared by the letter.
#[derive(Clone, Debug, Default)]
pub struct Domains {
    only: Vec<String>,
    except: Vec<String>,
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
        let date = |name: &str| description[name].as_str().filter(|date| !date.is_empty());
        let max_size = description["maxSize"].as_u64().filter(|size| *size > 0);
        Self {
            min: number("min"),
            max: number("max"),
            is_whole: description["onlyInt"] == true,
            pattern: (!pattern.is_empty()).then(|| Pattern(Regex::new(pattern).ok())),
            most_values: usize::try_from(most).unwrap_or(usize::MAX).max(1),
            earliest: date("min").map(str::to_owned),
            latest: date("max").map(str::to_owned),
            max_size: max_size.and_then(|size| usize::try_from(size).ok()),
            domains: Domains {
                only: texts(&description["onlyDomains"]),
                except: texts(&description["exceptDomains"]),
            },
            on_create: description["onCreate"] == true,
            on_update: description["onUpdate"] == true,
        }
    }
}

impl Domains {
    /// Whether addresses may have the domain.
    pub fn allow(&self, domain: &str) -> bool {
        let is_in = |list: &[String]| list.iter().any(|of_list| of_list == domain);
        (self.only.is_empty() || is_in(&self.only)) && !is_in(&self.except)
    }
}

fn texts(list: &Value) -> Vec<String> {
    let items = list.as_array().into_iter().flatten();
    let texts = items.filter_map(|item| item.as_str().map(str::to_owned));
    texts.collect()
}

impl Pattern {
    /// Whether the text matches.
    pub fn matches(&self, text: &str) -> bool {
        let pattern = self.0.as_ref();
        pattern.is_some_and(|pattern| pattern.is_match(text))
    }
}
