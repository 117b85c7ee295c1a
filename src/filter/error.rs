//! Errors of the language: why a text is no filter or no sort.

/// Reason why a filter or a sort was not accepted; PocketBase answers all of them with the same 400.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Longer than the language allows.
    #[error("too long")]
    TooLong,
    /// More comparisons or sort fields than the language allows.
    #[error("too many expressions")]
    TooMany,
    /// A character that begins nothing.
    #[error("unexpected character {0:?}")]
    Character(char),
    /// A text, a group or a function call that does not end.
    #[error("{0} without its end")]
    Unclosed(char),
    /// Neither operator, number nor name, though it began like one.
    #[error("invalid token {0:?}")]
    Token(String),
    /// A token that must not be where it is.
    #[error("expected {0}")]
    Expected(&'static str),
    /// A name that is no field, macro or constant.
    #[error("unknown field {0:?}")]
    Field(String),
    /// A collection that there is not.
    #[error("unknown collection {0:?}")]
    Collection(String),
    /// A modifier that there is not, or not there.
    #[error("{0:?} has a modifier that cannot be used here")]
    Modifier(String),
    /// A field that leads to no record, with a name after it.
    #[error("{0:?} is no relation")]
    Relation(String),
    /// A field of JSON, with a name after it.
    #[error("{0:?} has no parts that can be asked for")]
    Part(String),
    /// A path through more relations than the language allows.
    #[error("too many relations")]
    TooDeep,
    /// More joined collections, relations and lists than a rule may have.
    #[error("too many relations and collections")]
    TooManyJoins,
    /// A function: none is served.
    #[error("unknown function {0:?}")]
    Function(String),
}

/// Error in a rule, with its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error} at byte {at}, {}", before(rest))]
pub struct SyntaxError {
    /// Reason why it was not accepted.
    pub error: Error,
    /// The bytes before the place.
    pub at: usize,
    /// The beginning of what is written there.
    pub rest: String,
}

impl SyntaxError {
    /// Characters of the text that are repeated.
    const REST: usize = 30;

    pub(super) fn new(error: Error, at: usize, text: &str) -> Self {
        let rest = text.get(at..).unwrap_or_default();
        let rest = rest.chars().take(Self::REST).collect();
        Self { error, at, rest }
    }
}

fn before(rest: &str) -> String {
    if rest.is_empty() {
        "at the end".to_owned()
    } else {
        format!("where it says {rest:?}")
    }
}
