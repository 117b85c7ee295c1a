//! Remedies of errors of PostgreSQL, or of the connection to it: one table for all statements.

use tokio_postgres::error::SqlState;

use crate::store::Error;

/// Remedy after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The transaction was taken back, as others were in its way: it is run again on the same connection.
    Again,
    /// The connection is of no use any more, or leads to no primary: another one is made.
    Reconnect,
    /// Nothing helps: the statement or the database is wrong.
    None,
}

/// Remedy after `error`.
pub fn remedy(error: &tokio_postgres::Error) -> Remedy {
    match error.code() {
        Some(code) => remedy_of(code),
        None => Remedy::Reconnect,
    }
}

fn remedy_of(code: &SqlState) -> Remedy {
    match code.code() {
        // serialization_failure, deadlock_detected, lock_not_available.
        "40001" | "40P01" | "55P03" => Remedy::Again,
        // read_only_sql_transaction (a primary that became a standby), statement_completion_unknown, too_many_connections,
        // idle_in_transaction_session_timeout; admin_shutdown, crash_shutdown, cannot_connect_now.
        "25006" | "40003" | "53300" | "25P03" | "57P01" | "57P02" | "57P03" | "57P05" => {
            Remedy::Reconnect
        }
        // connection_exception and its kind.
        code if code.starts_with("08") => Remedy::Reconnect,
        _ => Remedy::None,
    }
}

/// The words for an error, without values of any record.
pub fn words(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => format!("{} ({})", error.message(), error.code().code()),
        None => match std::error::Error::source(error).map(ToString::to_string) {
            Some(cause) if cause.contains("certificate") => format!(
                "{error}: {cause}; name the root of its certificate by sslrootcert=FILE in store.url, or sslmode=disable"
            ),
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        },
    }
}

/// The error of a statement that nothing helps.
pub fn failed(error: &tokio_postgres::Error) -> Error {
    Error::Failed(words(error))
}

/// A column that is not what the statement gives.
pub fn unreadable(error: &tokio_postgres::Error) -> Error {
    Error::Damaged(format!("a row of the database: {}", words(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_has_its_remedy() {
        for (code, expected) in [
            ("40001", Remedy::Again),
            ("40P01", Remedy::Again),
            ("55P03", Remedy::Again),
            ("25006", Remedy::Reconnect),
            ("40003", Remedy::Reconnect),
            ("57P01", Remedy::Reconnect),
            ("08006", Remedy::Reconnect),
            ("53300", Remedy::Reconnect),
            ("23505", Remedy::None),
            ("53100", Remedy::None),
            ("42P01", Remedy::None),
        ] {
            assert_eq!(remedy_of(&SqlState::from_code(code)), expected, "{code}");
        }
    }
}
