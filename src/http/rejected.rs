//! Rejections: reasons why a request is not read, without the words that a client is told.

use crate::domain::Invalid;

/// The reason why a request, its body or a field of it is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Rejected {
    /// A field breaks a rule of the domain.
    #[error("{field}: {why}")]
    Field {
        /// The contract's name of the field.
        field: &'static str,
        /// The rule that it breaks.
        why: Invalid,
    },
    /// A required field is absent or null.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A field has another JSON type.
    #[error("{0} is not a string")]
    NotAString(&'static str),
    /// `passwordConfirm` differs from `password`.
    #[error("the passwords differ")]
    PasswordsDiffer,
    /// `users_type` is not one of the two.
    #[error("unknown users_type")]
    UnknownUserType,
    /// The body is not JSON.
    #[error("the body is not JSON")]
    NotJson,
    /// The body is JSON, but no object.
    #[error("the body is not a JSON object")]
    NotAnObject,
    /// The body is declared as something else than JSON, or as nothing.
    #[error("the body is not declared as JSON")]
    NotDeclaredJson,
    /// The body has more bytes than we read.
    #[error("the body is too large")]
    TooLarge,
    /// The body is compressed, which nobody needs for 64 KiB and which can hide far more.
    #[error("the body is compressed")]
    Compressed,
    /// The body took longer than `server.body_timeout`.
    #[error("the body took too long")]
    TooSlow,
    /// The request came without TLS to a server that has it.
    #[error("the request came without TLS")]
    NotHttps,
    /// The path has an escape that is none.
    #[error("the path has an invalid escape")]
    InvalidPath,
    /// The body has so many values, or lists within lists, that no request may have the memory for them.
    #[error("the body has too many values")]
    TooManyValues,
    /// There is no memory for the request now; see `http::memory`.
    #[error("requests take all memory that they may")]
    NoMemory,
    /// The connection broke while the body was read.
    #[error("the body did not arrive whole")]
    Incomplete,
}

impl Rejected {
    /// For `map_err` on a parser of the domain.
    pub fn field(field: &'static str) -> impl Fn(Invalid) -> Self {
        move |why| Self::Field { field, why }
    }
}
