//! Bodies of changes: values as clients send them, and what they change of a record. What is sent as it is already, is no
//! change.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::check::check;
use super::coerce;
use super::edit::{Edit, Modifier};
use super::passwords::PasswordForm;
use super::problem::{FieldProblem, FieldProblems};
use super::schema::{Field, Schema};
use super::values::Values;
use crate::domain::{Invalid, Phone, RecordId, User};

/// The hidden field that superusers set, to end all tokens of a user or a superuser.
pub const TOKEN_KEY: &str = "tokenKey";

/// A body of a change: the edits of each field of the collection; keys that edit none are left out.
#[derive(Clone, Default)]
pub struct RecordForm {
    /// The body as it was sent, which rules ask for.
    sent: Map<String, Value>,
    id: String,
    edits: BTreeMap<String, Vec<Edit>>,
    passwords: PasswordForm,
}

impl RecordForm {
    /// Reads a JSON body. Of one field, shorter keys are applied first: the value, and then what is added to it.
    pub fn read(body: &Map<String, Value>, schema: &Schema) -> Self {
        let mut keys: Vec<_> = body.iter().collect();
        keys.sort_by_key(|(key, _)| key.len());
        let mut edits: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (key, value) in keys {
            if let Some((field, edit)) = Edit::read(key, value, schema) {
                edits.entry(field.name.clone()).or_default().push(edit);
            }
        }
        Self {
            sent: body.clone(),
            id: coerce::text_of(body, "id"),
            edits,
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

    /// Whether the body edits the field.
    pub fn edits(&self, name: &str) -> bool {
        self.edits.contains_key(name)
    }
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
    pub fn change(&self, name: &str) -> Option<Value> {
        let sent = self.sent(name)?;
        let is_same = self.stored.get(name).is_some_and(|stored| stored == sent);
        (!is_same).then_some(sent)
    }

    /// Whether a field gets another value.
    pub fn changes(&self, name: &str) -> bool {
        self.change(name).is_some()
    }

    /// The fields that get other values, with these.
    pub fn changed(&self) -> Vec<(&'a Field, Value)> {
        let names = self.form.edits.keys();
        let changed = names.filter_map(|name| Some((self.schema.field(name)?, self.change(name)?)));
        changed.collect()
    }

    /// The phone that `user` would get in place of the one that they have; the same in another spelling is none, nor is what
    /// is no phone.
    pub fn other_phone(&self, user: &User) -> Option<Phone> {
        let phone = self.new_phone()?;
        (user.phone.as_ref() != Some(&phone)).then_some(phone)
    }

    /// The phone that the form sets, unless it is the text that is stored, or no phone.
    pub fn new_phone(&self) -> Option<Phone> {
        let field = self.schema.field("users_phone")?;
        let text = short_enough(field, &self.change("users_phone")?).ok()?;
        Phone::parse(&text).ok()
    }

    /// The body as rules see it: the values that fields would have, in place of modifiers too, and no field that is hidden.
    pub fn body(&self) -> Map<String, Value> {
        let mut body = Map::new();
        for (key, value) in &self.form.sent {
            let edited = Edit::read(key, value, self.schema).map(|(field, _)| field);
            match edited.or_else(|| self.schema.field(key)) {
                // The new password is hidden, and rules may ask for it all the same.
                Some(field) if !field.is_for_all() && key != "password" => {}
                Some(field) if field.is_for_all() => {
                    let stored = || Some(self.stored.get(&field.name)?.to_json());
                    let value = self.sent(&field.name).or_else(stored);
                    body.insert(field.name.clone(), value.unwrap_or_default());
                }
                _ => {
                    body.insert(key.clone(), value.clone());
                }
            }
        }
        body
    }

    /// The values of all fields that are for all, sent or stored, whatever is wrong with them.
    pub fn values(&self) -> Map<String, Value> {
        let shown = self.schema.fields().filter(|field| field.is_for_all());
        let values = shown.filter_map(|field| {
            let stored = || Some(self.stored.get(&field.name)?.to_json());
            let value = self.sent(&field.name).or_else(stored)?;
            Some((field.name.clone(), value))
        });
        values.collect()
    }

    /// Whether the record is new.
    pub fn is_new(&self) -> bool {
        matches!(self.stored, Values::Blank(_))
    }

    /// The edits of a field, in the order in which they are applied.
    pub fn edits(&self, name: &str) -> &'a [Edit] {
        self.form.edits.get(name).map_or(&[], Vec::as_slice)
    }

    /// The id of a new record: the one that was sent, or else `random`; one that is to be generated begins as was sent.
    pub fn new_id(&mut self, random: RecordId) -> RecordId {
        let mut sent = self
            .change("id")
            .map(|id| coerce::text(&id))
            .unwrap_or_default();
        if self.generates("id") {
            sent.push_str(random.as_str());
        }
        if sent.is_empty() {
            return random;
        }
        parse_id(&sent).unwrap_or_else(|problem| {
            self.problems.insert("id", problem);
            random
        })
    }

    /// Adds a problem if a stored record would get another id.
    pub fn keep_id(&mut self) {
        if self.changes("id") || self.generates("id") {
            self.problems.insert("id", FieldProblem::PrimaryKey);
        }
    }

    /// Adds a problem for each field that would be set by an edit that this server does not make.
    pub fn refuse_unserved(&mut self) {
        for name in self.form.edits.keys() {
            if let Some(problem) = self.unserved(name) {
                self.problems.insert(name.clone(), problem);
            }
        }
    }

    fn unserved(&self, name: &str) -> Option<FieldProblem> {
        let is_ours = ["id", TOKEN_KEY].contains(&name);
        let field = self.schema.field(name).filter(|_| !is_ours)?;
        if field.is_hidden() {
            return Some(FieldProblem::NotKept);
        }
        let has_pattern = field
            .autogenerate
            .as_ref()
            .is_some_and(|pattern| !pattern.is_empty());
        (has_pattern && self.generates(name)).then_some(FieldProblem::NotGenerated)
    }

    /// Whether the last edit of the field asks for a generated text.
    fn generates(&self, name: &str) -> bool {
        let last = self.edits(name).last();
        last.is_some_and(|edit| edit.modifier == Modifier::Generate)
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
            Some(sent) => sent,
            None => self.stored.get(&field.name)?.to_json(),
        };
        if let Err(problem) = check(field, &value) {
            self.problems.insert(field.name.clone(), problem);
        }
        Some(value)
    }

