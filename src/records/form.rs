//! Bodies of changes: values as clients send them, and what they change of a record. What is sent as it is already, is no
//! change.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::coerce;
use super::passwords::PasswordForm;
use super::problem::{FieldProblem, FieldProblems};
use super::schema::{Field, FieldKind, Schema};
use super::values::Values;
use crate::domain::{Email, Invalid, Phone, RecordId, User};

/// A body of a change, coerced to the fields of the collection; fields that there are not are left out.
#[derive(Clone, Default)]
pub struct RecordForm {
    id: String,
    values: BTreeMap<String, Sent>,
    passwords: PasswordForm,
}

/// A value as it was sent.
#[derive(Clone)]
enum Sent {
    /// The new value.
    Value(Value),
    /// A number to be added to the one that is stored: `field+` or `field-`.
    Sum(f64),
}

impl RecordForm {
    /// Reads a JSON body.
    pub fn read(body: &Map<String, Value>, schema: &Schema) -> Self {
        let mut values = BTreeMap::new();
        for (key, value) in body {
            if let Some((field, number)) = modifier(schema, key, value) {
                values.insert(field.name.clone(), Sent::Sum(number));
            } else if let Some(field) = schema.field(key).filter(|field| is_writable(field)) {
                let value = coerce::to_field(field, value);
                values.insert(field.name.clone(), Sent::Value(value));
            }
        }
        Self {
            id: coerce::text_of(body, "id"),
            values,
            passwords: PasswordForm::read(body),
        }
    }

    /// The same with these passwords.
    pub fn with_passwords(self, passwords: PasswordForm) -> Self {
        Self { passwords, ..self }
    }

    /// The id in the body, or nothing.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The passwords in the body.
    pub fn passwords(&self) -> &PasswordForm {
        &self.passwords
    }
}

/// The server writes the others.
fn is_writable(field: &Field) -> bool {
    !field.is_hidden && field.kind != FieldKind::Autodate
}

/// `field+` and `field-` of a number: the field, and the number to be added.
fn modifier<'a>(schema: &'a Schema, key: &str, value: &Value) -> Option<(&'a Field, f64)> {
    let (name, sign) = match key.strip_suffix('+') {
        Some(name) => (name, 1.0),
        None => (key.strip_suffix('-')?, -1.0),
    };
    let field = schema
        .field(name)
        .filter(|field| field.kind == FieldKind::Number)?;
    Some((field, sign * coerce::number(value)))
}

/// A form beside the record that it changes, and the problems that are found.
pub struct FormReader<'a> {
    form: &'a RecordForm,
    stored: &'a Values<'a>,
    schema: &'a Schema,
    problems: FieldProblems,
}

impl<'a> FormReader<'a> {
    /// Reads `form` beside the `stored` values.
    pub fn new(form: &'a RecordForm, stored: &'a Values<'a>, schema: &'a Schema) -> Self {
        Self {
            form,
            stored,
            schema,
            problems: FieldProblems::new(),
        }
    }

    /// The fields of the collection.
    pub fn schema(&self) -> &'a Schema {
        self.schema
    }

    /// The problems that were found, to be added to.
    pub fn problems(&mut self) -> &mut FieldProblems {
        &mut self.problems
    }

    /// Ends a part of the reading: an error if there is a problem.
    pub fn refused_by<E>(&mut self, refusal: fn(FieldProblems) -> E) -> Result<(), E> {
        std::mem::take(&mut self.problems).refused_by(refusal)
    }

    /// The new value of a field, if it is another one.
    pub fn change(&self, name: &str) -> Option<Cow<'a, Value>> {
        let sent = self.sent(name)?;
        let is_same = self.stored.get(name).is_some_and(|stored| stored == *sent);
        (!is_same).then_some(sent)
    }

    /// Whether a field gets another value.
    pub fn changes(&self, name: &str) -> bool {
        self.change(name).is_some()
    }

    /// The fields that get other values, with these.
    pub fn changed(&self) -> Vec<(&'a Field, Cow<'a, Value>)> {
        let names = self.form.values.keys();
        let changed = names.filter_map(|name| Some((self.schema.field(name)?, self.change(name)?)));
        changed.collect()
    }

    /// The phone that `user` would get in place of the one that they have; the same in another spelling is none, nor is what
    /// is no phone.
    pub fn other_phone(&self, user: &User) -> Option<Phone> {
        let field = self.schema.field("users_phone")?;
        let text = short_enough(field, &*self.change("users_phone")?).ok()?;
        let phone = Phone::parse(&text).ok()?;
        (user.phone.as_ref() != Some(&phone)).then_some(phone)
    }

    /// The id of a new record: the one that was sent, or else `random`.
    pub fn new_id(&mut self, random: RecordId) -> RecordId {
        let Some((field, sent)) = self.schema.field("id").zip(self.change("id")) else {
            return random;
        };
        match short_enough(field, &sent).and_then(|text| parse_id(&text)) {
            Ok(id) => id,
            Err(problem) => {
                self.problems.insert("id", problem);
                random
            }
        }
    }

    /// Adds a problem if a stored record would get another id.
    pub fn keep_id(&mut self) {
        if self.changes("id") {
            self.problems.insert("id", FieldProblem::PrimaryKey);
        }
    }

    /// All columns that the record is to have: those that are stored, and in their place the values that `fields` are to have,
    /// sent or stored, checked as far as the schema tells.
    pub fn columns<'b>(&mut self, fields: impl Iterator<Item = &'b Field>) -> Map<String, Value> {
        let mut columns = self.stored.columns();
        for field in fields {
            if let Some(value) = self.value(field) {
                columns.insert(field.name.clone(), value);
            }
        }
        columns
    }

    /// The value that a field is to have, sent or stored; what is wrong with it is added to the problems.
    pub fn value(&mut self, field: &Field) -> Option<Value> {
        let value = match self.sent(&field.name) {
            Some(sent) => sent.into_owned(),
            None => self.stored.get(&field.name)?.to_json(),
        };
        if let Err(problem) = check(field, &value) {
            self.problems.insert(field.name.clone(), problem);
        }
        Some(value)
    }

    fn sent(&self, name: &str) -> Option<Cow<'a, Value>> {
        Some(match self.form.values.get(name)? {
            Sent::Value(value) => Cow::Borrowed(value),
            Sent::Sum(number) => {
                let stored = self.stored.get(name);
                let stored = stored.map_or(0.0, |stored| stored.number());
                Cow::Owned(coerce::json_number(stored + number))
            }
        })
    }
}

