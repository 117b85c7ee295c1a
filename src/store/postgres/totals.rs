//! Totals: what is counted, in the one row whose lock puts all commits in order.

use tokio_postgres::Row;

use super::rows::column;
use crate::domain::{Kind, User};
use crate::store::{Error, Record};

/// Totals.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// Users.
    pub users: i64,
    /// Companies.
    pub companies: i64,
    /// Superusers.
    pub superusers: i64,
    /// Users with an imported password hash.
    pub imported_hashes: i64,
    /// Number of the newest user.
    pub user_number: i64,
    /// Number of the newest company.
    pub company_number: i64,
    /// Number of the newest superuser.
    pub superuser_number: i64,
    /// Number of the newest change of a record.
    pub change: i64,
    /// Number of changes of the state.
    pub state: i64,
    /// Pictures of users.
    pub avatars: i64,
    /// Bytes of all pictures.
    pub avatar_bytes: i64,
    /// Number of the newest message.
    pub message: i64,
    /// Whether the state is another one.
    pub is_state_changed: bool,
}

impl Totals {
    /// The totals in a row.
    pub fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            users: column(row, 0)?,
            companies: column(row, 1)?,
            superusers: column(row, 2)?,
            imported_hashes: column(row, 3)?,
            user_number: column(row, 4)?,
            company_number: column(row, 5)?,
            superuser_number: column(row, 6)?,
            change: column(row, 7)?,
            state: column(row, 8)?,
            avatars: column(row, 9)?,
            avatar_bytes: column(row, 10)?,
            message: column(row, 11)?,
            is_state_changed: false,
        })
    }

    /// Counts that a record became another one, was made or removed.
    pub fn count(&mut self, before: Option<&Record>, after: Option<&Record>) {
        let Some(record) = after.or(before) else {
            return;
        };
        let total = match record.kind() {
            Kind::Users => &mut self.users,
            Kind::Companies => &mut self.companies,
            Kind::Superusers => &mut self.superusers,
        };
        *total += i64::from(after.is_some()) - i64::from(before.is_some());
        self.imported_hashes += imported_hashes(after) - imported_hashes(before);
    }

    /// The next number of a record of this kind.
    pub fn next_number(&mut self, kind: Kind) -> u64 {
        let newest = match kind {
            Kind::Users => &mut self.user_number,
            Kind::Companies => &mut self.company_number,
            Kind::Superusers => &mut self.superuser_number,
        };
        *newest += 1;
        newest.unsigned_abs()
    }
}

fn imported_hashes(record: Option<&Record>) -> i64 {
    let user = record.and_then(Record::as_user);
    i64::from(user.is_some_and(User::has_imported_hash))
}
