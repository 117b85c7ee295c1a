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
    /// A function: none is served.
    #[error("unknown function {0:?}")]
    Function(String),
}