fn parse_id(text: &str) -> Result<RecordId, FieldProblem> {
    if text.chars().count() < RecordId::LEN {
        return Err(FieldProblem::ShortId { min: RecordId::LEN });
    }
    RecordId::parse(text).ok_or(FieldProblem::Format)
}

/// The text of a field, if it is not too long.
pub fn short_enough(field: &Field, value: &Value) -> Result<String, FieldProblem> {
    let text = coerce::text(value);
    if text.chars().count() > field.max {
        return Err(Invalid::TooLong { max: field.max }.into());
    }
    Ok(text)
}

fn check(field: &Field, value: &Value) -> Result<(), FieldProblem> {
    if is_empty(value) {
        return match field.is_required {
            true => Err(FieldProblem::Blank),
            false => Ok(()),
        };
    }
    match (field.kind, value) {
        (FieldKind::Text, Value::String(text)) if text.chars().count() > field.max => {
            Err(Invalid::TooLong { max: field.max }.into())
        }
        (FieldKind::Email, Value::String(text)) if Email::parse(text).is_none() => {
            Err(FieldProblem::NotAnEmail)
        }
        (FieldKind::Select, value) => check_choices(field, value),
        _ => Ok(()),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        _ => false,
    }
}

fn check_choices(field: &Field, value: &Value) -> Result<(), FieldProblem> {
    let texts = value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice);
    let unknown = texts
        .iter()
        .map(coerce::text)
        .find(|text| !field.values.contains(text));
    unknown.map_or(Ok(()), |text| Err(FieldProblem::NotAChoice(text)))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::domain::{Collections, Company, Kind};

    fn schema() -> Schema {
        let mut collections = Collections::new(Timestamp::UNIX_EPOCH);
        collections.companies.fields = Some(
            json!([
                { "name": "city", "type": "text", "max": 4 },
                { "name": "staff", "type": "number" },
                { "name": "secret", "type": "text", "hidden": true },
                { "name": "kind", "type": "select", "values": ["a", "b"], "required": true },
            ])
            .to_string(),
        );
        Schema::of(collections.of(Kind::Companies))
    }

    fn company() -> Company {
        Company {
            id: RecordId::from_random([0; 30]),
            number: 7,
            company_id: "k1".into(),
            columns: r#"{"city":"Xi'an","staff":5,"kind":"a"}"#.into(),
            created: Timestamp::UNIX_EPOCH,
            updated: Timestamp::UNIX_EPOCH,
        }
    }

    /// The changes that `body` makes of the company, and what is wrong with its columns then.
    fn read(body: &Value) -> (Value, String) {
        let schema = schema();
        let company = company();
        let form = RecordForm::read(body.as_object().unwrap(), &schema);
        let stored = Values::of_company(&company);
        let mut reader = FormReader::new(&form, &stored, &schema);
        let mut changed = Map::new();
        for (field, value) in reader.changed() {
            changed.insert(field.name.clone(), value.into_owned());
        }
        reader.columns(schema.fields().filter(|field| !field.is_hidden));
        (changed.into(), reader.problems().to_string())
    }

    #[test]
    fn what_is_sent_as_it_is_already_is_no_change() {
        for (body, changed) in [
            (
                json!({ "city": "Xi'an", "staff": "5", "company_id": "k1" }),
                json!({}),
            ),
            (
                json!({ "staff": 6, "kind": "b", "nothing": 1 }),
                json!({ "staff": 6, "kind": "b" }),
            ),
            (json!({ "staff+": "2" }), json!({ "staff": 7 })),
            (json!({ "staff-": 0.5 }), json!({ "staff": 4.5 })),
            (json!({ "staff+": 1, "staff": 5 }), json!({})),
            (
                json!({ "city+": 1, "secret": "x", "created": "2026-11-22" }),
                json!({}),
            ),
        ] {
            assert_eq!(read(&body).0, changed, "{body}");
        }
    }

    #[test]
    fn all_columns_are_checked_and_not_only_those_that_are_sent() {
        let problem = "city: Must be no more than 4 character(s).";
        let both = format!("{problem} kind: Invalid value c.");
        for (body, problems) in [
            (json!({ "staff": 6 }), problem),
            (json!({ "kind": "c" }), &both),
            (
                json!({ "city": "Bern", "kind": "" }),
                "kind: Cannot be blank.",
            ),
            (json!({ "city": "Bern" }), ""),
        ] {
            assert_eq!(read(&body).1, problems, "{body}");
        }
    }
}
