//! Stored records beside those that are imported: whether they are the same, and which of them has a value that only one can have.

use super::error::Error;
use super::problem::Problem;
use crate::domain::{Superuser, User};
use crate::store::{Conflict, Record, Store};

/// The stored record, but for what changes without anybody changing the record: its number, and a hash that a login renewed.
pub fn as_imported(known: Record, record: &Record) -> Record {
    match (known, record) {
        (Record::User(known), Record::User(user)) => Record::User(User {
            number: user.number,
            password_hash: renewed(known.password_hash, user.password_hash.as_ref()),
            ..known
        }),
        (Record::Superuser(known), Record::Superuser(superuser)) => {
            let hash = renewed(Some(known.password_hash), Some(&superuser.password_hash));
            Record::Superuser(Superuser {
                number: superuser.number,
                password_hash: hash.unwrap_or_default(),
                ..known
            })
        }
        (Record::Company(mut known), Record::Company(company)) => {
            known.number = company.number;
            Record::Company(known)
        }
        (known, _) => known,
    }
}

/// A login makes a hash of ours of an imported one, and a new password comes with another token key.
fn renewed(known: Option<String>, imported: Option<&String>) -> Option<String> {
    match &known {
        Some(hash) if hash.starts_with("$scrypt$") && imported.is_some() => imported.cloned(),
        _ => known,
    }
}

/// The problem of a record whose unique value another record has.
pub async fn conflict_problem(
    store: &Store,
    record: &Record,
    conflict: Conflict,
) -> Result<Problem, Error> {
    let (column, owner) = match (record, conflict) {
        (Record::User(user), Conflict::OpenId) => {
            let owner = store.user_by_openid(&user.openid).await?;
            ("openid", owner.map(|user| user.id))
        }
        (Record::User(user), Conflict::Phone) => {
            let owner = match &user.phone {
                Some(phone) => store.user_by_phone(phone).await?,
                None => None,
            };
            ("users_phone", owner.map(|user| user.id))
        }
        (Record::User(user), Conflict::Email) => {
            let email = user.email.as_deref().unwrap_or_default();
            let owner = store.user_by_email(email).await?;
            ("email", owner.map(|user| user.id))
        }
        (Record::Superuser(superuser), _) => {
            let owner = store.superuser_by_email(&superuser.email).await?;
            ("email", owner.map(|superuser| superuser.id))
        }
        (Record::Company(company), _) => {
            let owner = store.company_by_company_id(&company.company_id).await?;
            ("company_id", owner.map(|company| company.id))
        }
        (Record::User(_), _) => ("id", None),
    };
    let owner = owner.map_or_else(|| "another record".to_owned(), |owner| owner.to_string());
    Ok(Problem::Taken { column, owner })
}
