//! Facts about the engine behind a URL, for who wants to know what they have.

use super::checks::{collation, has_consensus, show, unasked};
use super::hosts::Hosts;
use crate::config::Url;
use crate::store::Error;

/// Facts about an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineFacts {
    /// The database, without user and password.
    pub database: String,
    /// The engine's own words.
    pub version: String,
    /// Collation of the database.
    pub collation: String,
    /// Means by which a commit survives the loss of a machine.
    pub replication: String,
}

/// Asks the engine.
///
/// # Errors
/// [`Error::Address`], [`Error::Unavailable`].
pub async fn engine_facts(url: &Url) -> Result<EngineFacts, Error> {
    let hosts = Hosts::parse(url.expose())?;
    let session = hosts.any().await?;
    let version = session.query("SELECT version()", &[]).await;
    let version = version.map_err(unasked)?;
    let version = version.first().and_then(|row| row.try_get(0).ok());
    let standbys = show(&session, "SHOW synchronous_standby_names").await?;
    let standbys = standbys.unwrap_or_default();
    let replication = match (has_consensus(&session).await?, standbys.trim()) {
        (true, _) => "by consensus".to_owned(),
        (false, "") => {
            "no synchronous standby: what was acknowledged is lost with its machine".into()
        }
        (false, standbys) => {
            let commit = show(&session, "SHOW synchronous_commit").await?;
            let commit = commit.unwrap_or_default();
            format!("synchronous standbys {standbys}, synchronous_commit {commit}")
        }
    };
    Ok(EngineFacts {
        database: hosts.name().to_owned(),
        version: version.unwrap_or_default(),
        collation: collation(&session).await,
        replication,
    })
}
