//! Totals of a verification: what was seen, beside what is counted.

use tokio_postgres::Row;

use super::columns::column_number;
use super::rows::column;
use super::totals::Totals;
use crate::domain::{EventId, Kind, Origin, User};
use crate::store::Error;

/// Observations.
#[derive(Default)]
pub struct CheckedTotals {
    /// Users.
    pub users: u64,
    /// Companies.
    pub companies: u64,
    /// Superusers.
    pub superusers: u64,
    /// Events by origin.
    pub events: [u64; Origin::COUNT],
    /// Pictures of users.
    pub avatars: u64,
    avatar_bytes: u64,
    newest_message: u64,
    imported_hashes: u64,
    newest_user: u64,
    newest_company: u64,
    newest_superuser: u64,
    newest_event: u64,
}

impl CheckedTotals {
    /// Counts a user.
    pub fn see_user(&mut self, user: &User) {
        self.users += 1;
        self.imported_hashes += u64::from(user.has_imported_hash());
        self.newest_user = self.newest_user.max(user.number.0);
    }

    /// Counts a company or a superuser.
    pub fn see_keyed(&mut self, kind: Kind, number: u64) {
        let (count, newest) = match kind {
            Kind::Companies => (&mut self.companies, &mut self.newest_company),
            _ => (&mut self.superusers, &mut self.newest_superuser),
        };
        *count += 1;
        *newest = (*newest).max(number);
    }

    /// Counts a picture of so many bytes.
    pub fn see_avatar(&mut self, bytes: u64) {
        self.avatars += 1;
        self.avatar_bytes += bytes;
    }

    /// Counts a message.
    pub fn see_message(&mut self, number: u64) {
        self.newest_message = self.newest_message.max(number);
    }

    /// Counts an event.
    pub fn see_event(&mut self, origin: Origin, id: EventId) {
        self.events[origin as usize] += 1;
        self.newest_event = self.newest_event.max(id.number);
    }

    /// Compares with the row of totals, and with those of events.
    ///
    /// # Errors
    /// [`Error::Damaged`] with the first that differs.
    pub fn ensure_counted(&self, totals: Option<&Row>, events: &[Row]) -> Result<(), Error> {
        let row = totals.ok_or_else(|| Error::Damaged("totals has no row".into()))?;
        self.ensure_totals(&Totals::read(row)?)?;
        let mut counted = [None; Origin::COUNT];
        let mut newest = 0;
        for row in events {
            let origin: i16 = column(row, 0)?;
            let place = usize::try_from(origin).ok();
            if let Some(place) = place.and_then(|place| counted.get_mut(place)) {
                *place = Some(column(row, 1)?);
            }
            newest = newest.max(column(row, 2)?);
        }
        for origin in Origin::ALL {
            let what = format!("events of {}", origin.name());
            let counted = counted[*origin as usize];
            let counted = counted
                .ok_or_else(|| Error::Damaged(format!("event_totals has no row for {what}")))?;
            ensure_equal(&what, self.events[*origin as usize], counted)?;
        }
        ensure_given("event", self.newest_event, newest)
    }

    fn ensure_totals(&self, totals: &Totals) -> Result<(), Error> {
        ensure_equal("users", self.users, totals.users)?;
        ensure_equal("companies", self.companies, totals.companies)?;
        ensure_equal("superusers", self.superusers, totals.superusers)?;
        ensure_equal(
            "users with imported hashes",
            self.imported_hashes,
            totals.imported_hashes,
        )?;
        ensure_equal("avatars", self.avatars, totals.avatars)?;
        ensure_equal("bytes of avatars", self.avatar_bytes, totals.avatar_bytes)?;
        ensure_given("message", self.newest_message, totals.message)?;
        ensure_given("user", self.newest_user, totals.user_number)?;
        ensure_given("company", self.newest_company, totals.company_number)?;
        ensure_given("superuser", self.newest_superuser, totals.superuser_number)
    }
}

fn ensure_equal(what: &str, seen: u64, counted: i64) -> Result<(), Error> {
    match column_number(seen) == counted {
        true => Ok(()),
        false => Err(Error::Damaged(format!(
            "there are {seen} {what}, and {counted} are counted"
        ))),
    }
}

/// The newest number that was given has to be that of the newest record at least, or the next one would get one that is taken.
fn ensure_given(what: &str, newest: u64, given: i64) -> Result<(), Error> {
    match column_number(newest) <= given {
        true => Ok(()),
        false => Err(Error::Damaged(format!(
            "the newest {what} has the number {newest}, and the newest that was given is {given}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_what_was_seen_and_numbers_may_be_ahead() {
        let seen = CheckedTotals {
            users: 3,
            newest_user: 7,
            ..CheckedTotals::default()
        };
        let ensure = |users, user_number| {
            seen.ensure_totals(&Totals {
                users,
                user_number,
                ..Totals::default()
            })
        };
        assert!(ensure(3, 7).is_ok() && ensure(3, 9).is_ok());
        for (users, number, told) in [(4, 7, "3 users, and 4"), (3, 6, "the number 7")] {
            let error = ensure(users, number).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
