//! Lists of writes, and failures of logins.

use super::failure_set::failures;
use super::postgres_store::PostgresStore;
use super::statements as sql;
use super::wants::Wants;
use crate::domain::Failures;
use crate::store::commit_rules::{write_all, write_each};
use crate::store::outbox::Notices;
use crate::store::{CommitError, Conflict, Error, FailureWrite, Record, Write};

impl PostgresStore {
    pub(in crate::store) async fn commit(
        &self,
        writes: Vec<Write>,
        notices: Notices,
    ) -> Result<Vec<Record>, CommitError> {
        let wants = Wants::of_writes(&writes);
        let listed = self.writer.write(wants, move |set| {
            write_all(set, &mut writes.clone(), &notices)
        });
        listed.await?.into_result()
    }

    pub(in crate::store) async fn commit_each(
        &self,
        writes: Vec<Write>,
        notices: Notices,
    ) -> Result<Vec<Result<Record, Conflict>>, Error> {
        let wants = Wants::of_writes(&writes);
        self.writer
            .write(wants, move |set| {
                write_each(set, &mut writes.clone(), &notices)
            })
            .await
    }

    pub(in crate::store) async fn failures(&self, keys: &[String]) -> Result<Vec<Failures>, Error> {
        let rows = self.lookups.query(sql::FAILURES, &[&keys]).await?;
        let found = rows.iter().map(failures).collect::<Result<Vec<_>, _>>()?;
        let of = |key: &String| {
            let known = found.iter().find(|(known, _)| known == key);
            known.map_or_else(Failures::default, |(_, failures)| *failures)
        };
        Ok(keys.iter().map(of).collect())
    }

    pub(in crate::store) async fn write_failures(
        &self,
        writes: Vec<FailureWrite>,
    ) -> Result<bool, Error> {
        let wants = Wants {
            failures: writes.iter().map(|write| write.key.clone()).collect(),
            ..Wants::default()
        };
        self.writer
            .write(wants, move |set| Ok(set.failures.write(&writes)))
            .await
    }
}
