//! Fields that differ between a user as they were and as they are, by the names that PocketBase's API gives them.

use std::collections::BTreeSet;

use super::view;
use crate::domain::{Collections, User};

/// Fields whose change is told otherwise, or says nothing.
const NOT_NAMED: [&str; 2] = ["users_status", "updated"];

/// Names of the fields that differ, in order: those of secrets are not among them, as no record shows any.
pub fn changed_fields(before: &User, after: &User, collections: &Collections) -> Vec<String> {
    let collection = &collections.users;
    let before = view::user(before, collection).to_map();
    let after = view::user(after, collection).to_map();
    let all: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let is_changed = |name: &&String| before.get(*name) != after.get(*name);
    let changed = all.into_iter().filter(is_changed);
    let told = changed.filter(|name| !NOT_NAMED.contains(&name.as_str()));
    told.cloned().collect()
}
