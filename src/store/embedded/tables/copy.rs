//! Everything of another database.

use redb::{Key, ReadTransaction, ReadableTable, Table, TableDefinition, Value};

use super::{
    COMPANIES, COMPANIES_BY_KEY, EVENTS, META, SUPERUSERS, SUPERUSERS_BY_EMAIL, Tables, USERS,
    USERS_BY_CREATED, USERS_BY_EMAIL, USERS_BY_OPENID, USERS_BY_PHONE,
};
use crate::store::Error;

impl Tables<'_> {
    /// Adds all that `txn` sees; these tables are empty.
    pub fn copy_from(&mut self, txn: &ReadTransaction) -> Result<(), Error> {
        copy(txn, META, &mut self.meta)?;
        copy(txn, USERS, &mut self.users)?;
        copy(txn, USERS_BY_OPENID, &mut self.users_by_openid)?;
        copy(txn, USERS_BY_PHONE, &mut self.users_by_phone)?;
        copy(txn, USERS_BY_EMAIL, &mut self.users_by_email)?;
        copy(txn, USERS_BY_CREATED, &mut self.users_by_created)?;
        copy(txn, COMPANIES, &mut self.companies)?;
        copy(txn, COMPANIES_BY_KEY, &mut self.companies_by_key)?;
        copy(txn, SUPERUSERS, &mut self.superusers)?;
        copy(txn, SUPERUSERS_BY_EMAIL, &mut self.superusers_by_email)?;
        EVENTS.into_iter().zip(&mut self.events).try_for_each(|(from, to)| copy(txn, from, to))
    }
}

fn copy<K: Key + 'static, V: Value + 'static>(
    txn: &ReadTransaction,
    from: TableDefinition<'_, K, V>,
    to: &mut Table<'_, K, V>,
) -> Result<(), Error> {
    for entry in txn.open_table(from)?.iter()? {
        let (key, value) = entry?;
        to.insert(key.value(), value.value())?;
    }
    Ok(())
}
