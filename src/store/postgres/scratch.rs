//! Schemas that are made for a trial, and dropped after it.

use super::errors::failed;
use super::hosts::Hosts;
use crate::config::Url;
use crate::random::Random;
use crate::store::{Error, PostgresSettings};

/// Connections of a store that is tried.
const CONNECTIONS: usize = 2;

/// Schemas that are made for a trial. They are there until [`Scratch::drop_all`].
pub struct Scratch {
    url: Url,
    schemas: Vec<String>,
}

impl Scratch {
    /// Makes so many schemas in the database at a URL.
    ///
    /// # Errors
    /// [`Error::Address`], [`Error::Unavailable`]; [`Error::Failed`]: the user may make none, for one.
    pub async fn make(url: &Url, count: usize, random: &Random) -> Result<Self, Error> {
        let name = random.uuid().map_err(|e| Error::Failed(e.to_string()))?;
        let schemas = (0..count).map(|n| format!("bai_check_{}_{n}", name.simple()));
        let scratch = Self {
            url: url.clone(),
            schemas: schemas.collect(),
        };
        let made = scratch.run_each("CREATE SCHEMA").await;
        match made {
            Ok(()) => Ok(scratch),
            Err(error) => {
                let _ = scratch.drop_all().await;
                Err(error)
            }
        }
    }

    /// Settings of a store in each schema.
    #[must_use]
    pub fn settings(&self) -> Vec<PostgresSettings> {
        let schemas = self.schemas.iter();
        let settings = schemas.map(|schema| PostgresSettings {
            url: in_schema(&self.url, schema),
            require_sync: false,
            connections: CONNECTIONS,
        });
        settings.collect()
    }

    /// Drops them.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; [`Error::Failed`]: some are still there.
    pub async fn drop_all(self) -> Result<(), Error> {
        self.run_each("DROP SCHEMA IF EXISTS").await
    }

    async fn run_each(&self, statement: &str) -> Result<(), Error> {
        let hosts = Hosts::parse(self.url.expose())?;
        let session = hosts.any().await?;
        // Other trials end, too, and sweeps of theirs may still run.
        session
            .run("SET lock_timeout = '30s'")
            .await
            .map_err(|e| failed(&e))?;
        let cascade = match statement.starts_with("DROP") {
            true => " CASCADE",
            false => "",
        };
        for schema in &self.schemas {
            let sent = session.run(&format!("{statement} {schema}{cascade}")).await;
            sent.map_err(|e| failed(&e))?;
        }
        Ok(())
    }
}

/// The URL whose sessions work in a schema.
fn in_schema(url: &Url, schema: &str) -> Url {
    let url = url.expose();
    let separator = match url.contains('?') {
        true => '&',
        false => '?',
    };
    format!("{url}{separator}options=-c%20search_path%3D{schema}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_of_a_scratch_schema_search_in_it() {
        for (url, expected) in [
            (
                "postgres://bai@a/bai",
                "postgres://bai@a/bai?options=-c%20search_path%3Dx",
            ),
            (
                "postgres://bai@a/bai?sslmode=disable",
                "postgres://bai@a/bai?sslmode=disable&options=-c%20search_path%3Dx",
            ),
        ] {
            assert_eq!(in_schema(&url.into(), "x").expose(), expected);
        }
    }
}
