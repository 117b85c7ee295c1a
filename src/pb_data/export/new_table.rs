//! The tables of a new database, as PocketBase 0.40 makes them.

use rusqlite::{Connection, params};
use serde_json::{Map, Value, json};

use super::super::error::Error;
use super::super::source_tables::Field;
use super::relation::without_strange_relations;
use super::secrets::token_secret;
use crate::domain::{Collection, Collections, Kind, Rules};
use crate::random::Random;
use crate::records::collection::{Description, Index, TokenLifetimes};
use crate::records::date::date_text;
use crate::records::fields::of_record::{descriptions, is_built_in, is_for_superusers};

/// Tables and collections that PocketBase has beside ours.
const SYSTEM: &str = include_str!("system.sql");

/// Kinds of tokens that PocketBase signs with a secret each.
const TOKENS: [&str; 5] = [
    "authToken",
    "passwordResetToken",
    "emailChangeToken",
    "verificationToken",
    "fileToken",
];

/// A table that is there, and empty.
pub struct NewTable {
    pub fields: Vec<Field>,
    /// Names of fields that were relations to collections that are not here.
    pub relations: Vec<String>,
    /// The statement that inserts a value for each field.
    pub insertion: String,
}

/// Makes the tables that PocketBase has beside those of our collections.
pub fn make_system(db: &Connection) -> Result<(), Error> {
    Ok(db.execute_batch(SYSTEM)?)
}

impl NewTable {
    /// Makes the table of a collection, and describes it to PocketBase.
    pub fn make(
        db: &Connection,
        collections: &Collections,
        kind: Kind,
        lifetimes: TokenLifetimes,
        random: &Random,
    ) -> Result<Self, Error> {
        let collection = collections.of(kind);
        let name = kind.name();
        let described = match &collection.fields {
            Some(text) => text.clone(),
            None => Value::from(descriptions(kind)).to_string(),
        };
        let plain = without_strange_relations(&described, collections);
        let (described, relations) = plain.unwrap_or((described, Vec::new()));
        let fields = fields(collection.kind, &described)?;
        let columns: Vec<_> = fields.iter().map(definition).collect();
        db.execute_batch(&format!("CREATE TABLE `{name}` ({})", columns.join(", ")))?;
        let has_field = |name: &str| fields.iter().any(|field| field.name == name);
        let description = Description::new(collection, lifetimes, has_field);
        let update_rule = update_rule(collection, has_field);
        insert_description(db, description, &described, update_rule.as_deref(), random)?;
        Ok(Self {
            insertion: insertion(name, &fields),
            fields,
            relations,
        })
    }

    /// Makes columns of the built-in fields that only superusers see, in a collection that was imported without them: the first
    /// record that has a value of one asks for it.
    pub fn add_fields_for_superusers(&mut self, db: &Connection, kind: Kind) -> Result<(), Error> {
        for description in descriptions(kind) {
            let field: Field = serde_json::from_value(description.clone())
                .map_err(|e| refused(kind, &unreadable(&e)))?;
            let is_there = self.fields.iter().any(|there| there.name == field.name);
            if is_for_superusers(kind, &field.name) && !is_there {
                add_column(db, kind, &field, &description)?;
                self.fields.push(field);
            }
        }
        self.insertion = insertion(kind.name(), &self.fields);
        Ok(())
    }
}

/// Adds a column to a table that is there, and the field to PocketBase's description of it.
fn add_column(
    db: &Connection,
    kind: Kind,
    field: &Field,
    description: &Value,
) -> Result<(), Error> {
    let name = kind.name();
    db.execute_batch(&format!(
        "ALTER TABLE `{name}` ADD COLUMN {}",
        definition(field)
    ))?;
    db.execute(
        "UPDATE `_collections` SET fields = json_insert(fields, '$[#]', json(?1)) WHERE name = ?2",
        params![description.to_string(), name],
    )?;
    Ok(())
}

/// The fields in PocketBase's description of them, if a table can be made for them.
fn fields(kind: Kind, described: &str) -> Result<Vec<Field>, Error> {
    let fields: Vec<Field> =
        serde_json::from_str(described).map_err(|e| refused(kind, &unreadable(&e)))?;
    if fields.is_empty() {
        let reason = "it has no fields; examine the database with \"bai check\"";
        return Err(refused(kind, reason));
    }
    match fields.iter().find(|field| !is_column_name(&field.name)) {
        Some(field) => Err(refused(kind, &bad_name(&field.name))),
        None => Ok(fields),
    }
}

fn refused(kind: Kind, reason: &str) -> Error {
    Error::Collection {
        collection: kind.name(),
        reason: reason.to_owned(),
    }
}

fn unreadable(error: &serde_json::Error) -> String {
    format!(
        "the list of its fields cannot be read ({error}); examine the database with \"bai check\", or export a backup of it"
    )
}

fn bad_name(name: &str) -> String {
    format!(
        "its field {name:?} has a name that is none in PocketBase, where names are of letters, digits and _; rename the field in the PocketBase that it came from, and import again"
    )
}

