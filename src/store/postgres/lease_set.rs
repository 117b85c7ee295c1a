//! Lease of what one server of several does, in the working set.

use tokio_postgres::Row;

use super::pipeline::Pipeline;
use super::rows::column;
use super::statements as sql;
use crate::store::Error;

/// The one lease that there is: delivery of messages.
pub const DELIVERY: &str = "delivery";

/// The lease as it is stored, and as it is to be.
#[derive(Default)]
pub struct LeaseSet {
    known: Option<(String, i64)>,
    taken: Option<(String, i64)>,
}

impl LeaseSet {
    /// Adds what is stored.
    pub fn read(&mut self, row: &Row) -> Result<(), Error> {
        self.known = Some((column(row, 0)?, column(row, 1)?));
        Ok(())
    }

    /// Takes the lease until then, unless another one has it now; whether it was taken.
    pub fn take(&mut self, holder: &str, now_ms: i64, until_ms: i64) -> bool {
        let known = self.taken.as_ref().or(self.known.as_ref());
        let is_free = known.is_none_or(|(other, until)| other == holder || *until < now_ms);
        if is_free {
            self.taken = Some((holder.to_owned(), until_ms));
        }
        is_free
    }

    /// Whether anything is to be written.
    pub fn is_changed(&self) -> bool {
        self.taken.is_some()
    }

    /// Sends the statement.
    pub fn send<'a>(&'a self, sent: &mut Pipeline<'a>) {
        if let Some((holder, until)) = &self.taken {
            sent.query(sql::WRITE_LEASE, vec![&DELIVERY, holder, until]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_its_holder_s_until_its_end() {
        let mut lease = LeaseSet::default();
        assert!(lease.take("a", 0, 30));
        assert!(!lease.take("b", 30, 60));
        assert!(lease.take("a", 20, 50));
        assert!(!lease.take("b", 50, 80));
        assert!(lease.take("b", 51, 81));
    }
}
