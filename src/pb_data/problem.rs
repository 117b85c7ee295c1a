//! Reasons why a record is not imported.

use crate::records::fields::value::Unfit;

/// The reason why a record is not imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A column has a value that a record here cannot have. The value is not told: it may be a secret.
    #[error("{column} is {why}")]
    Unfit {
        /// The column.
        column: &'static str,
        /// The reason, in words that go on after "is".
        why: String,
    },
    /// A column of the deployment's own has a value that is no JSON.
    #[error("{0} has a value that cannot be read")]
    UnreadableColumn(String),
    /// Another record has a value that only one record can have.
    #[error("its {column} is that of {owner}")]
    Taken {
        /// The column.
        column: &'static str,
        /// Id of the other record.
        owner: String,
    },
    /// A record with this id is here, and PocketBase has changed it since.
    #[error("it is here already with other values")]
    Differs,
}

impl Problem {
    /// The reason without what is only so of one record.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Taken { column, .. } => format!("its {column} is that of another record"),
            other => other.to_string(),
        }
    }

    /// A value that no record here can have.
    pub(super) fn unfit(column: &'static str, why: &str) -> Self {
        Self::Unfit {
            column,
            why: why.to_owned(),
        }
    }

    /// A column that must not be empty and is.
    pub(super) fn empty(column: &'static str) -> Self {
        Self::unfit(column, "empty")
    }

    /// A value that the field of that name cannot have.
    pub(super) fn of_field(column: &'static str) -> impl Fn(Unfit) -> Self {
        move |why| Self::unfit(column, &why.to_string())
    }
}
