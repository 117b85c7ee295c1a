//! A look at what is not brought: collections, columns, indexes, files, settings, hooks, and logins that do not exist here.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension};
use serde_json::Value;

use super::import_progress::Reporter;
use super::note::{Left, Note};
use super::picture_field::picture_field;
use super::source::Source;
use super::source_tables::{Field, Table};
use crate::domain::Kind;
use crate::records::collection::indexed_columns;

/// Settings that somebody has changed, by the place where that shows.
const SETTINGS: [(&str, &str); 7] = [
    ("/smtp/enabled", "mail (SMTP)"),
    ("/s3/enabled", "the S3 bucket for files"),
    ("/backups/cron", "scheduled backups (here: backup.every)"),
    (
        "/backups/s3/enabled",
        "the S3 bucket for backups (here: backup.s3)",
    ),
    ("/rateLimits/enabled", "rate limits (here: limits)"),
    (
        "/trustedProxy/headers",
        "the trusted proxy (here: server.trusted_proxies)",
    ),
    ("/superuserIPs", "addresses of superusers"),
];

/// Notes of all that is not brought.
pub fn survey(source: &Source, reporter: &mut Reporter<'_>) -> rusqlite::Result<()> {
    let db = &source.db;
    reporter.report.is_in_use = source.is_in_use();
    reporter.report.token_secs = source.token_secs();
    collections(db, reporter)?;
    for table in source.tables.in_order() {
        columns(db, table, reporter)?;
        indexes(db, table, reporter)?;
    }
    settings(db, reporter)?;
    hooks(&source.named, reporter);
    Ok(())
}

/// The collections of which no record comes; those of PocketBase's own only if they have any.
fn collections(db: &Connection, reporter: &mut Reporter<'_>) -> rusqlite::Result<()> {
    let mut query =
        db.prepare("SELECT name, system, type = 'view' FROM _collections ORDER BY name")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let (name, is_system, is_view): (String, bool, bool) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        if is_brought(&name) {
            continue;
        }
        if is_view {
            reporter.note(&name, "", &Note::Left(Left::View(name.clone())));
        } else {
            let records = count(db, &name, "1")?;
            let left = Left::Collection {
                name: name.clone(),
                records,
            };
            if records > 0 || !is_system {
                reporter.note(&name, "", &Note::Left(left));
            }
        }
    }
    Ok(())
}

fn is_brought(name: &str) -> bool {
    Kind::ALL
        .iter()
        .any(|kind| kind.name().eq_ignore_ascii_case(name))
}

fn columns(db: &Connection, table: &Table, reporter: &mut Reporter<'_>) -> rusqlite::Result<()> {
    let kind = table.collection.kind;
    for field in table.own_fields() {
        let why = why_left(kind, field);
        if why.is_some() || field.r#type == "file" && !brings_files(table, field) {
            let records = count(db, kind.name(), &has_value(field))?;
            let left = column(kind.name(), table, field, why, records);
            reporter.note(kind.name(), "", &Note::Left(left));
        }
    }
    Ok(())
}

/// Whether all files of a field come.
fn brings_files(table: &Table, field: &Field) -> bool {
    has_pictures(table, field) && !field.is_json()
}

/// Whether the first file of each record comes, as the picture of a user.
fn has_pictures(table: &Table, field: &Field) -> bool {
    let of_pictures = picture_field(&table.fields).filter(|_| table.collection.kind == Kind::Users);
    of_pictures.is_some_and(|pictures| pictures.name == field.name)
}

/// The reason why no value of a column comes.
fn why_left(kind: Kind, field: &Field) -> Option<&'static str> {
    match kind {
        Kind::Superusers => Some("superusers have no columns of the deployment's own here"),
        _ if field.hidden => Some("hidden in PocketBase"),
        Kind::Users | Kind::Companies => None,
    }
}

fn column(
    collection: &'static str,
    table: &Table,
    field: &Field,
    why: Option<&'static str>,
    records: u64,
) -> Left {
    let name = match has_pictures(table, field) {
        true => format!("{} (all but the first of each record)", field.name),
        false => field.name.clone(),
    };
    match why {
        Some(why) => Left::Column {
            collection,
            name,
            why,
            records,
        },
        None => Left::Files {
            collection,
            name,
            records,
        },
    }
}

/// The condition under which a record has a value in a field.
fn has_value(field: &Field) -> String {
    let column = quoted(&field.name);
    format!("{column} IS NOT NULL AND {column} NOT IN ('', 0, '[]', '{{}}', 'null')")
}

/// The indexes that are not made here.
fn indexes(db: &Connection, table: &Table, reporter: &mut Reporter<'_>) -> rusqlite::Result<()> {
    let collection = table.collection.kind.name();
    let known = indexed_columns(&table.collection);
    let mut query = db.prepare(
        "SELECT name, \"unique\", (SELECT group_concat(coalesce(name, '')) FROM pragma_index_info(list.name))
            FROM pragma_index_list(?) AS list WHERE origin = 'c' ORDER BY name",
    )?;
    let mut rows = query.query([collection])?;
    while let Some(row) = rows.next()? {
        let (name, is_unique, columns): (String, bool, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        if !known.contains(&columns.as_str()) {
            let left = Left::Index {
                collection,
                name,
                columns,
                is_unique,
            };
            reporter.note(collection, "", &Note::Left(left));
        }
    }
    Ok(())
}

fn settings(db: &Connection, reporter: &mut Reporter<'_>) -> rusqlite::Result<()> {
    let text = "SELECT CAST(value AS TEXT) FROM _params WHERE id = 'settings'";
    let text: Option<String> = db.query_row(text, [], |row| row.get(0)).optional()?;
    let Some(text) = text else { return Ok(()) };
    match serde_json::from_str::<Value>(&text) {
        Ok(settings) if settings.is_object() => SETTINGS
            .iter()
            .filter(|(place, _)| settings.pointer(place).is_some_and(is_set))
            .for_each(|(_, name)| reporter.note("", "", &Note::Left(Left::Settings(name)))),
        _ => reporter.note(
            "",
            "",
            &Note::Left(Left::Settings("PocketBase, which are encrypted")),
        ),
    }
    Ok(())
}

fn is_set(value: &Value) -> bool {
    match value {
        Value::Bool(is_set) => *is_set,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => false,
    }
}

/// Hooks, which PocketBase has beside its folder unless a flag says otherwise.
fn hooks(named: &Path, reporter: &mut Reporter<'_>) {
    let folders = named
        .ancestors()
        .take(3)
        .map(|folder| folder.join("pb_hooks"));
    for folder in folders {
        let files = fs::read_dir(&folder).into_iter().flatten().flatten();
        let hooks = files.filter(|file| file.file_name().to_string_lossy().ends_with(".pb.js"));
        let files = hooks.count() as u64;
        if files > 0 {
            let folder = folder.display().to_string();
            reporter.note("", "", &Note::Left(Left::Hooks { files, folder }));
            return;
        }
    }
}

fn count(db: &Connection, table: &str, condition: &str) -> rusqlite::Result<u64> {
    let sql = format!("SELECT count(*) FROM {} WHERE {condition}", quoted(table));
    let count: i64 = db.query_row(&sql, [], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
