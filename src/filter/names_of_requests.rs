//! From the names of parts of a request to what they mean.

use std::sync::Arc;

use super::catalog::FieldType;
use super::error::Error;
use super::join::{Join, Table};
use super::names::{Names, Place, joined};
use super::request::{Form, Part, RequestValue};
use super::syntax::{Modifier, Path};
use super::tree::{Changed, Joined, Operand};

impl Names<'_> {
    /// Operand of a part of the request.
    pub fn of_request(&self, name: &str, path: &str) -> Result<Operand, Option<Error>> {
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
