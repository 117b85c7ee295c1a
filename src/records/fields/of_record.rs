//! The fields of a record of any kind.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::{Map, Value as Json};

use super::field::{Access, BuiltInField};
use super::tables::BuiltIn;
use super::value::FieldValue;
use crate::domain::{Company, Kind, Superuser, User};
use crate::store::Record;

/// The value of the built-in field of that name.
pub fn value<'a>(record: &'a Record, name: &str) -> Option<FieldValue<'a>> {
    match record {
        Record::User(user) => user.value(name),
        Record::Company(company) => company.value(name),
        Record::Superuser(superuser) => superuser.value(name),
    }
}

/// The names and values of all built-in fields that clients see, in the byte order of the names.
pub fn values(record: &Record) -> Vec<(&'static str, FieldValue<'_>)> {
    match record {
        Record::User(user) => typed_values(user).collect(),
        Record::Company(company) => typed_values(company).collect(),
        Record::Superuser(superuser) => typed_values(superuser).collect(),
    }
}

/// The names and values of the fields that have a typed place in `record`, in the byte order of the names.
pub fn typed_values<R: BuiltIn>(
    record: &R,
) -> impl Iterator<Item = (&'static str, FieldValue<'_>)> {
    let value = |field: &&'static BuiltInField<R>| Some((field.name, field.value(record)?));
    R::fields_by_name().iter().filter_map(value)
}

/// The columns that are the deployment's own, as the text of one JSON object.
pub fn columns(record: &Record) -> Option<&str> {
    match record {
        Record::User(user) => user.columns.as_deref(),
        Record::Company(company) => Some(&company.columns),
        Record::Superuser(_) => None,
    }
}

/// The columns in the text of one JSON object.
pub fn parse_columns(columns: Option<&str>) -> Map<String, Json> {
    let object = columns.and_then(|text| serde_json::from_str(text).ok());
    object.unwrap_or_default()
}

/// The names of all fields and columns that have another value in `after` than in `before`, in byte order.
pub fn changed_fields(before: &Record, after: &Record) -> BTreeSet<String> {
    let mut changed = match (before, after) {
        (Record::User(before), Record::User(after)) => changed_places(before, after),
        (Record::Company(before), Record::Company(after)) => changed_places(before, after),
        (Record::Superuser(before), Record::Superuser(after)) => changed_places(before, after),
        _ => BTreeSet::new(),
    };
    if columns(before) != columns(after) {
        let known = parse_columns(columns(before));
        let is_changed = |(name, value): &(String, Json)| known.get(name) != Some(value);
        let columns = parse_columns(columns(after)).into_iter().filter(is_changed);
        let names = columns.map(|(name, _)| name);
        changed.extend(names.filter(|name| !is_built_in(after.kind(), name)));
    }
    changed
}

fn changed_places<R: BuiltIn>(before: &R, after: &R) -> BTreeSet<String> {
    typed_values(before)
        .zip(typed_values(after))
        .filter(|((_, before), (_, after))| before != after)
        .map(|((name, _), _)| name.to_owned())
        .collect()
}

/// Whether records of that kind keep the field in a place of their own, rather than among their columns.
pub fn is_built_in(kind: Kind, name: &str) -> bool {
    match kind {
        Kind::Users => has_place::<User>(name),
        Kind::Companies => has_place::<Company>(name),
        Kind::Superusers => has_place::<Superuser>(name),
    }
}

fn has_place<R: BuiltIn>(name: &str) -> bool {
    R::field(name).is_some_and(|field| !matches!(field.access, Access::Column))
}

/// Whether records of that kind have a built-in field of that name which only superusers see, unless an imported collection says otherwise.
pub fn is_for_superusers(kind: Kind, name: &str) -> bool {
    for_superusers(kind).contains(&name)
}

/// The names of those fields.
pub fn for_superusers(kind: Kind) -> &'static [&'static str] {
    static OF_USERS: LazyLock<Vec<&str>> = LazyLock::new(names_for_superusers::<User>);
    match kind {
        Kind::Users => &OF_USERS,
        Kind::Companies | Kind::Superusers => &[],
    }
}

fn names_for_superusers<R: BuiltIn>() -> Vec<&'static str> {
    let fields = R::fields().iter().filter(|field| field.is_for_superusers);
    fields.map(|field| field.name).collect()
}

/// PocketBase's descriptions of the fields of a collection that nobody changed, in its order.
pub fn descriptions(kind: Kind) -> Vec<Json> {
    match kind {
        Kind::Users => described::<User>(),
        Kind::Companies => described::<Company>(),
        Kind::Superusers => described::<Superuser>(),
    }
}

fn described<R: BuiltIn>() -> Vec<Json> {
    R::fields()
        .iter()
        .map(|field| field.description())
        .collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::RecordId;

    #[test]
    fn a_change_of_a_column_has_its_name() {
        let company = |company_id: &str, columns: &str, updated| {
            Record::Company(Company {
                id: RecordId::parse("qs1c5qev8o3hjvu").unwrap(),
                number: 1,
                company_id: company_id.into(),
                columns: columns.into(),
                created: Timestamp::UNIX_EPOCH,
                updated,
            })
        };
        let before = company("C1", r#"{"a":1,"b":2}"#, Timestamp::UNIX_EPOCH);
        let after = company("C2", r#"{"a":1,"b":3,"c":4}"#, Timestamp::MAX);
        let names: Vec<_> = changed_fields(&before, &after).into_iter().collect();
        assert_eq!(names, ["b", "c", "company_id", "updated"]);
        assert!(changed_fields(&after, &after).is_empty());
    }
}