    /// The value that the edits of a field come to, if there are any.
    fn sent(&self, name: &str) -> Option<Value> {
        let field = self.schema.field(name).filter(|field| !field.is_hidden())?;
        let (first, others) = self.edits(name).split_first()?;
        let stored = self.stored.get(name).map(|stored| stored.to_json());
        let value = first.apply(field, &stored.unwrap_or_default());
        let apply = |value, edit: &Edit| edit.apply(field, &value);
        Some(others.iter().fold(value, apply))
    }
}

fn parse_id(text: &str) -> Result<RecordId, FieldProblem> {
    match text.chars().count() {
        ..RecordId::LEN => Err(FieldProblem::ShortText { min: RecordId::LEN }),
        RecordId::LEN => RecordId::parse(text).ok_or(FieldProblem::Format),
        _ => Err(Invalid::TooLong { max: RecordId::LEN }.into()),
    }
}

/// The text of a field, if it is not too long.
pub fn short_enough(field: &Field, value: &Value) -> Result<String, FieldProblem> {
    let text = coerce::shaped_text(value);
    if text.chars().count() > field.max {
        return Err(Invalid::TooLong { max: field.max }.into());
    }
    Ok(text)
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
            changed.insert(field.name.clone(), value);
        }
        reader.columns(schema.fields().filter(|field| !field.is_hidden()));
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
            (json!({ "staff+": 1, "staff": 10 }), json!({ "staff": 11 })),
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
