//! Names by which people know records.

use std::collections::{BTreeSet, HashMap};

use crate::domain::{Kind, RecordId, User};
use crate::store::{Error, Record, Store};

/// Names of the records with these ids, as they are now; those that are gone have none.
pub async fn names(
    store: &Store,
    ids: BTreeSet<RecordId>,
) -> Result<HashMap<RecordId, String>, Error> {
    let ids: Vec<_> = ids.into_iter().collect();
    let mut names = HashMap::with_capacity(ids.len());
    for kind in Kind::ALL {
        let records = store.records_by_ids(kind, &ids).await?;
        names.extend(
            records
                .iter()
                .map(|record| (record.id().clone(), name(record))),
        );
    }
    Ok(names)
}

fn name(record: &Record) -> String {
    match record {
        Record::User(user) => name_of_user(user),
        Record::Company(company) => company.company_id.clone(),
        Record::Superuser(superuser) => superuser.email.clone(),
    }
}

/// The name, or the phone of a user without one.
fn name_of_user(user: &User) -> String {
    match (&user.name, &user.phone) {
        (name, Some(phone)) if name.is_empty() => phone.as_str().to_owned(),
        (name, _) => name.clone(),
    }
}
