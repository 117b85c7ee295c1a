//! The row that says that a move is under way: until it is gone, nobody works with what is there.

use super::errors::{failed, unreadable};
use super::move_statements as sql;
use super::rows::column;
use super::session::Session;
use crate::domain::RecordId;
use crate::store::Error;

/// A move that is under way.
pub struct Move {
    /// Name of the source.
    pub source: String,
    /// Version of the source.
    pub version: String,
    /// The user up to whom all are there.
    pub users_to: Option<RecordId>,
}

/// The move that is under way, if there is one.
///
/// # Errors
/// [`Error::Failed`], [`Error::Damaged`].
pub async fn find(session: &Session) -> Result<Option<Move>, Error> {
    let counted = session.query(sql::COUNT_MOVES, &[]).await;
    let counted = counted.map_err(|e| failed(&e))?;
    let tables: i64 = counted
        .first()
        .map_or(Ok(0), |row| row.try_get(0))
        .map_err(|e| unreadable(&e))?;
    if tables == 0 {
        return Ok(None);
    }
    let rows = session.query(sql::READ_MOVE, &[]).await;
    let rows = rows.map_err(|e| failed(&e))?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let users_to: &str = column(row, 2)?;
    Ok(Some(Move {
        source: column(row, 0)?,
        version: column(row, 1)?,
        users_to: RecordId::parse(users_to),
    }))
}

/// Refuses a database that a move is under way to.
///
/// # Errors
/// [`Error::Unfit`] in words that say how to go on.
pub async fn ensure_none(session: &Session, database: &str) -> Result<(), Error> {
    match find(session).await? {
        None => Ok(()),
        Some(Move { source, .. }) => Err(Error::Unfit {
            database: database.to_owned(),
            reason: format!(
                "a move from {source} has not come to its end: run \"bai move {source} …\" again, or drop the tables"
            ),
        }),
    }
}

/// Begins a move from a source of that name and version, or goes on with it.
///
/// # Errors
/// [`Error::Unfit`] when another one is under way.
pub async fn begin(
    session: &Session,
    database: &str,
    (source, version): (&str, &str),
) -> Result<Move, Error> {
    session.run(sql::MAKE_MOVES).await.map_err(|e| failed(&e))?;
    session
        .execute(sql::BEGIN_MOVE, &[&source, &version])
        .await
        .map_err(|e| failed(&e))?;
    let Some(begun) = find(session).await? else {
        return Err(Error::Failed("the row of a move is gone".into()));
    };
    let reason = if begun.source != source {
        format!("another move is under way, from {}", begun.source)
    } else if begun.version != version {
        format!("{source} was changed since its move was cut")
    } else {
        return Ok(begun);
    };
    Err(Error::Unfit {
        database: database.to_owned(),
        reason: format!("{reason}: drop the tables, and move again"),
    })
}

/// Writes that all users up to one are there.
///
/// # Errors
/// [`Error::Failed`].
pub async fn mark(session: &Session, users_to: &str) -> Result<(), Error> {
    let marked = session.execute(sql::MARK_MOVE, &[&users_to]).await;
    marked.map(drop).map_err(|e| failed(&e))
}

/// Ends the move.
///
/// # Errors
/// [`Error::Failed`]; [`Error::Unknown`] when the commit was not confirmed.
pub async fn end(session: &Session) -> Result<(), Error> {
    session.take_warning();
    let ended = session.execute(sql::END_MOVE, &[]).await;
    ended.map_err(|e| failed(&e))?;
    match session.take_warning() {
        false => Ok(()),
        true => Err(Error::Unknown(
            "PostgreSQL warned in place of a confirmation".into(),
        )),
    }
}
