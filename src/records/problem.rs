//! Values that a field may not have.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde_json::Number;

use crate::domain::Invalid;

/// The reason why a field may not have a value, in PocketBase's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldProblem {
    /// Nothing where something is required.
    #[error("Cannot be blank.")]
    Blank,
    /// Not an e-mail address.
    #[error("Must be a valid email address.")]
    NotAnEmail,
    /// Not in the form that the field asks for.
    #[error("Invalid value format.")]
    Format,
    /// Not the same as another field, or as it was.
    #[error("Values don't match.")]
    Mismatch,
    /// Another record has the value.
    #[error("Value must be unique.")]
    NotUnique,
    /// The old password is missing or wrong.
    #[error("Missing or invalid old password.")]
    OldPassword,
    /// The id of a record never changes.
    #[error("The record primary key cannot be changed.")]
    PrimaryKey,
    /// A fraction where whole numbers are asked for.
    #[error("Decimal numbers are not allowed.")]
    NotWhole,
    /// Any other value that cannot be.
    #[error("Invalid value.")]
    Value,
    /// Not one of the values of a select field.
    #[error("{}", sentence(&format!("Invalid value {}", .0)))]
    NotAChoice(String),
    /// More values than the field takes.
    #[error("Select no more than {max}.")]
    TooManyValues {
        /// The greatest number of values.
        max: usize,
    },
    /// Infinity, or what is no number.
    #[error("The submitted number is not properly formatted.")]
    NotANumber,
    /// A number below the least.
    #[error("Must be greater or equal than {min}.")]
    TooSmall {
        /// The least number.
        min: Number,
    },
    /// A number above the greatest.
    #[error("Must be less or equal than {max}.")]
    TooGreat {
        /// The greatest number.
        max: Number,
    },
    /// A date before the earliest.
    #[error("Must be no less than {}.", utc(min))]
    TooEarly {
        /// The earliest date.
        min: String,
    },
    /// A date after the latest.
    #[error("Must be no greater than {}.", utc(max))]
    TooLate {
        /// The latest date.
        max: String,
    },
    /// A text of too many bytes.
    #[error("The maximum allowed content size is {max} bytes.")]
    ContentSize {
        /// The most bytes.
        max: usize,
    },
    /// JSON of too many bytes.
    #[error("The maximum allowed JSON size is {max} bytes.")]
    JsonSize {
        /// The most bytes.
        max: usize,
    },
    /// An e-mail address of a domain that the field does not take.
    #[error("Email domain is not allowed.")]
    EmailDomain,
    /// A URL of a domain that the field does not take.
    #[error("Url domain is not allowed.")]
    UrlDomain,
    /// A place beyond the poles.
    #[error("Latitude must be between -90 and 90 degrees.")]
    Latitude,
    /// A place farther than once around half the earth.
    #[error("Longitude must be between -180 and 180 degrees.")]
    Longitude,
    /// A field that is hidden in PocketBase, of which nothing is kept here.
    #[error("This server keeps no values of hidden fields.")]
    NotKept,
    /// A field whose random values PocketBase makes by a pattern.
    #[error("This server generates no values by a pattern; send the whole value.")]
    NotGenerated,
    /// An id, a token key or a text of the deployment with too few characters.
    #[error("Must be at least {min} character(s).")]
    ShortText {
        /// The least number of characters.
        min: usize,
    },
    /// Any other text with too few characters.
    #[error("Must be at least {min} character(s).")]
    TooShort {
        /// The least number of characters.
        min: usize,
    },
    /// Too many characters.
    #[error("Must be no more than {max} character(s).")]
    TooLong {
        /// The greatest number of characters.
        max: usize,
    },
}

/// A date as PocketBase has it in messages: without zeros at the end of its fraction, and with its zone in words.
fn utc(date: &str) -> String {
    let date = date.trim_end_matches('Z');
    let short = match date.contains('.') {
        true => date.trim_end_matches('0').trim_end_matches('.'),
        false => date,
    };
    format!("{short} +0000 UTC")
}

/// A text as PocketBase ends its messages.
fn sentence(text: &str) -> String {
    let text = text.trim();
    let end = if text.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    format!("{text}{end}")
}

impl From<Invalid> for FieldProblem {
    fn from(why: Invalid) -> Self {
        match why {
            Invalid::Empty => Self::Blank,
            Invalid::TooShort { min } => Self::TooShort { min },
            Invalid::TooLong { max } => Self::TooLong { max },
            Invalid::Phone | Invalid::Picture | Invalid::Code => Self::Format,
        }
    }
}

/// Fields with values that they may not have, by name in byte order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldProblems(BTreeMap<Cow<'static, str>, FieldProblem>);

impl FieldProblems {
    /// No problem.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds a problem, in place of one that the field had.
    pub fn insert(&mut self, field: impl Into<Cow<'static, str>>, problem: FieldProblem) {
        self.0.insert(field.into(), problem);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The problem of a field.
    pub fn of(&self, field: &str) -> Option<&FieldProblem> {
        self.0.get(field)
    }

    /// Each field with its problem.
    pub fn into_iter(self) -> impl Iterator<Item = (Cow<'static, str>, FieldProblem)> {
        self.0.into_iter()
    }

    /// Nothing if there is no problem; otherwise what `refusal` makes of them.
    pub fn refused_by<E>(self, refusal: fn(Self) -> E) -> Result<(), E> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(refusal(self))
        }
    }
}

impl From<(&'static str, FieldProblem)> for FieldProblems {
    fn from((field, problem): (&'static str, FieldProblem)) -> Self {
        Self(BTreeMap::from([(field.into(), problem)]))
    }
}

/// One line, such as `email: Cannot be blank. password: Invalid value.`
impl fmt::Display for FieldProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (name, problem)) in self.0.iter().enumerate() {
            let gap = if n == 0 { "" } else { " " };
            write!(f, "{gap}{name}: {problem}")?;
        }
        Ok(())
    }
}