fn is_column_name(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The column of a field.
fn definition(field: &Field) -> String {
    let definition = match field.r#type.as_str() {
        _ if field.name == "id" => {
            "TEXT PRIMARY KEY DEFAULT ('r'||lower(hex(randomblob(7)))) NOT NULL"
        }
        "number" => "NUMERIC DEFAULT 0 NOT NULL",
        "bool" => "BOOLEAN DEFAULT FALSE NOT NULL",
        "json" => "JSON DEFAULT NULL",
        "geoPoint" => r#"JSON DEFAULT '{"lon":0,"lat":0}' NOT NULL"#,
        _ if field.is_json() => "JSON DEFAULT '[]' NOT NULL",
        _ => "TEXT DEFAULT '' NOT NULL",
    };
    format!("`{}` {definition}", field.name)
}

fn insertion(table: &str, fields: &[Field]) -> String {
    let names: Vec<_> = fields
        .iter()
        .map(|field| format!("`{}`", field.name))
        .collect();
    let marks = vec!["?"; fields.len()].join(", ");
    format!(
        "INSERT INTO `{table}` ({}) VALUES ({marks})",
        names.join(", ")
    )
}

/// Makes the indexes, and inserts the collection's row of `_collections`.
fn insert_description(
    db: &Connection,
    description: Description<'_>,
    fields: &str,
    update_rule: Option<&str>,
    random: &Random,
) -> Result<(), Error> {
    let Description {
        collection,
        collection_type,
        is_system,
        indexes,
        options,
    } = description;
    let indexes: Vec<_> = indexes.into_iter().map(exported_index).collect();
    for index in &indexes {
        db.execute_batch(index)?;
    }
    let options = exported_options(options, collection, random)?;
    let row = "INSERT INTO `_collections` (id, system, type, name, fields, indexes, listRule, viewRule, createRule,
            updateRule, deleteRule, options, created, updated)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    db.execute(
        row,
        params![
            collection.id,
            is_system,
            collection_type,
            collection.kind.name(),
            fields,
            Value::from(indexes).to_string(),
            collection.rules.list,
            collection.rules.view,
            collection.rules.create,
            update_rule,
            collection.rules.delete,
            Value::from(options).to_string(),
            date_text(collection.created),
            date_text(collection.updated),
        ],
    )?;
    Ok(())
}

/// The rule for changes. The default one says nothing of fields that the collection does not have: PocketBase refuses such rules.
fn update_rule(collection: &Collection, has_field: impl Fn(&str) -> bool) -> Option<String> {
    let rule = collection.rules.update.clone()?;
    if rule
        != Rules::default_of(collection.kind)
            .update
            .unwrap_or_default()
    {
        return Some(rule);
    }
    let is_known = |condition: &&str| {
        let mut names = condition.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        names.all(|name| !is_built_in(collection.kind, name) || has_field(name))
    };
    let conditions: Vec<_> = rule.split(" && ").filter(is_known).collect();
    Some(conditions.join(" && "))
}

/// The statement for an index. Companies have a key each or none here, so that theirs leaves out empty ones.
fn exported_index(index: Index) -> String {
    match index.column {
        "company_id" => index.unless_empty().sql(),
        _ => index.sql(),
    }
}

/// The options with secrets for tokens, and with short mails, none of which is sent about a login.
fn exported_options(
    mut options: Map<String, Value>,
    collection: &Collection,
    random: &Random,
) -> Result<Map<String, Value>, Error> {
    if options.is_empty() {
        return Ok(options);
    }
    for token in TOKENS {
        let duration = options[token]["duration"].take();
        options[token] = json!({ "secret": token_secret(random)?, "duration": duration });
    }
    if let Some(secret) = &collection.token_secret {
        options["authToken"]["secret"] = secret.as_str().into();
    }
    options["authAlert"] = json!({
        "enabled": false,
        "emailTemplate": mail("Login to {APP_NAME} from another place", "There was a login from: {ALERT_INFO}"),
    });
    options["otp"]["emailTemplate"] = mail(
        "Password for {APP_NAME}",
        "Your password for one login is {OTP}",
    );
    for (template, subject, page, text) in [
        (
            "verificationTemplate",
            "Confirm your address for {APP_NAME}",
            "confirm-verification",
            "Confirm",
        ),
        (
            "resetPasswordTemplate",
            "New password for {APP_NAME}",
            "confirm-password-reset",
            "Set it",
        ),
        (
            "confirmEmailChangeTemplate",
            "Your new address for {APP_NAME}",
            "confirm-email-change",
            "Confirm",
        ),
    ] {
        options[template] = mail(subject, &link(page, text));
    }
    Ok(options)
}

fn mail(subject: &str, body: &str) -> Value {
    json!({ "subject": subject, "body": format!("<p>{body}</p>") })
}

fn link(page: &str, text: &str) -> String {
    format!("<a href=\"{{APP_URL}}/_/#/auth/{page}/{{TOKEN}}\">{text}</a>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_without_a_table_are_named_with_the_collection() {
        for (described, words) in [
            (
                "[]",
                "the collection tbl_company cannot be exported: it has no fields",
            ),
            (
                "no list",
                "the collection tbl_company cannot be exported: the list of its fields cannot be read (expected ident",
            ),
            (
                r#"[{"name":"a b","type":"text"}]"#,
                "the collection tbl_company cannot be exported: its field \"a b\" has a name that is none in PocketBase",
            ),
        ] {
            let error = fields(Kind::Companies, described).err().unwrap();
            assert!(error.to_string().starts_with(words), "{error}");
        }
        let fine = r#"[{"name":"city_2","type":"text"}]"#;
        assert_eq!(fields(Kind::Companies, fine).unwrap().len(), 1);
    }
}
