//! From the names in a rule to what they mean in the collections of a deployment.

use std::sync::Arc;

use super::catalog::{Catalog, FieldType};
use super::error::Error;
use super::join::{Join, Link, Parent, Table};
use super::request::{Form, Part, RequestValue};
use super::tree::{Changed, Joined, Modifier, Operand, Path};

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
struct Place<'a> {
    collection: &'a str,
    parent: Parent,
    is_many: bool,
    /// Whether a field that is none is NULL.
    is_lenient: bool,
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
    fn follow(
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
                path: Some(path),
                is_many: place.is_many,
            }),
        })
    }

    fn of_request(&self, name: &str, path: &str) -> Result<Operand, Option<Error>> {
        let (part, keys) = path.split_once('.').unwrap_or((path, ""));
        let part = match (part, keys) {
            ("method", "") if path == "method" => Part::Method,
            ("context", "") if path == "context" => Part::Context,
            ("query", keys) if !keys.is_empty() => Part::Query,
            ("headers", keys) if !keys.is_empty() => Part::Headers,
            ("body", keys) if !keys.is_empty() => return self.of_body(name, keys),
            _ => return Err(None),
        };
        self.value(name, part, keys)
    }

    /// Value that is read as it is.
    fn value(&self, name: &str, part: Part, keys: &str) -> Result<Operand, Option<Error>> {
        let mut keys: Vec<String> = keys.split('.').map(str::to_owned).collect();
        let last = keys.pop().unwrap_or_default();
        let path = Path::parse(&last).ok_or_else(|| Error::Modifier(last.clone()))?;
        let field = self.catalog.field(self.collection, &path.name);
        let is_number = field == Some(FieldType::Number);
        let form = match path.modifier {
            None => Form::Plain { is_number },
            Some(Modifier::Lower) => Form::Lower { is_number },
            Some(Modifier::IsSet) => Form::IsSet,
            Some(_) => return Err(Some(Error::Modifier(last))),
        };
        keys.push(path.name);
        Ok(request_value(name, part, keys, form))
    }

    /// Value of the body; where it is the one of a field, the field says how it is read.
    fn of_body(&self, name: &str, keys: &str) -> Result<Operand, Option<Error>> {
        let (first, rest) = match keys.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (keys, None),
        };
        let path = Path::parse(first).ok_or_else(|| Error::Modifier(first.to_owned()))?;
        match (self.catalog.field(self.collection, &path.name), rest) {
            (
                Some(FieldType::Relation {
                    collection,
                    is_many,
                    ..
                }),
                Some(rest),
            ) => self.of_body_relation(name, &path.name, (&collection, is_many), rest),
            (Some(field), None) => self.of_body_field(name, path, &field, keys),
            _ => self.value(name, Part::Body, keys),
        }
    }

    fn of_body_field(
        &self,
        name: &str,
        path: Path,
        field: &FieldType,
        keys: &str,
    ) -> Result<Operand, Option<Error>> {
        match path.modifier {
            Some(Modifier::Each | Modifier::Length) if !field.has_items() => {
                Err(Some(Error::Modifier(keys.to_owned())))
            }
            Some(Modifier::Each) => {
                let alias = format!("@body.{}:each", path.name);
                let table = Table::BodyItems { field: path.name };
                Ok(Operand::Joined(Joined {
                    written: name.to_owned(),
                    join: Arc::new(Join { alias, table }),
                    path: None,
                    is_many: field.is_many(),
                }))
            }
            Some(Modifier::Length) => Ok(body_value(name, path.name, Form::Length)),
            Some(Modifier::Lower) => Ok(body_value(name, path.name, Form::LowerText)),
            Some(Modifier::Changed) => {
                let written = name.trim_end_matches(":changed");
                let is_set = format!("{written}:isset");
                Ok(Operand::Changed(Box::new(Changed {
                    is_set: body_value(&is_set, path.name.clone(), Form::IsSet),
                    value: self.value(written, Part::Body, &path.name)?,
                    field: Operand::Field(Path {
                        name: path.name,
                        modifier: None,
                    }),
                })))
            }
            Some(Modifier::IsSet) | None => self.value(name, Part::Body, keys),
        }
    }

    fn of_body_relation(
        &self,
        name: &str,
        field: &str,
        (collection, is_many): (&str, bool),
        rest: &str,
    ) -> Result<Operand, Option<Error>> {
        let collection = self.catalog.collection(collection);
        let collection = collection.ok_or_else(|| Error::Relation(field.to_owned()))?;
        let table = Table::BodyRelation {
            field: field.to_owned(),
            collection: collection.to_owned(),
        };
        let place = Place {
            collection,
            parent: joined(format!("@body.{field}"), table),
            is_many,
            is_lenient: true,
        };
        self.follow(name, place, rest)
    }
}

fn body_value(written: &str, field: String, form: Form) -> Operand {
    request_value(written, Part::Body, vec![field], form)
}

fn request_value(written: &str, part: Part, keys: Vec<String>, form: Form) -> Operand {
    Operand::Request(RequestValue {
        written: written.to_owned(),
        part,
        keys,
        form,
    })
}

fn joined(alias: String, table: Table) -> Parent {
    Parent::Joined(Arc::new(Join { alias, table }))
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
