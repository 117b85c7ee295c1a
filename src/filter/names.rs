//! From the names in a rule to what they mean in the collections of a deployment.

use std::sync::Arc;

use super::catalog::{Catalog, FieldType};
use super::error::Error;
use super::join::{Join, Link, Parent, Table};
use super::syntax::{Modifier, Path};
use super::tree::{Joined, Operand};

/// The most relations that a name may follow.
const MAX_RELATIONS: usize = 6;

/// Fields of the record that asks which are no fields of a collection, too.
const OF_ANY_AUTH: [&str; 2] = ["collectionId", "collectionName"];

/// Names as the rules of one collection have them.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub catalog: &'a dyn Catalog,
    pub collection: &'a str,
}

/// Place that a name has led to.
pub(super) struct Place<'a> {
    pub collection: &'a str,
    pub parent: Parent,
    pub is_many: bool,
    /// Whether a field that is none is NULL.
    pub is_lenient: bool,
}

impl<'a> Names<'a> {
    /// Operand of that name.
    pub fn operand(&self, name: &str) -> Result<Operand, Error> {
        let operand = if let Some(path) = name.strip_prefix("@collection.") {
            self.of_collection(name, path)
        } else if let Some(path) = name.strip_prefix("@request.auth.") {
            self.of_auth(name, path)
        } else if let Some(path) = name.strip_prefix("@request.") {
            self.of_request(name, path)
        } else {
            self.of_record(name)
        };
        operand.map_err(|error| error.unwrap_or_else(|| Error::Field(name.to_owned())))
    }

    fn of_record(&self, name: &str) -> Result<Operand, Option<Error>> {
        let place = Place {
            collection: self.collection,
            parent: Parent::Record,
            is_many: false,
            is_lenient: false,
        };
        self.follow(name, place, name)
    }

    fn of_auth(&self, name: &str, path: &str) -> Result<Operand, Option<Error>> {
        if OF_ANY_AUTH.contains(&path) {
            return Ok(Operand::Auth(Path::parse(path).ok_or(None)?));
        }
        let place = Place {
            collection: self.catalog.users(),
            parent: Parent::Auth,
            is_many: false,
            is_lenient: true,
        };
        self.follow(name, place, path)
    }

    fn of_collection(&self, name: &str, path: &str) -> Result<Operand, Option<Error>> {
        let (first, path) = path.split_once('.').ok_or(None)?;
        let (named, alias) = first.split_once(':').unwrap_or((first, ""));
        let collection = self.catalog.collection(named);
        let collection = collection.ok_or_else(|| Error::Collection(named.to_owned()))?;
        let alias = match alias {
            "" => format!("@collection.{collection}"),
            alias => format!("@collection:{alias}.{collection}"),
        };
        let place = Place {
            collection,
            parent: joined(alias, Table::Collection(collection.to_owned())),
            is_many: true,
            is_lenient: false,
        };
        self.follow(name, place, path)
    }

    /// Follows the relations of `path`, and ends with its last name.
    pub fn follow(
        &self,
        written: &str,
        mut place: Place<'a>,
        path: &str,
    ) -> Result<Operand, Option<Error>> {
        let mut rest = path;
        for _ in 0..=MAX_RELATIONS {
            let Some((name, after)) = rest.split_once('.') else {
                return self.end(written, place, rest);
            };
            match self.catalog.field(place.collection, name) {
                Some(FieldType::Relation { is_many: false, .. }) if after == "id" => {
                    return self.end(written, place, name);
                }
                Some(FieldType::Relation {
                    collection,
                    is_many,
                    ..
                }) => {
                    place = self.relation(place, name, &collection, is_many)?;
                }
                Some(FieldType::Json) => return Err(Some(Error::Part(name.to_owned()))),
                Some(FieldType::Hidden) => return Err(None),
                Some(_) => return Err(Some(Error::Relation(name.to_owned()))),
                None => match self.back_relation(&place, name) {
                    Some(back) => place = back,
                    None if place.is_lenient => return Ok(Operand::Null),
                    None => return Err(None),
                },
            }
            rest = after;
        }
        Err(Some(Error::TooDeep))
    }

    fn relation(
        &self,
        place: Place<'a>,
        name: &str,
        collection: &str,
        is_many: bool,
    ) -> Result<Place<'a>, Option<Error>> {
        let collection = self.catalog.collection(collection);
        let collection = collection.ok_or_else(|| Error::Relation(name.to_owned()))?;
        let alias = format!("{}.{name}", place.parent.alias());
        let id = if is_many {
            let items = items(&place.parent, name);
            Link {
                parent: items,
                field: None,
            }
        } else {
            Link {
                parent: place.parent,
                field: Some(name.to_owned()),
            }
        };
        let table = Table::Relation {
            id,
            collection: collection.to_owned(),
        };
        Ok(Place {
            collection,
            parent: joined(alias, table),
            is_many: place.is_many || is_many,
            is_lenient: place.is_lenient,
        })
    }

    /// Follows `collection_via_field` to the records whose field names the record.
    fn back_relation(&self, place: &Place<'a>, name: &str) -> Option<Place<'a>> {
        let (collection, field) = name.rsplit_once("_via_")?;
        let collection = self.catalog.collection(collection)?;
        let FieldType::Relation {
            collection: target, ..
        } = self.catalog.field(collection, field)?
        else {
            return None;
        };
        if self.catalog.collection(&target)? != place.collection {
            return None;
        }
        let table = Table::Back {
            parent: place.parent.clone(),
            collection: collection.to_owned(),
            field: field.to_owned(),
        };
        Some(Place {
            collection,
            parent: joined(format!("{}.{name}", place.parent.alias()), table),
            is_many: true,
            is_lenient: place.is_lenient,
        })
    }

    fn end(&self, written: &str, place: Place<'a>, last: &str) -> Result<Operand, Option<Error>> {
        let path = Path::parse(last).ok_or_else(|| Error::Modifier(last.to_owned()))?;
        let field = match self.catalog.field(place.collection, &path.name) {
            None if place.is_lenient => return Ok(Operand::Null),
            None | Some(FieldType::Hidden) => return Err(None),
            Some(field) => field,
        };
        let written = written.to_owned();
        if path.modifier == Some(Modifier::Each) && field.is_many() {
            return Ok(match items(&place.parent, &path.name) {
                Parent::Joined(join) => Operand::Joined(Joined {
                    written,
                    join,
                    path: None,
                    is_many: true,
                }),
                Parent::Record | Parent::Auth => Operand::Null,
            });
        }
        Ok(match place.parent {
            Parent::Record => Operand::Field(path),
            Parent::Auth => Operand::Auth(path),
            Parent::Joined(join) => Operand::Joined(Joined {
                written,
                join,
                path: Some(heeded(path, &field)),
                is_many: place.is_many,
            }),
        })
    }
}

pub(super) fn joined(alias: String, table: Table) -> Parent {
    Parent::Joined(Arc::new(Join { alias, table }))
}

/// The path without a modifier that makes no difference to the field.
fn heeded(path: Path, field: &FieldType) -> Path {
    let modifier = path.modifier.filter(|modifier| match modifier {
        Modifier::Lower => true,
        Modifier::Length | Modifier::Each => field.has_items(),
        Modifier::IsSet | Modifier::Changed => false,
    });
    Path { modifier, ..path }
}

/// The items of a field of several values.
fn items(parent: &Parent, field: &str) -> Parent {
    let list = Link {
        parent: parent.clone(),
        field: Some(field.to_owned()),
    };
    joined(
        format!("{}.{field}:each", parent.alias()),
        Table::Items { list },
    )
}
