//! Logins that will not go here as they go in PocketBase.

use rusqlite::{Connection, params};

use super::error::Error;
use super::note::Login;
use super::source::Source;
use super::source_tables::Table;
use crate::domain::{Collections, Kind};

/// The logins that will go otherwise here than they go in PocketBase, if `here` holds and, where it is asked for, PocketBase's rules.
pub fn differing_logins(
    source: &Source,
    here: &Collections,
    with_rules: bool,
) -> Result<Vec<(Kind, Login)>, Error> {
    let mut logins = Vec::new();
    for table in [&source.tables.superusers, &source.tables.users] {
        let kind = table.collection.kind;
        let holds_rule = with_rules && kind == Kind::Users;
        let rule = other_rule(table, here).filter(|_| !holds_rule);
        let differing = rule.into_iter().chain(differing(table, &source.db)?);
        logins.extend(differing.map(|login| (kind, login)));
    }
    Ok(logins)
}

/// The rule for logins, if it keeps somebody outside whom the one here lets in.
fn other_rule(table: &Table, here: &Collections) -> Option<Login> {
    let theirs = &table.rules.auth;
    let is_open = theirs.as_deref() == Some("");
    let is_here = *theirs == here.of(table.collection.kind).rules.auth;
    (!is_open && !is_here).then(|| Login::Rule(theirs.clone()))
}

fn differing(table: &Table, db: &Connection) -> Result<Vec<Login>, Error> {
    let options = &table.logins;
    let switches = [
        (options.is_password_off(), Login::PasswordIsOff),
        (options.has_mfa(), Login::Mfa),
        (options.has_otp(), Login::Otp),
    ];
    let on = switches.into_iter().filter(|(is_so, _)| *is_so);
    let mut logins: Vec<_> = on.map(|(_, login)| login).collect();
    for provider in options.providers() {
        logins.push(Login::OAuth2 {
            provider: provider.name.clone(),
            users: linked(db, &table.collection.id, &provider.name)?,
        });
    }
    Ok(logins)
}

/// The number of records of a collection that are linked to a provider.
fn linked(db: &Connection, collection: &str, provider: &str) -> Result<u64, Error> {
    let sql = "SELECT count(DISTINCT recordRef) FROM _externalAuths WHERE collectionRef = ?1 AND provider = ?2";
    let count: i64 = db.query_row(sql, params![collection, provider], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}
